package lake

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go"
)

// File is one Parquet file of a table.
type File struct {
	Path        string // absolute on this machine, or s3://bucket/key
	Rows, Bytes int64
}

// Plan gives the files of a table that may hold rows of the scope, as of now,
// in the order of their paths. The window is of the table's partition column;
// rows of deliveries whose time is not known are in every window. A member of
// the scope that the table has no column for leaves nothing out, nor do regions
// of events: what happens to a global resource is recorded elsewhere.
//
// Files stay for an hour after a commit has replaced them (see CompactOptions).
func (l *Lake) Plan(ctx context.Context, table string, scope configtrail.Scope) ([]File, error) {
	loaded, err := l.load(ctx, table)
	if err != nil {
		return nil, explain(err)
	}
	planned, err := l.plan(ctx, loaded, selectionOf(loaded, table, scope))
	if err != nil {
		return nil, explain(err)
	}
	files := make([]File, len(planned))
	for i, p := range planned {
		files[i] = File{p.path, p.entry.Count(), p.entry.FileSizeBytes()}
	}
	return files, nil
}

// planned is a live file of a table: its place, and what a plan asks of it.
type planned struct {
	path  string
	entry iceberg.DataFile
}

func (p planned) month() month {
	for _, value := range p.entry.Partition() {
		if n, ok := value.(int32); ok {
			return month(n)
		}
	}
	return noMonth
}

// plan gives the files of a table that may hold selected rows, by path.
func (l *Lake) plan(ctx context.Context, t *table.Table, s selection) ([]planned, error) {
	name := t.Identifier()[len(t.Identifier())-1]
	snapshot := t.CurrentSnapshot()
	if snapshot == nil {
		return nil, nil
	}
	live, err := l.manifests.live(ctx, snapshot, l.files(), s)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", name, err)
	}
	var files []planned
	for f := range live {
		path, err := l.files().path(f.entry.FilePath())
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", name, err)
		}
		l.files().noted(path, f.entry.FileSizeBytes())
		files = append(files, planned{path, f.entry})
	}
	slices.SortFunc(files, func(a, b planned) int { return strings.Compare(a.path, b.path) })
	return files, nil
}

// planToRead is plan for who reads the files here, one after the other.
func (l *Lake) planToRead(ctx context.Context, t *table.Table, s selection) ([]planned, error) {
	files, err := l.plan(ctx, t, s)
	if err != nil {
		return nil, err
	}
	return files, l.files().ahead(ctx, files)
}

// matcher tells exactly which rows are of a scope.
type matcher struct {
	columns  []wanted // in the order of the key
	from, to int64    // microseconds; to does not belong
}

type wanted struct {
	name   string
	values map[string]bool // empty: any
	sorted []string
}

func matcherOf(scope configtrail.Scope) matcher {
	m := matcher{from: math.MinInt64, to: math.MaxInt64}
	if !scope.From.IsZero() {
		m.from = micros(scope.From)
	}
	if !scope.To.IsZero() {
		m.to = micros(scope.To)
	}
	for _, c := range []struct {
		name   string
		values []string
	}{{"account", scope.Accounts}, {"region", scope.Regions}, {"resource_type", scope.Types}, {"resource_id", scope.Resources}} {
		w := wanted{name: c.name, sorted: slices.Sorted(slices.Values(c.values))}
		if len(c.values) > 0 {
			w.values = make(map[string]bool, len(c.values))
		}
		for _, v := range c.values {
			w.values[v] = true
		}
		m.columns = append(m.columns, w)
	}
	return m
}

func (m matcher) matches(account, region, resourceType, id string, time int64) bool {
	return time >= m.from && time < m.to &&
		m.columns[0].has(account) && m.columns[1].has(region) && m.columns[2].has(resourceType) && m.columns[3].has(id)
}

func (w wanted) has(value string) bool { return len(w.values) == 0 || w.values[value] }

// group reports whether a row group may hold rows that match.
func (m matcher) group(f *openFile, group parquet.RowGroup) bool {
	for _, w := range m.columns {
		if len(w.values) == 0 {
			continue
		}
		low, high, ok := bounds(f, group, w.name)
		if !ok {
			continue
		}
		// The first wanted value that is not below the group must not be above it.
		i, _ := slices.BinarySearch(w.sorted, string(low.ByteArray()))
		if i == len(w.sorted) || w.sorted[i] > string(high.ByteArray()) {
			return false
		}
	}
	low, high, ok := bounds(f, group, "capture_time")
	return !ok || low.Int64() < m.to && high.Int64() >= m.from
}

func bounds(f *openFile, group parquet.RowGroup, column string) (low, high parquet.Value, ok bool) {
	chunk, found := f.column(group, column)
	if !found {
		return low, high, false
	}
	sized, isFile := chunk.(*parquet.FileColumnChunk)
	if !isFile {
		return low, high, false
	}
	return sized.Bounds()
}
