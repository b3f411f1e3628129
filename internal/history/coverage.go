package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// Coverage tells what the deliveries span in the accounts, regions, types and
// resources of a filter, and which gaps touch its window; an open window shows
// all of them. Every account has, besides its regions, a place named
// configtrail.Global: the global services are delivered through some region, so
// it spans the account's deliveries of any region.
func (h *History) Coverage(ctx context.Context, filter Filter) (configtrail.Coverage, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return configtrail.Coverage{}, err
	}
	coverage, _, err := h.coverage(ctx, w)
	return coverage, err
}

// coverage is Coverage with the troubled objects it is made of.
func (h *History) coverage(ctx context.Context, w wanted) (configtrail.Coverage, []Troubled, error) {
	coverage := configtrail.Coverage{Places: []configtrail.Place{}, Gaps: []configtrail.Gap{}}
	span, err := h.span(ctx, w)
	if err != nil {
		return coverage, nil, err
	}
	for _, place := range span {
		if w.hasPlace(place.Account, place.Region) {
			coverage.Places = append(coverage.Places, place)
		}
	}
	troubled, err := h.troubled(ctx, w)
	if err != nil {
		return coverage, nil, err
	}
	for _, object := range troubled {
		switch {
		case object.MendedBy != "":
		case object.Archived:
			coverage.Archived++
		default:
			coverage.Quarantined += int64(len(object.Quarantined))
		}
	}
	known, err := h.knownGaps(ctx, w, span, troubled)
	if err != nil {
		return coverage, nil, err
	}
	scope, err := h.scopeChanges(ctx, w, span)
	if err != nil {
		return coverage, nil, err
	}
	for _, gap := range onceEach(append(known, scope...)) {
		if w.touchedBy(gap, w.Window) {
			coverage.Gaps = append(coverage.Gaps, h.inZone(gap))
		}
	}
	slices.SortFunc(coverage.Gaps, compareGaps)
	return coverage, troubled, nil
}

// gaps are those behind which a resource may look other than it was last seen:
// all but changes of scope, before which nothing was seen at all.
func (h *History) gaps(ctx context.Context, w wanted) ([]configtrail.Gap, error) {
	span, err := h.span(ctx, w)
	if err != nil {
		return nil, err
	}
	troubled, err := h.troubled(ctx, w)
	if err != nil {
		return nil, err
	}
	return h.knownGaps(ctx, w, span, troubled)
}

func (h *History) knownGaps(ctx context.Context, w wanted, span []configtrail.Place, troubled []Troubled) ([]configtrail.Gap, error) {
	silences, err := h.silences(ctx, w, span)
	if err != nil {
		return nil, err
	}
	excluded, err := h.exclusions(ctx, w)
	if err != nil {
		return nil, err
	}
	return slices.Concat(silences, excluded, losses(troubled, span)), nil
}

// places are the places of a filter.
func (h *History) places(ctx context.Context, w wanted) ([]configtrail.Place, error) {
	span, err := h.span(ctx, w)
	return slices.DeleteFunc(span, func(p configtrail.Place) bool { return !w.hasPlace(p.Account, p.Region) }), err
}

// span gives every place of the filter's accounts, in the order of account and region.
func (h *History) span(ctx context.Context, w wanted) ([]configtrail.Place, error) {
	seconds, err := h.spell("unix", holes{"time": {sql: "written_at"}})
	if err != nil {
		return nil, err
	}
	places := []configtrail.Place{}
	err = h.ask(ctx, "places", w.deliveries(), holes{"accounts": w.ofAccounts(), "seconds": seconds}, func(r *row) error {
		place := configtrail.Place{Account: r.text(), Region: r.text(), First: r.time(), Last: r.time(), Snapshots: r.int()}
		place.Interval = time.Duration(r.float() * float64(time.Second))
		place.First, place.Last = place.First.In(h.zone()), place.Last.In(h.zone())
		place.CompleteUntil = place.Last.Add(-configtrail.Lag)
		places = append(places, place)
		return nil
	})
	return places, err
}

// deliveries is the scope of a question about the deliveries of the filter's
// accounts. It has no regions: global resources come through any of them.
func (w wanted) deliveries() configtrail.Scope {
	return configtrail.Scope{Accounts: w.subjectAccounts()}
}

func (w wanted) ofAccounts() clause {
	if accounts := w.subjectAccounts(); len(accounts) > 0 {
		return in("account", accounts)
	}
	return all()
}

// subjectAccounts are the accounts that the filter, or the resources it names,
// can be about; none: all.
func (w wanted) subjectAccounts() []string {
	if len(w.keys) == 0 {
		return w.accounts
	}
	return w.scope(configtrail.Window{}).Accounts
}

