package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strconv"

	"configtrail"

	"github.com/parquet-go/parquet-go"
)

// readerBytes is how much of a file's rows is decoded ahead of their use.
const readerBytes = 1 << 20

// openFile is a data file that is being read.
type openFile struct {
	path    string
	content content
	parquet *parquet.File
}

func openParquet(ctx context.Context, files opener, path string) (*openFile, error) {
	content, size, err := files.open(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, configtrail.WithHint(fmt.Errorf("data file %s of the lake is missing: %w", path, fs.ErrNotExist),
			"restore it, or ingest again into a new lake")
	}
	if err != nil {
		return nil, fmt.Errorf("read data file: %w", err)
	}
	opened, err := parquet.OpenFile(content, size, parquet.SkipMagicBytes(true),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(16<<10))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read data file %s: it is damaged: %w", path, err), content.Close())
	}
	return &openFile{path, content, opened}, nil
}

func (f *openFile) close() error { return f.content.Close() }

// widest is the size in memory of the file's largest row, as its writer noted.
func (f *openFile) widest() int64 {
	noted, _ := f.parquet.Lookup(widestRowKey)
	n, err := strconv.ParseInt(noted, 10, 64)
	if err != nil {
		return readerBytes
	}
	return n
}

// column is a row group's chunk of a top-level column that is no list or map.
func (f *openFile) column(group parquet.RowGroup, name string) (parquet.ColumnChunk, bool) {
	leaf, found := f.parquet.Schema().Lookup(name)
	if !found {
		return nil, false
	}
	return group.ColumnChunks()[leaf.ColumnIndex], true
}

// stream gives sorted rows. Each row is the consumer's own.
type stream[R any] = iter.Seq2[*R, error]

// readRows gives the rows of those row groups of a file that keep chooses; nil: all.
func readRows[R any](ctx context.Context, files opener, path string, keep func(*openFile, parquet.RowGroup) bool) stream[R] {
	return func(yield func(*R, error) bool) {
		f, err := openParquet(ctx, files, path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.close()
		for _, group := range f.parquet.RowGroups() {
			if keep != nil && !keep(f, group) {
				continue
			}
			if !readGroup(ctx, f, group, yield) {
				return
			}
		}
	}
}

func readGroup[R any](ctx context.Context, f *openFile, group parquet.RowGroup, yield func(*R, error) bool) bool {
	reader := parquet.NewGenericRowGroupReader[R](group)
	defer func() { _ = reader.Close() }() // it was only read
	batch := batchOf(group)
	// No more rows are asked for than there are: at a chunk's end, each one that
	// is not there costs another look for a page of every column.
	for left := group.NumRows(); left > 0; {
		if err := ctx.Err(); err != nil {
			yield(nil, context.Cause(ctx))
			return false
		}
		rows := make([]R, min(int64(batch), left))
		n, err := reader.Read(rows)
		left -= int64(n)
		for i := range rows[:n] {
			if !yield(&rows[i], nil) {
				return false
			}
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			yield(nil, fmt.Errorf("read data file %s: %w", f.path, err))
			return false
		case n == 0 && left > 0:
			yield(nil, fmt.Errorf("read data file %s: %w", f.path, io.ErrUnexpectedEOF))
			return false
		}
	}
	return true
}

// batchOf is how many rows to decode at once so that they take about readerBytes.
func batchOf(group parquet.RowGroup) int {
	var bytes int64
	for _, chunk := range group.ColumnChunks() {
		if sized, ok := chunk.(*parquet.FileColumnChunk); ok {
			bytes += sized.NumValues() * 8
		}
	}
	if sized, ok := group.(*parquet.FileRowGroup); ok {
		bytes = max(bytes, sized.File().Metadata().RowGroups[ordinal(sized)].TotalByteSize)
	}
	each := max(1, bytes/max(1, group.NumRows()))
	return int(min(max(1, readerBytes/each), 256))
}

// ordinal is the place of a group in its file.
func ordinal(group *parquet.FileRowGroup) int {
	for i, other := range group.File().RowGroups() {
		if other == parquet.RowGroup(group) {
			return i
		}
	}
	return 0
}
