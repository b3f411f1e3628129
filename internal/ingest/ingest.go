package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// Options says what is ingested, and how. Lake, HashKey and Redactor are
// required; everything else has a useful zero value.
type Options struct {
	Sources  []blob.Bucket
	Filter   Filter
	Retry    bool // read again what is quarantined or was archived
	Lake     *lake.Lake
	HashKey  []byte // of content hashes; one a lake
	Redactor *redact.Redactor

	// Staged leaves what is read as notes for lake.Gather in place of committing
	// it, and derives nothing: for a function beside many others.
	Staged bool

	// HandOn is given, one at a time, each object of more than Large compressed
	// bytes, in place of it being read: by whoever has the time, who takes it by
	// TakeObject. Its errors end no run; they are part of the run's error.
	HandOn func(context.Context, blob.Object) error // nil: everything is read here
	Large  int64                                    // 0: nothing is too large

	Workers     int           // objects read at a time; 0: one a processor
	CommitBytes int64         // JSON read between commits; 0: 256 MiB
	CommitEvery time.Duration // time between commits; 0: 15 s

	Now      func() time.Time // nil: time.Now
	Progress func(Progress)   // called now and then, never twice at a time; nil: no one
}

const (
	defaultCommitBytes = 256 << 20
	defaultCommitEvery = 15 * time.Second
	progressEvery      = 200 * time.Millisecond
	keepWithin         = 600 * time.Millisecond // for a last commit when a run is stopped
	listedAhead        = 4096                   // objects listed and not yet taken by a worker

	// brokenInARow is how many objects may fail to be read, one after the other
	// with none between that could, before it is the source that is broken.
	brokenInARow = 10
)

// MemoryLimit is the soft limit, in bytes, that a process which ingests gives to
// Go's memory (debug.SetMemoryLimit), so that it stays within 512 MiB whatever it
// reads: the difference is for what the runtime counts late, and for stacks and
// mapped files, which it does not count.
const MemoryLimit = 384 << 20

// Run lists the sources, reads what is not in the lake yet, commits (or stages) as
// it goes and derives the changes. A cancelled context leaves a good lake that holds
// what was committed; running again goes on from there.
func Run(ctx context.Context, options Options) (Summary, error) {
	r := newRun(options)
	if err := r.loadDeliveries(ctx); err != nil {
		return r.summary(), err
	}
	if err := r.begin(ctx); err != nil {
		return r.summary(), err
	}
	if err := r.read(ctx); err != nil {
		return r.summary(), errors.Join(err, r.keep(ctx), r.passed.err())
	}
	if r.Staged {
		return r.summary(), r.passed.err()
	}
	changes, err := Derive(ctx, options.Lake)
	r.tally.changes = changes
	return r.summary(), errors.Join(err, r.passed.err())
}

// begin starts the writer.
func (r *run) begin(ctx context.Context) (err error) {
	if r.Staged {
		r.writer, err = r.Lake.NewStagingWriter(ctx)
	} else {
		r.writer, err = r.Lake.NewWriter(ctx)
	}
	return err
}

// commit puts what was added where nothing can take it away: into the lake, or
// into a note that is gathered into it.
func (r *run) commit(ctx context.Context) error {
	if r.Staged {
		return r.writer.Stage(ctx)
	}
	return r.writer.Commit(ctx)
}

// keep commits what was read whole before a run was stopped, so that the next
// need not read it again. It has little time, and what it can't commit is lost
// work, not lost data. Where it was the source that failed, nothing is kept: what
// could not be read then is no fault of the objects.
func (r *run) keep(ctx context.Context) error {
	if ctx.Err() == nil {
		return r.writer.Abandon()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
	defer cancel()
	if r.commit(ctx) == nil {
		return nil
	}
	return r.writer.Abandon()
}

// run is the state of one Run.
type run struct {
	Options
	writer *lake.Writer
	start  time.Time
	known  knownDeliveries
	first  *firstDeliveries
	passed handedOn

	mu          sync.Mutex // guards what is below
	tally       tally
	quarantine  map[string][]configtrail.Quarantined // by URI
	sinceCommit int64
	lastCommit  time.Time
	broken      int
}

func newRun(options Options) *run {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Workers <= 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	if options.CommitBytes <= 0 {
		options.CommitBytes = defaultCommitBytes
	}
	if options.CommitEvery <= 0 {
		options.CommitEvery = defaultCommitEvery
	}
	now := options.Now()
	return &run{
		Options: options, start: now, lastCommit: now,
		known: knownDeliveries{}, first: newFirstDeliveries(),
		quarantine: map[string][]configtrail.Quarantined{},
	}
}

// read lists and reads all sources and commits.
//
//	list ──► objects ──► workers (decode, hash, redact, add) ──► commit now and then
//
// The group owns every goroutine: it has ended when read returns.
func (r *run) read(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	objects := make(chan found, listedAhead)
	group.Go(func() error {
		defer close(objects)
		return r.list(within, objects)
	})
	done := make(chan struct{})
	var workers errgroup.Group
	for range r.Workers {
		workers.Go(func() error {
			for object := range objects {
				if err := r.object(within, object); err != nil {
					return err
				}
				if err := r.commitIfDue(within); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(done)
		return workers.Wait()
	})
	if r.Progress != nil {
		group.Go(func() error { return r.report(within, done) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return r.commit(ctx)
}

// list sends every object that has to be read here, hands on what is too large, and
// counts the others.
func (r *run) list(ctx context.Context, objects chan<- found) error {
	for _, bucket := range r.Sources {
		for object, err := range list(ctx, bucket, r.Filter) {
			if err != nil {
				return fmt.Errorf("list %s: %w", bucket.URI(), err)
			}
			if !r.due(object) {
				continue
			}
			if r.handsOn(object) {
				if err := r.handOn(ctx, object.object); err != nil {
					return err
				}
				continue
			}
			select {
			case objects <- object:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	r.mu.Lock()
	r.tally.listed = true
	r.mu.Unlock()
	return nil
}

// due counts an object and reports whether it has to be read now, here or elsewhere.
func (r *run) due(object found) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.seen++
	switch r.standing(object) {
	case NotRead:
		r.tally.ignored++
		return false
	case KnownArchive:
		r.tally.archived++
		return false
	case InAlready:
		r.tally.already++
		return false
	case Due:
	}
	if !r.handsOn(object) {
		r.tally.due++
		r.tally.dueBytes += object.object.Size
	}
	return true
}

// commitIfDue commits what was added when enough has come together.
func (r *run) commitIfDue(ctx context.Context) error {
	r.mu.Lock()
	due := r.sinceCommit >= r.CommitBytes || r.Now().Sub(r.lastCommit) >= r.CommitEvery
	if due {
		r.sinceCommit, r.lastCommit = 0, r.Now()
	}
	r.mu.Unlock()
	if !due {
		return nil
	}
	return r.commit(ctx)
}
