package anomaly

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

const (
	// leastWave is the smallest number of deletions in an hour that is called a wave.
	leastWave = 5
	// leastUnknown takes its place where too little is known of the past.
	leastUnknown = 20
	// waveChance is how improbable a wave must be after what was usual.
	waveChance = 1e-4
)

// deleteWave finds hours in which far more was deleted than is usual. What went
// with one stack was deleted by one act, and counts as one.
func deleteWave() Detector {
	return Detector{
		Name: "delete-wave",
		Doc:  "An hour in which far more resources were deleted than is usual in an account and region, not counting what went with a stack.",
		find: findWaves,
	}
}

func findWaves(s *scene) []configtrail.Finding {
	c, cover, ok := s.known()
	if !ok {
		return nil
	}
	types := map[waveHour]map[string]int64{}
	places := s.counted(c, cover, func(h *history.HourCount) (configtrail.ResourceKey, bool) {
		return configtrail.ResourceKey{Account: h.Account, Region: h.Region}, isDeletion(h.Kind, h.Noise)
	})
	for i := range s.Hours {
		h := &s.Hours[i]
		if day, ok := c.day(h.Hour); ok && day >= c.month && isDeletion(h.Kind, h.Noise) {
			at := waveHour{h.Account, h.Region, day, h.Hour.In(c.zone).Hour()}
			if types[at] == nil {
				types[at] = map[string]int64{}
			}
			types[at][h.Type] += h.Changes
		}
	}
	var findings []configtrail.Finding
	for _, place := range places {
		for _, h := range place.hours {
			if h.n < leastWave || h.day < c.month || h.day >= c.end {
				continue
			}
			at := hourOf(c, h.day, h.hour)
			with := s.options.Watch.stacks(place.key, configtrail.Window{From: at, To: at.Add(time.Hour)})
			acts := h.n - with.resources + int64(with.stacks)
			w := wave{hourly: h, key: place.key, at: at, stacked: with}
			if place.known.judges(h.day) {
				w.unusual = place.known.pasts[h.day].judge(acts, h.day, place.around(h.hour))
				w.known = true
			}
			if acts < leastWave || w.known && w.chance > waveChance || !w.known && acts < leastUnknown {
				continue
			}
			findings = append(findings, s.tellWave(w, acts, types[waveHour{place.key.Account, place.key.Region, h.day, h.hour}]))
		}
	}
	return findings
}

// isDeletion reports whether a count is of deletions that say something to a person.
func isDeletion(kind configtrail.Kind, noise configtrail.Noise) bool {
	return kind == configtrail.Deleted && noise == configtrail.NoiseNone
}

// waveHour is an hour of a place.
type waveHour struct {
	account, region string
	day, hour       int
}

// wave is an hour of deletions.
type wave struct {
	hourly
	key     configtrail.ResourceKey
	at      time.Time
	stacked stacked
	known   bool // what is usual
	unusual
}

func (s *scene) tellWave(w wave, acts int64, types map[string]int64) configtrail.Finding {
	summary, with := "anomaly.delete-wave.summary", ""
	if w.stacked.resources > int64(w.stacked.stacks) { // more than one deletion of some stack
		with = s.text("anomaly.delete-wave.stacked", message.Args{"n": w.stacked.resources, "stacks": w.stacked.stacks})
	}
	args := message.Args{
		"stacked": with,
		"n":       w.n, "place": s.place(w.key), "day": w.at.Format(time.DateOnly), "from": w.at.Format("15:04"),
		"to": w.at.Add(time.Hour).Format("15:04"), "types": s.list(typeCounts(types)),
	}
	if w.known {
		summary += ".usual"
		args["usual"] = decimal(w.usual)
	}
	severity := Medium
	switch {
	case acts >= 50:
		severity = Critical
	case acts >= 20:
		severity = High
	}
	return configtrail.Finding{
		Severity: severity, Score: min(95, 55+int(7*math.Log2(float64(acts)/leastWave))), Time: w.at, Resource: w.key,
		Summary:  s.text(summary, args),
		Evidence: s.options.Watch.deletions(w.key, configtrail.Window{From: w.at, To: w.at.Add(time.Hour)}),
	}
}

// typeCounts are types with their counts, the largest first.
func typeCounts(types map[string]int64) []string {
	names := slices.SortedFunc(maps.Keys(types), func(a, b string) int {
		return cmp.Or(cmp.Compare(types[b], types[a]), strings.Compare(a, b))
	})
	for i, name := range names {
		names[i] = typeName(name) + " " + message.Number(types[name])
	}
	return names
}
