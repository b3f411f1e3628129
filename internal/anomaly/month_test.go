package anomaly

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

const (
	prod  = "111122223333"
	tokyo = "ap-northeast-1"
)

var jst = time.FixedZone("JST", 9*60*60)

// november is a month without changes, covered since July, in JST.
func november() *history.Month {
	m := configtrail.Month{Year: 2024, Month: time.November}
	return &history.Month{
		Summary: history.Summary{Window: m.Window(jst)},
		Earlier: []history.Earlier{{Month: m.Add(-1)}, {Month: m.Add(-2)}},
		Coverage: configtrail.Coverage{Places: []configtrail.Place{{
			Account: prod, Region: tokyo,
			First: at("2024-07-01 00:00"), Last: at("2024-12-02 00:00"), CompleteUntil: at("2024-12-01 18:00"),
		}}},
	}
}

// at is a time in JST.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, jst)
	if err != nil {
		panic(err) // a test that is written wrongly
	}
	return t
}

func printer(t testing.TB, lang string) message.Printer {
	t.Helper()
	p, err := message.New(lang)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func english(t testing.TB) Options {
	return Options{Printer: printer(t, "en"), Zone: jst}
}

// of is the findings of some detectors.
func of(findings []configtrail.Finding, detectors ...string) []configtrail.Finding {
	var some []configtrail.Finding
	for _, f := range findings {
		for _, name := range detectors {
			if f.Detector == name {
				some = append(some, f)
			}
		}
	}
	return some
}

// count adds n changes of a type in an hour.
func count(m *history.Month, hour time.Time, resourceType string, kind configtrail.Kind, n int64) {
	m.Hours = append(m.Hours, history.HourCount{Account: prod, Region: tokyo, Type: resourceType, Kind: kind, Hour: hour, Changes: n})
}

// poisson draws from a Poisson distribution by Knuth's method, in steps for large means.
func poisson(r *rand.Rand, mean float64) int64 {
	var n int64
	for mean > 0 {
		step := min(mean, 20)
		mean -= step
		for p := r.Float64(); p > math.Exp(-step); p *= r.Float64() {
			n++
		}
	}
	return n
}
