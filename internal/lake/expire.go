package lake

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// keepInPassing is how long old states stay when commits let them go in passing.
const keepInPassing = time.Hour

// expireInPassing lets old states go once there are many. The commit before it
// is in whatever happens here; what could not be done, a later commit or
// Compact does, which also tells why not.
func (l *Lake) expireInPassing(ctx context.Context, name string) {
	t, err := l.load(ctx, name)
	if err != nil {
		return
	}
	old := 0
	for _, snapshot := range t.Metadata().Snapshots() {
		if time.Since(time.UnixMilli(snapshot.TimestampMs)) > keepInPassing {
			old++
		}
	}
	if old >= expireEvery {
		_ = expireOnce(ctx, t, keepInPassing)
	}
}

// expire lets the states go that are older than keep, and removes the files
// that only they need.
func (l *Lake) expire(ctx context.Context, name string, keep time.Duration) error {
	queue := l.committing[name]
	queue.Lock()
	defer queue.Unlock()
	for attempt := range attempts {
		if attempt > 0 {
			if err := backoff(ctx, attempt); err != nil {
				return fmt.Errorf("expire %s: %w", name, err)
			}
		}
		t, err := l.load(ctx, name)
		if err != nil {
			return err
		}
		if err = expireOnce(ctx, t, keep); err == nil {
			return nil
		}
		if !lostRace(err) {
			return fmt.Errorf("expire %s: %w", name, err)
		}
	}
	return nil // writers are busy: the next Compact does it
}

func expireOnce(ctx context.Context, t *table.Table, keep time.Duration) error {
	if t.CurrentSnapshot() == nil {
		return nil
	}
	tx := t.NewTransaction()
	if err := tx.ExpireSnapshots(table.WithOlderThan(keep), table.WithRetainLast(1)); err != nil {
		return err
	}
	_, err := tx.Commit(ctx)
	return err
}

// orderManifests makes a table's manifests few, each of one quarter, so that a
// plan of one month opens one of them.
func (l *Lake) orderManifests(ctx context.Context, name string) error {
	return l.commit(ctx, change{name, newMark(), func(ctx context.Context, base *table.Table, tx *table.Transaction, _ iceberg.Properties) error {
		snapshot := base.CurrentSnapshot()
		if snapshot == nil {
			return errNothing
		}
		manifests, err := l.manifests.list(snapshot, l.files().io(ctx))
		if err != nil {
			return err
		}
		files, err := l.plan(ctx, base, selection{})
		if err != nil {
			return err
		}
		quarters := make(map[int64]bool)
		for _, f := range files {
			quarters[f.month().quarter()] = true
		}
		if len(manifests) < len(quarters)+manyManifests {
			return errNothing
		}
		done, err := tx.RewriteManifests(ctx, table.WithRewriteManifestClusterBy(func(f iceberg.DataFile) any {
			return planned{entry: f}.month().quarter()
		}))
		if err == nil && done.IsNoOp() {
			return errNothing
		}
		return err
	}})
}

func (l *Lake) removeOrphans(ctx context.Context, name string, age time.Duration) (int64, error) {
	t, err := l.load(ctx, name)
	if err != nil {
		return 0, err
	}
	result, err := t.DeleteOrphanFiles(ctx, table.WithFilesOlderThan(age))
	if err != nil {
		return 0, fmt.Errorf("remove files that %s does not need: %w", name, err)
	}
	return int64(len(result.DeletedFiles)), nil
}
