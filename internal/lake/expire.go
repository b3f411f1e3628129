package lake

import (
	"context"
	"fmt"
	"path"
	"slices"
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

// removeOrphans removes old files that no state of a table knows, but for those
// that a note names. The notes are listed before the table is loaded: one that
// is gone by then was gathered, so that the table knows of its files.
func (l *Lake) removeOrphans(ctx context.Context, name string, age time.Duration) (int64, error) {
	staged, all, err := l.stagedFiles(ctx, name)
	if err != nil {
		return 0, err
	}
	t, err := l.load(ctx, name)
	if err != nil {
		return 0, err
	}
	plan, err := t.PlanOrphanFiles(ctx, table.WithFilesOlderThan(age))
	if err != nil {
		return 0, fmt.Errorf("find files that %s does not need: %w", name, err)
	}
	orphans := slices.DeleteFunc(plan.Files(), func(location string) bool {
		return staged[location] || !all && path.Ext(location) == dataSuffix
	})
	if len(orphans) == 0 {
		return 0, nil
	}
	if err := l.files().remove(ctx, orphans); err != nil {
		return 0, fmt.Errorf("remove files that %s does not need: %w", name, err)
	}
	return int64(len(orphans)), nil
}

// stagedFiles gives the locations of a table's files that notes name. All is
// false if a note can't be read, so that it may name any file.
func (l *Lake) stagedFiles(ctx context.Context, name string) (locations map[string]bool, all bool, err error) {
	if name != Items && name != Events {
		return nil, true, nil
	}
	listed, err := l.listNotes(ctx)
	if err != nil {
		return nil, false, err
	}
	locations, all = make(map[string]bool), true
	for _, some := range l.atOnce(listed) {
		notes, err := l.readNotes(ctx, some)
		if err != nil {
			return nil, false, err
		}
		for _, n := range notes {
			switch {
			case n.gone:
			case n.err != nil:
				all = false
			default:
				for _, f := range n.of(name) {
					locations[l.files().location(f.Path)] = true
				}
			}
		}
	}
	return locations, all, nil
}
