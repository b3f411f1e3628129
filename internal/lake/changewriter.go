package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// ErrStale says that another process committed changes between NewChangeWriter
// and Commit: what was derived rests on changes that are no longer the ones in
// the lake. Take Pending again and derive again; nothing was written.
var ErrStale = errors.New("changes were derived by another process meanwhile")

// smallChanges is the size below which a file of changes is written together with
// others where it loses rows.
const smallChanges = 4 << 20

// ChangeWriter replaces rows of changes in one commit. It is safe for
// concurrent use. Make it before the changes are read that it is going to
// replace: it notices when they are not the newest any more.
type ChangeWriter struct {
	lake *Lake

	mu       sync.Mutex
	revision int64 // of changes that this writer's rows were derived against
	rows     []*changeRow
	weight   int64
	added    *runs[changeRow]
	removed  map[month]*removals
	mark     string
}

// removals are the rows that go from one month, and what bounds where they lie.
type removals struct {
	ids                                 map[string]bool
	accounts, regions, types, resources map[string]bool
}

// NewChangeWriter starts a writer of changes.
func (l *Lake) NewChangeWriter(ctx context.Context) (*ChangeWriter, error) {
	t, err := l.load(ctx, Changes)
	if err != nil {
		return nil, explain(err)
	}
	return &ChangeWriter{
		lake: l, revision: number(t, propertyRevision), added: newRuns(l, changeLayout()),
		removed: make(map[month]*removals), mark: newMark(),
	}, nil
}

// Add adds a change; changes come in any order.
func (w *ChangeWriter) Add(ctx context.Context, change configtrail.Change) error {
	row, err := toChangeRow(&change)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows = append(w.rows, &row)
	w.weight += changeLayout().weight(&row)
	if w.weight < bufferBytes {
		return nil
	}
	return explain(w.spill(ctx))
}

func (w *ChangeWriter) spill(ctx context.Context) error {
	if len(w.rows) == 0 {
		return nil
	}
	if err := w.added.add(ctx, w.rows); err != nil {
		return err
	}
	w.rows, w.weight = nil, 0
	return nil
}

// Remove takes away the row of a change, known by its resource and time. One
// that is not in the table is gone already. A change that is removed and added
// is replaced.
func (w *ChangeWriter) Remove(_ context.Context, change configtrail.Change) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := monthOf(micros(change.Time))
	r := w.removed[m]
	if r == nil {
		r = &removals{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
		w.removed[m] = r
	}
	r.ids[change.ID()] = true
	r.accounts[text(change.Key.Account)] = true
	r.regions[text(change.Key.Region)] = true
	r.types[text(change.Key.Type)] = true
	r.resources[text(change.Key.ID)] = true
	return nil
}

// Commit puts additions and removals of all months into the lake at once, and
// notes that the deliveries up to the batch through are accounted for. Files
// that hold no removed row stay. Where Compact or other commits that change no
// row came between, it is made anew from what is there then. Where another
// ChangeWriter came first, it does nothing if that one accounted for as much,
// and gives ErrStale otherwise.
func (w *ChangeWriter) Commit(ctx context.Context, through int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.commit(ctx, through); err != nil {
		return explain(err)
	}
	return explain(w.reset(ctx))
}

func (w *ChangeWriter) commit(ctx context.Context, through int64) error {
	if err := w.spill(ctx); err != nil {
		return err
	}
	if _, err := w.added.settle(ctx); err != nil {
		return err
	}
	var rewritten []*dataFile // by the last attempt
	superseded := false
	err := w.lake.commit(ctx, change{Changes, w.mark, func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		if err := w.lake.files().discard(rewritten); err != nil {
			return err
		}
		rewritten = nil
		if number(base, propertyRevision) != w.revision {
			if superseded = number(base, propertyDerived) >= through; superseded {
				return errNothing
			}
			return ErrStale
		}
		var err error
		rewritten, err = w.stage(ctx, base, tx, summary)
		if err != nil {
			return err
		}
		return w.note(base, tx, through)
	}})
	if err != nil {
		return err
	}
	if !superseded {
		w.lake.files().settled(rewritten)
	}
	return w.tidy(rewritten, superseded)
}

// stage rewrites the months that lose rows and appends to the others.
func (w *ChangeWriter) stage(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) (rewritten []*dataFile, err error) {
	var replaced []iceberg.DataFile
	for m, r := range w.removed {
		old, files, err := w.rewrite(ctx, base, m, r)
		if err != nil {
			return nil, errors.Join(err, w.lake.files().discard(rewritten))
		}
		replaced = append(replaced, old...)
		rewritten = append(rewritten, files...)
	}
	files := slices.Clone(rewritten)
	for m, added := range w.added.months {
		if w.removed[m] == nil {
			files = append(files, added...)
		}
	}
	if err := w.lake.files().publish(ctx, files); err != nil {
		return rewritten, err
	}
	switch {
	case len(replaced) > 0:
		err = tx.ReplaceDataFilesWithDataFiles(ctx, replaced, entries(files), summary, table.WithoutAutoNameMapping())
	case len(files) > 0:
		err = appendFiles(ctx, tx, entries(files), summary)
	}
	return rewritten, err
}

