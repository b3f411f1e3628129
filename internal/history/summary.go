package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"configtrail"
)

// Totals are the figures of a span. Changes is the sum of the kinds, noise left
// out; Resources and Accounts are those with at least one such change.
type Totals struct {
	Changes   int64 `json:"changes"`
	Noise     int64 `json:"noise"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Deleted   int64 `json:"deleted"`
	Recreated int64 `json:"recreated"`
	Resources int64 `json:"resources"`
	Accounts  int64 `json:"accounts"`
}

// Part is the share of a summary that falls to one key, such as a region. A
// part of which only noise is known has no changes.
type Part struct {
	Key     string `json:"key"`
	Changes int64  `json:"changes"`
	Noise   int64  `json:"noise"`
}

// Breakdown splits a summary. The largest part stands first, ties by key; days
// stand in their own order and none is left out, kinds in that of configtrail.Kinds.
type Breakdown struct {
	Account []Part `json:"account"`
	Region  []Part `json:"region"`
	Type    []Part `json:"type"`
	Day     []Part `json:"day"` // 2024-11-05, in the zone of the history
	Kind    []Part `json:"kind"`
	Noise   []Part `json:"noise"` // by noise class; counted in Noise only
	// Actor is nil where no CloudTrail was read for any of the changes. The key is
	// the actor's id; changes of ambiguous and of unknown actors have the keys
	// configtrail.ActorAmbiguous, ActorUnknown and ActorNoTrail.
	Actor []Part `json:"actor"`
}

// Summary is a span in figures.
type Summary struct {
	Window   configtrail.Window
	Totals   Totals
	By       Breakdown
	Previous *Totals // of the span before; nil where coverage did not reach back to it
	Before   configtrail.Window
}

// maxDays bounds the list of days; a window of more than ten years lists only
// those with changes.
const maxDays = 3660

// Summary counts the changes of a bounded window. Its filter's noise mode,
// order, limit and cursor mean nothing here: noise is always counted, beside.
//
// The span before is the calendar month before where the window is a month of
// the zone, else the stretch of the same length that ends where the window
// begins. It is there when at least one account and region in the filter had
// delivered by its start or within MinGap behind it, which would be no gap.
func (h *History) Summary(ctx context.Context, filter Filter) (Summary, error) {
	window := filter.Window
	if window.From.IsZero() || window.To.IsZero() {
		return Summary{}, fmt.Errorf("%w: a summary needs a window with both ends", configtrail.ErrInvalid)
	}
	w, err := h.named(ctx, filter)
	if err != nil {
		return Summary{}, err
	}
	d, err := h.delivered(ctx, w)
	if err != nil {
		return Summary{}, err
	}
	counts, err := h.counted(ctx, w, []configtrail.Window{window, before(window, h.zone())})
	if err != nil {
		return Summary{}, err
	}
	return counts.summary(w.places(d.span)), nil
}

// summary tells the first of the spans, and the totals of the second where the
// places' deliveries reach back to it.
func (c counts) summary(places []configtrail.Place) Summary {
	asked, before := c.spans[0], c.spans[1]
	summary := Summary{Window: asked.window, Totals: asked.totals, By: asked.breakdown(), Before: before.window}
	reached := before.window.From.Add(configtrail.MinGap)
	if slices.ContainsFunc(places, func(p configtrail.Place) bool { return !p.First.After(reached) }) {
		summary.Previous = &before.totals
	}
	return summary
}

// before is the span that a window is compared with.
func before(window configtrail.Window, zone *time.Location) configtrail.Window {
	month := configtrail.MonthOf(window.From, zone)
	if span := month.Window(zone); span.From.Equal(window.From) && span.To.Equal(window.To) {
		return month.Add(-1).Window(zone)
	}
	return configtrail.Window{From: window.From.Add(-window.To.Sub(window.From)), To: window.From}
}
