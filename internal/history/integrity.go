package history

import (
	"context"
	"time"

	"configtrail"
)

// Integrity is what the lake holds more than once, for doctor.
type Integrity struct {
	Items       int64 // distinct items
	Objects     int64 // objects of AWS Config read
	ItemsRead   int64 // items decoded in them, as they were last read
	Duplicates  int64 // of those, items that were in the lake already
	Rejected    int64 // of those, items that could not be taken
	SameContent int64 // rows of the table of items that repeat another one

	// TwoStates counts the captures at which a resource has more than one state;
	// the later state id, then the hash, decides. Examples are a few of them.
	TwoStates int64
	Examples  []Capture
}

// Capture is a resource at a capture time.
type Capture struct {
	Key    configtrail.ResourceKey
	Time   time.Time
	States int64
}

// Examples is how many captures with two states Integrity names.
const Examples = 10

// Integrity counts repetitions in the accounts, regions, types, resources and
// window of a filter; deliveries by when they were written.
func (h *History) Integrity(ctx context.Context, filter Filter) (Integrity, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return Integrity{}, err
	}
	in := Integrity{Examples: []Capture{}}
	parts := holes{"items": all(within("capture_time", w.Window), w.subject())}
	err = h.ask(ctx, "distinct_items", w.scope(w.Window), parts, func(r *row) error {
		in.Items, in.SameContent = r.int(), r.int()
		return nil
	})
	if err != nil {
		return Integrity{}, err
	}
	parts["limit"] = value(int64(Examples))
	err = h.ask(ctx, "two_states", w.scope(w.Window), parts, func(r *row) error {
		in.Examples = append(in.Examples, Capture{Key: r.key(), Time: r.time().In(h.zone()), States: r.int()})
		in.TwoStates = r.int()
		return nil
	})
	if err != nil {
		return Integrity{}, err
	}
	parts = holes{"read": all(within("written_at", w.Window), w.place())}
	scope := w.deliveries()
	scope.Window, scope.Regions = w.Window, w.regions
	err = h.ask(ctx, "read_counts", scope, parts, func(r *row) error {
		in.Objects, in.ItemsRead, in.Duplicates, in.Rejected = r.int(), r.int(), r.int(), r.int()
		return nil
	})
	return in, err
}
