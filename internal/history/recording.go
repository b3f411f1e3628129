package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// batch is how far apart two types may be first recorded, or a type's first item
// and its first recorded one, to be one change of what a recorder records.
const batch = 24 * time.Hour

// longBefore is how long before a window a type may have come to an account and
// still be part of what touches it: several batches that follow one another.
const longBefore = 8 * batch

// The turns of recording.
const (
	turnRecorded = "recorded" // of a type that is new to its account: what was there before was first recorded
	turnEnded    = "ended"    // of a type: an item says that it is no longer recorded
	turnResumed  = "resumed"  // of such a type: an item with a state came again
)

// turn is a change of what is recorded of a type in an account and region.
type turn struct {
	what                          string
	account, region, resourceType string
	at                            time.Time
	first                         time.Time // of turnRecorded: the account's first item of the type, in any region
}

// recorded gives the turns of recording in the accounts, regions and types of a
// filter, in the order of account, region, type and time. Types new to an account are
// told in all of its regions: where they were first seen decides what they are.
func (h *History) recorded(ctx context.Context, w wanted) ([]turn, error) {
	everywhere := wanted{accounts: w.subjectAccounts(), types: w.subjectTypes()}
	here := everywhere
	here.regions = w.subjectRegions()
	// A type that came long before the window says nothing about it.
	since := all()
	if from := w.Window.From; !from.IsZero() {
		since = clause{"capture_time >= ?", []any{from.Add(-longBefore)}}
	}
	parts := holes{
		"everywhere": everywhere.subject(), "subject": here.subject(),
		"since": since, "new": clause{strings.Replace(since.sql, "capture_time", "min(capture_time)", 1), since.args},
	}
	var turns []turn
	err := h.ask(ctx, "recording", everywhere.scope(configtrail.Window{}), parts, func(r *row) error {
		turns = append(turns, turn{r.text(), r.text(), r.text(), r.text(), r.time(), r.time()})
		return nil
	})
	return turns, err
}

// scopeChanges are the spans in which an account was recorded, but not some of
// its types: from its first delivery until resources of the type that had been
// there before were first recorded. A type whose resources are all created
// later is no such type, whatever the regions it appears in, and neither is one
// that came before the first delivery: began tells of each account when that was.
func scopeChanges(turns []turn, began map[string]time.Time) []configtrail.Gap {
	var recorded []turn
	for _, t := range turns {
		first, delivered := began[t.account]
		if t.what == turnRecorded && t.at.Sub(t.first) <= batch && delivered && t.first.After(first) {
			recorded = append(recorded, t)
		}
	}
	slices.SortFunc(recorded, func(a, b turn) int {
		return cmp.Or(strings.Compare(a.account, b.account), strings.Compare(a.region, b.region), a.at.Compare(b.at),
			strings.Compare(a.resourceType, b.resourceType))
	})
	var gaps []configtrail.Gap
	for _, t := range recorded {
		if last := len(gaps) - 1; last >= 0 && gaps[last].Account == t.account && gaps[last].Region == t.region && t.at.Sub(gaps[last].To) <= batch {
			gaps[last].Types = append(gaps[last].Types, t.resourceType)
			continue
		}
		gaps = append(gaps, configtrail.Gap{
			Account: t.account, Region: t.region, Types: []string{t.resourceType}, From: began[t.account], To: t.at, Reason: configtrail.GapScope,
		})
	}
	for i := range gaps {
		slices.Sort(gaps[i].Types)
	}
	return gaps
}

// exclusions are the spans in which a type was no longer recorded, open where it
// never was again.
func exclusions(turns []turn) []configtrail.Gap {
	var gaps []configtrail.Gap
	for _, t := range turns {
		switch t.what {
		case turnEnded:
			gaps = append(gaps, configtrail.Gap{
				Account: t.account, Region: t.region, Types: []string{t.resourceType}, From: t.at, Reason: configtrail.GapExcluded,
			})
		case turnResumed:
			if last := len(gaps) - 1; last >= 0 { // a turn back follows a turn of the same type
				gaps[last].To = t.at
			}
		}
	}
	return gaps
}

// subjectTypes are the types that the filter, or the resources it names, can be about.
func (w wanted) subjectTypes() []typePattern {
	if len(w.keys) == 0 {
		return w.types
	}
	var types []typePattern
	for _, key := range w.keys {
		types = append(types, typePattern{key.Type, true})
	}
	return types
}

// subjectRegions are the regions that the filter, or the resources it names, can be about.
func (w wanted) subjectRegions() []string {
	if len(w.keys) == 0 {
		return w.regions
	}
	return w.scope(configtrail.Window{}).Regions
}
