package lake

import (
	"crypto/rand"
	"fmt"
	"os"
	"path"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	pageBytes    = 1 << 20
	groupRows    = 4096
	groupBytes   = 32 << 20  // in memory; one row may be more
	targetFile   = 256 << 20 // of a merge; between the 128 and 512 MB that suit all engines
	boundBytes   = 64        // of a text bound in the manifest: arn:aws:… tells nothing in 16
	widestRowKey = "configtrail.widest-row"
)

// dataFile is a Parquet file that is written and closed, but in no commit yet.
type dataFile struct {
	path     string // of what was staged, on this machine
	location string // where it is published
	month    month
	rows     int64
	bytes    int64
	widest   int64
	entry    iceberg.DataFile

	published bool // for the storage
}

// fileWriter writes one data file, whose rows come in the order of the table.
type fileWriter[R any] struct {
	table    *table.Table
	location string
	month    month
	file     *os.File
	parquet  *parquet.GenericWriter[R]
	rows     int64
	widest   int64 // bytes of the largest row in memory, which readers plan with
	inGroup  struct{ rows, bytes int64 }
}

// newFileWriter starts a file below the table's data folder under a name that
// no other writer uses.
func newFileWriter[R any](t *table.Table, files storage, m month, level zstd.Level) (*fileWriter[R], error) {
	location := t.Location() + "/" + path.Join("data", m.folder(), rand.Text()+".parquet")
	file, err := files.stage(location)
	if err != nil {
		return nil, err
	}
	return &fileWriter[R]{
		table: t, location: location, month: m, file: file,
		parquet: parquet.NewGenericWriter[R](file, writerOptions(level)...),
	}, nil
}

func writerOptions(level zstd.Level) []parquet.WriterOption {
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: level}),
		parquet.PageBufferSize(pageBytes),
		parquet.MaxRowsPerRowGroup(groupRows),
		parquet.DataPageStatistics(false),
		parquet.CreatedBy("configtrail", "", ""),
		parquet.ColumnIndexSizeLimit(func([]string) int { return boundBytes }),
	}
	for _, column := range unbounded() {
		options = append(options, parquet.SkipPageBounds(column...))
	}
	return options
}

// unbounded names the columns whose least and greatest value tell nothing, and
// may be as long as a whole document.
func unbounded() [][]string {
	return [][]string{
		{"configuration"}, {"supplementary_configuration"}, {"request"}, {"response"}, {"actor_candidates"},
		{"edits", "list", "element", "old"}, {"edits", "list", "element", "new"}, {"edits", "list", "element", "path"},
		{"tags", "key_value", "key"}, {"tags", "key_value", "value"},
		{"quarantined", "list", "element", "reason"}, {"user_agent"},
	}
}

// write adds rows. They weigh about weight bytes in memory, the heaviest widest.
func (w *fileWriter[R]) write(rows []R, weight, widest int64) error {
	if w.inGroup.rows > 0 && w.inGroup.bytes+weight > groupBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if _, err := w.parquet.Write(rows); err != nil {
		return fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	w.rows += int64(len(rows))
	w.widest = max(w.widest, widest)
	w.inGroup.rows += int64(len(rows))
	w.inGroup.bytes += weight
	if w.inGroup.rows >= groupRows {
		return w.flush()
	}
	return nil
}

func (w *fileWriter[R]) flush() error {
	w.inGroup.rows, w.inGroup.bytes = 0, 0
	if err := w.parquet.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	return nil
}

// size is how much of the file is written so far.
func (w *fileWriter[R]) size() int64 { return w.parquet.Size() }

// abandon removes the file.
func (w *fileWriter[R]) abandon() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name()) // what stays is an orphan, which Compact removes
}

// close finishes the file. It is not durable: that is for the commit.
func (w *fileWriter[R]) close() (*dataFile, error) {
	w.parquet.SetKeyValueMetadata(widestRowKey, strconv.FormatInt(w.widest, 10))
	if err := w.parquet.Close(); err != nil {
		return nil, fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	info, err := w.file.Stat()
	if err != nil {
		return nil, err
	}
	if err := w.file.Close(); err != nil {
		return nil, fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	entry, err := w.entry(info.Size())
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", w.file.Name(), err)
	}
	return &dataFile{
		path: w.file.Name(), location: w.location, month: w.month,
		rows: w.rows, bytes: info.Size(), widest: w.widest, entry: entry,
	}, nil
}

// entry tells Iceberg of the file, from the footer that was just written.
func (w *fileWriter[R]) entry(size int64) (iceberg.DataFile, error) {
	spec := w.table.Spec()
	partition := map[int]any{}
	for _, field := range spec.Fields() {
		if w.month != noMonth {
			partition[field.FieldID] = int32(w.month)
		} else {
			partition[field.FieldID] = nil
		}
	}
	builder, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData,
		w.location, iceberg.ParquetFile, partition, nil, nil, w.rows, size)
	if err != nil {
		return nil, err
	}
	stats := statisticsOf(w.parquet.File(), w.table.Schema())
	return builder.ColumnSizes(stats.sizes).ValueCounts(stats.values).NullValueCounts(stats.nulls).
		LowerBoundValues(stats.lower).UpperBoundValues(stats.upper).SplitOffsets(stats.offsets).
		SortOrderID(w.table.SortOrder().OrderID()).Build(), nil
}

func entries(files []*dataFile) []iceberg.DataFile {
	list := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		list[i] = f.entry
	}
	return list
}
