package anomaly

import (
	"slices"

	"configtrail"
)

const (
	// leastDays is how many days before a day must be covered before anything is
	// said to be more than usual.
	leastDays = 14
	// leastWeekdays is how many Mondays it takes to know Mondays.
	leastWeekdays = 4
)

// seen is what the deliveries let one know of a day.
type seen uint8

const (
	whole   seen = 1 << iota // everything was delivered: nothing means nothing
	telling                  // what was delivered may be held against what was usual
)

// knowledge is what is known of the days of some series, and so which days of
// the month can be judged.
type knowledge struct {
	pasts  []past // by day of the calendar; empty where it can't be judged
	judged int    // how many days can
}

// past are the days that a day may be held against: those before it, in order.
type past struct {
	class   []int // of its class
	weekday []int // of its weekday; nil where they are too few
}

func newKnowledge(c calendar, days []seen) *knowledge {
	k := &knowledge{pasts: make([]past, len(days))}
	for day := c.month; day < c.end; day++ {
		var p past
		known := 0
		for i := range day {
			if days[i]&whole == 0 {
				continue
			}
			known++
			if c.weekend(i) == c.weekend(day) {
				p.class = append(p.class, i)
			}
			if c.begin[i].Weekday() == c.begin[day].Weekday() {
				p.weekday = append(p.weekday, i)
			}
		}
		if len(p.weekday) < leastWeekdays {
			p.weekday = nil
		}
		if days[day]&telling != 0 && known >= leastDays && len(p.class) > 0 {
			k.pasts[day], k.judged = p, k.judged+1
		}
	}
	return k
}

// judges reports whether a day can be judged.
func (k *knowledge) judges(day int) bool { return len(k.pasts[day].class) > 0 }

// coverage tells which days of which series are known.
type coverage struct {
	calendar calendar
	places   map[[2]string]configtrail.Place
	gaps     map[[2]string][]configtrail.Gap
	shared   map[[2]string]*knowledge // of places, for types without gaps of their own
}

func newCoverage(c calendar, told configtrail.Coverage) coverage {
	all := coverage{c, map[[2]string]configtrail.Place{}, map[[2]string][]configtrail.Gap{}, map[[2]string]*knowledge{}}
	regions := map[string][]string{}
	for _, p := range told.Places {
		all.places[[2]string{p.Account, p.Region}] = p
		if p.Region != configtrail.Global {
			regions[p.Account] = append(regions[p.Account], p.Region)
		}
	}
	for _, g := range told.Gaps {
		all.gaps[[2]string{g.Account, g.Region}] = append(all.gaps[[2]string{g.Account, g.Region}], g)
		// Where an account has one region, coverage tells its silence once, of
		// the region, though the global services were silent with it.
		if g.Reason == configtrail.GapNoDelivery && len(regions[g.Account]) == 1 && g.Region == regions[g.Account][0] {
			global := [2]string{g.Account, configtrail.Global}
			all.gaps[global] = append(all.gaps[global], g)
		}
	}
	return all
}

// of is what is known of each day for a series: nothing where its place never
// delivered. A key without a type is about all types.
func (c coverage) of(key configtrail.ResourceKey) *knowledge {
	place := [2]string{key.Account, key.Region}
	gaps := slices.DeleteFunc(slices.Clone(c.gaps[place]), func(g configtrail.Gap) bool {
		return len(g.Types) > 0 && !slices.Contains(g.Types, key.Type)
	})
	everyType := !slices.ContainsFunc(gaps, func(g configtrail.Gap) bool { return len(g.Types) > 0 })
	if known, ok := c.shared[place]; ok && everyType {
		return known
	}
	known := newKnowledge(c.calendar, c.days(c.places[place], gaps))
	if everyType {
		c.shared[place] = known
	}
	return known
}

func (c coverage) days(place configtrail.Place, gaps []configtrail.Gap) []seen {
	days := make([]seen, c.calendar.days())
	if place.First.IsZero() {
		return days
	}
	for i := range days {
		day := configtrail.Window{From: c.calendar.begin[i], To: c.calendar.begin[i+1]}
		if place.First.Before(day.To) {
			days[i] |= telling
		}
		if !place.First.After(day.From) && !place.CompleteUntil.Before(day.To) {
			days[i] |= whole
		}
		for _, gap := range gaps {
			if !touches(gap, day) {
				continue
			}
			days[i] &^= whole
			// Objects lost make a count too small, which is no reason to be
			// silent about a large one. A recorder that starts again writes down
			// at once what changed meanwhile: that is no burst.
			if gap.Reason != configtrail.GapQuarantined && gap.Reason != configtrail.GapArchived {
				days[i] &^= telling
			}
		}
	}
	return days
}

// touches reports whether a gap lies in a day, ends included: a recorder catches
// up at the very end. Ends that are zero are open.
func touches(gap configtrail.Gap, day configtrail.Window) bool {
	return (gap.From.IsZero() || gap.From.Before(day.To)) && (gap.To.IsZero() || !gap.To.Before(day.From))
}