// rewrite writes what is left of the month's files that hold removed rows, the
// small ones together with what is added to the month. A large one is written by
// itself: the rows that go next are mostly among the newest, and are not to take
// the whole month with them each time.
func (w *ChangeWriter) rewrite(ctx context.Context, base *table.Table, m month, r *removals) (replaced []iceberg.DataFile, files []*dataFile, err error) {
	window := configtrail.MonthSince1970(int(m)).Window(time.UTC)
	planned, err := w.lake.planToRead(ctx, base, selectionOf(base, Changes, configtrail.Scope{
		Window: window, Accounts: keys(r.accounts), Regions: keys(r.regions), Types: keys(r.types), Resources: keys(r.resources),
	}))
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.lake.files().discard(files))
			files = nil
		}
	}()
	write := func(sources ...source[changeRow]) error {
		more, err := writeFiles(ctx, w.lake, base, changeLayout(), m, inOrder(ctx, changeLayout(), sources), zstd.SpeedFastest)
		files = append(files, more...)
		return err
	}
	var small []source[changeRow]
	for _, f := range planned {
		widest, holds, err := holdsAny(ctx, w.lake.files(), f.path, r.ids)
		if err != nil {
			return nil, files, err
		}
		if !holds {
			continue
		}
		replaced = append(replaced, f.entry)
		left := source[changeRow]{without(readRows[changeRow](ctx, w.lake.files(), f.path, nil), r.ids), widest}
		if f.entry.FileSizeBytes() < w.lake.smallChanges {
			small = append(small, left)
		} else if err := write(left); err != nil {
			return nil, files, err
		}
	}
	for _, f := range w.added.months[m] {
		small = append(small, source[changeRow]{readRows[changeRow](ctx, w.lake.files(), f.path, nil), f.widest})
	}
	if err := write(small...); err != nil {
		return nil, files, err
	}
	return replaced, files, nil
}

func keys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// holdsAny reads the ids of a file's rows.
func holdsAny(ctx context.Context, files opener, path string, ids map[string]bool) (widest int64, holds bool, err error) {
	f, err := openParquet(ctx, files, path)
	if err != nil {
		return 0, false, err
	}
	defer f.close()
	for _, group := range f.parquet.RowGroups() {
		if ctx.Err() != nil {
			return 0, false, context.Cause(ctx)
		}
		chunk, found := f.column(group, "id")
		if !found {
			return 0, false, fmt.Errorf("read data file %s: it has no column id", path)
		}
		if err := eachValue(chunk, func(v parquet.Value) { holds = holds || ids[string(v.ByteArray())] }); err != nil {
			return 0, false, fmt.Errorf("read data file %s: column id: %w", path, err)
		}
		if holds {
			break
		}
	}
	return f.widest(), holds, nil
}

func without(rows stream[changeRow], ids map[string]bool) stream[changeRow] {
	return func(yield func(*changeRow, error) bool) {
		for row, err := range rows {
			if err == nil && ids[row.ID] {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// note sets what the commit accounts for.
func (w *ChangeWriter) note(base *table.Table, tx *table.Transaction, through int64) error {
	properties := iceberg.Properties{}
	if through > number(base, propertyDerived) {
		properties[propertyDerived] = fmt.Sprint(through)
	}
	if !w.added.empty() || len(w.removed) > 0 {
		properties[propertyRevision] = fmt.Sprint(w.revision + 1)
	}
	if len(properties) == 0 {
		return errNothing
	}
	return tx.SetProperties(properties)
}

// tidy removes the staged files that the commit did not take as they are.
func (w *ChangeWriter) tidy(rewritten []*dataFile, superseded bool) error {
	var unused []*dataFile
	for m, added := range w.added.months {
		if superseded || w.removed[m] != nil {
			unused = append(unused, added...)
		}
	}
	if superseded {
		unused = append(unused, rewritten...)
	}
	return w.lake.files().discard(unused)
}

func (w *ChangeWriter) reset(ctx context.Context) error {
	t, err := w.lake.load(ctx, Changes)
	if err != nil {
		return err
	}
	w.revision = number(t, propertyRevision)
	w.added.forget()
	clear(w.removed)
	w.mark = newMark()
	return nil
}

// Abandon forgets what is not committed and removes its files.
func (w *ChangeWriter) Abandon() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows, w.weight, w.mark = nil, 0, newMark()
	clear(w.removed)
	return explain(w.added.abandon())
}
