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
	firstRows    = 672       // of each of the first groups
	firstGroups  = 7         // so that a file of some thousand rows, too, has several
	groupBytes   = 32 << 20  // in memory; one row may be more
	targetFile   = 256 << 20 // of a merge; between the 128 and 512 MB that suit all engines
	boundBytes   = 64        // of a text bound in the manifest: arn:aws:… tells nothing in 16
	widestRowKey = "configtrail.widest-row"
	dataSuffix   = ".parquet"
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
	parquet  *rowWriter[R]
	rows     int64
	widest   int64 // bytes of the largest row in memory, which readers plan with
	inGroup  struct{ rows, bytes int64 }
	groups   int // written so far
}

// newFileWriter starts a file below the table's data folder under a name that
// no other writer uses.
func newFileWriter[R any](t *table.Table, files storage, m month, level zstd.Level) (*fileWriter[R], error) {
	location := t.Location() + "/" + path.Join("data", m.folder(), rand.Text()+dataSuffix)
	file, err := files.stage(location)
	if err != nil {
		return nil, err
	}
	return &fileWriter[R]{
		table: t, location: location, month: m, file: file,
		parquet: newRowWriter[R](file, level),
	}, nil
}

func writerOptions(level zstd.Level) []parquet.WriterOption {
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: level}),
		parquet.PageBufferSize(pageBytes),
		parquet.MaxRowsPerRowGroup(groupRows),
		parquet.DataPageStatistics(false),
		// Times are most of what numbers there are, and no compression finds anything in their low bytes.
		parquet.DefaultEncodingFor(parquet.Int64, &parquet.DeltaBinaryPacked),
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
	if err := w.parquet.write(rows); err != nil {
		return fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	w.rows += int64(len(rows))
	w.widest = max(w.widest, widest)
	w.inGroup.rows += int64(len(rows))
	w.inGroup.bytes += weight
	if w.inGroup.rows >= w.groupRows() {
		return w.flush()
	}
	return nil
}

// groupRows is how many rows the next row group takes. A reader who knows which rows
// it wants leaves out the large columns of groups without any, so that small
// groups save it reading; but their footers grow with their number, and engines read
// the last 48 KB of each file whatever the footer takes: that is what the first
// groups of a file make use of.
func (w *fileWriter[R]) groupRows() int64 {
	if w.groups < firstGroups {
		return firstRows
	}
	return groupRows
}

func (w *fileWriter[R]) flush() error {
	w.groups++
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
	stats := statisticsOf(w.parquet.File(), w.table.Schema())
	return dataFileEntry(w.table.Spec(), w.location, w.month, w.rows, size, stats, w.table.SortOrder().OrderID())
}

func dataFileEntry(spec iceberg.PartitionSpec, location string, m month, rows, size int64, s statistics, sortOrder int) (iceberg.DataFile, error) {
	partition := map[int]any{}
	for _, field := range spec.Fields() {
		if m != noMonth {
			partition[field.FieldID] = int32(m)
		} else {
			partition[field.FieldID] = nil
		}
	}
	builder, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, location, iceberg.ParquetFile, partition, nil, nil, rows, size)
	if err != nil {
		return nil, err
	}
	return builder.ColumnSizes(s.sizes).ValueCounts(s.values).NullValueCounts(s.nulls).
		LowerBoundValues(s.lower).UpperBoundValues(s.upper).SplitOffsets(s.offsets).
		SortOrderID(sortOrder).Build(), nil
}

func entries(files []*dataFile) []iceberg.DataFile {
	list := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		list[i] = f.entry
	}
	return list
}
