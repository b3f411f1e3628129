package lake

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"
)

const (
	// keptFiles is how many data files are kept as manifests tell of them: some
	// kilobytes each.
	keptFiles = 20_000
	// keptLists is how many manifests are kept as their lists tell of them.
	keptLists = 4_000
	// manifestsAtOnce is how many are read at once: on S3 that is mostly waiting.
	manifestsAtOnce = 16
)

// manifests reads what says which files a table has. Neither a manifest nor a
// list of them ever changes, and both are read for every plan.
type manifests struct {
	lists *cache[string, []iceberg.ManifestFile] // by location
	files *cache[string, []liveFile]             // by location
}

func newManifests() *manifests {
	return &manifests{newCache[string, []iceberg.ManifestFile](keptLists), newCache[string, []liveFile](keptFiles)}
}

// liveFile is a file that a manifest adds or keeps.
type liveFile struct {
	entry        iceberg.DataFile
	spec         int // of its partition
	month        month
	lower, upper map[int][]byte // by field id
	nulls        map[int]int64
}

func (m *manifests) list(snapshot *table.Snapshot, files icebergio.IO) ([]iceberg.ManifestFile, error) {
	if list, found := m.lists.find(snapshot.ManifestList); found {
		return list, nil
	}
	list, err := snapshot.Manifests(files)
	if err != nil {
		return nil, err
	}
	m.lists.keep(snapshot.ManifestList, list, int64(len(list)))
	return list, nil
}

// live gives the files of a snapshot that may hold selected rows.
func (m *manifests) live(ctx context.Context, snapshot *table.Snapshot, from storage, s selection) (iter.Seq[*liveFile], error) {
	list, err := m.list(snapshot, from.io(ctx))
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(m iceberg.ManifestFile) bool { return !s.mayBeIn(m) })
	files := make([][]liveFile, len(list))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(manifestsAtOnce)
	for i, manifest := range list {
		group.Go(func() (err error) {
			if groupCtx.Err() != nil {
				return context.Cause(groupCtx)
			}
			files[i], err = m.read(manifest, from.io(groupCtx))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return func(yield func(*liveFile) bool) {
		for i := range files {
			for j := range files[i] {
				if f := &files[i][j]; s.mayBeOf(f) && !yield(f) {
					return
				}
			}
		}
	}, nil
}

func (m *manifests) read(manifest iceberg.ManifestFile, files icebergio.IO) ([]liveFile, error) {
	if live, found := m.files.find(manifest.FilePath()); found {
		return live, nil
	}
	var live []liveFile
	for e, err := range manifest.Entries(files, true) {
		if err != nil {
			return nil, err
		}
		f := e.DataFile()
		if manifest.ManifestContent() == iceberg.ManifestContentDeletes {
			return nil, fmt.Errorf("another program deleted rows of the table in a way that this one does not read: %s", f.FilePath())
		}
		live = append(live, liveFile{
			entry: f, spec: int(f.SpecID()), month: planned{entry: f}.month(),
			lower: f.LowerBoundValues(), upper: f.UpperBoundValues(), nulls: f.NullValueCounts(),
		})
	}
	m.files.keep(manifest.FilePath(), live, int64(len(live)+1))
	return live, nil
}
