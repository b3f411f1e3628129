package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/raw"
)

// mostLeftOut is how many objects that break a query are left out of it, one
// after the other, before the table itself is taken to be at fault.
const mostLeftOut = 10

// told is what raw tables tell of a window.
type told struct {
	w       wanted
	reading *raw.Reading
	listing *raw.Listing
	trouble trouble

	changes []configtrail.Change // in the order of time
	steps   []Step               // likewise
	left    int64                // steps that were left out
	counts  []RawCount
}

// tell asks about one window. stepTypes are the types whose states are kept; keep
// chooses changes, nil: all.
func (r *Raw) tell(ctx context.Context, h *History, w wanted, stepTypes []string, keep func(configtrail.Change) bool) (*told, error) {
	reading, listing, err := r.around(ctx, w)
	if err != nil {
		return nil, err
	}
	t := &told{w: w, reading: reading, listing: listing}
	if reading.None() {
		return t, nil
	}
	var l *rawLedger
	leftOut, err := r.withoutBad(ctx, reading, listing.Version, func(leaveOut []string) error {
		l = &rawLedger{
			window: w.Window, first: firstDeliveries(listing), stepTypes: stepTypes, content: r.Tables.Compared("configuration"),
			redactor: r.marking(), keep: keep, counts: map[RawCount]*RawCount{}, flawed: map[string]*Troubled{},
		}
		sql, args := reading.Items(leaveOut)
		return l.candidates(ctx, h, w, clause{sql, args}, w.meant())
	})
	if err != nil {
		return nil, err
	}
	t.trouble.leftOut = leftOut
	for _, object := range l.flawed {
		t.trouble.flawed = append(t.trouble.flawed, *object)
	}
	slices.SortFunc(t.trouble.flawed, func(a, b Troubled) int { return strings.Compare(a.URI, b.URI) })
	r.remember(reading, listing.Version, t.trouble)
	l.trimSteps()
	t.changes, t.steps, t.left = l.changes, l.steps, l.left
	slices.SortFunc(t.changes, byTime)
	for _, count := range l.counts {
		t.counts = append(t.counts, *count)
	}
	slices.SortFunc(t.counts, func(a, b RawCount) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.Type, b.Type))
	})
	return t, nil
}

// withoutBad runs a query, again without each object that breaks it. It tells
// which were left out. What broke a query of the same version is left out at once.
func (r *Raw) withoutBad(ctx context.Context, reading *raw.Reading, version string, query func(leaveOut []string) error) ([]LeftOut, error) {
	leftOut := slices.Clone(r.troubleOf(reading, version).leftOut)
	var names []string
	for _, object := range leftOut {
		names = append(names, object.URI)
	}
	for {
		err := query(names)
		var bad *engine.BadObject
		if err == nil || !errors.As(err, &bad) || ctx.Err() != nil {
			return leftOut, err
		}
		if len(leftOut) >= mostLeftOut || slices.Contains(names, bad.URI) {
			return nil, &configtrail.Problem{
				Key:  "raw_broken",
				Args: map[string]any{"tables": strings.Join(r.Tables.Names(), ", "), "n": len(leftOut), "uri": bad.URI, "reason": bad.Reason},
				Err:  fmt.Errorf("more than %d objects break every query: %w", len(leftOut), err),
			}
		}
		leftOut = append(leftOut, LeftOut{URI: bad.URI, Reason: bad.Reason})
		names = append(names, bad.URI)
	}
}

// troubleOf is what queries have found wrong with a reading whose objects are of
// a version.
func (r *Raw) troubleOf(reading *raw.Reading, version string) trouble {
	r.mu.Lock()
	defer r.mu.Unlock()
	if have := r.found[readingName(reading)]; have.version == version {
		return have
	}
	return trouble{}
}

// mostRemembered bounds for how many readings it is remembered what is wrong.
const mostRemembered = 100

func (r *Raw) remember(reading *raw.Reading, version string, found trouble) {
	found.version = version
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil || len(r.found) >= mostRemembered {
		r.found = map[string]trouble{}
	}
	r.found[readingName(reading)] = found
}

func readingName(reading *raw.Reading) string { return strings.Join(reading.Predicates(), "\n") }

// meant is the SQL of whether an item bears a name that the filter gives.
func (w wanted) meant() clause {
	if len(w.Resources) == 0 {
		return clause{sql: "TRUE"}
	}
	var names []clause
	for _, text := range w.Resources {
		if key, err := configtrail.ParseResourceKey(text); err == nil {
			names = append(names, is(key))
			continue
		}
		names = append(names, clause{"(resource_id = ? OR resource_name = ? OR arn = ?)", []any{text, text, text}})
	}
	return some(names)
}

// firstDeliveries are the earliest deliveries of each account and region in a
// listing; of configtrail.Global, over the account's regions.
func firstDeliveries(listing *raw.Listing) map[[2]string]time.Time {
	first := map[[2]string]time.Time{}
	for _, place := range listing.Places {
		written := place.Written[0]
		for _, region := range []string{place.Region, configtrail.Global} {
			at := [2]string{place.Account, region}
			if have, known := first[at]; !known || written.Before(have) {
				first[at] = written
			}
		}
	}
	return first
}
