package history

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"configtrail"
)

var _ Past = (*History)(nil)

// Month tells a month of the lake in at most six queries: three chains that run
// side by side. How many changes there are says which are looked at, and these say
// which states are; where everything was delivered is told with whether anything
// of it was troubled, which is looked at only then. Only a state that does not lie
// where its change says, as behind a time without recording, costs one query more.
func (h *History) Month(ctx context.Context, question MonthQuestion) (*Month, error) {
	w, err := h.monthly(question)
	if err != nil {
		return nil, err
	}
	metered := *h
	cost := newMeter(h.Engine)
	metered.Engine = cost

	month := &Month{Now: h.now(), Accounts: w.accounts}
	var counts counts
	var visited visited
	var states states
	known := knowledge{h: &metered, w: w}

	group, queries := errgroup.WithContext(ctx)
	question.StepTypes = slices.DeleteFunc(slices.Clone(question.StepTypes), func(name string) bool { return !w.hasType(name) })
	group.Go(func() (err error) {
		if counts, err = metered.counted(queries, w, h.spans(question)); err != nil {
			return err
		}
		if question.Visit == nil && len(question.StepTypes) == 0 {
			return nil
		}
		if visited, err = metered.visit(queries, w, counts, question); err != nil {
			return err
		}
		states, err = metered.around(queries, w, visited.latest(h.mostSteps()))
		return err
	})
	known.ask(queries, group)
	if err := group.Wait(); err != nil {
		return nil, err
	}

	month.Coverage, month.Troubled = known.coverage(), known.troubled
	month.Warnings = known.warnings(month.Coverage)
	month.Summary, month.Hours = counts.summary(month.Coverage.Places), counts.hours
	month.Earlier = counts.earlier(question, month.Coverage.Places)
	month.Steps, month.StepsLeft = states.steps(visited.kept)
	month.Narrowed = visited.narrowed
	month.Cost = cost.cost()
	return month, nil
}

// Version names the state of the lake as far as a month's answer depends on it:
// what came before is part of the answer, and so is what was delivered later.
func (h *History) Version(ctx context.Context, question MonthQuestion) (string, error) {
	w, err := h.monthly(question)
	if err != nil {
		return "", err
	}
	return h.Engine.Version(ctx, w.scope(configtrail.Window{}))
}

// monthly is the filter of a month.
func (h *History) monthly(question MonthQuestion) (wanted, error) {
	asked := question.Filter
	return h.want(Filter{
		Window: question.Month.Window(h.zone()), Accounts: asked.Accounts, Regions: asked.Regions, Types: asked.Types,
		Noise: NoiseExclude, Order: Ascending,
	})
}

// spans are the month and those before it, at least one.
func (h *History) spans(question MonthQuestion) []configtrail.Window {
	spans := []configtrail.Window{question.Month.Window(h.zone())}
	for n := 1; n <= max(question.Before, 1); n++ {
		spans = append(spans, question.Month.Add(-n).Window(h.zone()))
	}
	return spans
}

// earlier are the months before, as far back as deliveries cover them whole.
func (c counts) earlier(question MonthQuestion, places []configtrail.Place) []Earlier {
	if len(places) == 0 {
		return nil
	}
	first := slices.MinFunc(places, func(a, b configtrail.Place) int { return a.First.Compare(b.First) }).First
	last := slices.MaxFunc(places, func(a, b configtrail.Place) int { return a.Last.Compare(b.Last) }).Last
	var earlier []Earlier
	for i, span := range c.spans[1 : 1+min(question.Before, len(c.spans)-1)] {
		if first.After(span.window.From.Add(configtrail.MinGap)) || span.window.To.After(last) {
			break
		}
		earlier = append(earlier, Earlier{Month: question.Month.Add(-i - 1), Totals: span.totals, By: span.breakdown()})
	}
	return earlier
}
