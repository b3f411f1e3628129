package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"cmp"

	"configtrail"

	"github.com/parquet-go/parquet-go"
)

// Header is an item without what makes it large: no tags, relationships or
// configuration. Load gives the whole item.
type Header struct {
	configtrail.ConfigurationItem
	file string // path of the data file
	row  int64  // in the file
}

// Headers gives the distinct items of a scope by resource key, then capture
// time, then content hash. Where the lake holds an item several times it gives
// the row that counts. Memory does not grow with the number of files.
func (l *Lake) Headers(ctx context.Context, scope configtrail.Scope) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		sources, err := l.headerSources(ctx, scope)
		if err != nil {
			yield(Header{}, explain(err))
			return
		}
		for row, err := range inOrder(ctx, headerLayout(), sources) {
			if err != nil {
				yield(Header{}, explain(err))
				return
			}
			if !yield(row.header(), nil) {
				return
			}
		}
	}
}

// headerSources gives the headers of a scope file by file.
func (l *Lake) headerSources(ctx context.Context, scope configtrail.Scope) ([]source[headerRow], error) {
	t, err := l.load(ctx, Items)
	if err != nil {
		return nil, err
	}
	files, err := l.plan(ctx, t, filterOf(t, Items, scope))
	if err != nil {
		return nil, err
	}
	m := matcherOf(scope)
	sources := make([]source[headerRow], len(files))
	for i, f := range files {
		sources[i] = source[headerRow]{readHeaders(ctx, f.path, m), 0}
	}
	return sources, nil
}

// headerRow is the part of an itemRow that a header holds, and where it lies.
// Its tags serve temporary files only.
type headerRow struct {
	Account          string `parquet:"account,dict"`
	Region           string `parquet:"region,dict"`
	ResourceType     string `parquet:"resource_type,dict"`
	ResourceID       string `parquet:"resource_id"`
	CaptureTime      int64  `parquet:"capture_time"`
	ContentHash      string `parquet:"content_hash"`
	Status           string `parquet:"status,dict"`
	ResourceName     string `parquet:"resource_name"`
	ARN              string `parquet:"arn"`
	AvailabilityZone string `parquet:"availability_zone,dict"`
	Version          string `parquet:"version,dict"`
	StateID          string `parquet:"state_id"`
	CreationTime     *int64 `parquet:"creation_time,optional"`
	RedactionVersion int32  `parquet:"redaction_version"`
	SourceURI        string `parquet:"source_uri,dict"`
	SourceKey        string `parquet:"source_key,dict"`
	SourceETag       string `parquet:"source_etag,dict"`
	SourceIndex      int64  `parquet:"source_index"`
	File             string `parquet:"file,dict"`
	Row              int64  `parquet:"row"`
}

func (row *headerRow) header() Header {
	return Header{configtrail.ConfigurationItem{
		Key:  configtrail.ResourceKey{Account: row.Account, Region: row.Region, Type: row.ResourceType, ID: row.ResourceID},
		Name: row.ResourceName, ARN: row.ARN, AvailabilityZone: row.AvailabilityZone, Version: row.Version,
		Status: configtrail.Status(row.Status), StateID: row.StateID,
		CaptureTime: instant(row.CaptureTime), CreationTime: instantOrZero(row.CreationTime),
		ContentHash: row.ContentHash, RedactionVersion: row.RedactionVersion,
		Source: configtrail.Source{URI: row.SourceURI, Key: row.SourceKey, ETag: row.SourceETag, Index: row.SourceIndex},
	}, row.File, row.Row}
}

func (row *headerRow) rank() rank {
	return rankOf(row.StateID, row.Status, row.ResourceName, row.ARN, row.AvailabilityZone, row.Version, row.CreationTime)
}

// headerLayout orders headers as itemLayout orders the rows they are of.
func headerLayout() layout[headerRow] {
	return layout[headerRow]{
		table: Items,
		compare: func(a, b *headerRow) int {
			if n := cmp.Or(
				strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region),
				strings.Compare(a.ResourceType, b.ResourceType), strings.Compare(a.ResourceID, b.ResourceID),
				cmp.Compare(a.CaptureTime, b.CaptureTime), strings.Compare(a.ContentHash, b.ContentHash)); n != 0 {
				return n
			}
			return b.rank().compare(a.rank())
		},
		same: func(a, b *headerRow) bool {
			return a.CaptureTime == b.CaptureTime && a.ResourceID == b.ResourceID && a.ContentHash == b.ContentHash &&
				a.ResourceType == b.ResourceType && a.Region == b.Region && a.Account == b.Account
		},
		weight: func(*headerRow) int64 { return 1 << 10 },
	}
}

