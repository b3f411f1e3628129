package ingest

import (
	"context"
	"errors"
	"fmt"

	"configtrail/internal/blob"
)

// reasonsKept bounds how many errors of handing on a run keeps: most of them are
// one and the same. The number of objects is told in full.
const reasonsKept = 10

// handedOn is what became of the objects of a run that it does not read itself.
// Only the listing writes to it.
type handedOn struct {
	failed  int
	reasons []error // of the first that failed
}

// handsOn reports whether an object is left to somebody with more time. One that
// is archived is not, however large: all that there is to do is to say so.
func (r *run) handsOn(object found) bool {
	return r.HandOn != nil && r.Large > 0 && object.object.Size > r.Large && object.err == nil && !object.object.Archived
}

// handOn hands an object on. It has no row of its own then, so that it is due again
// until whoever got it has read it. Where that fails the others go on; an error is
// one of the context.
func (r *run) handOn(ctx context.Context, object blob.Object) error {
	err := r.HandOn(ctx, object)
	switch {
	case err == nil:
		r.mu.Lock()
		r.tally.handedOn++
		r.mu.Unlock()
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		r.passed.failed++
		if len(r.passed.reasons) < reasonsKept {
			r.passed.reasons = append(r.passed.reasons, fmt.Errorf("hand on %s: %w", object.URI, err))
		}
	}
	return nil
}

// err tells of the objects that could not be handed on; nil where there are none.
func (h handedOn) err() error {
	if h.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d objects could not be handed on: %w", h.failed, errors.Join(h.reasons...))
}
