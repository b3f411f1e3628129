package history

import (
	"context"
	"fmt"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/engine/raw"
	"configtrail/internal/redact"
)

// Raw answers from raw tables over the bucket, with nothing ingested. It reads
// the folders around the asked span and tells what lies in them; what came before
// them it can't know, and every answer says so. The rules of truth are those of
// the lake. It is safe for concurrent use and must not be copied.
type Raw struct {
	Tables *raw.Tables
	Zone   *time.Location   // of days, months and times that are given back; nil: UTC
	Now    func() time.Time // nil: time.Now

	// Accounts are what the settings know: filters may name an account by its
	// id, its name or one of its groups.
	Accounts []configtrail.Account

	// Key is what secrets are marked with; the zero Key is replaced by a random
	// one, so that markers differ from process to process.
	Key redact.Key

	once     sync.Once
	redactor *redact.Redactor

	mu    sync.Mutex
	found map[string]trouble // by reading; guarded by mu
}

// trouble is what a query found wrong with the objects of a reading.
type trouble struct {
	version string // of the objects
	leftOut []LeftOut
	flawed  []Troubled // objects with items that can't be placed
}

var _ Past = (*Raw)(nil)

// history is the part of the answers that needs no table.
func (r *Raw) history() *History {
	return &History{Engine: r.Tables.Engine(), Zone: r.Zone, Now: r.Now, Accounts: r.Accounts}
}

// AccountName is what the settings call an account; empty where they don't.
func (r *Raw) AccountName(id string) string { return r.history().AccountName(id) }

// marking is made once, so that equal secrets have equal marks in all answers.
func (r *Raw) marking() *redact.Redactor {
	r.once.Do(func() {
		key := r.Key
		if len(key.Bytes()) == 0 {
			key = redact.RandomKey()
		}
		r.redactor = redact.New(key.Bytes())
	})
	return r.redactor
}

// bounded checks a filter for raw tables. Both ends of its window have to be
// told, as a table without a span would be read whole; an open end is now.
func (r *Raw) bounded(f Filter) (wanted, error) {
	h := r.history()
	if f.Window.From.IsZero() {
		return wanted{}, &configtrail.Problem{Key: "raw_unbounded",
			Err: fmt.Errorf("%w: raw tables are asked about a span, and no beginning of it is told", configtrail.ErrInvalid)}
	}
	if f.Window.To.IsZero() {
		f.Window.To = h.now()
	}
	w, err := h.want(f)
	if err != nil {
		return w, err
	}
	for _, text := range f.Resources {
		if key, err := configtrail.ParseResourceKey(text); err == nil {
			w.keys = append(w.keys, key)
		}
	}
	if w.resources = len(w.keys) == len(f.Resources) && len(w.keys) > 0; !w.resources {
		w.keys = nil // names are held against the items: which keys they mean is not known before
	}
	if len(f.Resources) > maxResources {
		return w, tooManyResources(len(f.Resources))
	}
	return w, nil
}

func tooManyResources(n int) error {
	return configtrail.WithHint(
		fmt.Errorf("%w: the filter names %d resources; at most %d can be asked for", configtrail.ErrInvalid, n, maxResources),
		"narrow it by account, region or type, or leave the resources out")
}

// around is the reading of a filter's span.
func (r *Raw) around(ctx context.Context, w wanted) (*raw.Reading, *raw.Listing, error) {
	reading, err := r.Tables.Around(ctx, w.scope(w.Window))
	if err != nil {
		return nil, nil, err
	}
	listing, err := reading.List(ctx)
	return reading, listing, err
}

// Reading is what an answer about a filter reads of the tables.
type Reading struct {
	From, To   time.Time // the days whose folders are read, To not included
	Partitions []string  // of each table its name and the predicate on its partitions
	Objects    int64     // in these folders
	Bytes      int64     // of the objects, which is about what one query reads
}

// Reads tells what an answer about a filter would read. It lists folders and runs
// no query.
func (r *Raw) Reads(ctx context.Context, filter Filter) (Reading, error) {
	w, err := r.bounded(filter)
	if err != nil {
		return Reading{}, err
	}
	reading, listing, err := r.around(ctx, w)
	if err != nil {
		return Reading{}, err
	}
	return Reading{
		From: reading.From, To: reading.To, Partitions: reading.Predicates(), Objects: listing.Objects, Bytes: listing.Bytes,
	}, nil
}

// Version names the state of the objects that a month's answer depends on, and of
// the tables' definitions.
func (r *Raw) Version(ctx context.Context, question MonthQuestion) (string, error) {
	var versions string
	for n := range max(question.Before, 0) + 1 {
		asked := question
		asked.Month = question.Month.Add(-n)
		w, err := r.history().monthly(asked)
		if err != nil {
			return "", err
		}
		version, err := r.Tables.Version(ctx, w.scope(w.Window))
		if err != nil {
			return "", err
		}
		if n > 0 {
			versions += "-"
		}
		versions += version
	}
	return versions, nil
}

// refused is the error of a question that needs more of the past than a span.
func refused(what string) error {
	return &configtrail.Problem{Key: "raw_refused", Args: map[string]any{"what": what},
		Err: fmt.Errorf("%w: %s needs a resource's whole past, which raw tables are not read for", configtrail.ErrInvalid, what)}
}
