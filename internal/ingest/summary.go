package ingest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"configtrail"
)

// Summary is what a run did, as `ingest --format json` prints it.
type Summary struct {
	Deliveries struct {
		Seen        int64 `json:"seen"`     // listed
		Ingested    int64 `json:"ingested"` // read in this run
		Already     int64 `json:"already"`  // in before, and unchanged since
		Ignored     int64 `json:"ignored"`  // digests, checks of access, other services' logs, other files
		Archived    int64 `json:"archived"` // can't be read without a restore
		Quarantined int64 `json:"quarantined"`
		HandedOn    int64 `json:"handed_on,omitempty"` // too large for this run: for another to read
	} `json:"deliveries"`
	Items struct {
		Read       int64 `json:"read"`
		Added      int64 `json:"added"`
		Duplicates int64 `json:"duplicates"`
		Rejected   int64 `json:"rejected"`
	} `json:"items"`
	Changes int64 `json:"changes"` // rows that the ledger gained
	Events  int64 `json:"events"`  // events that are new; each event id is stored once
	Bytes   struct {
		Compressed int64 `json:"compressed"`
		JSON       int64 `json:"json"`
	} `json:"bytes"`

	// Quarantine is all that is quarantined for the sources, also from earlier
	// runs, by key and index. It is never nil.
	Quarantine []configtrail.Quarantined `json:"quarantine"`
	Seconds    float64                   `json:"seconds"`
}

// Progress is how far a run has come.
type Progress struct {
	Listed     bool  // the listing is complete, so that Due is final
	Due        int64 // objects to read, as far as listed
	DueBytes   int64
	Done       int64 // objects read
	Compressed int64 // bytes read
	Items      int64 // items and events read
	Elapsed    time.Duration
}

// Left estimates the time to the end from the bytes read and still to read;
// zero where nothing can be said yet.
func (p Progress) Left() time.Duration {
	if !p.Listed || p.Compressed <= 0 || p.DueBytes <= p.Compressed {
		return 0
	}
	rate := float64(p.Compressed) / p.Elapsed.Seconds()
	return time.Duration(float64(p.DueBytes-p.Compressed) / rate * float64(time.Second))
}

// tally counts what a run does.
type tally struct {
	seen, already, ignored, archived int64
	due, dueBytes, done              int64
	read, added, duplicates          int64
	rejected, events, eventsRead     int64
	compressed, json                 int64
	changes, archivedNow, handedOn   int64
	listed                           bool
}

// count adds an object that was read.
func (r *run) count(read *reading) {
	row := &read.row
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.tally
	if row.Kind != configtrail.KindNotification { // that is no object
		t.done++
	}
	if row.Archived {
		t.archived++
		t.archivedNow++
	}
	t.read += row.Read - read.events
	t.events += read.eventsAdded
	t.eventsRead += read.events
	t.added += row.Added - read.eventsAdded
	t.duplicates += row.Duplicates - (read.events - read.eventsAdded)
	t.rejected += row.Rejected
	t.json += row.Bytes
	r.sinceCommit += row.Bytes
	delete(r.quarantine, row.URI)
	if len(row.Quarantined) > 0 {
		r.quarantine[row.URI] = row.Quarantined
	}
}

func (r *run) addCompressed(n int64) {
	r.mu.Lock()
	r.tally.compressed += n
	r.mu.Unlock()
}

func (r *run) summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tally
	var s Summary
	s.Deliveries.Seen, s.Deliveries.Ingested, s.Deliveries.Already = t.seen, t.done-t.archivedNow, t.already
	s.Deliveries.Ignored, s.Deliveries.Archived, s.Deliveries.HandedOn = t.ignored, t.archived, t.handedOn
	s.Deliveries.Quarantined = int64(len(r.quarantine))
	s.Items.Read, s.Items.Added, s.Items.Duplicates, s.Items.Rejected = t.read, t.added, t.duplicates, t.rejected
	s.Changes, s.Events = t.changes, t.events
	s.Bytes.Compressed, s.Bytes.JSON = t.compressed, t.json
	s.Quarantine = []configtrail.Quarantined{}
	for _, of := range r.quarantine {
		s.Quarantine = append(s.Quarantine, of...)
	}
	slices.SortFunc(s.Quarantine, func(a, b configtrail.Quarantined) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Offset, b.Offset))
	})
	s.Seconds = r.Now().Sub(r.start).Seconds()
	return s
}

// report tells how far the run has come until done is closed.
func (r *run) report(ctx context.Context, done <-chan struct{}) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			r.Progress(r.progress())
			return nil
		case <-tick.C:
			r.Progress(r.progress())
		}
	}
}

func (r *run) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{
		Listed: r.tally.listed, Due: r.tally.due, DueBytes: r.tally.dueBytes, Done: r.tally.done,
		Compressed: r.tally.compressed, Items: r.tally.read + r.tally.eventsRead, Elapsed: r.Now().Sub(r.start),
	}
}
