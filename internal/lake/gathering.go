package lake

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// propertyGathered names, in each table, the notes whose part in that table is in.
const propertyGathered = "configtrail.gathered"

// noteSettled is the age from which a note that is gone does not come again:
// longer than noteWriting, and than clocks differ.
const noteSettled = 15 * time.Minute

// gathering is one Gather.
//
// A note's part in a table is added once, as the commit that adds it also puts
// the note's name into a property of the table. Unlike snapshots a property does
// not expire, and unlike the files it does not change when a compaction merges
// them; unlike rows of deliveries it tells of notes without deliveries as well.
//
// A name leaves the property with a later commit, when its note is gone and old.
// A note is removed only when all of it is in. So a name that a table does not
// tell of stands for a note that is not in yet, or for one that was removed
// before; and as each attempt lists the notes after it has loaded the table that
// it is pinned to, one that is listed and not told of is not in.
type gathering struct {
	lake  *Lake
	notes []*stagedNote

	seen  map[string]bool // data files that are there, by path below the lake
	files int64

	deliveries int64
	done       bool
}

func (g *gathering) commit(ctx context.Context) error {
	for _, name := range []string{Items, Events} {
		if err := g.commitFiles(ctx, name); err != nil {
			return err
		}
	}
	if err := g.commitDeliveries(ctx); err != nil {
		return err
	}
	g.done = true
	return nil
}

func (g *gathering) commitFiles(ctx context.Context, name string) error {
	if !slices.ContainsFunc(g.open(), func(n *stagedNote) bool { return len(n.of(name)) > 0 }) {
		return nil
	}
	added := 0
	err := g.lake.commit(ctx, change{name, newMark(), func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		added = 0
		pending, told, err := g.pending(ctx, base, func(n *stagedNote) bool { return len(n.of(name)) > 0 })
		if err != nil {
			return err
		}
		files, err := g.filesFor(ctx, base, name, pending)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return errNothing // a commit of a name alone would not be noticed by another that is pinned to the same snapshot
		}
		pending = slices.DeleteFunc(pending, func(n *stagedNote) bool { return n.err != nil })
		if err := appendFiles(ctx, tx, files, summary); err != nil {
			return err
		}
		added = len(files)
		return tx.SetProperties(iceberg.Properties{propertyGathered: told.with(pending)})
	}})
	if err == nil {
		g.files += int64(added)
	}
	return err
}

func (g *gathering) commitDeliveries(ctx context.Context) error {
	if !slices.ContainsFunc(g.open(), func(n *stagedNote) bool { return len(n.Deliveries) > 0 }) {
		return nil
	}
	b := batch{lake: g.lake}
	added := 0
	err := g.lake.commit(ctx, change{Deliveries, newMark(), func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		added = 0
		pending, told, err := g.pending(ctx, base, func(n *stagedNote) bool { return len(n.Deliveries) > 0 })
		if err != nil {
			return err
		}
		if len(pending) == 0 {
			return errNothing
		}
		var rows []deliveryRow
		for _, n := range pending {
			rows = append(rows, n.Deliveries...)
		}
		added = len(rows)
		return b.append(ctx, base, tx, rows, summary, iceberg.Properties{propertyGathered: told.with(pending)})
	}})
	if err != nil {
		return err
	}
	g.deliveries = int64(added)
	b.forget()
	return nil
}

// names are what a table tells of notes: those that may still be there, or come.
type names map[string]bool

