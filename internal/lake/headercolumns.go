package lake

import (
	"context"

	"github.com/parquet-go/parquet-go"
)

// readHeaders reads the header columns of a file's rows that match, column by
// column: several times faster than whole rows, and no JSON is touched.
func readHeaders(ctx context.Context, files opener, path string, m matcher) stream[headerRow] {
	return func(yield func(*headerRow, error) bool) {
		f, err := openParquet(ctx, files, path)
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

// readHeaderGroup reads the headers of a group whose first row is the file's row first.
func readHeaderGroup(ctx context.Context, f *openFile, group parquet.RowGroup, first int64, m matcher, columns []columnOf[headerRow], yield func(*headerRow, error) bool) bool {
	for rows, err := range readColumns(ctx, f, group, columns) {
		if err != nil {
			yield(nil, err)
			return false
		}
		for i := range rows {
			row := &rows[i]
			row.File, row.Row = f.path, first+int64(i)
			if m.matches(row.Account, row.Region, row.ResourceType, row.ResourceID, row.CaptureTime) && !yield(row, nil) {
				return false
			}
		}
		first += int64(len(rows))
	}
	return true
}

// headerColumns says where each column's values go. The closures remember
// strings, so one set of columns serves one reader.
func headerColumns() []columnOf[headerRow] {
	text, few := sortedText[headerRow], fewTexts[headerRow]
	return []columnOf[headerRow]{
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
