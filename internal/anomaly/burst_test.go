package anomaly

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

const lambda = "AWS::Lambda::Function"

// daily adds n changes at ten o'clock on each day from one day to another, both
// included, for which when holds.
func daily(m *history.Month, from, to string, n int64, when func(time.Weekday) bool) {
	for day := at(from + " 10:00"); !day.After(at(to + " 10:00")); day = day.AddDate(0, 0, 1) {
		if when == nil || when(day.Weekday()) {
			count(m, day, lambda, configtrail.Updated, n)
		}
	}
}

func working(w time.Weekday) bool { return w != time.Saturday && w != time.Sunday }

// bursts are the summaries of bursts, up to the probability and without the place.
func bursts(t *testing.T, m *history.Month) []string {
	t.Helper()
	all := []string{}
	for _, f := range of(Detect(m, english(t)), "burst") {
		summary, _, _ := strings.Cut(f.Summary, " (p ")
		all = append(all, strings.Replace(summary, " in 111122223333 ap-northeast-1", "", 1))
	}
	return all
}

func TestASpikeIsABurst(t *testing.T) {
	m := november()
	daily(m, "2024-09-01", "2024-11-30", 4, nil)
	count(m, at("2024-11-12 23:00"), lambda, configtrail.Created, 36)
	found := of(Detect(m, english(t)), "burst")
	if len(found) != 1 {
		t.Fatalf("%d findings: %v", len(found), found)
	}
	f := found[0]
	key := configtrail.ResourceKey{Account: prod, Region: tokyo, Type: lambda}
	if f.Severity != Medium || f.Resource != key || !f.Time.Equal(at("2024-11-12 00:00")) || f.Score < 60 || f.Score > 90 {
		t.Errorf("%+v", f)
	}
	before, behind, _ := strings.Cut(f.Summary, "(p = ")
	if want := "40 changes of Lambda Function in 111122223333 ap-northeast-1 on 2024-11-12, usually 4 a day "; before != want {
		t.Errorf("%q, want %q", before, want)
	}
	// The day before the probability's exponent: e-12 or less after so many quiet days.
	if !strings.HasSuffix(behind, "; 36 of them in the hour from 23:00") || !strings.Contains(behind, "e-") {
		t.Errorf("%q", behind)
	}
	options := english(t)
	options.Printer = printer(t, "ja")
	if got := Detect(m, options)[0].Summary; !strings.HasPrefix(got, "111122223333 ap-northeast-1 の Lambda Function で、2024-11-12 に40件の変更がありました（通常は1日4件、p = ") {
		t.Error(got)
	}
}

