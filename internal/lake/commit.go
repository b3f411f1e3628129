package lake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// propertyMark is what a commit's snapshot carries in its summary, so that the
// commit can be found when its outcome was not told.
const propertyMark = "configtrail.commit"

// attempts is how often a commit is made anew after it lost a race. With the
// waits of backoff that is some minutes of losing every time.
const attempts = 100

// expireEvery is the number of snapshots of a table behind which its old ones
// are let go in passing.
const expireEvery = 100

// change is one commit to one table. Build stages everything on a transaction
// that is pinned to base, and is called again with a newer base each time the
// commit lost a race. It returns errNothing where base leaves nothing to do.
type change struct {
	table string
	mark  string // stays the same until the commit is known to be in
	build func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error
}

var errNothing = errors.New("nothing to commit")

func newMark() string { return rand.Text() }

// commit makes a change once. It returns when the change is known to be in, or
// known or feared not to be; calling it again with the same mark is safe then.
func (l *Lake) commit(ctx context.Context, c change) error {
	queue := l.committing[c.table]
	queue.Lock()
	defer queue.Unlock()
	var lost error
	for attempt := range attempts {
		if attempt > 0 {
			if err := backoff(ctx, attempt); err != nil {
				return fmt.Errorf("commit %s: %w", c.table, err)
			}
		}
		base, err := l.load(ctx, c.table)
		if err != nil {
			return err
		}
		if marked(base, c.mark) {
			return nil
		}
		err = l.commitOnce(ctx, base, c)
		switch {
		case err == nil:
			l.expireInPassing(ctx, c.table)
			return nil
		case errors.Is(err, errNothing):
			return nil
		case !lostRace(err):
			return fmt.Errorf("commit %s: %w", c.table, err)
		}
		lost = err
	}
	return fmt.Errorf("commit %s: lost to other writers %d times: %w", c.table, attempts, lost)
}

func (l *Lake) commitOnce(ctx context.Context, base *table.Table, c change) error {
	tx := base.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return err
	}
	if err := c.build(ctx, base, tx, iceberg.Properties{propertyMark: c.mark}); err != nil {
		return err
	}
	if err := l.step("commit " + c.table); err != nil {
		return err
	}
	_, err := tx.Commit(ctx)
	if err != nil {
		return err
	}
	return l.step("committed " + c.table)
}

// step lets tests stop the work here as a kill would.
func (l *Lake) step(name string) error {
	if l.interrupt == nil {
		return nil
	}
	return l.interrupt(name)
}

func lostRace(err error) bool {
	return errors.Is(err, table.ErrCommitFailed) || errors.Is(err, table.ErrCommitDiverged) ||
		errors.Is(err, table.ErrConflictingDataFiles)
}

// marked reports whether a snapshot that is still kept carries the mark.
// A commit is in doubt for seconds; Compact keeps snapshots for an hour unless told otherwise.
func marked(t *table.Table, mark string) bool {
	snapshots := t.Metadata().Snapshots()
	for i := len(snapshots) - 1; i >= 0; i-- {
		if summary := snapshots[i].Summary; summary != nil && summary.Properties[propertyMark] == mark {
			return true
		}
	}
	return false
}

// backoff waits a random time that grows to two seconds.
func backoff(ctx context.Context, attempt int) error {
	limit := min(10*time.Millisecond<<min(attempt, 8), 2*time.Second)
	timer := time.NewTimer(mathrand.N(limit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// appendFiles stages files as an append.
func appendFiles(ctx context.Context, tx *table.Transaction, files []iceberg.DataFile, summary iceberg.Properties) error {
	return tx.AddDataFiles(ctx, files, summary, table.WithoutDuplicateCheck(), table.WithoutAutoNameMapping())
}
