package lake

import (
	"context"
	"iter"
	"slices"

	"configtrail"
)

// DeliveriesRead gives the newest row of each object that was read, by URI.
func (l *Lake) DeliveriesRead(ctx context.Context) iter.Seq2[configtrail.Delivery, error] {
	return l.DeliveriesIn(ctx, configtrail.Scope{})
}

// DeliveriesIn is DeliveriesRead of the files that may hold rows of a scope, whose
// window is of the time that objects were written at. Rows beyond the scope may
// come along, and so do those whose time is not known.
func (l *Lake) DeliveriesIn(ctx context.Context, scope configtrail.Scope) iter.Seq2[configtrail.Delivery, error] {
	return func(yield func(configtrail.Delivery, error) bool) {
		rows, err := l.deliveryRows(ctx, scope)
		if err != nil {
			yield(configtrail.Delivery{}, explain(err))
			return
		}
		for row, err := range rows {
			if err != nil {
				yield(configtrail.Delivery{}, explain(err))
				return
			}
			if !yield(row.delivery(), nil) {
				return
			}
		}
	}
}

func (l *Lake) deliveryRows(ctx context.Context, scope configtrail.Scope) (stream[deliveryRow], error) {
	t, err := l.load(ctx, Deliveries)
	if err != nil {
		return nil, err
	}
	files, err := l.planToRead(ctx, t, selectionOf(t, Deliveries, scope))
	if err != nil {
		return nil, err
	}
	sources := make([]source[deliveryRow], len(files))
	for i, f := range files {
		widest, err := widestOf(ctx, l.files(), f.path)
		if err != nil {
			return nil, err
		}
		sources[i] = source[deliveryRow]{readRows[deliveryRow](ctx, l.files(), f.path, nil), widest}
	}
	return inOrder(ctx, deliveryLayout(0), sources), nil
}

// Pending gives the groups of the deliveries that are not yet accounted for in
// changes, each once and sorted, and the last batch of deliveries among them.
// ChangeWriter.Commit notes that batch. Nothing pending gives through 0 or the
// batch that is noted already.
func (l *Lake) Pending(ctx context.Context) (groups []Group, through int64, err error) {
	groups, through, err = l.pending(ctx)
	return groups, through, explain(err)
}

func (l *Lake) pending(ctx context.Context) ([]Group, int64, error) {
	changes, err := l.load(ctx, Changes)
	if err != nil {
		return nil, 0, err
	}
	through := number(changes, propertyDerived)
	derived := through
	t, err := l.load(ctx, Deliveries)
	if err != nil {
		return nil, 0, err
	}
	files, err := l.planToRead(ctx, t, newerBatches(t, derived))
	if err != nil {
		return nil, 0, err
	}
	found := make(map[Group]bool)
	for _, f := range files {
		for row, err := range readRows[deliveryRow](ctx, l.files(), f.path, nil) {
			if err != nil {
				return nil, 0, err
			}
			if row.Batch <= derived {
				continue
			}
			through = max(through, row.Batch)
			for _, g := range row.Derive {
				found[Group{g.Account, g.Region, g.ResourceType}] = true
			}
		}
	}
	groups := make([]Group, 0, len(found))
	for g := range found {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, compareGroups)
	return groups, through, nil
}
