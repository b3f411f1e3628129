package lake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// smallFile is the size below which a file is merged with others of its month.
	smallFile = 128 << 20
	// outweighs is how many times the others together a file may weigh that is merged
	// with them. One that weighs more waits until there are more of them: so a row is
	// written again a few times in all, however often its month is compacted.
	outweighs = 2
	// rounds is how often a month is planned again after its files were
	// replaced by others while they were merged.
	rounds = 3
	// manyManifests is the number by which manifests may be more than quarters.
	manyManifests = 8
)

// CompactOptions say for how long what is replaced stays. The zero value suits a lake in use.
type CompactOptions struct {
	// KeepSnapshots is how long an older state of a table, and the files only
	// it needs, stay for readers that have planned with it; 0: one hour.
	KeepSnapshots time.Duration
	// KeepOrphans is the age from which a file that no state knows is taken
	// for left over by a writer that died. It must be longer than any writer
	// takes from its first row to its commit; 0: one day.
	KeepOrphans time.Duration
}

// CompactResult is what Compact did, table by table.
type CompactResult struct {
	Tables []CompactedTable
}

// CompactedTable counts the files, bytes and rows of the newest state of a table.
type CompactedTable struct {
	Table                   string
	FilesBefore, FilesAfter int64
	BytesBefore, BytesAfter int64
	RowsBefore, RowsAfter   int64 // fewer after: the same row was in more than once
	Orphans                 int64 // files removed that no state knew, and no note

	// Newer says that the table has columns that this code does not know, of a
	// newer configtrail or of somebody else: its files were not merged, as they
	// would have lost them.
	Newer bool
}

// Compact merges the small files of each month of each table into sorted ones,
// keeping of rows that several writers let in the one that counts; lets go of
// old states; and removes the files that nothing needs any more. What is staged
// stays. It may run beside readers, writers and Gather, and running it again
// finds nothing to do.
func (l *Lake) Compact(ctx context.Context, options CompactOptions) (CompactResult, error) {
	if options.KeepSnapshots <= 0 {
		options.KeepSnapshots = time.Hour
	}
	if options.KeepOrphans <= 0 {
		options.KeepOrphans = 24 * time.Hour
	}
	var result CompactResult
	for _, name := range tableNames() {
		done, err := l.compactTable(ctx, name, options)
		if err != nil {
			return result, explain(err)
		}
		result.Tables = append(result.Tables, done)
	}
	return result, explain(l.files().removeParts(ctx, noteFolder, options.KeepOrphans))
}

func (l *Lake) compactTable(ctx context.Context, name string, options CompactOptions) (CompactedTable, error) {
	done := CompactedTable{Table: name}
	t, err := l.load(ctx, name)
	if err != nil {
		return done, err
	}
	if done.FilesBefore, done.BytesBefore, done.RowsBefore, err = l.count(ctx, name); err != nil {
		return done, err
	}
	if done.Newer, err = knowsLess(t, name); err != nil {
		return done, err
	}
	switch {
	case done.Newer:
	case name == Items:
		err = compactFiles(ctx, l, itemLayout())
	case name == Events:
		err = compactFiles(ctx, l, eventLayout())
	case name == Changes:
		err = compactFiles(ctx, l, changeLayout())
	case name == Deliveries:
		// What is derived can only grow: a row taken for pending here that is
		// not any more loses nothing.
		var changes *table.Table
		if changes, err = l.load(ctx, Changes); err == nil {
			err = compactFiles(ctx, l, deliveryLayout(number(changes, propertyDerived)))
		}
	}
	if err != nil {
		return done, err
	}
	if err := l.orderManifests(ctx, name); err != nil {
		return done, err
	}
	if err := l.expire(ctx, name, options.KeepSnapshots); err != nil {
		return done, err
	}
	if done.Orphans, err = l.removeOrphans(ctx, name, options.KeepOrphans); err != nil {
		return done, err
	}
	done.FilesAfter, done.BytesAfter, done.RowsAfter, err = l.count(ctx, name)
	return done, err
}

