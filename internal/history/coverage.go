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
	k, err := h.known(ctx, w)
	if err != nil {
		return configtrail.Coverage{}, err
	}
	return k.coverage(), nil
}

// places are the places of a filter, of those of its accounts.
func (w wanted) places(span []configtrail.Place) []configtrail.Place {
	places := []configtrail.Place{}
	for _, place := range span {
		if w.hasPlace(place.Account, place.Region) {
			places = append(places, place)
		}
	}
	return places
}

// silence is a stretch of an account and region without any delivery.
type silence struct {
	account, region string
	from, to        time.Time
}

// deliveries are what was delivered of some accounts.
type deliveries struct {
	span     []configtrail.Place // every place, in the order of account and region
	silences []silence           // that are longer than MinGap
	broken   brokenAt
}

// brokenAt is when something was written that could not be read whole at some time,
// whether or not it could be later.
type brokenAt struct {
	any   bool
	times []time.Time // what was written at an unknown time has none
}

// delivered gives what was delivered of the filter's accounts.
func (h *History) delivered(ctx context.Context, w wanted) (deliveries, error) {
	d := deliveries{span: []configtrail.Place{}}
	seconds, err := h.spell("unix", holes{"time": {sql: "written_at"}})
	if err != nil {
		return d, err
	}
	troubled, err := h.spell("troubled", nil)
	if err != nil {
		return d, err
	}
	parts := holes{"accounts": w.ofAccounts(), "seconds": seconds, "troubled": troubled, "least": value(configtrail.MinGap.Seconds())}
	err = h.ask(ctx, "places", w.deliveries(), parts, func(r *row) error {
		ofNone := r.null()
		account, region, isPlace, from, to := r.text(), r.text(), r.bool(), r.time(), r.time()
		place := configtrail.Place{Account: account, Region: region, First: r.time().In(h.zone()), Last: r.time().In(h.zone()), Snapshots: r.int()}
		place.Interval = time.Duration(r.float() * float64(time.Second))
		place.CompleteUntil = place.Last.Add(-configtrail.Lag)
		troubled, at := r.int() > 0, r.time()
		switch {
		case ofNone:
			d.broken.any = d.broken.any || troubled
			if troubled && !at.IsZero() {
				d.broken.times = append(d.broken.times, at)
			}
		case account == "": // what is no delivery of a place
		case isPlace:
			d.span = append(d.span, place)
		case !from.IsZero(): // the other deliveries of the place come as one row without a silence
			d.silences = append(d.silences, silence{account, region, from, to})
		}
		return nil
	})
	return d, err
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

// intervals are the median steps between snapshots, by account and region.
func intervals(places []configtrail.Place) map[[2]string]time.Duration {
	interval := map[[2]string]time.Duration{}
	for _, place := range places {
		interval[[2]string{place.Account, place.Region}] = place.Interval
	}
	return interval
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
	d, err := h.delivered(ctx, w)
	return completeness(w.places(d.span)), err
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
