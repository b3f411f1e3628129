package lake

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

const (
	// noteFolder is where notes are, below the lake.
	noteFolder = "staged"
	// noteFormat is the format of notes that this code writes. A note of a higher
	// one may hold what this code would lose.
	noteFormat = 1
	// noteBytes bounds a note: it is held in memory as a whole.
	noteBytes = 64 << 20
	// noteTime is how the name of a note begins: names sort by age.
	noteTime   = "20060102T150405.000Z"
	noteSuffix = ".json"
)

// note says what a writer staged: the data files of items and events, and the
// deliveries that brought them. It holds all that a commit has to tell Iceberg
// of a file, so that no file is opened for it.
type note struct {
	Format     int           `json:"format"`
	RedactKey  string        `json:"redact_key"`
	Items      []notedFile   `json:"items,omitempty"`
	Events     []notedFile   `json:"events,omitempty"`
	Deliveries []deliveryRow `json:"deliveries,omitempty"`
}

// notedFile is a data file without its table and its place on this machine.
type notedFile struct {
	Path      string        `json:"path"`  // below the lake's root
	Month     month         `json:"month"` // its partition
	Rows      int64         `json:"rows"`
	Bytes     int64         `json:"bytes"`
	Splits    []int64       `json:"splits,omitempty"`
	Spec      int           `json:"partition_spec"`
	SortOrder int           `json:"sort_order"`
	Columns   []notedColumn `json:"columns"`
}

// notedColumn is what Iceberg keeps of a column of a file. Bounds are values as
// bytes; a column of nothing but null has none.
type notedColumn struct {
	ID     int    `json:"id"`
	Size   int64  `json:"size"`
	Values int64  `json:"values"`
	Nulls  int64  `json:"nulls"`
	Lower  []byte `json:"lower,omitempty"`
	Upper  []byte `json:"upper,omitempty"`
}

// newNoteName gives a name that no other note has.
func newNoteName(now time.Time) string { return now.UTC().Format(noteTime) + "-" + rand.Text()[:16] }

// noteName matches the names of notes, without their suffix.
var noteName = configtrail.Pattern(`^\d{8}T\d{6}\.\d{3}Z-[A-Z2-7]{16}$`)

// timeOfNote is when a note was written, by the clock of who wrote it.
func timeOfNote(name string) (time.Time, bool) {
	if !noteName().MatchString(name) {
		return time.Time{}, false
	}
	written, err := time.Parse(noteTime, name[:len(noteTime)])
	return written, err == nil
}

func locationOfNote(files storage, name string) string {
	return files.location(noteFolder + "/" + name + noteSuffix)
}

// notedFiles describes data files of a lake, by their paths.
func notedFiles(files []*dataFile, below func(location string) (string, error)) ([]notedFile, error) {
	noted := make([]notedFile, len(files))
	for i, f := range files {
		at, err := below(f.location)
		if err != nil {
			return nil, err
		}
		e := f.entry
		n := notedFile{Path: at, Month: f.month, Rows: f.rows, Bytes: f.bytes, Splits: e.SplitOffsets(), Spec: int(e.SpecID())}
		if order := e.SortOrderID(); order != nil {
			n.SortOrder = *order
		}
		sizes, values, nulls := e.ColumnSizes(), e.ValueCounts(), e.NullValueCounts()
		lower, upper := e.LowerBoundValues(), e.UpperBoundValues()
		for id, size := range sizes {
			n.Columns = append(n.Columns, notedColumn{id, size, values[id], nulls[id], lower[id], upper[id]})
		}
		slices.SortFunc(n.Columns, func(a, b notedColumn) int { return a.ID - b.ID })
		noted[i] = n
	}
	slices.SortFunc(noted, func(a, b notedFile) int { return strings.Compare(a.Path, b.Path) })
	return noted, nil
}

// readNote decodes a note, and refuses one that this code does not know all of.
func readNote(data []byte) (*note, error) {
	var kind struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("%w: it is no note: %w", configtrail.ErrInvalid, err)
	}
	if kind.Format != noteFormat {
		return nil, configtrail.WithHint(
			fmt.Errorf("%w: it is of format %d, this configtrail knows %d", configtrail.ErrInvalid, kind.Format, noteFormat), "update configtrail")
	}
	n := &note{}
	if err := json.Unmarshal(data, n); err != nil {
		return nil, fmt.Errorf("%w: it is no note: %w", configtrail.ErrInvalid, err)
	}
	for i := range n.Deliveries { // a list that is null would be null in the table
		d := &n.Deliveries[i]
		d.Quarantined, d.Derive = append([]quarantinedRow{}, d.Quarantined...), append([]groupRow{}, d.Derive...)
	}
	return n, nil
}

// of gives the files of a table.
func (n *note) of(table string) []notedFile {
	switch table {
	case Items:
		return n.Items
	case Events:
		return n.Events
	}
	return nil
}

// check refuses a note that does not fit the lake, whatever wrote it.
func (n *note) check(redactKeyID string) error {
	if n.RedactKey != redactKeyID {
		return configtrail.WithHint(fmt.Errorf("%w: it was written with redaction key %s, the lake with %s", configtrail.ErrConflict, n.RedactKey, redactKeyID),
			"give the writer the key that the lake was made with, and ingest its objects again")
	}
	for _, name := range []string{Items, Events} {
		for _, f := range n.of(name) {
			if err := f.check(name); err != nil {
				return fmt.Errorf("%w: data file %q: %w", configtrail.ErrInvalid, f.Path, err)
			}
		}
	}
	return nil
}

// dataFileName matches the names of data files.
var dataFileName = configtrail.Pattern(`^[A-Za-z0-9_-]+\.parquet$`)

// firstMonth and endMonth bound the months that are those of a time: years 0 to 9999.
const (
	firstMonth = month(-1970 * 12)
	endMonth   = month((10_000 - 1970) * 12)
)

func (f notedFile) check(table string) error {
	switch {
	case f.Month < firstMonth || f.Month >= endMonth:
		return fmt.Errorf("it is of month %d since 1970", f.Month)
	case f.Path != path.Join(table, "data", f.Month.folder(), path.Base(f.Path)) || !dataFileName().MatchString(path.Base(f.Path)):
		return fmt.Errorf("it is not where files of %s of its month are", table)
	case f.Rows <= 0 || f.Bytes <= 0:
		return fmt.Errorf("%d rows and %d bytes", f.Rows, f.Bytes)
	}
	return nil
}

// entry is the file as Iceberg is told of it. Of columns that the table does not
// have, or not yet, nothing is told.
func (f notedFile) entry(t *table.Table, files storage) (iceberg.DataFile, error) {
	spec := t.Spec()
	if f.Spec != spec.ID() {
		return nil, fmt.Errorf("%w: data file %s: its partition is of spec %d, the table's of %d", configtrail.ErrInvalid, f.Path, f.Spec, spec.ID())
	}
	s := statistics{
		sizes: map[int]int64{}, values: map[int]int64{}, nulls: map[int]int64{},
		lower: map[int][]byte{}, upper: map[int][]byte{}, offsets: f.Splits,
	}
	for _, c := range f.Columns {
		if _, found := t.Schema().FindFieldByID(c.ID); !found {
			continue
		}
		s.sizes[c.ID], s.values[c.ID], s.nulls[c.ID] = c.Size, c.Values, c.Nulls
		if c.Lower != nil {
			s.lower[c.ID] = c.Lower
		}
		if c.Upper != nil {
			s.upper[c.ID] = c.Upper
		}
	}
	return dataFileEntry(spec, files.location(f.Path), f.Month, f.Rows, f.Bytes, s, f.SortOrder)
}
