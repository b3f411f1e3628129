package report

import (
	"cmp"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// Facts are the figures of a month that situations and prose are made of. All
// come from queries; nothing here is guessed.
type Facts struct {
	Month  configtrail.Month
	Zone   *time.Location
	Window configtrail.Window
	Now    time.Time

	Totals   history.Totals
	Previous *history.Totals
	Noise    map[configtrail.Noise]int64
	Account  []Count // most changes first
	Region   []Count
	Type     []Count
	Day      []Count // every day of the month that has begun, in order

	// Earlier are the months before, newest first, that the deliveries cover
	// from beginning to end.
	Earlier []Earlier

	Deletions *Deletions           // the day with most deletions, nil where none
	Main      []configtrail.Change // what a reader should see first, best first
	Changes   int64                // of which Main are some
	Recorder  []configtrail.Change // changes of configuration recorders

	Coverage      configtrail.Coverage // gaps and quarantine that touch the month
	Quarantine    []Count              // by code
	QuarantinedIn int64                // objects
	CompleteUntil time.Time            // earliest place; zero where nothing was delivered
	LatePlaces    int                  // places complete only until before the month's end
	First, Last   time.Time            // deliveries, of all places
	UnknownGaps   int                  // places without snapshots
	Pending       bool                 // items whose changes are not derived yet
	AccountNames  map[string]string
}

// Earlier is one month before, as a measure of what is usual.
type Earlier struct {
	Month   configtrail.Month
	Changes int64
	Account map[string]int64
	Type    map[string]int64
}

// Deletions are those of one day.
type Deletions struct {
	Day     string // 2024-11-05
	N       int64
	Type    string // of most of them
	Account string
}

// over reports whether the month has ended at Now.
func (f *Facts) over() bool { return !f.Now.Before(f.Window.To) }

// covered reports whether any delivery reaches into the month.
func (f *Facts) covered() bool {
	return !f.First.IsZero() && f.First.Before(f.Window.To) && f.Last.After(f.Window.From)
}

// usual is the median of a figure over the earlier months; ok is false where
// there are none.
func (f *Facts) usual(figure func(Earlier) int64) (n int64, ok bool) {
	if len(f.Earlier) == 0 {
		return 0, false
	}
	var values []int64
	for _, e := range f.Earlier {
		values = append(values, figure(e))
	}
	return median(values), true
}

// median is the middle value, the lower of two.
func median(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return values[(len(values)-1)/2]
}

// percent is part of whole, rounded to whole percent.
func percent(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return (200*part + whole) / (2 * whole)
}

// busiest is the day with most changes, and the median day beside it.
func (f *Facts) busiest() (day Count, usual int64) {
	if len(f.Day) == 0 {
		return Count{}, 0
	}
	var values []int64
	for _, d := range f.Day {
		values = append(values, d.Changes)
	}
	return slices.MaxFunc(f.Day, func(a, b Count) int { return cmp.Compare(a.Changes, b.Changes) }), median(values)
}

// account is an account as people know it: name (id).
func (f *Facts) account(id string) string {
	if name := f.AccountNames[id]; name != "" {
		return configtrail.Visible(name) + " (" + id + ")"
	}
	return id
}
