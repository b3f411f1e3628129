package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/raw"
)

// RawCount is how many items of a type lie in raw folders, by capture time within
// the window.
type RawCount struct {
	Account, Region, Type string
	Records               int64 // as often as they were delivered
	Captures              int64 // distinct resources and capture times
}

// Month tells a month of the bucket in one query, and one more for each month
// before that is asked for. What was delivered is told from the listing of the
// same folders.
func (r *Raw) Month(ctx context.Context, question MonthQuestion) (*Month, error) {
	cost := spending{newMeter(r.Tables.Engine())}
	h := r.history()
	h.Engine = cost
	w, err := h.monthly(question)
	if err != nil {
		return nil, err
	}
	all := make([]*told, max(question.Before, 0)+1)
	group, queries := errgroup.WithContext(ctx)
	for n := range all {
		group.Go(func() (err error) {
			asked := question
			asked.Month = question.Month.Add(-n)
			one, err := h.monthly(asked)
			if err != nil {
				return err
			}
			var types []string
			if n == 0 {
				types = question.StepTypes
			}
			all[n], err = r.tell(queries, h, one, types, nil)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	t := all[0]
	month := &Month{Now: h.now(), Accounts: w.accounts, Steps: t.steps, StepsLeft: t.left}
	k := h.knownRaw(w, t.listing, t.trouble)
	month.Coverage, month.Troubled = k.coverage(), k.troubled
	month.Warnings = k.warnings(month.Coverage)
	if month.Raw, err = r.answer(ctx, t); err != nil {
		return nil, err
	}
	for n, one := range slices.Backward(all) {
		figures, hours, err := h.figuresOf(one)
		if err != nil {
			return nil, err
		}
		month.Hours = append(month.Hours, hours...)
		switch {
		case n == 0:
			month.Summary.Window, month.Summary.Before = w.Window, before(w.Window, h.zone())
			month.Summary.Totals, month.Summary.By = figures.totals, figures.breakdown()
		case h.reached(one):
			month.Earlier = slices.Insert(month.Earlier, 0, Earlier{Month: question.Month.Add(-n), Totals: figures.totals, By: figures.breakdown()})
		default:
			month.Earlier = nil // those before it are no neighbours of the month
		}
	}
	if len(month.Earlier) > 0 {
		month.Summary.Previous = &month.Earlier[0].Totals
	}
	month.Narrowed, err = look(t.changes, question)
	month.Cost = cost.cost()
	return month, err
}

// reached reports whether deliveries cover a window whole.
func (h *History) reached(t *told) bool {
	places := t.w.places(h.knownRaw(t.w, t.listing, t.trouble).span)
	return slices.ContainsFunc(places, func(p configtrail.Place) bool {
		return !p.First.After(t.w.Window.From.Add(configtrail.MinGap))
	}) && slices.ContainsFunc(places, func(p configtrail.Place) bool { return !p.Last.Before(t.w.Window.To) })
}

// figuresOf counts the changes of a window, also hour by hour.
func (h *History) figuresOf(t *told) (*figures, []HourCount, error) {
	f := newFigures(t.w.Window, h.zone())
	counted := map[HourCount]int64{}
	resources := map[string]map[configtrail.ResourceKey]bool{}
	for _, c := range t.changes {
		one := HourCount{Account: c.Key.Account, Region: c.Key.Region, Type: c.Key.Type, Kind: c.Kind, Noise: c.Noise, Hour: hourOf(c.Time, h.zone())}
		counted[one]++
		if c.Noise == configtrail.NoiseNone {
			if resources[c.Key.Account] == nil {
				resources[c.Key.Account] = map[configtrail.ResourceKey]bool{}
			}
			resources[c.Key.Account][c.Key] = true
		}
	}
	hours := make([]HourCount, 0, len(counted))
	for one, n := range counted {
		one.Changes = n
		if err := f.add(one); err != nil {
			return nil, nil, err
		}
		hours = append(hours, one)
	}
	slices.SortFunc(hours, byHour)
	for account, keys := range resources {
		f.touch(account, int64(len(keys)))
	}
	return f, hours, nil
}

// look shows the month's changes to whoever asked to see them, and reports
// whether some were left out.
func look(changes []configtrail.Change, question MonthQuestion) (narrowed bool, err error) {
	shown := slices.DeleteFunc(slices.Clone(changes), func(c configtrail.Change) bool { return c.Noise != configtrail.NoiseNone })
	if len(shown) > WholeMonth {
		narrowed = true
		heavy := slices.DeleteFunc(slices.Clone(shown), func(c configtrail.Change) bool {
			return c.Kind != configtrail.Recreated && !slices.Contains(question.StepTypes, c.Key.Type) && !isWeighty(c.Key.Type)
		})
		if len(heavy) == 0 {
			heavy = shown[:WholeMonth]
		}
		shown = heavy
	}
	if question.Visit == nil {
		return narrowed, nil
	}
	for _, c := range shown {
		if err := question.Visit(c); err != nil {
			return narrowed, err
		}
	}
	return narrowed, nil
}

func isWeighty(resourceType string) bool {
	return slices.ContainsFunc(weighty, func(text string) bool { return parseTypePattern(text).matches(resourceType) })
}

// answer is what an answer from raw tables says of itself.
func (r *Raw) answer(ctx context.Context, t *told) (*RawAnswer, error) {
	a := &RawAnswer{
		Tables: r.Tables.Names(), Content: r.Tables.Compared("configuration"), From: t.reading.From, To: t.reading.To,
		Partitions: t.reading.Predicates(), LeftOut: t.trouble.leftOut, Oversized: t.listing.Oversized, Unread: t.listing.Unread, By: t.counts,
	}
	for _, column := range raw.StateColumns() {
		if !r.Tables.Compared(column) {
			a.NotCompared = append(a.NotCompared, column)
		}
	}
	for _, count := range t.counts {
		a.Records += count.Records
		a.Captures += count.Captures
	}
	for _, note := range []struct {
		note  RawNote
		holds bool
	}{
		{NoteWindow, true},
		{NoteOversized, a.Oversized > 0},
		{NoteLeftOut, len(a.LeftOut) > 0},
		{NoteContent, !a.Content},
		{NoteComparison, a.Content && len(a.NotCompared) > 0},
		{NoteUnread, len(a.Unread) > 0},
	} {
		if note.holds {
			a.Notes = append(a.Notes, note.note)
		}
	}
	if len(t.listing.Places) > 0 {
		return a, nil
	}
	var err error
	a.Reach, err = r.Tables.Reach(ctx, t.w.scope(t.w.Window))
	return a, err
}

// hourOf is the beginning of an instant's hour on the clock of a zone.
func hourOf(t time.Time, zone *time.Location) time.Time {
	_, ahead := t.In(zone).Zone()
	seconds := t.Unix() + int64(ahead)
	return time.Unix(seconds-seconds%3600-int64(ahead), 0).In(zone)
}

func byHour(a, b HourCount) int {
	return cmp.Or(
		a.Hour.Compare(b.Hour), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.Type, b.Type),
		strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(string(a.Noise), string(b.Noise)),
	)
}

// spending is a meter that counts what failed queries cost too.
type spending struct{ *meter }

// Query counts a query that fails at once by what its error tells.
func (s spending) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := s.meter.Query(ctx, q)
	if cost := engine.CostOf(err); err != nil && (cost.Bytes > 0 || cost.USD != nil) {
		s.add(cost)
	}
	return result, err
}