func (l *Lake) count(ctx context.Context, name string) (files, bytes, rows int64, err error) {
	t, err := l.load(ctx, name)
	if err != nil {
		return 0, 0, 0, err
	}
	planned, err := l.plan(ctx, t, selection{})
	for _, f := range planned {
		files++
		bytes += f.entry.FileSizeBytes()
		rows += f.entry.Count()
	}
	return files, bytes, rows, err
}

func compactFiles[R any](ctx context.Context, l *Lake, order layout[R]) error {
	for range rounds {
		t, err := l.load(ctx, order.table)
		if err != nil {
			return err
		}
		planned, err := l.plan(ctx, t, selection{})
		if err != nil {
			return err
		}
		again := false
		for m, small := range smallByMonth(planned) {
			lost, err := compactMonth(ctx, l, t, order, m, small)
			if err != nil {
				return err
			}
			again = again || lost
		}
		if !again {
			return nil
		}
	}
	return nil // somebody else is compacting
}

// smallByMonth gives the months that have several small files to merge, with those.
func smallByMonth(files []planned) map[month][]planned {
	months := make(map[month][]planned)
	for _, f := range files {
		if f.entry.FileSizeBytes() < smallFile {
			months[f.month()] = append(months[f.month()], f)
		}
	}
	for m, small := range months {
		slices.SortFunc(small, func(a, b planned) int {
			return cmp.Or(cmp.Compare(a.entry.FileSizeBytes(), b.entry.FileSizeBytes()), strings.Compare(a.path, b.path))
		})
		sizes := make([]int64, len(small))
		for i, f := range small {
			sizes[i] = f.entry.FileSizeBytes()
		}
		if n := worthMerging(sizes); n > 0 {
			months[m] = small[:n]
		} else {
			delete(months, m)
		}
	}
	return months
}

// worthMerging tells how many of some files, whose sizes ascend, are to be merged:
// as many as outweighs allows, and not one alone.
func worthMerging(sizes []int64) (n int) {
	var before int64
	for i, size := range sizes {
		if i > 0 && size <= outweighs*before {
			n = i + 1
		}
		before += size
	}
	return n
}

// compactMonth replaces files by their merge. It reports lost when a file is no
// longer in the table by then.
func compactMonth[R any](ctx context.Context, l *Lake, t *table.Table, order layout[R], m month, old []planned) (lost bool, err error) {
	if err := l.files().ahead(ctx, old); err != nil {
		return false, err
	}
	sources := make([]source[R], len(old))
	for i, f := range old {
		widest, err := widestOf(ctx, l.files(), f.path)
		if err != nil {
			return false, err
		}
		sources[i] = source[R]{readRows[R](ctx, l.files(), f.path, nil), widest}
	}
	files, err := writeFiles(ctx, l, t, order, m, inOrder(ctx, order, sources), zstd.SpeedDefault)
	if err != nil {
		return false, err
	}
	if len(files) >= len(old) {
		return false, l.files().discard(files) // nothing is won
	}
	if err := l.files().publish(ctx, files); err != nil {
		return false, err
	}
	err = l.commit(ctx, change{order.table, newMark(), func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		current, err := l.plan(ctx, base, selection{})
		if err != nil {
			return err
		}
		rewrite := tx.NewRewrite(summary)
		for _, f := range old {
			if !slices.ContainsFunc(current, func(c planned) bool { return c.path == f.path }) {
				lost = true
				return errNothing
			}
			rewrite.DeleteFile(f.entry)
		}
		for _, f := range files {
			rewrite.AddDataFile(f.entry)
		}
		return rewrite.Commit(ctx)
	}})
	if err == nil && !lost {
		l.files().settled(files)
	}
	if lost {
		return true, l.files().discard(files)
	}
	return false, err
}
