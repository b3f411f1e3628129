// Package ledger holds the rules of truth: which of the items of one resource
// show a change, and of which kind.
//
// A record is no change. Snapshots repeat items, deliveries come twice, and an
// item may come again with another state id. Only a state that differs from the
// one before it is an update, a life ends with a deletion and with nothing else,
// and a first item shows a creation only where the resource is new. Where items
// are kept does not matter here: a lake's and those of a bucket's files go
// through the same rules.
package ledger

import (
	"cmp"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/diff"
)

// Newborn is how far a capture may lie from a resource's creation, and before
// the first delivery of its place, for the resource to count as created.
const Newborn = 24 * time.Hour

// Step is a change as it follows from one timeline: two items, of which Before
// may be missing, and what lies between them. Whether an update has any edit is
// known only once both states have been compared.
type Step[T any] struct {
	Kind   configtrail.Kind
	After  T         // the item that shows the change
	Before T         // the last item that carried state; T's zero value where there is none
	Since  time.Time // capture time of the item just before; zero where there is none
}

// Timeline turns the items of one resource into the steps of its ledger. Of an
// item it looks at status, capture and creation time, state id and content hash:
// equal hashes are equal states.
type Timeline[T any] struct {
	item  func(T) *configtrail.ConfigurationItem
	first time.Time

	waiting bool // newest may still be outdone by another of its capture time
	newest  T
	stated  bool
	last    T // with state, of this life or of the one before
	deleted bool
	since   time.Time
}

// New begins a timeline. item shows the rules what they have to know of a T;
// first is when the account and region were first delivered, zero where no
// delivery is known.
func New[T any](first time.Time, item func(T) *configtrail.ConfigurationItem) *Timeline[T] {
	return &Timeline[T]{item: item, first: first}
}

// Add takes the next item in the order of capture time. It gives the step, if
// any, that the capture before it shows: of several items of one capture time
// the one with the later state id counts, then the one with the greater hash.
func (t *Timeline[T]) Add(next T) (Step[T], bool) {
	if t.waiting && t.item(next).CaptureTime.Equal(t.item(t.newest).CaptureTime) {
		if decides(t.item(next), t.item(t.newest)) {
			t.newest = next
		}
		return Step[T]{}, false
	}
	step, is := t.End()
	t.newest, t.waiting = next, true
	return step, is
}

// End gives the step, if any, that the last capture shows.
func (t *Timeline[T]) End() (Step[T], bool) {
	if !t.waiting {
		return Step[T]{}, false
	}
	t.waiting = false
	after := t.newest
	item := t.item(after)
	step := Step[T]{After: after, Before: t.last, Since: t.since}
	t.since = item.CaptureTime
	switch {
	case item.Status.NotRecorded():
		// No state and no change: the next live item is compared with the last state.
		return step, false
	case item.Status.Deleted():
		again := t.deleted
		t.deleted = true
		step.Kind = configtrail.Deleted
		return step, !again
	}
	switch {
	case t.deleted:
		step.Kind = configtrail.Recreated
	case !t.stated:
		if isNew(item, t.first) {
			step.Kind = configtrail.Created
		}
	case item.ContentHash != t.item(t.last).ContentHash:
		step.Kind = configtrail.Updated
	}
	t.last, t.stated, t.deleted = after, true, false
	return step, step.Kind != ""
}

// decides reports whether a, rather than b of the same capture time, is the
// resource's state.
func decides(a, b *configtrail.ConfigurationItem) bool {
	return cmp.Or(compareDecimal(a.StateID, b.StateID), cmp.Compare(a.ContentHash, b.ContentHash)) >= 0
}

// compareDecimal orders numbers written in decimal; text that is none comes first.
func compareDecimal(a, b string) int {
	a, b = strings.TrimLeft(digits(a), "0"), strings.TrimLeft(digits(b), "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func digits(text string) string {
	for _, r := range text {
		if r < '0' || r > '9' {
			return ""
		}
	}
	return text
}

// isNew reports whether a resource's first item shows its creation rather than
// the beginning of its recording.
func isNew(item *configtrail.ConfigurationItem, first time.Time) bool {
	if item.Status != configtrail.StatusResourceDiscovered {
		return false
	}
	if item.CreationTime.IsZero() {
		return !first.IsZero() && item.CaptureTime.After(first)
	}
	return item.CaptureTime.Sub(item.CreationTime) <= Newborn &&
		(first.IsZero() || !item.CaptureTime.Before(first.Add(-Newborn)))
}

// Change is a step as far as it goes without the states: it has no tags, edits or
// noise yet. before is nil where no item carried state.
func Change(kind configtrail.Kind, since time.Time, after, before *configtrail.ConfigurationItem) configtrail.Change {
	c := configtrail.Change{
		Key: after.Key, Name: after.Name, ARN: after.ARN,
		Time: after.CaptureTime, After: since, Kind: kind,
		HashAfter: after.ContentHash, Source: after.Source,
		ActorStatus: configtrail.ActorNoTrail, Edits: []configtrail.Edit{},
	}
	if before != nil {
		c.HashBefore = before.ContentHash
		source := before.Source
		c.SourceBefore = &source
		c.Name = cmp.Or(c.Name, before.Name)
		c.ARN = cmp.Or(c.ARN, before.ARN)
	}
	return c
}

// Complete fills in what needs the states: tags, edits and noise. It reports
// whether there is a change at all: an update without an edit is none.
func Complete(c *configtrail.Change, after, before *configtrail.ConfigurationItem) (bool, error) {
	c.Tags = after.Tags
	if before != nil && after.Status.Deleted() {
		c.Tags = before.Tags
	}
	if len(c.Tags) == 0 {
		c.Tags = nil // equal deliveries tell of no tags in two ways
	}
	if c.Kind == configtrail.Updated || c.Kind == configtrail.Recreated && before != nil {
		edits, err := diff.Edits(before, after)
		if err != nil {
			return false, err
		}
		c.Edits = edits
	}
	c.Noise = diff.WhollyNoise(c.Key.Type)
	if c.Kind == configtrail.Updated && c.Noise == configtrail.NoiseNone {
		c.Noise = diff.Classify(c.Key.Type, c.Edits)
	}
	return c.Kind != configtrail.Updated || len(c.Edits) > 0, nil
}
