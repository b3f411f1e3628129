package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
)

// unsettled is the outcome of an object that nothing is known of yet.
const unsettled Outcome = -1

// wantedObject is an object that messages name, and what became of it.
type wantedObject struct {
	found
	written delivery.Written // the latest that messages tell

	outcome Outcome
	err     error
	taken   bool // outcome depends on what is staged
	told    bool // to the first message that names it
}

// newWanted looks for the source of an object. What its key says is not read is
// settled here.
func newWanted(sources []Source, uri string, written delivery.Written) *wantedObject {
	w := &wantedObject{written: written, outcome: unsettled}
	w.object = blob.Object{Key: written.Key, URI: uri, ETag: written.ETag, Size: written.Size}
	w.key = delivery.ParseKey(written.Key)
	bucket, ok := sourceOf(sources, blob.URL{Bucket: written.Bucket, Prefix: written.Key})
	switch {
	case !ok:
		w.outcome = Foreign
	case !w.wanted():
		w.outcome = Ignored
	}
	w.bucket = bucket
	return w
}

// again takes note of another event of the same object: the later one counts.
func (w *wantedObject) again(written delivery.Written) {
	switch {
	case written.LaterThan(w.written):
	case w.written.LaterThan(written) || written.ETag == w.written.ETag:
		return
	default:
		written.ETag = "" // which is the later one is for the bucket to say
	}
	w.written = written
	w.object.ETag, w.object.Size = written.ETag, written.Size
}

// object takes one object. An error is one of the lake; what is wrong with the
// object or its bucket is part of its outcome.
func (t *taking) object(ctx context.Context, w *wantedObject) error {
	outcome, err := t.outcome(ctx, w)
	var broken *lakeError
	if errors.As(err, &broken) {
		return broken.err
	}
	w.outcome, w.err = outcome, err
	if outcome == Already {
		t.mu.Lock()
		t.tally.already++
		t.mu.Unlock()
	}
	return nil
}

// lakeError is an error of the lake, in which every object of a batch shares.
type lakeError struct{ err error }

func (e *lakeError) Error() string { return e.err.Error() }
func (e *lakeError) Unwrap() error { return e.err }

func (t *taking) outcome(ctx context.Context, w *wantedObject) (Outcome, error) {
	if w.object.ETag != "" && t.isIn(w.object) {
		return Already, nil
	}
	if w.object.ETag == "" || w.object.Size == 0 { // a restored object's event may leave them out
		if outcome, err := t.look(ctx, w); outcome != unsettled {
			return outcome, err
		}
	}
	for again := false; ; again = true {
		if large := t.taker.options.Large; large > 0 && w.object.Size > large {
			return Large, nil
		}
		err := t.read(ctx, w)
		switch {
		case err == nil && w.object.Archived:
			return Archived, nil
		case err == nil:
			return Ingested, nil
		case errors.Is(err, blob.ErrChanged) && !again,
			errors.Is(err, configtrail.ErrNotFound): // a bucket that is gone is not found either
			if outcome, err := t.look(ctx, w); outcome != unsettled {
				return outcome, err
			}
			if errors.Is(err, configtrail.ErrNotFound) && again {
				return Failed, err
			}
		default:
			return Failed, err
		}
	}
}

// isIn reports whether the lake has what the object holds.
func (t *taking) isIn(object blob.Object) bool {
	known, ok := t.known[hashOf(object.URI)]
	return ok && known.etag == hashOf(object.ETag) && !known.archived
}

// look asks the bucket for the object as it is now. It gives unsettled where it
// is to be read. It asks by a listing, which tells what is gone from what is
// forbidden, and what is archived.
func (t *taking) look(ctx context.Context, w *wantedObject) (Outcome, error) {
	for object, err := range w.bucket.List(ctx, w.object.Key) {
		if err != nil {
			return Failed, fmt.Errorf("look for %s: %w", w.object.URI, err)
		}
		if object.Key != w.object.Key {
			break // the first key with a prefix is the prefix itself, if it is a key
		}
		object.URI = w.object.URI
		w.object = object
		if t.isIn(object) {
			return Already, nil
		}
		return unsettled, nil
	}
	return Gone, nil
}

// read reads an object and adds the row that says it is in. An object that can't
// be read without a restore has a row that says so.
func (t *taking) read(ctx context.Context, w *wantedObject) error {
	read := t.reading(w.found)
	if !w.object.Archived {
		err := read.content(ctx, w.found)
		switch {
		case read.failed != nil && ctx.Err() == nil:
			return &lakeError{read.failed}
		case errors.Is(err, blob.ErrArchived):
			w.object.Archived, read.row.Archived = true, true
		case cmp.Or(err, ctx.Err()) != nil:
			return cmp.Or(err, ctx.Err())
		}
	}
	if err := t.enter(ctx, read); err != nil {
		return &lakeError{err}
	}
	w.taken = true
	return nil
}