// with adds notes.
func (t names) with(notes []*stagedNote) string {
	all := make([]string, 0, len(t)+len(notes))
	for name := range t {
		all = append(all, name)
	}
	for _, n := range notes {
		all = append(all, n.name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// pending gives the notes with a part for a table that base does not have, and
// the names to keep. Notes that are gone by now are in as a whole.
func (g *gathering) pending(ctx context.Context, base *table.Table, concerned func(*stagedNote) bool) ([]*stagedNote, names, error) {
	listed, err := g.lake.listNotes(ctx)
	if err != nil {
		return nil, nil, err
	}
	in, keep := names{}, names{}
	for _, name := range strings.Fields(base.Properties()[propertyGathered]) {
		in[name] = true
		_, there := listed[name]
		if written, ok := timeOfNote(name); there || ok && g.lake.options.Now().Sub(written) < noteSettled {
			keep[name] = true
		}
	}
	var pending []*stagedNote
	for _, n := range g.open() {
		if _, there := listed[n.name]; !there {
			n.gone = true
			continue
		}
		if concerned(n) && !in[n.name] {
			pending = append(pending, n)
		}
	}
	return pending, keep, nil
}

// filesFor gives the files of notes that a table is to have. A note that names a
// file which is not there, or is not what it says, is left.
func (g *gathering) filesFor(ctx context.Context, base *table.Table, name string, notes []*stagedNote) ([]iceberg.DataFile, error) {
	live, err := g.live(ctx, base, name, notes)
	if err != nil {
		return nil, err
	}
	if err := g.lake.step("look for files of " + name); err != nil {
		return nil, err
	}
	if err := g.look(ctx, base, name, notes); err != nil {
		return nil, err
	}
	var files []iceberg.DataFile
	added := make(map[string]bool)
	for _, n := range notes {
		if n.err != nil {
			continue
		}
		var mine []iceberg.DataFile
		for _, f := range n.of(name) {
			entry, err := f.entry(base, g.lake.files())
			if err != nil {
				n.err = err
				break
			}
			// A note that was brought back when its name was forgotten, and a
			// file that two notes name, come to nothing.
			if live[f.Path] || added[f.Path] {
				continue
			}
			mine = append(mine, entry)
		}
		if n.err != nil {
			continue
		}
		for _, f := range n.of(name) {
			added[f.Path] = true
		}
		files = append(files, mine...)
	}
	return files, nil
}

// live gives those files of notes that the table has, by path below the lake.
func (g *gathering) live(ctx context.Context, base *table.Table, name string, notes []*stagedNote) (map[string]bool, error) {
	var scope configtrail.Scope
	for _, n := range notes {
		for _, f := range n.of(name) {
			window := configtrail.MonthSince1970(int(f.Month)).Window(time.UTC)
			scope.From = earlier(scope.From, window.From)
			if window.To.After(scope.To) {
				scope.To = window.To
			}
		}
	}
	planned, err := g.lake.plan(ctx, base, selectionOf(base, name, scope))
	if err != nil {
		return nil, err
	}
	live := make(map[string]bool, len(planned))
	for _, f := range planned {
		below, err := g.lake.below(f.entry.FilePath())
		if err != nil {
			return nil, err
		}
		live[below] = true
	}
	return live, nil
}

// look sees to it that the files of notes are there, by one listing a month.
func (g *gathering) look(ctx context.Context, base *table.Table, name string, notes []*stagedNote) error {
	listed := make(map[string]map[string]int64) // sizes by name, by folder
	for _, n := range notes {
		for _, f := range n.of(name) {
			if g.seen[f.Path] {
				continue
			}
			folder := path.Dir(f.Path)
			if listed[folder] == nil {
				sizes, err := sizesIn(ctx, g.lake.files(), folder)
				if err != nil {
					return err
				}
				listed[folder] = sizes
			}
			switch size, found := listed[folder][path.Base(f.Path)]; {
			case !found:
				n.err = configtrail.WithHint(fmt.Errorf("data file %s is missing", f.Path), "restore it, or remove the note and ingest its objects again")
			case size != f.Bytes:
				n.err = configtrail.WithHint(fmt.Errorf("data file %s has %d bytes, not %d", f.Path, size, f.Bytes), "restore it, or remove the note and ingest its objects again")
			default:
				g.seen[f.Path] = true
				continue
			}
			break
		}
	}
	return g.unmoved(ctx, base, name, notes)
}

// unmoved tells files that were never there from those of a note that another
// Gather committed since base, whose files a compaction may have replaced by now.
func (g *gathering) unmoved(ctx context.Context, base *table.Table, name string, notes []*stagedNote) error {
	if !slices.ContainsFunc(notes, func(n *stagedNote) bool { return n.err != nil }) {
		return nil
	}
	newest, err := g.lake.load(ctx, name)
	if err != nil || newest.MetadataLocation() == base.MetadataLocation() {
		return err
	}
	for _, n := range notes {
		n.err = nil
	}
	return fmt.Errorf("%w: table %s has another commit", table.ErrCommitFailed, name)
}
