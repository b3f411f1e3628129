package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"configtrail"
)

// noteWriting bounds how long the writing of a note is tried. Nobody writes it
// again after that, which is what noteSettled rests on.
const noteWriting = 2 * time.Minute

// NewStagingWriter starts a writer whose rows go in by Stage instead of Commit.
// It changes no table and needs no right to: any number of them work side by
// side, and Gather commits what they staged.
func (l *Lake) NewStagingWriter(ctx context.Context) (*Writer, error) {
	w, err := l.NewWriter(ctx)
	if err == nil {
		w.staging = true
	}
	return w, err
}

var (
	errStages  = fmt.Errorf("%w: what this writer adds is staged, not committed", configtrail.ErrInvalid)
	errCommits = fmt.Errorf("%w: what this writer adds is committed, not staged", configtrail.ErrInvalid)
)

// Stage puts everything added where Gather finds it, whole or not at all: data
// files, and then one note that names them and holds the deliveries. No reader
// sees them yet, while this writer knows of them. Where nothing was added,
// nothing is staged. The writer can go on afterwards.
//
// After an error the writer can only be abandoned. If it is not known then
// whether the note was written, its files stay: either it is gathered, and the
// objects of its deliveries are read another time for nothing, or Compact removes
// the files with age.
func (w *Writer) Stage(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.spilling {
		w.spilled.Wait()
	}
	switch {
	case !w.staging:
		return errCommits
	case w.err != nil:
		return explain(w.err)
	}
	if err := w.hold(ctx); err != nil {
		return explain(err)
	}
	if len(w.items.held)+len(w.events.held)+len(w.deliveries) == 0 {
		return nil
	}
	if w.err = w.publishNote(ctx); w.err != nil {
		return explain(w.err)
	}
	w.items.held, w.events.held, w.deliveries = nil, nil, nil
	return nil
}

// hold publishes the files of what was added, for the note that is going to name
// them. A kill before that note leaves files that Compact removes, and no row
// whose delivery may never come.
func (w *Writer) hold(ctx context.Context) error {
	if w.err = errors.Join(writeOut(ctx, &w.items), writeOut(ctx, &w.events), holdTable(ctx, w.lake, &w.items), holdTable(ctx, w.lake, &w.events)); w.err != nil {
		return w.err
	}
	return w.lake.step("published files")
}

func holdTable[R any](ctx context.Context, l *Lake, t *pendingRows[R]) error {
	if t.runs.empty() {
		return nil
	}
	files, err := t.runs.settle(ctx)
	if err != nil {
		return err
	}
	if err := l.files().publish(ctx, files); err != nil {
		return err
	}
	t.held = append(t.held, files...)
	t.runs.forget()
	t.known.hold()
	return nil
}

func (w *Writer) publishNote(ctx context.Context) error {
	n := note{Format: noteFormat, RedactKey: w.lake.redactKeyID, Deliveries: w.deliveries}
	var err error
	if n.Items, err = notedFiles(w.items.held, w.lake.below); err != nil {
		return err
	}
	if n.Events, err = notedFiles(w.events.held, w.lake.below); err != nil {
		return err
	}
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	if len(data) > noteBytes {
		return fmt.Errorf("stage: %w: a note of %d bytes on %d deliveries; stage more often", configtrail.ErrTooLarge, len(data), len(n.Deliveries))
	}
	at := locationOfNote(w.lake.files(), newNoteName(w.lake.options.Now()))
	w.inDoubt = true
	ctx, cancel := context.WithTimeout(ctx, noteWriting)
	defer cancel()
	if err := w.lake.files().writeWhole(ctx, at, data); err != nil {
		return fmt.Errorf("stage: write %s: %w", at, err)
	}
	w.inDoubt = false
	return w.lake.step("staged")
}

// below is where a location is, seen from the lake's root.
func (l *Lake) below(location string) (string, error) {
	below, inside := strings.CutPrefix(location, l.files().location(""))
	if !inside {
		return "", fmt.Errorf("location %s is not in the lake %s", location, l.home)
	}
	return below, nil
}
