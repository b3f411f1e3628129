package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/lake"
)

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
	first, err := firstDeliveriesOf(ctx, l)
	if err != nil {
		return 0, err
	}
	writer, err := l.NewChangeWriter(ctx)
	if err != nil {
		return 0, err
	}
	// The view begins after the writer, which notices what is committed meanwhile.
	d := &derivation{lake: l, view: l.View(), writer: writer, first: first, largest: map[string]int64{}}
	if err := d.run(ctx, scopes(groups)); err != nil {
		return 0, errors.Join(fmt.Errorf("derive changes: %w", err), writer.Abandon())
	}
	if err := writer.Commit(ctx, through); err != nil {
		return 0, fmt.Errorf("commit changes: %w", err)
	}
	return d.written.Load(), nil
}

// scopes puts the groups of an account together, so that its rows, which lie
// together, are read once: the regions that have to be derived whole, and the
// types of others. That may ask for a type in a region where nothing is new,
// which finds nothing to write. What covers an account or region swallows its parts.
func scopes(groups []lake.Group) []configtrail.Scope {
	groups = slices.Clone(groups)
	slices.SortFunc(groups, compareGroups) // the whole of something sorts before its parts
	var all []configtrail.Scope
	for len(groups) > 0 {
		account := groups[0].Account
		whole := configtrail.Scope{Accounts: []string{account}}
		parts := configtrail.Scope{Accounts: []string{account}}
		everything := false
		for ; len(groups) > 0 && groups[0].Account == account; groups = groups[1:] {
			switch g := groups[0]; {
			case g.Region == "":
				everything = true
			case slices.Contains(whole.Regions, g.Region):
			case g.Type == "":
				whole.Regions = append(whole.Regions, g.Region)
			default:
				parts.Regions = append(parts.Regions, g.Region)
				parts.Types = append(parts.Types, g.Type)
			}
		}
		if everything {
			all = append(all, configtrail.Scope{Accounts: []string{account}})
			continue
		}
		if len(whole.Regions) > 0 {
			all = append(all, whole)
		}
		if len(parts.Regions) > 0 {
			parts.Regions = slices.Compact(parts.Regions)
			slices.Sort(parts.Types)
			parts.Types = slices.Compact(parts.Types)
			all = append(all, parts)
		}
	}
	return all
}

// derivation holds the ledger that items give against the one in the lake. One
// goroutine reads both in order; others read the states of what is new and compare them.
type derivation struct {
	lake    *lake.Lake
	view    *lake.View
	writer  *lake.ChangeWriter
	first   *firstDeliveries
	compare *errgroup.Group
	waiting []step // new rows, whose states are still to be read
	weight  int64  // of these states, by what is known of their types
	written atomic.Int64

	mu      sync.Mutex
	largest map[string]int64 // bytes of the largest states read lately, by type
}

// run derives all scopes. It has ended every goroutine when it returns.
func (d *derivation) run(ctx context.Context, scopes []configtrail.Scope) error {
	var within context.Context
	d.compare, within = errgroup.WithContext(ctx)
	d.compare.SetLimit(runtime.GOMAXPROCS(0))
	var err error
	for _, scope := range scopes {
		if err = d.scope(within, scope); err != nil {
			break
		}
	}
	if err == nil {
		d.flush(within)
	}
	return cmp.Or(d.compare.Wait(), err) // where comparing fails, reading only ends because of it
}

// scope derives the resources of one scope. Items and changes come in the same
// order, so both are read once and nothing but one resource is held.
func (d *derivation) scope(ctx context.Context, scope configtrail.Scope) error {
	next, stop := iter.Pull2(d.view.ChangesInOrder(ctx, scope))
	defer stop()
	ledger := ledgerReader{next: next}
	for headers, err := range resources(d.view.Headers(ctx, scope)) {
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
	return ledger.drain(func(c configtrail.Change) error { return d.writer.Remove(ctx, c) })
}

// resource compares the steps of one resource with its rows. Both are in order of time.
func (d *derivation) resource(ctx context.Context, want []step, have []configtrail.Change) error {
	for len(want) > 0 || len(have) > 0 {
		switch {
		case len(have) == 0 || len(want) > 0 && want[0].After.CaptureTime.Before(have[0].Time):
			d.wait(ctx, want[0])
			want = want[1:]
		case len(want) == 0 || have[0].Time.Before(want[0].After.CaptureTime):
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
				d.wait(ctx, want[0])
			}
			want, have = want[1:], have[rows:]
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
