package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
)

// columnBatch is the number of rows whose columns are read one after the other.
const columnBatch = 1024

// columnOf says where the values of a column go. The closures of some remember
// what was last, so one set of columns serves one reader.
type columnOf[R any] struct {
	name string
	set  func(*R, parquet.Value)
}

// sortedText is a column of texts most of which are the one before.
func sortedText[R any](name string, field func(*R) *string) columnOf[R] {
	var last string
	return columnOf[R]{name, func(row *R, v parquet.Value) {
		if b := v.ByteArray(); string(b) != last {
			last = string(b)
		}
		*field(row) = last
	}}
}

// fewTexts is a column of texts that repeat.
func fewTexts[R any](name string, field func(*R) *string) columnOf[R] {
	seen := make(map[string]string)
	return columnOf[R]{name, func(row *R, v parquet.Value) {
		b := v.ByteArray()
		s, ok := seen[string(b)]
		if !ok {
			if len(seen) >= 4096 {
				clear(seen)
			}
			s = string(b)
			seen[s] = s
		}
		*field(row) = s
	}}
}

// readColumns reads some columns of a row group, several times faster than whole
// rows. It gives the rows in their order, some at a time.
func readColumns[R any](ctx context.Context, f *openFile, group parquet.RowGroup, columns []columnOf[R]) iter.Seq2[[]R, error] {
	return func(yield func([]R, error) bool) {
		readers := make([]*valueReader, len(columns))
		for i, column := range columns {
			chunk, found := f.column(group, column.name)
			if !found {
				continue // a file from before the column: its values are empty
			}
			readers[i] = &valueReader{pages: chunk.Pages()}
			defer readers[i].close()
		}
		values := make([]parquet.Value, columnBatch)
		for done := int64(0); done < group.NumRows(); {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			rows := make([]R, min(columnBatch, group.NumRows()-done))
			for i, reader := range readers {
				if reader == nil {
					continue
				}
				if err := columns[i].read(reader, values, rows); err != nil {
					yield(nil, fmt.Errorf("read data file %s: column %s: %w", f.path, columns[i].name, err))
					return
				}
			}
			if !yield(rows, nil) {
				return
			}
			done += int64(len(rows))
		}
	}
}

func (c columnOf[R]) read(r *valueReader, values []parquet.Value, rows []R) error {
	for len(rows) > 0 {
		n, err := r.read(values[:min(len(values), len(rows))])
		for i := range n {
			c.set(&rows[i], values[i])
		}
		rows = rows[n:]
		switch {
		case err != nil && len(rows) > 0 && errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil && len(rows) > 0:
			return err
		}
	}
	return nil
}

// valueReader reads a column's values across its pages.
type valueReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
}

// read gives up to len(values) of the next values, which stay valid until the next call.
func (r *valueReader) read(values []parquet.Value) (int, error) {
	for {
		if r.values == nil {
			parquet.Release(r.page)
			page, err := r.pages.ReadPage()
			if err != nil {
				r.page = nil
				return 0, err
			}
			r.page, r.values = page, page.Values()
		}
		n, err := r.values.ReadValues(values)
		if errors.Is(err, io.EOF) {
			err = nil
			if n == 0 {
				r.values = nil
				continue
			}
		}
		return n, err
	}
}

func (r *valueReader) close() {
	parquet.Release(r.page)
	_ = r.pages.Close()
}
