package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/engine/raw"
)

// Coverage tells what was delivered in the folders around the filter's window,
// from their listing: it runs no query. Which types recorders left out is not
// told; objects that break queries are, once a query has met them.
func (r *Raw) Coverage(ctx context.Context, filter Filter) (configtrail.Coverage, error) {
	k, err := r.known(ctx, filter)
	if err != nil {
		return configtrail.Coverage{}, err
	}
	return k.coverage(), nil
}

// CompleteUntil tells up to when the places of a filter are complete, as far as
// the folders around its window tell.
func (r *Raw) CompleteUntil(ctx context.Context, filter Filter) (Completeness, error) {
	k, err := r.known(ctx, filter)
	return completeness(k.w.places(k.span)), err
}

// Touched tells what touches an answer about a window, in the order of time.
func (r *Raw) Touched(ctx context.Context, window configtrail.Window, filter Filter) ([]Warning, error) {
	filter.Window = window
	k, err := r.known(ctx, filter)
	if err != nil {
		return nil, err
	}
	return k.warnings(k.coverage()), nil
}

// Late tells only which places of a filter are not complete up to the end of a window.
func (r *Raw) Late(ctx context.Context, window configtrail.Window, filter Filter) ([]Warning, error) {
	filter.Window = window
	k, err := r.known(ctx, filter)
	if err != nil {
		return nil, err
	}
	return k.h.undelivered(k.w.Window, k.w.places(k.span)), nil
}

// Quarantine lists what is archived in the folders around the filter's window,
// and what queries have found there that can't be read.
func (r *Raw) Quarantine(ctx context.Context, filter Filter) ([]Troubled, error) {
	k, err := r.known(ctx, filter)
	return k.troubled, err
}

func (r *Raw) known(ctx context.Context, filter Filter) (knowledge, error) {
	w, err := r.bounded(filter)
	if err != nil {
		return knowledge{}, err
	}
	reading, listing, err := r.around(ctx, w)
	if err != nil {
		return knowledge{}, err
	}
	return r.history().knownRaw(w, listing, r.troubleOf(reading, listing.Version)), nil
}

// knownRaw is what a listing and what was found wrong tell about deliveries.
func (h *History) knownRaw(w wanted, listing *raw.Listing, found trouble) knowledge {
	k := knowledge{h: h, w: w, span: []configtrail.Place{}, troubled: []Troubled{}}
	whole := map[string]*raw.PlaceListing{} // of each account, over its regions
	for _, place := range listing.Places {
		k.see(place)
		account := whole[place.Account]
		if account == nil {
			account = &raw.PlaceListing{Account: place.Account, Region: configtrail.Global}
			whole[place.Account] = account
		}
		account.Written = append(account.Written, place.Written...)
		account.Snapshots = append(account.Snapshots, place.Snapshots...)
	}
	for _, account := range whole {
		account.Written, account.Snapshots = sortedTimes(account.Written), sortedTimes(account.Snapshots)
		k.see(*account)
	}
	slices.SortFunc(k.span, func(a, b configtrail.Place) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region))
	})
	for _, object := range listing.Archived {
		troubled := objectAt(object.URI)
		troubled.Archived = true
		k.troubled = append(k.troubled, troubled)
	}
	for _, object := range found.leftOut {
		troubled := objectAt(object.URI)
		troubled.Quarantined = []configtrail.Quarantined{{
			Key: troubled.Key, Index: -1, Code: configtrail.CodeUnreadable, Reason: object.Reason,
		}}
		k.troubled = append(k.troubled, troubled)
	}
	k.troubled = append(k.troubled, found.flawed...)
	return k
}

// objectAt is an object as far as its key tells.
func objectAt(uri string) Troubled {
	d := raw.ObjectAt(uri)
	return Troubled{URI: d.URI, Key: d.Key, Kind: d.Kind, Account: d.Account, Region: d.Region, WrittenAt: d.WrittenAt}
}

// see adds a place and its silences.
func (k *knowledge) see(listed raw.PlaceListing) {
	first, last := listed.Written[0], listed.Written[len(listed.Written)-1]
	k.span = append(k.span, configtrail.Place{
		Account: listed.Account, Region: listed.Region, First: first.In(k.h.zone()), Last: last.In(k.h.zone()),
		CompleteUntil: last.Add(-configtrail.Lag).In(k.h.zone()),
		Snapshots:     int64(len(listed.Snapshots)), Interval: medianStep(listed.Snapshots),
	})
	for i := 1; i < len(listed.Written); i++ {
		if from, to := listed.Written[i-1], listed.Written[i]; to.Sub(from) > configtrail.MinGap {
			k.silences = append(k.silences, silence{listed.Account, listed.Region, from, to})
		}
	}
}

func sortedTimes(times []time.Time) []time.Time {
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// medianStep is the median of the steps between sorted times; 0 where there is none.
func medianStep(times []time.Time) time.Duration {
	var steps []time.Duration
	for i := 1; i < len(times); i++ {
		steps = append(steps, times[i].Sub(times[i-1]))
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	n := len(steps)
	return (steps[(n-1)/2] + steps[n/2]) / 2
}
