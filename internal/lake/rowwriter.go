package lake

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// rowWriter writes rows to a Parquet file by way of their values, row by row.
// GenericWriter.Write, which goes column by column, takes nulls at the end of a
// batch for empty values where as many nulls as values come before them.
type rowWriter[R any] struct {
	*parquet.GenericWriter[R]
	rows []parquet.Row // whose memory serves again
}

func newRowWriter[R any](to io.Writer, level zstd.Level) *rowWriter[R] {
	return &rowWriter[R]{GenericWriter: parquet.NewGenericWriter[R](to, writerOptions(level)...)}
}

func (w *rowWriter[R]) write(rows []R) error {
	schema := w.Schema()
	for len(w.rows) < len(rows) {
		w.rows = append(w.rows, nil)
	}
	for i := range rows {
		w.rows[i] = schema.Deconstruct(w.rows[i][:0], &rows[i])
	}
	_, err := w.WriteRows(w.rows[:len(rows)])
	for _, row := range w.rows[:len(rows)] {
		clear(row) // values hold on to the memory of theirs
	}
	return err
}
