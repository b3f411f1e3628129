package lake

import (
	"context"
	"errors"
	"slices"

	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// bufferBytes is how much of a table's rows a writer holds before it
	// sorts them and writes them out.
	bufferBytes = 24 << 20
	// fewRuns is how many files of one month a commit may leave.
	fewRuns = 3
	// runBytes is the size from which a file is not merged for being small.
	runBytes = 64 << 20
)

// runs are the sorted files that a writer has staged for its next commit. They
// lie where they will stay; until a commit names them nobody reads them.
type runs[R any] struct {
	lake   *Lake
	layout layout[R]
	months map[month][]*dataFile
}

func newRuns[R any](l *Lake, layout layout[R]) *runs[R] {
	return &runs[R]{lake: l, layout: layout, months: make(map[month][]*dataFile)}
}

// add sorts rows and writes them, one file a month.
func (r *runs[R]) add(ctx context.Context, rows []*R) error {
	t, err := r.lake.load(ctx, r.layout.table)
	if err != nil {
		return err
	}
	byMonth := make(map[month][]*R)
	for _, row := range rows {
		m := r.layout.month(row)
		byMonth[m] = append(byMonth[m], row)
	}
	for m, rows := range byMonth {
		slices.SortFunc(rows, r.layout.compare)
		files, err := writeFiles(ctx, r.lake, t, r.layout, m, merged(r.layout, []stream[R]{streamOf(rows)}), zstd.SpeedFastest)
		if err != nil {
			return err
		}
		r.months[m] = append(r.months[m], files...)
	}
	return nil
}

func streamOf[R any](rows []*R) stream[R] {
	return func(yield func(*R, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// settle merges the months that have many small files and gives all files.
func (r *runs[R]) settle(ctx context.Context) ([]*dataFile, error) {
	var all []*dataFile
	for m, files := range r.months {
		var small, rest []*dataFile
		for _, f := range files {
			if f.bytes < runBytes {
				small = append(small, f)
			} else {
				rest = append(rest, f)
			}
		}
		if len(small) > fewRuns {
			larger, err := r.merge(ctx, m, small)
			if err != nil {
				return nil, err
			}
			r.months[m] = append(rest, larger...)
			if err := r.lake.files().discard(small); err != nil {
				return nil, err
			}
		}
		all = append(all, r.months[m]...)
	}
	return all, nil
}

func (r *runs[R]) merge(ctx context.Context, m month, files []*dataFile) ([]*dataFile, error) {
	t, err := r.lake.load(ctx, r.layout.table)
	if err != nil {
		return nil, err
	}
	sources := make([]source[R], len(files))
	for i, f := range files {
		sources[i] = source[R]{readRows[R](ctx, r.lake.files(), f.path, nil), f.widest}
	}
	return writeFiles(ctx, r.lake, t, r.layout, m, inOrder(ctx, r.layout, sources), zstd.SpeedFastest)
}

func (r *runs[R]) empty() bool { return len(r.months) == 0 }

// forget leaves the files to the commit that took them.
func (r *runs[R]) forget() {
	for _, files := range r.months {
		r.lake.files().settled(files)
	}
	clear(r.months)
}

func (r *runs[R]) abandon() error {
	var errs []error
	for _, files := range r.months {
		errs = append(errs, r.lake.files().discard(files))
	}
	clear(r.months)
	return errors.Join(errs...)
}

// writeFiles writes sorted rows of one month to as many files as they fill.
// After an error none is left.
func writeFiles[R any](ctx context.Context, l *Lake, t *table.Table, layout layout[R], m month, rows stream[R], level zstd.Level) (files []*dataFile, err error) {
	var w *fileWriter[R]
	defer func() {
		if err != nil {
			if w != nil {
				w.abandon()
			}
			_ = l.files().discard(files) // what stays is an orphan
			files = nil
		}
	}()
	batch := make([]R, 0, 256)
	var weight, widest int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if w == nil {
			if w, err = newFileWriter[R](t, l.files(), m, level); err != nil {
				return err
			}
		}
		if err := w.write(batch, weight, widest); err != nil {
			return err
		}
		clear(batch)
		batch, weight, widest = batch[:0], 0, 0
		if w.size() < targetFile {
			return nil
		}
		return finish(&w, &files)
	}
	for row, rowErr := range rows {
		if rowErr != nil {
			return files, rowErr
		}
		n := layout.weight(row)
		if len(batch) == cap(batch) || weight+n > pageBytes {
			if err := flush(); err != nil {
				return files, err
			}
			if err := ctx.Err(); err != nil {
				return files, context.Cause(ctx)
			}
		}
		batch = append(batch, *row)
		weight += n
		widest = max(widest, n)
	}
	if err := flush(); err != nil {
		return files, err
	}
	if w != nil {
		return files, finish(&w, &files)
	}
	return files, nil
}

func finish[R any](w **fileWriter[R], files *[]*dataFile) error {
	file, err := (*w).close()
	if err != nil {
		return err
	}
	*files, *w = append(*files, file), nil
	return nil
}
