package report

import (
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// facts are the figures of a month that situations and prose are made of. All
// come from queries; nothing here is guessed.
type facts struct {
	Month   configtrail.Month
	Zone    *time.Location
	Window  configtrail.Window
	Now     time.Time
	Filters Filters
	Names   map[string]string // of accounts, from the settings

	Totals   history.Totals
	Previous *history.Totals
	Noise    map[configtrail.Noise]int64
	Account  []Count // most changes first
	Region   []Count
	Type     []Count
	Day      []Count // every day of the month that has begun, in order
	Actor    []Count // nil where no CloudTrail was matched

	// Earlier are the months before, newest first, that the deliveries cover
	// from beginning to end.
	Earlier []earlier

	Crowd     crowd                // the neighbouring days with most changes
	Deletions deletions            // of the day with most of them
	Recreated recreated            // resources under the id of a deleted one
	Main      []configtrail.Change // what a reader should see first, best first
	Recorder  []configtrail.Change // changes of configuration recorders, in order of time

	First, Last   time.Time           // deliveries, of all places; zero where there are none
	CompleteUntil time.Time           // of the earliest place; zero where nothing was delivered
	Complete      []history.PlaceTime // of each place
	Awaited       []history.PlaceTime // places whose last deliveries of the month may still come in time
	Overdue       []history.PlaceTime // places whose deliveries should have come by now
	Joined        []history.PlaceTime // accounts whose first delivery lies within the month
	Unseen        []string            // accounts asked for, of which nothing was ever delivered
	NoRhythm      int                 // places with too few snapshots to tell gaps
	Rhythm        map[[2]string]bool  // account and region of the places with enough of them
	Gaps          []configtrail.Gap   // that touch the month
	Quarantine    quarantine          // of objects that touch the month
	Pending       bool                // items are in whose changes are not derived yet
	Warnings      []history.Warning

	Findings  []configtrail.Finding // gravest first
	StepsLeft int64                 // changes that no rule looked at
	Raw       *history.RawAnswer    // nil for a lake
	Cost      configtrail.Cost
	Telling   *Telling // nil: told by code
}

// earlier is one month before, as a measure of what is usual.
type earlier struct {
	Month                 configtrail.Month
	Changes               int64
	Account, Region, Type map[string]int64
}

// deletions are those of one day. The largest group of them is of one type in
// one account.
type deletions struct {
	Day           string // 2024-11-05
	N             int64
	Usual         int64 // of a day of the month that has begun, the median
	Type, Account string
	Largest       int64
	One           configtrail.Change // of the largest group, the first
}

// mass reports whether the day stands out.
func (f *facts) mass() bool {
	d := f.Deletions
	return d.N >= massDeletions && d.N >= d.Usual*3 && d.N*4 >= f.Totals.Deleted
}

// recreated are the resources that came back, and the first few of them.
type recreated struct {
	N     int64
	First []configtrail.Change
}

// quarantine is what could not be read.
type quarantine struct {
	Parts, Objects int64
	Codes          []Count
}

// begun and over report whether the month has begun and has ended at Now.
func (f *facts) begun() bool { return !f.Now.Before(f.Window.From) }
func (f *facts) over() bool  { return !f.Now.Before(f.Window.To) }

// covered reports whether any delivery reaches into the month. Raw tables show
// that by their records, also where nobody could list the bucket.
func (f *facts) covered() bool {
	return f.Raw != nil && f.Raw.Records > 0 || !f.First.IsZero() && f.First.Before(f.Window.To) && f.Last.After(f.Window.From)
}

// firstMonth reports whether the deliveries begin within the month.
func (f *facts) firstMonth() bool { return f.Window.Contains(f.First) }

// partial reports whether changes of the month may still come, so that it can't
// be held against whole months. A place that fell silent before the month before
// began is in neither of them.
func (f *facts) partial() bool {
	before := f.Month.Add(-1).Window(f.Zone).From
	return !f.over() || len(f.Awaited) > 0 ||
		slices.ContainsFunc(f.Overdue, func(p history.PlaceTime) bool { return p.Time.After(before) })
}

// holes counts the gaps within which a change would not show or show late.
// Types that came to be recorded are none: nothing was seen of them before.
func (f *facts) holes(reasons ...string) int {
	n := 0
	for _, g := range f.Gaps {
		if slices.Contains(reasons, g.Reason) || len(reasons) == 0 && g.Reason != configtrail.GapScope {
			n++
		}
	}
	return n
}

// usual is the median of a figure over the earlier months, 0 where there are none.
func (f *facts) usual(figure func(earlier) int64) int64 {
	var values []int64
	for _, e := range f.Earlier {
		values = append(values, figure(e))
	}
	return median(values)
}

// median is the middle value, or the mean of the middle two, rounded down; 0 of none.
func median(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// percent is part of whole, rounded to whole percent.
func percent(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return (200*part + whole) / (2 * whole)
}

// clock is a time in the report's zone; nil where it is zero.
func (f *facts) clock(t time.Time) *configtrail.Stamp { return configtrail.StampIn(t, f.Zone) }
