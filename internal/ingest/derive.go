package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"configtrail"
	"configtrail/internal/lake"
)

// loadAtOnce is how many steps wait for their states before these are read together.
const loadAtOnce = 256

// deriveAttempts is how often a derivation that others overtook is begun anew.
const deriveAttempts = 10

// Derive brings the ledger up to the items: for every group that a committed
// delivery named and nobody has derived since, it works out the changes and
// writes those rows that differ from the rows that are there, in one commit.
// It returns how many rows it wrote. A run that is killed is made up for by the
// next; deriving again writes nothing. Where another process derived meanwhile,
// it begins anew from the ledger that is there then.
func Derive(ctx context.Context, l *lake.Lake) (written int64, err error) {
	for range deriveAttempts {
		if written, err = derive(ctx, l); !errors.Is(err, lake.ErrStale) {
			break
		}
	}
	return written, err
}

func derive(ctx context.Context, l *lake.Lake) (int64, error) {
	groups, through, err := l.Pending(ctx)
	if err != nil || len(groups) == 0 {
		return 0, err
	}
	first := newFirstDeliveries()
	for row, err := range l.DeliveriesRead(ctx) {
		if err != nil {
			return 0, err
		}
		first.stored(row)
	}
	writer, err := l.NewChangeWriter(ctx)
	if err != nil {
		return 0, err
	}
	d := &derivation{lake: l, writer: writer, first: first}
	for _, scope := range scopes(groups) {
		if err := d.scope(ctx, scope); err != nil {
			return 0, errors.Join(fmt.Errorf("derive changes: %w", err), writer.Abandon())
		}
	}
	if err := writer.Commit(ctx, through); err != nil {
		return 0, fmt.Errorf("commit changes: %w", err)
	}
	return d.written, nil
}

// scopes puts groups together so that one account and region is read once. A
// group of a whole region, or of all regions, swallows those within it.
func scopes(groups []lake.Group) []configtrail.Scope {
	groups = slices.Clone(groups)
	slices.SortFunc(groups, compareGroups) // the whole of something sorts before its parts
	var all []configtrail.Scope
	for _, g := range groups {
		if n := len(all); n > 0 {
			last := &all[n-1]
			switch sameAccount := last.Accounts[0] == g.Account; {
			case sameAccount && len(last.Regions) == 0:
				continue
			case sameAccount && last.Regions[0] == g.Region:
				if len(last.Types) > 0 && last.Types[len(last.Types)-1] != g.Type {
					last.Types = append(last.Types, g.Type)
				}
				continue
			}
		}
		scope := configtrail.Scope{Accounts: []string{g.Account}}
		if g.Region != "" {
			scope.Regions = []string{g.Region}
		}
		if g.Type != "" {
			scope.Types = []string{g.Type}
		}
		all = append(all, scope)
	}
	return all
}

// derivation holds the ledger that items give against the one in the lake.
type derivation struct {
	lake    *lake.Lake
	writer  *lake.ChangeWriter
	first   *firstDeliveries
	waiting []step // new rows, whose states are still to be read
	written int64
}

// scope derives the resources of one scope. Items and changes come in the same
// order, so both are read once and nothing but one resource is held.
func (d *derivation) scope(ctx context.Context, scope configtrail.Scope) error {
	next, stop := iter.Pull2(d.lake.ChangesInOrder(ctx, scope))
	defer stop()
	ledger := ledgerReader{next: next}
	for headers, err := range resources(d.lake.Headers(ctx, scope)) {
		if err != nil {
			return err
		}
		key := headers[0].Key
		if err := ledger.skipTo(key, func(c configtrail.Change) error { return d.writer.Remove(ctx, c) }); err != nil {
			return err
		}
		have, err := ledger.of(key)
		if err != nil {
			return err
		}
		if err := d.resource(ctx, timeline(headers, d.first.of(key.Account, key.Region)), have); err != nil {
			return err
		}
	}
	if err := ledger.drain(func(c configtrail.Change) error { return d.writer.Remove(ctx, c) }); err != nil {
		return err
	}
	return d.flush(ctx)
}

