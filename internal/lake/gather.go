package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"configtrail"

	"golang.org/x/sync/errgroup"
)

const (
	// notesAtOnce is how many notes are read at once: on S3 that is mostly waiting.
	notesAtOnce = 32
	// gatherBytes is how much of notes is held at once: some thousands of them,
	// which take several times as much in memory.
	gatherBytes = 32 << 20
)

// Gathered is what Gather did.
type Gathered struct {
	Notes      int64     // that are in the tables now, and gone
	Files      int64     // data files of items and events that were added
	Deliveries int64     // rows that were added
	Oldest     time.Time // when the oldest of the notes was written; zero: there was none

	// Left are the notes that could not be gathered and stay where they are. They
	// keep none of the others back.
	Left []LeftNote
}

// LeftNote is a note that stays where it is, and why.
type LeftNote struct {
	Note string // its location
	Err  error
}

// Staged is what waits for Gather.
type Staged struct {
	Notes  int64
	Oldest time.Time // when the oldest of them was written; zero: there is none
}

// Staged tells of the notes that wait, by one listing.
func (l *Lake) Staged(ctx context.Context) (Staged, error) {
	listed, err := l.listNotes(ctx)
	if err != nil {
		return Staged{}, explain(err)
	}
	var waiting Staged
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if written, ok := timeOfNote(name); ok {
			waiting.Notes++
			waiting.Oldest = earlier(waiting.Oldest, written)
		}
	}
	return waiting, nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// listNotes gives the notes that are there, by name, with their sizes. Files that
// are no notes by their names are told of without their time.
func (l *Lake) listNotes(ctx context.Context) (map[string]int64, error) {
	sizes, err := sizesIn(ctx, l.files(), noteFolder)
	if err != nil {
		return nil, err
	}
	listed := make(map[string]int64, len(sizes))
	for name, size := range sizes {
		if name, isNote := strings.CutSuffix(name, noteSuffix); isNote {
			listed[name] = size
		}
	}
	return listed, nil
}

// Gather puts what was staged into the tables: the files of all notes that were
// there when it began in one commit a table, items and events first, then their
// deliveries as one batch; then it removes the notes. Of more notes than are held
// at once the oldest come first, and the others in commits after them. Where
// nothing is staged it commits nothing and costs one listing.
//
// Any number may run at once, and a run that was killed is made whole by the
// next: what becomes of a note is decided in the commit itself (see gathering).
// The changes are to be derived afterwards, after an error as well.
func (l *Lake) Gather(ctx context.Context) (Gathered, error) {
	var result Gathered
	listed, err := l.listNotes(ctx)
	if err != nil {
		return result, explain(err)
	}
	for _, some := range l.atOnce(listed) {
		g := &gathering{lake: l, seen: make(map[string]bool)}
		err := g.gather(ctx, some)
		result.add(g)
		if err != nil {
			return result, explain(err)
		}
	}
	return result, nil
}

// atOnce parts notes, by their sizes, into those that are held at once, the
// oldest first.
func (l *Lake) atOnce(listed map[string]int64) []map[string]int64 {
	var parts []map[string]int64
	var held int64
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		size := listed[name]
		if held += size; parts == nil || held > l.gatherBytes {
			parts, held = append(parts, map[string]int64{}), size
		}
		parts[len(parts)-1][name] = size
	}
	return parts
}

func (g *gathering) gather(ctx context.Context, listed map[string]int64) (err error) {
	if g.notes, err = g.lake.readNotes(ctx, listed); err != nil {
		return err
	}
	for _, n := range g.open() {
		n.err = n.check(g.lake.redactKeyID)
	}
	if err := g.commit(ctx); err != nil {
		return err
	}
	if err := g.lake.step("gathered"); err != nil {
		return err
	}
	return g.removeNotes(ctx)
}

// stagedNote is a note that was read.
type stagedNote struct {
	*note
	name    string
	written time.Time
	gone    bool  // another Gather removed it, so that all of it is in
	err     error // why it is left
}

// readNotes reads notes, by name. What can't be read is told in the note.
func (l *Lake) readNotes(ctx context.Context, listed map[string]int64) ([]*stagedNote, error) {
	notes := make([]*stagedNote, len(listed))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(notesAtOnce)
	for i, name := range slices.Sorted(maps.Keys(listed)) {
		n := &stagedNote{name: name}
		notes[i] = n
		written, ok := timeOfNote(name)
		if !ok {
			n.err = fmt.Errorf("%w: it has no name of a note", configtrail.ErrInvalid)
			continue
		}
		n.written = written
		if listed[name] > noteBytes {
			n.err = fmt.Errorf("%w: %d bytes", configtrail.ErrTooLarge, listed[name])
			continue
		}
		group.Go(func() error {
			if err := context.Cause(groupCtx); err != nil {
				return err
			}
			data, err := l.files().io(groupCtx).ReadFile(locationOfNote(l.files(), name))
			switch {
			case err == nil:
				n.note, n.err = readNote(data)
			case errors.Is(err, fs.ErrNotExist):
				n.gone = true
			default:
				n.err = err
			}
			return context.Cause(groupCtx)
		})
	}
	return notes, group.Wait()
}

// open gives the notes that are still to be gathered.
func (g *gathering) open() []*stagedNote {
	return slices.Collect(func(yield func(*stagedNote) bool) {
		for _, n := range g.notes {
			if n.err == nil && !n.gone && !yield(n) {
				return
			}
		}
	})
}

// removeNotes removes the notes that are in.
func (g *gathering) removeNotes(ctx context.Context) error {
	var locations []string
	for _, n := range g.open() {
		locations = append(locations, locationOfNote(g.lake.files(), n.name))
	}
	if len(locations) == 0 {
		return nil
	}
	if err := g.lake.files().remove(ctx, locations); err != nil {
		return fmt.Errorf("remove %d notes that are gathered: %w", len(locations), err)
	}
	return nil
}

// add counts what came of some notes.
func (r *Gathered) add(g *gathering) {
	r.Files += g.files
	r.Deliveries += g.deliveries
	for _, n := range g.notes {
		switch {
		case n.err != nil:
			r.Left = append(r.Left, LeftNote{locationOfNote(g.lake.files(), n.name), n.err})
		case g.done && !n.gone:
			r.Notes++
			r.Oldest = earlier(r.Oldest, n.written)
		}
	}
}
