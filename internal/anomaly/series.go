package anomaly

import (
	"maps"
	"math"
	"slices"

	"configtrail"
	"configtrail/internal/history"
)

const hoursOfDay = 24

// series are the counts of one account, region and type, or of one account and region.
type series struct {
	key   configtrail.ResourceKey // without an id; without a type too for deletions of a place
	days  []int64                 // by day of the calendar
	hours []hourly                // those with changes, in order
	known *knowledge              // shared between series
}

// hourly is a count of an hour on the clock of the zone.
type hourly struct {
	day, hour int
	n         int64
}

// halfLife is the number of days after which a count says half as much.
const halfLife = 28

// unusual is how improbable a count is after what was counted before, and the
// weighted mean of that.
type unusual struct {
	chance float64
	usual  float64
}

// judge holds n against the counts on days of its class, and on those of its
// weekday alone: what came on one Monday in two months is an outlier among working
// days, but none among Mondays. The less surprising answer counts. In clustered
// noise the second look more than halves the false alarms. at adds the samples of a day.
func (p past) judge(n int64, day int, at func(samples []sample, day int, weight float64) []sample) unusual {
	least := against(p.class, n, day, at)
	if len(p.weekday) > 0 {
		if other := against(p.weekday, n, day, at); other.chance > least.chance {
			least = other
		}
	}
	return least
}

func against(days []int, n int64, day int, at func([]sample, int, float64) []sample) unusual {
	samples := make([]sample, 0, 3*len(days))
	for _, i := range days {
		samples = at(samples, i, math.Exp2(-float64(day-i)/halfLife))
	}
	e := expect(samples)
	return unusual{chance: e.tail(n), usual: e.usual}
}

// onDay takes the count of a whole day.
func (s *series) onDay(samples []sample, day int, weight float64) []sample {
	return append(samples, sample{float64(s.days[day]), weight})
}

// around takes the counts of an hour and of those beside it, which are as good a
// guess and three times as many.
func (s *series) around(hour int) func([]sample, int, float64) []sample {
	first, last := max(0, hour-1), min(hoursOfDay-1, hour+1)
	return func(samples []sample, day int, weight float64) []sample {
		i, _ := slices.BinarySearchFunc(s.hours, hourly{day: day, hour: first}, compareHours)
		for h := first; h <= last; h++ {
			n := int64(0)
			if i < len(s.hours) && s.hours[i].day == day && s.hours[i].hour == h {
				n = s.hours[i].n
				i++
			}
			samples = append(samples, sample{float64(n), weight})
		}
		return samples
	}
}

func compareHours(a, b hourly) int {
	return (a.day-b.day)*hoursOfDay + a.hour - b.hour
}

// counted sums up counts by key, in the order of keys. keyOf tells whose count it
// is, and whether it counts.
func (s *scene) counted(c calendar, cover coverage, keyOf func(*history.HourCount) (configtrail.ResourceKey, bool)) []*series {
	all := map[configtrail.ResourceKey]*series{}
	for i := range s.Hours {
		count := &s.Hours[i]
		key, ok := keyOf(count)
		if !ok || count.Changes <= 0 {
			continue
		}
		day, ok := c.day(count.Hour)
		if !ok {
			continue
		}
		one := all[key]
		if one == nil {
			one = &series{key: key, days: make([]int64, c.days()), known: cover.of(key)}
			all[key] = one
		}
		one.days[day] += count.Changes
		one.hours = append(one.hours, hourly{day, count.Hour.In(c.zone).Hour(), count.Changes})
	}
	sorted := slices.SortedFunc(maps.Values(all), func(a, b *series) int { return a.key.Compare(b.key) })
	for _, one := range sorted {
		one.hours = summed(one.hours)
	}
	return sorted
}

// summed is counts in order, one of each hour.
func summed(hours []hourly) []hourly {
	slices.SortFunc(hours, compareHours)
	kept := hours[:0]
	for _, h := range hours {
		if n := len(kept); n > 0 && compareHours(kept[n-1], h) == 0 {
			kept[n-1].n += h.n
			continue
		}
		kept = append(kept, h)
	}
	return kept
}
