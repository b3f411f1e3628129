package lake

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"configtrail"
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
	return l.View().Headers(ctx, scope)
}

// Headers is Lake.Headers of a view.
func (v *View) Headers(ctx context.Context, scope configtrail.Scope) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		sources, err := v.headerSources(ctx, scope)
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
func (v *View) headerSources(ctx context.Context, scope configtrail.Scope) ([]source[headerRow], error) {
	t, err := v.load(ctx, Items)
	if err != nil {
		return nil, err
	}
	files, err := v.lake.planToRead(ctx, t, selectionOf(t, Items, scope))
	if err != nil {
		return nil, err
	}
	m := matcherOf(scope)
	sources := make([]source[headerRow], len(files))
	for i, f := range files {
		sources[i] = source[headerRow]{readHeaders(ctx, v.lake.files(), f.path, m), 0}
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
			if n := compareKeys(a.Account, b.Account, a.Region, b.Region, a.ResourceType, b.ResourceType, a.ResourceID, b.ResourceID); n != 0 {
				return n
			}
			if n := cmp.Compare(a.CaptureTime, b.CaptureTime); n != 0 {
				return n
			}
			if n := strings.Compare(a.ContentHash, b.ContentHash); n != 0 {
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
