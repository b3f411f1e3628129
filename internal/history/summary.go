package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
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
	summary := Summary{Window: window, Before: before(window, h.zone())}
	asked, err := h.counting(ctx, w, window)
	if err != nil {
		return Summary{}, err
	}
	if summary.Totals, summary.By, err = h.figures(ctx, asked); err != nil {
		return Summary{}, err
	}
	if summary.By.Actor, err = h.actors(ctx, asked); err != nil {
		return Summary{}, err
	}
	places, err := h.places(ctx, w)
	if err != nil {
		return Summary{}, err
	}
	reached := summary.Before.From.Add(configtrail.MinGap)
	if !slices.ContainsFunc(places, func(p configtrail.Place) bool { return !p.First.After(reached) }) {
		return summary, nil
	}
	if asked, err = h.counting(ctx, w, summary.Before); err != nil {
		return Summary{}, err
	}
	previous, _, err := h.figures(ctx, asked)
	summary.Previous = &previous
	return summary, err
}

// counting is a window whose changes are about to be counted.
type counting struct {
	window  configtrail.Window
	scope   configtrail.Scope
	changed clause // which rows
	n       clause // how many changes some rows are
}

// counting finds out whether rows may be counted instead of the changes they
// tell, which is true unless concurrent writers let one in twice and takes a
// third of the time.
func (h *History) counting(ctx context.Context, w wanted, window configtrail.Window) (counting, error) {
	changed, err := h.changed(w, window)
	if err != nil {
		return counting{}, err
	}
	c := counting{window: window, scope: w.scope(window), changed: changed, n: clause{sql: "count(*)"}}
	err = h.ask(ctx, "repeated", c.scope, holes{"changed": changed}, func(r *row) error {
		if r.int() > 0 {
			c.n = clause{sql: "count(DISTINCT id)"}
		}
		return nil
	})
	return c, err
}

// before is the span that a window is compared with.
func before(window configtrail.Window, zone *time.Location) configtrail.Window {
	month := configtrail.MonthOf(window.From, zone)
	if span := month.Window(zone); span.From.Equal(window.From) && span.To.Equal(window.To) {
		return month.Add(-1).Window(zone)
	}
	return configtrail.Window{From: window.From.Add(-window.To.Sub(window.From)), To: window.From}
}

// figures asks the two questions that totals and every breakdown but that of
// actors are made of. They read no edit, tag or name.
func (h *History) figures(ctx context.Context, c counting) (Totals, Breakdown, error) {
	window := c.window
	seconds, err := h.spell("unix", holes{"time": {sql: "capture_time"}})
	if err != nil {
		return Totals{}, Breakdown{}, err
	}
	var totals Totals
	accounts, regions, types := tally{}, tally{}, tally{}
	days, kinds, classes := tally{}, tally{}, tally{}
	if first, last := dayNumber(window.From, h.zone()), dayNumber(window.To.Add(-1), h.zone()); last-first < maxDays {
		for number := first; number <= last && window.From.Before(window.To); number++ {
			days.add(dayName(number), "", 0)
		}
	}
	for _, kind := range configtrail.Kinds {
		kinds.add(string(kind), "", 0)
	}
	parts := holes{"changed": c.changed, "n": c.n, "seconds": seconds, "offset": offset(h.zone(), window)}
	err = h.ask(ctx, "day_counts", c.scope, parts, func(r *row) error {
		account, region, resourceType := r.text(), r.text(), r.text()
		kind, noise, number, n := configtrail.Kind(r.text()), r.text(), r.int(), r.int()
		accounts.add(account, noise, n)
		regions.add(region, noise, n)
		types.add(resourceType, noise, n)
		days.add(dayName(number), noise, n)
		kinds.add(string(kind), noise, n)
		if noise != "" {
			totals.Noise += n
			classes.add(noise, noise, n)
			return nil
		}
		totals.Changes += n
		switch kind {
		case configtrail.Created:
			totals.Created += n
		case configtrail.Updated:
			totals.Updated += n
		case configtrail.Deleted:
			totals.Deleted += n
		case configtrail.Recreated:
			totals.Recreated += n
		default:
			return fmt.Errorf("ask day_counts: %q is no kind of change", kind)
		}
		return nil
	})
	if err != nil {
		return Totals{}, Breakdown{}, err
	}
	touched := map[string]bool{}
	err = h.ask(ctx, "resource_counts", c.scope, holes{"changed": c.changed}, func(r *row) error {
		account, _, _ := r.text(), r.text(), r.text()
		touched[account] = true
		totals.Resources += r.int()
		return nil
	})
	totals.Accounts = int64(len(touched))
	return totals, Breakdown{
		Account: accounts.largest(), Region: regions.largest(), Type: types.largest(), Noise: classes.largest(),
		Day: days.sorted(strings.Compare), Kind: kinds.sorted(byKind),
	}, err
}

// actors counts who made the changes.
func (h *History) actors(ctx context.Context, c counting) ([]Part, error) {
	actors, trail := tally{}, false
	err := h.ask(ctx, "actor_counts", c.scope, holes{"changed": c.changed, "n": c.n}, func(r *row) error {
		status, id, name, n := r.text(), r.text(), r.text(), r.int()
		key := cmp.Or(id, name)
		if status != configtrail.ActorKnown {
			key = cmp.Or(status, configtrail.ActorNoTrail)
		}
		trail = trail || key != configtrail.ActorNoTrail
		actors.add(key, "", n)
		return nil
	})
	if err != nil || !trail {
		return nil, err
	}
	return actors.largest(), nil
}

// tally adds up the parts of one breakdown.
type tally map[string]*Part

func (t tally) add(key, noise string, n int64) {
	part := t[key]
	if part == nil {
		part = &Part{Key: key}
		t[key] = part
	}
	if noise == "" {
		part.Changes += n
	} else {
		part.Noise += n
	}
}

func (t tally) sorted(compare func(a, b string) int) []Part {
	parts := make([]Part, 0, len(t))
	for _, part := range t {
		parts = append(parts, *part)
	}
	slices.SortFunc(parts, func(a, b Part) int { return compare(a.Key, b.Key) })
	return parts
}

func (t tally) largest() []Part {
	parts := t.sorted(strings.Compare)
	slices.SortStableFunc(parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(b.Noise, a.Noise))
	})
	return parts
}

func byKind(a, b string) int {
	return cmp.Compare(slices.Index(configtrail.Kinds, configtrail.Kind(a)), slices.Index(configtrail.Kinds, configtrail.Kind(b)))
}
