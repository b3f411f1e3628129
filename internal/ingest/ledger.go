package ingest

import (
	"time"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/ledger"
)

// step is a change as it follows from the headers of one timeline.
type step struct {
	ledger.Step[*lake.Header] // Before is nil where no item carried state
}

func stateOf(h *lake.Header) *configtrail.ConfigurationItem {
	if h == nil {
		return nil
	}
	return &h.ConfigurationItem
}

// change is the step as far as headers tell: without name, tags, edits and noise.
func (s step) change() configtrail.Change {
	return ledger.Change(s.Kind, s.Since, stateOf(s.After), stateOf(s.Before))
}

// timeline turns the headers of one resource, in order of capture time, into
// the steps of its ledger. The steps keep pointers to the headers. first is when
// its account and region were first delivered, zero where no delivery is known.
func timeline(headers []lake.Header, first time.Time) []step {
	var steps []step
	t := ledger.New(first, stateOf)
	for i := range headers {
		if s, is := t.Add(&headers[i]); is {
			steps = append(steps, step{s})
		}
	}
	if s, is := t.End(); is {
		steps = append(steps, step{s})
	}
	return steps
}
