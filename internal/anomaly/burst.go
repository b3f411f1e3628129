package anomaly

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

const (
	// leastBurst is the smallest count of a type that is called a burst, however
	// little was usual; leastOfAll that of all types together, among which a
	// single small deployment touches several.
	leastBurst = 5
	leastOfAll = 10
	// falseBursts is the share of bursts that may be false.
	falseBursts = 0.01
)

// burst finds days, and hours of other days, with far more changes than is usual:
// of one type, or where no type stands out, of all types of an account and region.
func burst() Detector {
	return Detector{
		Name: "burst",
		Doc:  "A day or an hour with far more changes of one type, or of all types together, than is usual in an account and region.",
		find: findBursts,
	}
}

// candidate is a day or an hour of a series that may be a burst.
type candidate struct {
	*series
	day, hour int // hour is -1 for a whole day
	length    int // in hours, for hours; more than one where bursts follow one another
	n         int64
	unusual
}

func findBursts(s *scene) []configtrail.Finding {
	c, cover, ok := s.known()
	if !ok {
		return nil
	}
	byType := s.counted(c, cover, func(h *history.HourCount) (configtrail.ResourceKey, bool) {
		return configtrail.ResourceKey{Account: h.Account, Region: h.Region, Type: h.Type}, h.Noise == configtrail.NoiseNone
	})
	byPlace := s.counted(c, cover, func(h *history.HourCount) (configtrail.ResourceKey, bool) {
		return configtrail.ResourceKey{Account: h.Account, Region: h.Region}, h.Noise == configtrail.NoiseNone
	})
	days, hours, tests := candidates(c, slices.Concat(byType, byPlace))
	days, hours = discovered(days, tests), discovered(hours, tests*hoursOfDay)
	// What is told of a day is not told of its hours again, and what is told of a
	// type not of all types.
	var told []candidate
	for _, group := range [][]candidate{typed(days), typed(hours), untyped(days), untyped(hours)} {
		var fresh []candidate
		for _, one := range group {
			if !slices.ContainsFunc(told, one.toldBy) {
				fresh = append(fresh, one)
			}
		}
		told = append(told, joined(fresh)...)
	}
	var findings []configtrail.Finding
	for _, one := range told {
		findings = append(findings, s.tellBurst(c, one))
	}
	return findings
}

func typed(all []candidate) []candidate {
	return slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.key.Type == "" })
}

func untyped(all []candidate) []candidate {
	return slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.key.Type != "" })
}

// toldBy reports whether a burst says what this one would: of the same type, or
// of one of all types, on the same day of the same place.
func (c candidate) toldBy(other candidate) bool {
	return other.day == c.day && other.key.Account == c.key.Account && other.key.Region == c.key.Region &&
		(other.key.Type == c.key.Type || c.key.Type == "")
}

// joined makes one burst of hours of a series that follow one another. They come
// in the order of series and time.
func joined(all []candidate) []candidate {
	var some []candidate
	for _, c := range all {
		if len(some) > 0 {
			last := &some[len(some)-1]
			if c.hour >= 0 && last.series == c.series && last.day*hoursOfDay+last.hour+last.length == c.day*hoursOfDay+c.hour {
				last.length++
				last.n += c.n
				last.usual += c.usual
				last.chance = min(last.chance, c.chance)
				continue
			}
		}
		some = append(some, c)
	}
	return some
}

// candidates are the days and hours of the month with enough changes to be a
// burst, each judged, and how many days there were to judge.
func candidates(c calendar, all []*series) (days, hours []candidate, tests int) {
	for _, one := range all {
		tests += one.known.judged
		least := int64(leastBurst)
		if one.key.Type == "" {
			least = leastOfAll
		}
		for day := c.month; day < c.end; day++ {
			if n := one.days[day]; n >= least && one.known.judges(day) {
				days = append(days, candidate{one, day, -1, 0, n, one.known.pasts[day].judge(n, day, one.onDay)})
			}
		}
		for _, h := range one.hours {
			if h.n >= least && h.day >= c.month && h.day < c.end && one.known.judges(h.day) {
				hours = append(hours, candidate{one, h.day, h.hour, 1, h.n, one.known.pasts[h.day].judge(h.n, h.day, one.around(h.hour))})
			}
		}
	}
	return days, hours, tests
}

// discovered are the candidates that stay improbable among so many tests.
func discovered(all []candidate, tests int) []candidate {
	chances := make([]float64, len(all))
	for i := range all {
		chances[i] = all[i].chance
	}
	threshold := discoveries(chances, tests, falseBursts)
	return slices.DeleteFunc(all, func(c candidate) bool { return c.chance > threshold })
}

// tellBurst makes the finding of a burst.
func (s *scene) tellBurst(c calendar, b candidate) configtrail.Finding {
	at, to := c.begin[b.day], c.begin[b.day+1]
	summary := "anomaly.burst.summary.day"
	what := s.text("anomaly.burst.every_type", nil)
	if b.key.Type != "" {
		what = s.text("anomaly.burst.one_type", message.Args{"type": typeName(b.key.Type)})
	}
	args := message.Args{"n": b.n, "type": what, "place": s.place(b.key), "usual": decimal(b.usual), "chance": chance(b.chance)}
	if b.hour >= 0 {
		summary = "anomaly.burst.summary.hour"
		at = hourOf(c, b.day, b.hour)
		to = at.Add(time.Duration(b.length) * time.Hour)
		args["from"], args["to"] = at.Format("15:04"), to.In(c.zone).Format("15:04")
	} else {
		busiest := b.busiest()
		args["hour"], args["inhour"] = hourOf(c, b.day, busiest.hour).Format("15:04"), busiest.n
	}
	args["day"] = at.Format(time.DateOnly)
	severity := Medium
	switch {
	case b.n >= 100 && float64(b.n) >= 10*b.usual:
		severity = High
	case b.n < 20:
		severity = Low
	}
	return configtrail.Finding{
		Severity: severity, Score: scoreOf(b.chance), Time: at, Resource: b.key,
		Summary:  s.text(summary, args),
		Evidence: s.options.Watch.changes(b.key, configtrail.Window{From: at, To: to}),
	}
}

// busiest is the hour of the day with the most changes, the first of several.
func (b candidate) busiest() hourly {
	var most hourly
	for _, h := range b.hours {
		if h.day == b.day && h.n > most.n {
			most = h
		}
	}
	return most
}

// hourOf is when an hour of a day begins on the clock of the zone.
func hourOf(c calendar, day, hour int) time.Time {
	year, month, date := c.begin[day].Date()
	return time.Date(year, month, date, hour, 0, 0, 0, c.zone)
}

// scoreOf grows with the digits of improbability: 40 at 1 in 100,000, 90 from 18 digits on.
func scoreOf(chance float64) int {
	if chance <= 0 {
		return 90
	}
	return int(min(90, max(20, 20-4*math.Log10(chance))))
}

// decimal is a mean to one decimal.
func decimal(mean float64) string {
	if mean < 0.05 {
		return "0"
	}
	return strings.TrimSuffix(strconv.FormatFloat(mean, 'f', 1, 64), ".0")
}

// chance is a probability as people write it behind the letter p: = 3e-09.
func chance(p float64) string {
	if p < 1e-99 {
		return "< 1e-99"
	}
	return "= " + strconv.FormatFloat(p, 'e', 0, 64)
}
