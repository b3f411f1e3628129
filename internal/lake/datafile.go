package lake

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

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
	path   string // on this machine
	month  month
	rows   int64
	bytes  int64
	widest int64
	entry  iceberg.DataFile
}

// fileWriter writes one data file, whose rows come in the order of the table.
type fileWriter[R any] struct {
	table   *table.Table
	files   folder
	path    string
	month   month
	file    *os.File
	parquet *parquet.GenericWriter[R]
	rows    int64
	widest  int64 // bytes of the largest row in memory, which readers plan with
	inGroup struct{ rows, bytes int64 }
}

// newFileWriter starts a file below the table's data folder under a name that
// no other writer uses.
func newFileWriter[R any](t *table.Table, files folder, m month, level zstd.Level) (*fileWriter[R], error) {
	location := path.Join("data", m.folder(), rand.Text()+".parquet")
	name, err := files.path(t.Location() + "/" + location)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(filepath.Dir(name)); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
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
	return &fileWriter[R]{
		table: t, files: files, path: name, month: m, file: file,
		parquet: parquet.NewGenericWriter[R](file, options...),
	}, nil
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
		return fmt.Errorf("write %s: %w", w.path, err)
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
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	return nil
}

// size is how much of the file is written so far.
func (w *fileWriter[R]) size() int64 { return w.parquet.Size() }

// abandon removes the file.
func (w *fileWriter[R]) abandon() {
	_ = w.file.Close()
	_ = os.Remove(w.path) // what stays is an orphan, which Compact removes
}

// close finishes the file. It is not synced: that is for the commit.
func (w *fileWriter[R]) close() (dataFile, error) {
	w.parquet.SetKeyValueMetadata(widestRowKey, strconv.FormatInt(w.widest, 10))
	if err := w.parquet.Close(); err != nil {
		return dataFile{}, fmt.Errorf("write %s: %w", w.path, err)
	}
	info, err := w.file.Stat()
	if err != nil {
		return dataFile{}, err
	}
	if err := w.file.Close(); err != nil {
		return dataFile{}, fmt.Errorf("write %s: %w", w.path, err)
	}
	entry, err := w.entry(info.Size())
	if err != nil {
		return dataFile{}, fmt.Errorf("describe %s: %w", w.path, err)
	}
	return dataFile{w.path, w.month, w.rows, info.Size(), w.widest, entry}, nil
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
	below, err := filepath.Rel(w.files.dir, w.path)
	if err != nil {
		return nil, err
	}
	builder, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData,
		w.files.location(filepath.ToSlash(below)), iceberg.ParquetFile, partition, nil, nil, w.rows, size)
	if err != nil {
		return nil, err
	}
	stats := statisticsOf(w.parquet.File(), w.table.Schema())
	return builder.ColumnSizes(stats.sizes).ValueCounts(stats.values).NullValueCounts(stats.nulls).
		LowerBoundValues(stats.lower).UpperBoundValues(stats.upper).SplitOffsets(stats.offsets).
		SortOrderID(w.table.SortOrder().OrderID()).Build(), nil
}

type statistics struct {
	sizes, values, nulls map[int]int64
	lower, upper         map[int][]byte
	offsets              []int64
}

// statisticsOf gathers a footer's row groups. Iceberg's bounds are a value's
// bytes, little-endian for numbers, which is how Parquet keeps them as well.
func statisticsOf(file parquet.FileView, schema *iceberg.Schema) statistics {
	s := statistics{
		sizes: map[int]int64{}, values: map[int]int64{}, nulls: map[int]int64{},
		lower: map[int][]byte{}, upper: map[int][]byte{},
	}
	unknown := map[int]bool{}
	for _, group := range file.Metadata().RowGroups {
		if len(group.Columns) > 0 {
			first := group.Columns[0].MetaData
			offset := first.DataPageOffset
			if first.DictionaryPageOffset > 0 {
				offset = min(offset, first.DictionaryPageOffset)
			}
			s.offsets = append(s.offsets, offset)
		}
		for _, chunk := range group.Columns {
			meta := chunk.MetaData
			if len(meta.PathInSchema) != 1 {
				continue // of lists and maps nothing is pruned
			}
			field, found := schema.FindFieldByName(meta.PathInSchema[0])
			if !found {
				continue
			}
			id := field.ID
			s.sizes[id] += meta.TotalCompressedSize
			s.values[id] += meta.NumValues
			s.nulls[id] += meta.Statistics.NullCount
			low, high := meta.Statistics.MinValue, meta.Statistics.MaxValue
			if low == nil || high == nil {
				unknown[id] = unknown[id] || meta.Statistics.NullCount < meta.NumValues
				continue
			}
			compare := compareBounds(field.Type)
			if compare == nil {
				continue
			}
			if old, ok := s.lower[id]; !ok || compare(low, old) < 0 {
				s.lower[id] = low
			}
			if old, ok := s.upper[id]; !ok || compare(high, old) > 0 {
				s.upper[id] = high
			}
		}
	}
	for id := range s.lower {
		field, _ := schema.FindFieldByID(id)
		if _, isText := field.Type.(iceberg.StringType); isText {
			s.lower[id] = truncate(s.lower[id])
			high, ok := truncateUp(s.upper[id])
			if s.upper[id] = high; !ok {
				delete(s.upper, id)
			}
		}
		if unknown[id] {
			delete(s.lower, id)
			delete(s.upper, id)
		}
	}
	return s
}

func compareBounds(typ iceberg.Type) func(a, b []byte) int {
	switch typ.(type) {
	case iceberg.StringType:
		return func(a, b []byte) int { return strings.Compare(string(a), string(b)) }
	case iceberg.Int64Type, iceberg.TimestampTzType:
		return func(a, b []byte) int {
			x, y := int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b))
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return nil
}

// truncate shortens a lower bound to whole characters of at most boundBytes.
func truncate(bound []byte) []byte {
	if len(bound) <= boundBytes {
		return bound
	}
	cut := boundBytes
	for cut > 0 && !utf8.RuneStart(bound[cut]) {
		cut--
	}
	return bound[:cut:cut]
}

// truncateUp shortens an upper bound so that it still is above every value it
// stood for: its last character that has a next one becomes that. Where none
// has, there is no short bound.
func truncateUp(bound []byte) ([]byte, bool) {
	short := truncate(bound)
	if len(short) == len(bound) {
		return bound, true
	}
	for len(short) > 0 {
		last, size := utf8.DecodeLastRune(short)
		short = short[: len(short)-size : len(short)-size]
		next := last + 1
		if next == 0xD800 {
			next = 0xE000 // surrogates are no characters
		}
		if next <= utf8.MaxRune {
			return utf8.AppendRune(short, next), true
		}
	}
	return nil, false
}

// syncFiles makes files durable, and then the folders that name them.
func syncFiles(files []dataFile) error {
	folders := map[string]bool{}
	for _, f := range files {
		handle, err := os.OpenFile(f.path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		err = handle.Sync()
		if closeErr := handle.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
		folders[filepath.Dir(f.path)] = true
	}
	for dir := range folders {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func removeFiles(files []dataFile) error {
	var first error
	for _, f := range files {
		if err := os.Remove(f.path); err != nil && !os.IsNotExist(err) && first == nil {
			first = err
		}
	}
	return first
}

func entries(files []dataFile) []iceberg.DataFile {
	list := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		list[i] = f.entry
	}
	return list
}
