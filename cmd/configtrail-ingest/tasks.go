package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// taskBefore is kept free at the end of a task, so that it can say what is left.
const taskBefore = 10 * time.Second

// gather commits what was staged and derives the changes.
func (f *function) gather(ctx context.Context, _ event) (told, error) {
	within, cancel := until(ctx, taskBefore)
	defer cancel()
	did := told{metrics: []string{ageSeconds, leftNotes}}
	l, err := f.lake(within)
	if err != nil {
		return did, err
	}
	gathered, err := l.Gather(within)
	age := 0.0
	if !gathered.Oldest.IsZero() {
		age = max(0, f.now().Sub(gathered.Oldest).Seconds())
	}
	changes, deriveErr := int64(0), error(nil)
	if err == nil { // else the next run derives what is in
		changes, deriveErr = ingest.Derive(within, l)
	}
	err = errors.Join(err, deriveErr)
	if err != nil && within.Err() != nil {
		age, err = f.behind(ctx, l, &did, age, err)
	}
	did.counts = append(did.counts,
		slog.Int64("notes", gathered.Notes), slog.Int64("files", gathered.Files), slog.Int64("deliveries", gathered.Deliveries),
		slog.Int64("changes", changes), slog.Float64(ageSeconds, age), slog.Int(leftNotes, len(gathered.Left)))
	for i, note := range gathered.Left {
		if i == 10 { // the count says the rest
			break
		}
		f.log.LogAttrs(ctx, slog.LevelError, "note left", slog.String("note", note.Note), slog.String("error", unnamed(note.Err)))
	}
	if n := len(gathered.Left); n > 0 {
		err = errors.Join(err, configtrail.WithHint(fmt.Errorf("%d notes can't be gathered and stay where they are", n), "see the lines “note left” of this log"))
	}
	return did, err
}

// behind tells what is left to do where the time was not enough.
func (f *function) behind(ctx context.Context, l *lake.Lake, did *told, age float64, err error) (float64, error) {
	within, cancel := until(ctx, sendBefore)
	defer cancel()
	staged, stagedErr := l.Staged(within)
	groups, _, pendingErr := l.Pending(within)
	if failed := errors.Join(stagedErr, pendingErr); failed != nil {
		return age, errors.Join(err, failed)
	}
	did.counts = append(did.counts, slog.Int64("notes_left", staged.Notes), slog.Int("groups_left", len(groups)))
	if !staged.Oldest.IsZero() {
		age = f.now().Sub(staged.Oldest).Seconds()
	}
	err = fmt.Errorf("out of time: %d notes and the changes of %d groups are left to the next run: %w", staged.Notes, len(groups), err)
	return age, configtrail.WithHint(err, "give the function more time or memory, if the next runs are late too")
}

// defaultDays is how far back a listing looks where its event does not say.
const defaultDays = 3

// list takes what lies in the sources and was not announced: the buckets of
// sources without events are read this way alone. What is too large for the function
// is handed to the longer run.
func (f *function) list(ctx context.Context, e event) (told, error) {
	days := e.Days
	switch {
	case days == 0:
		days = defaultDays
	case days < 0 || days > 36600:
		return told{}, fmt.Errorf("%w: days is %d; write how many days back deliveries are looked for", configtrail.ErrInvalid, days)
	}
	within, cancel := until(ctx, taskBefore)
	defer cancel()
	buckets, err := f.buckets(within)
	if err != nil {
		return told{}, err
	}
	options, err := f.take(within)
	if err != nil {
		return told{}, err
	}
	summary, err := ingest.Run(within, ingest.Options{
		Sources: buckets, Filter: ingest.Filter{Since: f.now().UTC().AddDate(0, 0, -days)}, Staged: true,
		HandOn: (&listed{parts: f.parts}).handOn, Large: f.config.Large,
		Lake: options.Lake, HashKey: options.HashKey, Redactor: options.Redactor, Now: f.now,
	})
	if err != nil && within.Err() != nil {
		err = configtrail.WithHint(fmt.Errorf("out of time; what was read is staged, and the next run goes on: %w", err),
			"load what is old with: configtrail ingest")
	}
	d := summary.Deliveries
	counts := []slog.Attr{
		slog.Int64("seen", d.Seen), slog.Int64("ingested", d.Ingested), slog.Int64("already", d.Already),
		slog.Int64("ignored", d.Ignored), slog.Int64("archived", d.Archived), slog.Int64("handed_on", d.HandedOn),
	}
	return told{counts: append(counts, taken(summary)...)}, err
}

// compact merges small files and removes what nobody needs.
func (f *function) compact(ctx context.Context, _ event) (told, error) {
	within, cancel := until(ctx, taskBefore)
	defer cancel()
	l, err := f.lake(within)
	if err != nil {
		return told{}, err
	}
	result, err := l.Compact(within, lake.CompactOptions{})
	var did told
	for _, table := range result.Tables {
		did.counts = append(did.counts, slog.Any(table.Table, map[string]int64{
			"files_before": table.FilesBefore, "files_after": table.FilesAfter, "bytes_before": table.BytesBefore, "bytes_after": table.BytesAfter,
			"rows_before": table.RowsBefore, "rows_after": table.RowsAfter, "orphans": table.Orphans,
		}))
	}
	return did, err
}

// daily tells the news of a day.
func (f *function) daily(ctx context.Context, e event) (told, error) {
	within, cancel := until(ctx, taskBefore)
	defer cancel()
	counts, err := daily(within, f.parts, e)
	return told{counts: counts}, err
}

// monthly tells a month.
func (f *function) monthly(ctx context.Context, e event) (told, error) {
	within, cancel := until(ctx, taskBefore)
	defer cancel()
	counts, err := monthly(within, f.parts, e)
	return told{counts: counts}, err
}

// object takes one object, whatever its size, and gives the exit code.
func (f *function) object(ctx context.Context, uri string) (int, error) {
	began := f.now()
	options, err := f.take(ctx)
	if err != nil {
		return exitFailed, err
	}
	did, summary, err := ingest.TakeObject(ctx, options, uri)
	if errors.Is(err, configtrail.ErrInvalid) {
		return exitUsage, err
	}
	if err == nil {
		err = did.Err
	}
	code := exitDone
	switch {
	case err != nil || did.Outcome == ingest.Failed:
		code = exitFailed
	case did.Outcome == ingest.Foreign:
		code, err = exitUsage, configtrail.WithHint(fmt.Errorf("%w: the object is in none of the sources", configtrail.ErrInvalid), "name its place in CONFIGTRAIL_SOURCES")
	case did.Outcome == ingest.Ignored:
		code, err = exitUsage, fmt.Errorf("%w: the object is no delivery of AWS Config, and no log of CloudTrail", configtrail.ErrInvalid)
	case did.Outcome == ingest.Gone:
		code, err = exitMissing, fmt.Errorf("%w: the object is gone", configtrail.ErrNotFound)
	case summary.Deliveries.Quarantined > 0 || did.Outcome == ingest.Archived:
		code = exitTouched
	}
	counts := append([]slog.Attr{slog.String("outcome", did.Outcome.String()), slog.Int("exit", code)}, taken(summary)...)
	_ = f.tell(ctx, taskObject, began, told{counts: counts}, err) // the caller prints it
	return code, err
}