// silences are the stretches without deliveries that rule 8 calls gaps. A place
// without snapshots has no rhythm to hold them against: it has none, and its
// Interval of 0 says that they are unknown.
func (h *History) silences(ctx context.Context, w wanted, span []configtrail.Place) ([]configtrail.Gap, error) {
	interval := map[[2]string]time.Duration{}
	for _, place := range span {
		interval[[2]string{place.Account, place.Region}] = place.Interval
	}
	seconds, err := h.spell("unix", holes{"time": {sql: "written_at"}})
	if err != nil {
		return nil, err
	}
	var gaps []configtrail.Gap
	parts := holes{"accounts": w.ofAccounts(), "seconds": seconds, "least": value(configtrail.MinGap.Seconds())}
	err = h.ask(ctx, "silences", w.deliveries(), parts, func(r *row) error {
		gap := configtrail.Gap{
			Account: r.text(), Region: r.text(), Types: []string{}, From: r.time(), To: r.time(), Reason: configtrail.GapNoDelivery,
		}
		median := interval[[2]string{gap.Account, gap.Region}]
		if median > 0 && gap.To.Sub(gap.From) > median*3/2 && w.hasPlace(gap.Account, gap.Region) {
			gaps = append(gaps, gap)
		}
		return nil
	})
	return gaps, err
}

// onceEach leaves out the silence of a whole account where the same silence of
// its only region is told too.
func onceEach(gaps []configtrail.Gap) []configtrail.Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g configtrail.Gap) bool {
		return g.Region == configtrail.Global && g.Reason == configtrail.GapNoDelivery &&
			slices.ContainsFunc(gaps, func(other configtrail.Gap) bool {
				return other.Account == g.Account && other.Region != g.Region && other.Reason == g.Reason &&
					other.From.Equal(g.From) && other.To.Equal(g.To)
			})
	})
}

// touchedBy reports whether a gap says anything about what the filter asks for
// within a window. Objects lost in a region may have held global resources.
func (w wanted) touchedBy(gap configtrail.Gap, window configtrail.Window) bool {
	if !window.From.IsZero() && !gap.To.IsZero() && !window.From.Before(gap.To) ||
		!window.To.IsZero() && !gap.From.IsZero() && !gap.From.Before(window.To) {
		return false
	}
	lost := gap.Reason == configtrail.GapQuarantined || gap.Reason == configtrail.GapArchived
	if !w.hasPlace(gap.Account, gap.Region) && !(lost && w.hasPlace(gap.Account, configtrail.Global)) {
		return false
	}
	return len(gap.Types) == 0 || slices.ContainsFunc(gap.Types, w.hasType)
}

// stale reports whether a gap that began by then leaves open what became of a
// resource behind its last sighting.
func stale(gaps []configtrail.Gap, state State, at time.Time) bool {
	key, seen := state.Item.Key, state.Item.CaptureTime
	w := wanted{resources: true, keys: []configtrail.ResourceKey{key}}
	return slices.ContainsFunc(gaps, func(gap configtrail.Gap) bool {
		return w.touchedBy(gap, configtrail.Window{From: seen.Add(1), To: justAfter(at)})
	})
}

func (h *History) inZone(gap configtrail.Gap) configtrail.Gap {
	if !gap.From.IsZero() {
		gap.From = gap.From.In(h.zone())
	}
	if !gap.To.IsZero() {
		gap.To = gap.To.In(h.zone())
	}
	return gap
}

// compareGaps orders gaps by time, then place, reason and types.
func compareGaps(a, b configtrail.Gap) int {
	return cmp.Or(
		a.From.Compare(b.From), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region),
		strings.Compare(a.Reason, b.Reason), slices.Compare(a.Types, b.Types), a.To.Compare(b.To),
	)
}

// Completeness is up to when an answer has everything: for each place of its
// filter, and the earliest of them.
type Completeness struct {
	Min time.Time // zero where nothing was delivered of any place
	By  []PlaceTime
}

// PlaceTime is a time of one account and region.
type PlaceTime struct {
	Account string
	Region  string
	Time    time.Time
}

// CompleteUntil tells up to when the places of a filter are complete: Lag before
// the last delivery written. Its window, kinds and texts mean nothing here.
func (h *History) CompleteUntil(ctx context.Context, filter Filter) (Completeness, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return Completeness{}, err
	}
	places, err := h.places(ctx, w)
	return completeness(places), err
}

func completeness(places []configtrail.Place) Completeness {
	c := Completeness{By: []PlaceTime{}}
	for _, place := range places {
		c.By = append(c.By, PlaceTime{place.Account, place.Region, place.CompleteUntil})
		if c.Min.IsZero() || place.CompleteUntil.Before(c.Min) {
			c.Min = place.CompleteUntil
		}
	}
	return c
}
