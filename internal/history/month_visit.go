package history

import (
	"context"
	"fmt"
	"slices"

	"configtrail"
)

// visited is what a look at the changes of a month leaves behind.
type visited struct {
	kept     []configtrail.Change // of the types asked for, in the order of time
	narrowed bool
}

// visit shows a month's changes to look, which may be nil, and keeps those of
// some types. These are looked at in a month of any size.
func (h *History) visit(ctx context.Context, w wanted, types []string, look func(configtrail.Change) error) (visited, error) {
	changed, err := h.changed(w, w.Window)
	if err != nil {
		return visited{}, err
	}
	var v visited
	var last configtrail.Change
	parts := holes{"changed": changed, "weighty": ofWeight(types), "most": value(int64(WholeMonth))}
	err = h.ask(ctx, "month_changes", w.scope(w.Window), parts, func(r *row) error {
		c := configtrail.Change{
			Key: r.key(), Time: r.time(), After: r.time(),
			Kind: configtrail.Kind(r.text()), Noise: configtrail.Noise(r.text()),
			Name: r.text(), Tags: r.tags(), Edits: r.edits(),
		}
		if err := r.actor(&c); err != nil {
			return err
		}
		if v.narrowed = r.bool(); r.err != nil {
			return fmt.Errorf("ask month_changes: %w", r.err)
		}
		if c.Key == last.Key && c.Time.Equal(last.Time) {
			return nil
		}
		last = c
		c.Time = c.Time.In(h.zone())
		if slices.Contains(types, c.Key.Type) {
			v.kept = append(v.kept, c)
		}
		if look == nil {
			return nil
		}
		return look(c)
	})
	return v, err
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
