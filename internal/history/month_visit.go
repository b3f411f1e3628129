package history

import (
	"context"
	"fmt"
	"slices"

	"configtrail"
)

// visited is what a look at the changes of a month leaves behind.
type visited struct {
	kept     []configtrail.Change // that are worth their states, in the order of time
	narrowed bool
}

// latest are those of the kept changes whose states are read.
func (v visited) latest(most int) []configtrail.Change { return v.kept[max(0, len(v.kept)-most):] }

// visit shows a month's changes to whoever asked to see them, and keeps those that
// are worth their states. These are looked at in a month of any size.
func (h *History) visit(ctx context.Context, w wanted, c counts, question MonthQuestion) (visited, error) {
	changed, err := h.changed(w, w.Window)
	if err != nil {
		return visited{}, err
	}
	var v visited
	shown, narrowed := h.shown(c, changed, question.StepTypes)
	v.narrowed = narrowed
	parts := holes{"changed": changed, "shown": shown}
	var last configtrail.Change
	err = h.ask(ctx, "month_changes", w.scope(w.Window), parts, func(r *row) error {
		c := configtrail.Change{
			Key: r.key(), Time: r.time(), After: r.time(),
			Kind: configtrail.Kind(r.text()), Noise: configtrail.Noise(r.text()),
			Name: r.text(), Tags: r.tags(), Edits: r.edits(),
		}
		if err := r.actor(&c); err != nil {
			return err
		}
		if r.err != nil {
			return fmt.Errorf("ask month_changes: %w", r.err)
		}
		if c.Key == last.Key && c.Time.Equal(last.Time) {
			return nil
		}
		last = c
		c.Time = c.Time.In(h.zone())
		if slices.Contains(question.StepTypes, c.Key.Type) && (question.Judge == nil || question.Judge(c)) {
			v.kept = append(v.kept, c)
		}
		if question.Visit == nil {
			return nil
		}
		return question.Visit(c)
	})
	return v, err
}

// shown says which changes of a month without noise are looked at, and whether that
// leaves some out: all of them up to WholeMonth; above it those of the weighty
// types, and the resources that came back; and where nothing is weighty, the first.
func (h *History) shown(c counts, changed clause, types []string) (which clause, narrowed bool) {
	size, heavy := c.quiet(types)
	if size <= h.wholeMonth() {
		return all(), false
	}
	back := clause{sql: "kind = 'recreated'"}
	if heavy > 0 {
		return some([]clause{back, ofWeight(types)}), true
	}
	first := clause{
		"capture_time <= (SELECT max(capture_time) FROM (SELECT capture_time FROM changes WHERE " + changed.sql +
			" AND noise = '' ORDER BY capture_time LIMIT ?) AS first)",
		append(slices.Clone(changed.args), h.wholeMonth()),
	}
	return some([]clause{back, first}), true
}

// ofWeight is the SQL of the weighty types, and of more types by name.
func ofWeight(types []string) clause {
	var any []clause
	for _, text := range weighty {
		any = append(any, parseTypePattern(text).clause())
	}
	if len(types) > 0 {
		any = append(any, in("resource_type", types))
	}
	return some(any)
}
