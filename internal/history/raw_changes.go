package history

import (
	"context"
	"iter"
	"slices"
	"time"

	"configtrail"
)

// Changes lists the changes of a bounded window that a filter lets through. Every
// page asks the tables anew.
func (r *Raw) Changes(ctx context.Context, filter Filter) (Page, error) {
	w, changes, err := r.filtered(ctx, filter)
	if err != nil {
		return Page{}, err
	}
	page := Page{Changes: []configtrail.Change{}, Total: int64(len(changes))}
	behind, err := w.afterCursor(changes)
	if err != nil {
		return Page{}, err
	}
	if w.Limit > 0 && len(behind) > w.Limit {
		behind = behind[:w.Limit]
		if page.Next, err = w.cursorAt(behind[w.Limit-1]); err != nil {
			return Page{}, err
		}
	}
	page.Changes = append(page.Changes, behind...)
	return page, nil
}

// EachChange gives the same changes as Changes. It holds those of the window in
// memory, as files know no order of time.
func (r *Raw) EachChange(ctx context.Context, filter Filter) iter.Seq2[configtrail.Change, error] {
	return func(yield func(configtrail.Change, error) bool) {
		page, err := r.Changes(ctx, filter)
		if err != nil {
			yield(configtrail.Change{}, err)
			return
		}
		for _, change := range page.Changes {
			if !yield(change, nil) {
				return
			}
		}
	}
}

// Count tells how many changes a filter lets through, whatever its limit and cursor.
func (r *Raw) Count(ctx context.Context, filter Filter) (int64, error) {
	_, changes, err := r.filtered(ctx, filter)
	return int64(len(changes)), err
}

// Summary counts the changes of a bounded window. The span before is not read and
// so not compared.
func (r *Raw) Summary(ctx context.Context, filter Filter) (Summary, error) {
	filter.Noise = NoiseInclude
	w, changes, err := r.filtered(ctx, filter)
	if err != nil {
		return Summary{}, err
	}
	h := r.history()
	figures, _, err := h.figuresOf(&told{w: w, changes: changes})
	if err != nil {
		return Summary{}, err
	}
	return Summary{
		Window: w.Window, Totals: figures.totals, By: figures.breakdown(), Before: before(w.Window, h.zone()),
	}, nil
}

// filtered are all changes that a filter lets through, in its order.
func (r *Raw) filtered(ctx context.Context, filter Filter) (wanted, []configtrail.Change, error) {
	w, err := r.bounded(filter)
	if err != nil {
		return w, nil, err
	}
	if _, err := w.resumed(); err != nil {
		return w, nil, err
	}
	keep, err := w.keeper()
	if err != nil {
		return w, nil, err
	}
	t, err := r.tell(ctx, r.history(), w, nil, keep)
	if err != nil {
		return w, nil, err
	}
	slices.SortFunc(t.changes, w.inOrder)
	return w, t.changes, nil
}

// inOrder compares changes in the order of the filter: time, then key, which
// always rises.
func (w wanted) inOrder(a, b configtrail.Change) int {
	if byTime := a.Time.Compare(b.Time); byTime != 0 {
		if w.Order == Ascending {
			return byTime
		}
		return -byTime
	}
	return a.Key.Compare(b.Key)
}

// afterCursor are the changes behind the filter's cursor.
func (w wanted) afterCursor(changes []configtrail.Change) ([]configtrail.Change, error) {
	at, err := w.resumed()
	if err != nil || at == nil {
		return changes, err
	}
	last := configtrail.Change{Key: at.Key, Time: time.UnixMicro(at.Time).UTC()}
	first := slices.IndexFunc(changes, func(c configtrail.Change) bool { return w.inOrder(c, last) > 0 })
	if first < 0 {
		return nil, nil
	}
	return changes[first:], nil
}

// Timeline is refused: see Raw.
func (r *Raw) Timeline(context.Context, configtrail.ResourceKey, configtrail.Window) ([]Entry, error) {
	return nil, refused("timeline")
}

// Diff is refused: see Raw.
func (r *Raw) Diff(context.Context, configtrail.ResourceKey, time.Time, time.Time) (Difference, error) {
	return Difference{}, refused("diff")
}

// At is refused: see Raw.
func (r *Raw) At(context.Context, time.Time, Filter) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) { yield(State{}, refused("at")) }
}