func TestWhatIsABurstAndWhatIsNot(t *testing.T) {
	spike := func(m *history.Month, day string, n int64) {
		count(m, at(day+" 15:00"), lambda, configtrail.Updated, n)
	}
	for _, c := range []struct {
		name string
		make func(*history.Month)
		want []string
	}{
		{"every day alike", func(m *history.Month) { daily(m, "2024-09-01", "2024-11-30", 30, nil) }, []string{}},
		{"busy on working days, quiet at weekends", func(m *history.Month) { daily(m, "2024-09-01", "2024-11-30", 60, working) }, []string{}},
		{"a working day's count on a Sunday", func(m *history.Month) {
			daily(m, "2024-09-01", "2024-11-30", 60, working)
			spike(m, "2024-11-17", 60)
		}, []string{"60 changes of Lambda Function on 2024-11-17, usually 0 a day"}},
		{"what every Monday brings", func(m *history.Month) {
			daily(m, "2024-09-01", "2024-11-30", 5, nil)
			daily(m, "2024-09-01", "2024-11-30", 95, func(w time.Weekday) bool { return w == time.Monday })
		}, []string{}},
		{"a Monday's count on a Wednesday", func(m *history.Month) {
			daily(m, "2024-09-01", "2024-11-30", 5, nil)
			daily(m, "2024-09-01", "2024-11-30", 95, func(w time.Weekday) bool { return w == time.Monday })
			count(m, at("2024-11-13 10:00"), lambda, configtrail.Updated, 95)
		}, []string{}}, // the working days before it hold such counts: less sure than 1 in 100
		{"a small deployment of something new", func(m *history.Month) { spike(m, "2024-11-13", 4) }, []string{}},
		{"a larger one", func(m *history.Month) { spike(m, "2024-11-13", 12) }, []string{"12 changes of Lambda Function on 2024-11-13, usually 0 a day"}},
		{"so much that its probability is nought", func(m *history.Month) {
			daily(m, "2024-09-01", "2024-11-30", 4, nil)
			spike(m, "2024-11-13", 5_000_000)
		}, []string{"5,000,004 changes of Lambda Function on 2024-11-13, usually 4 a day"}},
		{"noise", func(m *history.Month) {
			m.Hours = append(m.Hours, history.HourCount{Account: prod, Region: tokyo, Type: "AWS::EC2::Subnet", Kind: configtrail.Updated,
				Noise: configtrail.NoiseCounter, Hour: at("2024-11-12 10:00"), Changes: 5000})
		}, []string{}},
		{"of the month before", func(m *history.Month) { spike(m, "2024-10-31", 500) }, []string{}},
		{"of no place that ever delivered", func(m *history.Month) {
			m.Hours = append(m.Hours, history.HourCount{Account: prod, Region: "eu-west-1", Type: lambda, Hour: at("2024-11-12 10:00"), Changes: 500})
		}, []string{}},
		{"many types, none of them much", func(m *history.Month) {
			for i := range 15 {
				count(m, at("2024-11-12 10:00"), fmt.Sprint("AWS::Made::Up", i), configtrail.Updated, 1)
			}
		}, []string{"15 changes of resources of all types on 2024-11-12, usually 0 a day"}},
	} {
		m := november()
		c.make(m)
		if diff := cmp.Diff(c.want, bursts(t, m)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestABurstOfAnHour(t *testing.T) {
	m := november()
	for day := at("2024-09-01 00:00"); day.Before(at("2024-12-01 00:00")); day = day.AddDate(0, 0, 1) {
		for hour := range 24 {
			n := int64(3)
			if day.Equal(at("2024-11-12 00:00")) {
				// The day has 72 changes like any other, but 60 of them within two hours.
				n = map[int]int64{3: 40, 4: 20, 10: 12}[hour]
			}
			if n > 0 {
				count(m, day.Add(time.Duration(hour)*time.Hour), lambda, configtrail.Updated, n)
			}
		}
	}
	want := []string{"60 changes of Lambda Function between 03:00 and 05:00 on 2024-11-12, usually 6 at that time"}
	if diff := cmp.Diff(want, bursts(t, m)); diff != "" {
		t.Error(diff)
	}
}

func TestGapsAreNotZeros(t *testing.T) {
	steady := func() *history.Month {
		m := november()
		daily(m, "2024-11-01", "2024-11-30", 8, nil)
		return m
	}
	if got := bursts(t, steady()); len(got) == 0 {
		t.Error("eight changes after two months of none are no burst: the test proves nothing")
	}
	silent := steady()
	silent.Coverage.Gaps = []configtrail.Gap{{Account: prod, Region: tokyo, From: at("2024-09-01 00:00"), To: at("2024-11-01 00:00"), Reason: configtrail.GapNoDelivery}}
	if got := bursts(t, silent); len(got) > 0 {
		t.Errorf("silence was taken for quiet: %v", got)
	}
	unrecorded := steady()
	unrecorded.Coverage.Gaps = []configtrail.Gap{{Account: prod, Region: tokyo, Types: []string{lambda}, From: at("2024-09-01 00:00"), To: at("2024-11-01 00:00"), Reason: configtrail.GapExcluded}}
	if got := bursts(t, unrecorded); len(got) > 0 {
		t.Errorf("a type that was not recorded was taken for quiet: %v", got)
	}
	other := steady()
	other.Coverage.Gaps = []configtrail.Gap{{Account: prod, Region: tokyo, Types: []string{"AWS::SQS::Queue"}, From: at("2024-09-01 00:00"), To: at("2024-11-01 00:00"), Reason: configtrail.GapExcluded}}
	if got := bursts(t, other); len(got) == 0 {
		t.Error("another type's gap explains these")
	}
	late := steady()
	late.Coverage.Places[0].First = at("2024-10-25 00:00")
	if got := bursts(t, late); len(got) > 0 {
		t.Errorf("what was before the first delivery was taken for quiet: %v", got)
	}
}

func TestARecorderThatCatchesUpIsNoBurst(t *testing.T) {
	for _, c := range []struct {
		reason string
		want   int
	}{
		{configtrail.GapNoDelivery, 0},
		{configtrail.GapScope, 0},
		{configtrail.GapExcluded, 0},
		{configtrail.GapQuarantined, 1}, // fewer than there were, and yet far more than usual
		{configtrail.GapArchived, 1},
	} {
		m := november()
		daily(m, "2024-09-01", "2024-11-30", 2, nil)
		count(m, at("2024-11-20 09:00"), lambda, configtrail.Updated, 80)
		m.Coverage.Gaps = []configtrail.Gap{{Account: prod, Region: tokyo, From: at("2024-11-17 03:00"), To: at("2024-11-20 08:30"), Reason: c.reason}}
		if got := bursts(t, m); len(got) != c.want {
			t.Errorf("%s: %v", c.reason, got)
		}
	}
}

func TestFourteenDaysMustBeKnown(t *testing.T) {
	for _, c := range []struct {
		first string
		want  int
	}{{"2024-10-30 00:00", 1}, {"2024-10-30 00:01", 0}} { // 14 whole days before 13 November, or 13
		m := november()
		m.Coverage.Places[0].First = at(c.first)
		count(m, at("2024-11-13 10:00"), lambda, configtrail.Created, 50)
		if got := bursts(t, m); len(got) != c.want {
			t.Errorf("from %s: %v", c.first, got)
		}
	}
	m := november()
	m.Earlier = nil // no month before was counted, and none was told to be
	count(m, at("2024-11-13 10:00"), lambda, configtrail.Created, 50)
	count(m, at("2024-11-15 10:00"), queueType, configtrail.Created, 60)
	if diff := cmp.Diff([]string{"60 changes of SQS Queue on 2024-11-15, usually 0 a day"}, bursts(t, m)); diff != "" {
		t.Error(diff)
	}
	options := english(t)
	options.Since = at("2024-10-01 00:00")
	if got := of(Detect(m, options), "burst"); len(got) != 2 {
		t.Errorf("counted since October: %v", got)
	}
	options.Now = at("2024-11-14 12:00")
	if got := of(Detect(m, options), "burst"); len(got) != 1 {
		t.Errorf("a day to come was judged: %v", got)
	}
}

// noise fills 60 days up to the end of November with Poisson counts spread over
// the hours, for so many series.
func noise(r *rand.Rand, series int) *history.Month {
	m := november()
	for i := range series {
		name, mean := fmt.Sprint("AWS::Made::Up", i), 0.2+40*r.Float64()*r.Float64()
		for day := at("2024-10-02 00:00"); day.Before(at("2024-12-01 00:00")); day = day.AddDate(0, 0, 1) {
			var hours [24]int64
			for range poisson(r, mean) {
				hours[r.IntN(24)]++
			}
			for hour, n := range hours {
				if n > 0 {
					count(m, day.Add(time.Duration(hour)*time.Hour), name, configtrail.Updated, n)
				}
			}
		}
	}
	return m
}

func TestNoiseIsNoBurst(t *testing.T) {
	// Where nothing is abnormal, Benjamini and Hochberg's procedure finds anything
	// at all in at most a share q = 0.01 of months: among days, and among hours
	// again. So 20 months hold 0.4 false alarms on average; four or more would
	// happen by chance once in a thousand times.
	options := english(t)
	options.Since = at("2024-10-02 00:00")
	alarms := 0
	for seed := range uint64(20) {
		found := of(Detect(noise(rand.New(rand.NewPCG(seed, 1)), 200), options), "burst")
		for _, f := range found {
			t.Logf("seed %d: %s", seed, f.Summary)
		}
		alarms += len(found)
	}
	if alarms > 3 {
		t.Errorf("%d false alarms in 20 months of 200 series", alarms)
	}
}

func TestASpikeInNoiseIsFound(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(7, 7)), 200)
	count(m, at("2024-11-21 02:00"), "AWS::Made::Up3", configtrail.Deleted, 90)
	options := english(t)
	options.Since = at("2024-10-02 00:00")
	found := of(Detect(m, options), "burst")
	if len(found) != 1 || found[0].Resource.Type != "AWS::Made::Up3" || !found[0].Time.Equal(at("2024-11-21 00:00")) {
		t.Errorf("%v", found)
	}
}

func BenchmarkDetect(b *testing.B) {
	m := november()
	r := rand.New(rand.NewPCG(1, 1))
	for len(m.Hours) < 100_000 {
		hour := at("2024-09-01 00:00").Add(time.Duration(r.IntN(91*24)) * time.Hour)
		count(m, hour, fmt.Sprint("AWS::Made::Up", r.IntN(400)), configtrail.Updated, 1+int64(20*r.Float64()*r.Float64()))
	}
	options := english(b)
	for b.Loop() {
		Detect(m, options)
	}
}