// headerBatch is the number of rows whose columns are read one after the other.
const headerBatch = 1024

// readHeaders reads the header columns of a file's rows that match, column by
// column: several times faster than whole rows, and no JSON is touched.
func readHeaders(ctx context.Context, path string, m matcher) stream[headerRow] {
	return func(yield func(*headerRow, error) bool) {
		f, err := openParquet(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.close()
		columns := headerColumns()
		var first int64 // row of the group in the file
		for _, group := range f.parquet.RowGroups() {
			if m.group(f, group) {
				if !readHeaderGroup(ctx, f, group, first, m, columns, yield) {
					return
				}
			}
			first += group.NumRows()
		}
	}
}

func readHeaderGroup(ctx context.Context, f *openFile, group parquet.RowGroup, first int64, m matcher, columns []headerColumn, yield func(*headerRow, error) bool) bool {
	path := f.file.Name()
	readers := make([]*valueReader, len(columns))
	for i, column := range columns {
		chunk, found := f.column(group, column.name)
		if !found {
			continue // a file from before the column: its values are empty
		}
		readers[i] = &valueReader{pages: chunk.Pages()}
		defer readers[i].close()
	}
	values := make([]parquet.Value, headerBatch)
	for done := int64(0); done < group.NumRows(); {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return false
		}
		rows := make([]headerRow, min(headerBatch, group.NumRows()-done))
		for i, reader := range readers {
			if reader == nil {
				continue
			}
			if err := columns[i].read(reader, values, rows); err != nil {
				yield(nil, fmt.Errorf("read data file %s: column %s: %w", path, columns[i].name, err))
				return false
			}
		}
		for i := range rows {
			row := &rows[i]
			row.File, row.Row = path, first+done+int64(i)
			if m.matches(row.Account, row.Region, row.ResourceType, row.ResourceID, row.CaptureTime) && !yield(row, nil) {
				return false
			}
		}
		done += int64(len(rows))
	}
	return true
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

type headerColumn struct {
	name string
	set  func(*headerRow, parquet.Value)
}

func (c headerColumn) read(r *valueReader, values []parquet.Value, rows []headerRow) error {
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

// headerColumns says where each column's values go. The closures remember
// strings, so one set of columns serves one reader.
func headerColumns() []headerColumn {
	text := func(name string, field func(*headerRow) *string) headerColumn {
		var last string // most values are the one before, as rows are sorted
		return headerColumn{name, func(row *headerRow, v parquet.Value) {
			if b := v.ByteArray(); string(b) != last {
				last = string(b)
			}
			*field(row) = last
		}}
	}
	few := func(name string, field func(*headerRow) *string) headerColumn {
		seen := make(map[string]string)
		return headerColumn{name, func(row *headerRow, v parquet.Value) {
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
	return []headerColumn{
		text("account", func(r *headerRow) *string { return &r.Account }),
		text("region", func(r *headerRow) *string { return &r.Region }),
		text("resource_type", func(r *headerRow) *string { return &r.ResourceType }),
		text("resource_id", func(r *headerRow) *string { return &r.ResourceID }),
		{"capture_time", func(r *headerRow, v parquet.Value) { r.CaptureTime = v.Int64() }},
		text("content_hash", func(r *headerRow) *string { return &r.ContentHash }),
		few("status", func(r *headerRow) *string { return &r.Status }),
		text("resource_name", func(r *headerRow) *string { return &r.ResourceName }),
		text("arn", func(r *headerRow) *string { return &r.ARN }),
		few("availability_zone", func(r *headerRow) *string { return &r.AvailabilityZone }),
		few("version", func(r *headerRow) *string { return &r.Version }),
		text("state_id", func(r *headerRow) *string { return &r.StateID }),
		{"creation_time", func(r *headerRow, v parquet.Value) {
			if !v.IsNull() {
				n := v.Int64()
				r.CreationTime = &n
			}
		}},
		{"redaction_version", func(r *headerRow, v parquet.Value) { r.RedactionVersion = v.Int32() }},
		few("source_uri", func(r *headerRow) *string { return &r.SourceURI }),
		few("source_key", func(r *headerRow) *string { return &r.SourceKey }),
		few("source_etag", func(r *headerRow) *string { return &r.SourceETag }),
		{"source_index", func(r *headerRow, v parquet.Value) { r.SourceIndex = v.Int64() }},
	}
}
