package anomaly

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
)

// named writes what is known of days as a text: w for whole, t for telling only, - for neither.
func named(days []seen) string {
	text := ""
	for _, d := range days {
		switch {
		case d&whole != 0 && d&telling != 0:
			text += "w"
		case d&telling != 0:
			text += "t"
		default:
			text += "-"
		}
	}
	return text
}

func TestWhatIsKnownOfDays(t *testing.T) {
	week := configtrail.Window{From: at("2024-11-04 00:00"), To: at("2024-11-11 00:00")}
	c := newCalendar(week.From, week, time.Time{}, jst)
	place := configtrail.Place{Account: prod, Region: tokyo, First: at("2024-11-01 00:00"), CompleteUntil: at("2024-11-20 00:00")}
	gap := func(from, to, reason string) configtrail.Gap {
		g := configtrail.Gap{Account: prod, Region: tokyo, Reason: reason}
		if from != "" {
			g.From = at(from)
		}
		if to != "" {
			g.To = at(to)
		}
		return g
	}
	for _, test := range []struct {
		name    string
		first   string
		until   string
		gaps    []configtrail.Gap
		ofPlace string
	}{
		{name: "all of it", ofPlace: "wwwwwww"},
		{name: "from within Tuesday", first: "2024-11-05 09:00", ofPlace: "-twwwww"},
		{name: "up to within Saturday", until: "2024-11-09 23:59", ofPlace: "wwwwwtt"},
		{name: "never", first: "2025-01-01 00:00", ofPlace: "-------"},
		{name: "silence", gaps: []configtrail.Gap{gap("2024-11-05 20:00", "2024-11-07 08:00", configtrail.GapNoDelivery)}, ofPlace: "w---www"},
		{name: "silence up to midnight, when it catches up", gaps: []configtrail.Gap{gap("2024-11-05 20:00", "2024-11-07 00:00", configtrail.GapNoDelivery)}, ofPlace: "w---www"},
		{name: "silence from midnight", gaps: []configtrail.Gap{gap("2024-11-08 00:00", "", configtrail.GapNoDelivery)}, ofPlace: "wwww---"},
		{name: "until recording began", gaps: []configtrail.Gap{gap("", "2024-11-06 10:00", configtrail.GapScope)}, ofPlace: "---wwww"},
		{name: "objects lost", gaps: []configtrail.Gap{gap("2024-11-06 03:00", "2024-11-06 09:00", configtrail.GapQuarantined)}, ofPlace: "wwtwwww"},
	} {
		p := place
		if test.first != "" {
			p.First = at(test.first)
		}
		if test.until != "" {
			p.CompleteUntil = at(test.until)
		}
		cover := newCoverage(c, configtrail.Coverage{Places: []configtrail.Place{p}, Gaps: test.gaps})
		if got := named(cover.days(p, test.gaps)); got != test.ofPlace {
			t.Errorf("%s: %s, want %s", test.name, got, test.ofPlace)
		}
	}
}

func TestGapsOfATypeAndOfGlobalServices(t *testing.T) {
	month := configtrail.Month{Year: 2024, Month: time.November}.Window(jst)
	c := newCalendar(at("2024-10-01 00:00"), month, time.Time{}, jst)
	place := func(region string) configtrail.Place {
		return configtrail.Place{Account: prod, Region: region, First: at("2024-09-01 00:00"), CompleteUntil: at("2024-12-01 00:00")}
	}
	told := configtrail.Coverage{
		Places: []configtrail.Place{place(tokyo), place(configtrail.Global)},
		Gaps: []configtrail.Gap{
			{Account: prod, Region: tokyo, From: at("2024-11-10 12:00"), To: at("2024-11-12 12:00"), Reason: configtrail.GapNoDelivery},
			{Account: prod, Region: tokyo, Types: []string{queueType}, From: at("2024-11-20 12:00"), To: at("2024-11-21 12:00"), Reason: configtrail.GapExcluded},
		},
	}
	judged := func(told configtrail.Coverage, region, resourceType string) int {
		return newCoverage(c, told).of(configtrail.ResourceKey{Account: prod, Region: region, Type: resourceType}).judged
	}
	two := told
	two.Places = append(two.Places, place("us-east-1"))
	got := []int{
		judged(told, tokyo, lambda),                        // 30 days less the 10th to the 12th
		judged(told, tokyo, queueType),                     // and less the 20th and 21st
		judged(told, tokyo, ""),                            // of all types, gaps of one do not count
		judged(told, configtrail.Global, "AWS::IAM::Role"), // silent with the only region
		judged(two, configtrail.Global, "AWS::IAM::Role"),  // but not where another region delivers
		judged(told, "eu-west-1", lambda),
	}
	if diff := cmp.Diff([]int{27, 25, 27, 27, 30, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCalendarFollowsTheClock(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no time zone database here: ", err)
	}
	month := configtrail.Month{Year: 2024, Month: time.November}.Window(zone)
	c := newCalendar(time.Date(2024, 10, 31, 5, 0, 0, 0, zone), month, time.Time{}, zone)
	if c.days() != 31 || c.month != 1 || c.end != 31 {
		t.Errorf("%d days, month from %d to %d", c.days(), c.month, c.end)
	}
	// 3 November has 25 hours.
	for _, test := range []struct {
		at   time.Time
		want int
		ok   bool
	}{
		{time.Date(2024, 10, 30, 23, 59, 59, 0, zone), 0, false},
		{time.Date(2024, 10, 31, 0, 0, 0, 0, zone), 0, true},
		{time.Date(2024, 11, 3, 0, 0, 0, 0, zone), 3, true},
		{time.Date(2024, 11, 3, 0, 0, 0, 0, zone).Add(24 * time.Hour), 3, true},
		{time.Date(2024, 11, 3, 0, 0, 0, 0, zone).Add(25 * time.Hour), 4, true},
		{time.Date(2024, 11, 30, 23, 59, 59, 0, zone), 30, true},
		{time.Date(2024, 12, 1, 0, 0, 0, 0, zone), 0, false},
	} {
		if got, ok := c.day(test.at); got != test.want || ok != test.ok {
			t.Errorf("day of %s is %d, %v", test.at, got, ok)
		}
	}
	if hourOf(c, 3, 23).Sub(c.begin[3]) != 24*time.Hour {
		t.Errorf("23 o'clock is %s", hourOf(c, 3, 23))
	}
}
