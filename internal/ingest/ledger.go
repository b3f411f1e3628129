package ingest

import (
	"cmp"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/diff"
	"configtrail/internal/lake"
)

// newborn is how far a capture may lie from a resource's creation, and before
// the first delivery of its place, for the resource to count as created.
const newborn = 24 * time.Hour

// step is a change as it follows from the headers of one timeline: two items,
// of which before may be missing, and what lies between them. Whether an update
// has any edit is known only when both states have been compared.
type step struct {
	kind   configtrail.Kind
	after  lake.Header  // the item that shows the change
	before *lake.Header // the last item that carried state, nil where there is none
	since  time.Time    // capture time of the item just before, zero where there is none
}

// change is the step as far as headers tell: without name, tags, edits and noise.
func (s step) change() configtrail.Change {
	c := configtrail.Change{
		Key: s.after.Key, Name: s.after.Name, ARN: s.after.ARN,
		Time: s.after.CaptureTime, After: s.since, Kind: s.kind,
		HashAfter: s.after.ContentHash, Source: s.after.Source,
		ActorStatus: configtrail.ActorNoTrail, Edits: []configtrail.Edit{},
	}
	if s.before != nil {
		c.HashBefore = s.before.ContentHash
		source := s.before.Source
		c.SourceBefore = &source
		c.Name = cmp.Or(c.Name, s.before.Name)
		c.ARN = cmp.Or(c.ARN, s.before.ARN)
	}
	return c
}

// timeline turns the headers of one resource, in order of capture time, into
// the steps of its ledger by the rules of truth. first is when its account and
// region were first delivered, zero where no delivery is known.
func timeline(headers []lake.Header, first time.Time) []step {
	var steps []step
	var last *lake.Header // with state, of this life or of the one before
	var deleted bool
	var since time.Time
	for i := range headers {
		h := &headers[i]
		if i+1 < len(headers) && headers[i+1].CaptureTime.Equal(h.CaptureTime) {
			if decides(headers[i+1], *h) {
				continue
			}
			headers[i+1] = *h // h stands for both
			continue
		}
		switch {
		case h.Status.NotRecorded():
			// No state and no change: the next live item is compared with the last state.
		case h.Status.Deleted():
			if !deleted {
				steps = append(steps, step{configtrail.Deleted, *h, last, since})
			}
			deleted = true
		case deleted:
			steps = append(steps, step{configtrail.Recreated, *h, last, since})
			last, deleted = h, false
		case last == nil:
			if isNew(*h, first) {
				steps = append(steps, step{configtrail.Created, *h, nil, since})
			}
			last = h
		default:
			if h.ContentHash != last.ContentHash {
				steps = append(steps, step{configtrail.Updated, *h, last, since})
			}
			last = h
		}
		since = h.CaptureTime
	}
	return steps
}

// decides reports whether a, rather than b of the same capture time, is the
// resource's state: the later configurationStateId, then the greater hash.
func decides(a, b lake.Header) bool {
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
func isNew(h lake.Header, first time.Time) bool {
	if h.Status != configtrail.StatusResourceDiscovered {
		return false
	}
	if h.CreationTime.IsZero() {
		return !first.IsZero() && h.CaptureTime.After(first)
	}
	return h.CaptureTime.Sub(h.CreationTime) <= newborn &&
		(first.IsZero() || !h.CaptureTime.Before(first.Add(-newborn)))
}

// complete fills in what needs the states: tags, edits and noise. It reports
// whether there is a change at all: an update without an edit is none.
func complete(c *configtrail.Change, after, before *configtrail.ConfigurationItem) (bool, error) {
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
