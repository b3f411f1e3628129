package ingest

import (
	"context"
	"fmt"
	"iter"

	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/lake"
)

// Standing is how an object of a source stands to the lake.
type Standing int

// The standings.
const (
	Due          Standing = iota // an ingest reads it, or notes that it is archived
	InAlready                    // in, and unchanged since
	NotRead                      // a digest, a check of access, another service's log, a file of another kind
	KnownArchive                 // known to be in a storage class that can't be read, and still there
)

// Outlook says whose objects are held against which lake.
type Outlook struct {
	Sources []blob.Bucket
	Filter  Filter
	Retry   bool       // what is quarantined or was archived is due again
	Lake    *lake.Lake // nil: there is none yet, and nothing is in
}

// Listed is one object of a source.
type Listed struct {
	Bucket   blob.Bucket
	Object   blob.Object
	Key      delivery.Key
	Standing Standing
}

// List gives every object of the sources that the filter lets pass, as Run would
// find it. No object is read, and nothing is written.
func (o Outlook) List(ctx context.Context) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		r := newRun(Options{Sources: o.Sources, Filter: o.Filter, Retry: o.Retry, Lake: o.Lake})
		if o.Lake != nil {
			if err := r.loadDeliveries(ctx); err != nil {
				yield(Listed{}, err)
				return
			}
		}
		for _, bucket := range o.Sources {
			for object, err := range list(ctx, bucket, o.Filter) {
				if err != nil {
					yield(Listed{}, fmt.Errorf("list %s: %w", bucket.URI(), err))
					return
				}
				if !yield(Listed{bucket, object.object, object.key, r.standing(object)}, nil) {
					return
				}
			}
		}
	}
}

// First reports whether the lake has nothing of any of the sources yet.
func (o Outlook) First(ctx context.Context) (bool, error) {
	if o.Lake == nil {
		return true, nil
	}
	r := newRun(Options{Sources: o.Sources})
	for row, err := range o.Lake.DeliveriesRead(ctx) {
		if err != nil {
			return false, err
		}
		if r.ofSources(row.URI) {
			return false, nil
		}
	}
	return true, nil
}

// standing holds an object against what the lake has.
func (r *run) standing(object found) Standing {
	if !object.wanted() {
		return NotRead
	}
	switch known, ok := r.known[hashOf(object.object.URI)]; {
	case !ok, known.etag != hashOf(object.object.ETag):
	case known.archived && !object.object.Archived: // restored
	case r.Retry && (known.quarantined || known.archived):
	case known.archived:
		return KnownArchive
	default:
		return InAlready
	}
	return Due
}