// resource compares the steps of one resource with its rows. Both are in order of time.
func (d *derivation) resource(ctx context.Context, want []step, have []configtrail.Change) error {
	for len(want) > 0 || len(have) > 0 {
		switch {
		case len(have) == 0 || len(want) > 0 && want[0].after.CaptureTime.Before(have[0].Time):
			d.waiting, want = append(d.waiting, want[0]), want[1:]
		case len(want) == 0 || have[0].Time.Before(want[0].after.CaptureTime):
			if err := d.writer.Remove(ctx, have[0]); err != nil {
				return err
			}
			have = have[1:]
		default:
			rows := 1 // more than one where concurrent derivations both wrote it
			for rows < len(have) && have[rows].Time.Equal(have[0].Time) {
				rows++
			}
			if rows > 1 || !agrees(want[0].change(), have[0]) {
				if err := d.writer.Remove(ctx, have[0]); err != nil {
					return err
				}
				d.waiting = append(d.waiting, want[0])
			}
			want, have = want[1:], have[rows:]
		}
		if len(d.waiting) >= loadAtOnce {
			if err := d.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// agrees reports whether a row says what its step says. Which of several equal
// deliveries is named as the source makes no difference.
func agrees(want, row configtrail.Change) bool {
	return want.Kind == row.Kind && want.HashBefore == row.HashBefore && want.HashAfter == row.HashAfter &&
		want.After.Equal(row.After) && want.Name == row.Name && want.ARN == row.ARN
}

// flush reads the states of the waiting steps and writes their rows.
func (d *derivation) flush(ctx context.Context) error {
	if len(d.waiting) == 0 {
		return nil
	}
	var headers []lake.Header
	for _, s := range d.waiting {
		if s.before != nil {
			headers = append(headers, *s.before)
		}
		headers = append(headers, s.after)
	}
	items, err := d.lake.Load(ctx, headers)
	if err != nil {
		return err
	}
	for _, s := range d.waiting {
		var before *configtrail.ConfigurationItem
		if s.before != nil {
			before, items = &items[0], items[1:]
		}
		after := &items[0]
		items = items[1:]
		change := s.change()
		is, err := complete(&change, after, before)
		if err != nil {
			return fmt.Errorf("compare %s at %s: %w", change.Key, change.Time.Format("2006-01-02T15:04:05.000Z"), err)
		}
		if !is {
			continue
		}
		if err := d.writer.Add(ctx, change); err != nil {
			return err
		}
		d.written++
	}
	d.waiting = d.waiting[:0]
	return nil
}

// resources gathers the headers of each resource.
func resources(headers iter.Seq2[lake.Header, error]) iter.Seq2[[]lake.Header, error] {
	return func(yield func([]lake.Header, error) bool) {
		var current []lake.Header
		for h, err := range headers {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(current) > 0 && current[0].Key != h.Key {
				if !yield(current, nil) {
					return
				}
				current = nil // steps keep pointers into it
			}
			current = append(current, h)
		}
		if len(current) > 0 {
			yield(current, nil)
		}
	}
}

// ledgerReader reads the rows of changes resource by resource.
type ledgerReader struct {
	next  func() (configtrail.Change, error, bool)
	ahead *configtrail.Change
	ended bool
}

// peek is the next row, nil at the end.
func (l *ledgerReader) peek() (*configtrail.Change, error) {
	if l.ahead == nil && !l.ended {
		change, err, ok := l.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			l.ended = true
			return nil, nil
		}
		l.ahead = &change
	}
	return l.ahead, nil
}

// skipTo gives orphan every row of a resource before key: rows without items.
func (l *ledgerReader) skipTo(key configtrail.ResourceKey, orphan func(configtrail.Change) error) error {
	for {
		row, err := l.peek()
		if err != nil || row == nil || row.Key.Compare(key) >= 0 {
			return err
		}
		if err := orphan(*row); err != nil {
			return err
		}
		l.ahead = nil
	}
}

// of takes the rows of one resource.
func (l *ledgerReader) of(key configtrail.ResourceKey) ([]configtrail.Change, error) {
	var rows []configtrail.Change
	for {
		row, err := l.peek()
		if err != nil || row == nil || row.Key != key {
			return rows, err
		}
		rows = append(rows, *row)
		l.ahead = nil
	}
}

// drain gives orphan every row that is left.
func (l *ledgerReader) drain(orphan func(configtrail.Change) error) error {
	for {
		row, err := l.peek()
		if err != nil || row == nil {
			return err
		}
		if err := orphan(*row); err != nil {
			return err
		}
		l.ahead = nil
	}
}
