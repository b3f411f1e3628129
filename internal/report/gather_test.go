package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

func TestFiguresLeaveOutNoiseAndDaysToCome(t *testing.T) {
	f := ordinaryMonth(t)
	f.Now = tokyo(t, "2024-11-02 00:10")
	f.figures(history.Summary{
		Totals: history.Totals{Changes: 5, Noise: 9},
		By: history.Breakdown{
			Account: []history.Part{{Key: prod, Changes: 3}, {Key: sandbox, Changes: 2, Noise: 1}, {Key: dev, Noise: 8}},
			Day:     []history.Part{{Key: "2024-11-01", Changes: 4}, {Key: "2024-11-02"}, {Key: "2024-11-03"}, {Key: "2024-11-04", Changes: 1}},
			Noise:   []history.Part{{Key: "counter", Noise: 9}},
		},
	})
	if diff := cmp.Diff([]Count{{Key: prod, Name: "prod", Changes: 3}, {Key: sandbox, Changes: 2}}, f.Account); diff != "" {
		t.Errorf("accounts: %s", diff)
	}
	// A day to come that has changes already is the work of a wrong clock, and is told.
	if diff := cmp.Diff([]Count{{Key: "2024-11-01", Changes: 4}, {Key: "2024-11-02"}, {Key: "2024-11-04", Changes: 1}}, f.Day); diff != "" {
		t.Errorf("days: %s", diff)
	}
	if f.Noise[configtrail.NoiseCounter] != 9 || f.Actor != nil {
		t.Errorf("noise %v, actors %v", f.Noise, f.Actor)
	}
}

func TestTheDayWithMostDeletions(t *testing.T) {
	days := []Count{{Key: "2024-11-01"}, {Key: "2024-11-02"}, {Key: "2024-11-03"}}
	for _, c := range []struct {
		name  string
		count deletionCount
		want  deletions
	}{
		{"none", deletionCount{}, deletions{}},
		{"one", deletionCount{{"2024-11-02", prod, "A"}: 4}, deletions{Day: "2024-11-02", N: 4, Account: prod, Type: "A", Largest: 4}},
		{"groups of a day add up", deletionCount{{"2024-11-01", prod, "A"}: 5, {"2024-11-02", prod, "A"}: 3, {"2024-11-02", dev, "B"}: 4, {"2024-11-03", prod, "A"}: 2},
			deletions{Day: "2024-11-02", N: 7, Usual: 5, Account: dev, Type: "B", Largest: 4}},
		{"the first of equal days and groups", deletionCount{{"2024-11-02", prod, "B"}: 2, {"2024-11-02", prod, "A"}: 2, {"2024-11-01", dev, "B"}: 2, {"2024-11-01", dev, "A"}: 2},
			deletions{Day: "2024-11-01", N: 4, Usual: 4, Account: dev, Type: "A", Largest: 2}},
	} {
		if diff := cmp.Diff(c.want, c.count.most(days)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestCodesOfTheObjectsThatTouchTheMonth(t *testing.T) {
	bad := func(codes ...string) []configtrail.Quarantined {
		var all []configtrail.Quarantined
		for _, code := range codes {
			all = append(all, configtrail.Quarantined{Code: code})
		}
		return all
	}
	objects := []history.Troubled{
		{Key: "a", Quarantined: bad("truncated", "bad_item", "bad_item")},
		{Key: "b", Quarantined: bad("bad_item")},
		{Key: "another month", Quarantined: bad("empty")},
		{Key: "a", MendedBy: "s3://copy", Quarantined: bad("empty")},
	}
	want := []Count{{Key: "bad_item", Changes: 3}, {Key: "truncated", Changes: 1}}
	if diff := cmp.Diff(want, codes(objects, map[string]bool{"a": true, "b": true})); diff != "" {
		t.Error(diff)
	}
}

func TestMedianAndPercent(t *testing.T) {
	for _, c := range []struct {
		values []int64
		want   int64
	}{{nil, 0}, {[]int64{7}, 7}, {[]int64{9, 1}, 5}, {[]int64{9, 1, 5}, 5}, {[]int64{4, 1, 3, 2}, 2}, {[]int64{40, 10, 30, 20}, 25}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %d, want %d", c.values, got, c.want)
		}
	}
	for _, c := range [][3]int64{{1, 3, 33}, {2, 3, 67}, {1, 200, 1}, {1, 201, 0}, {5, 5, 100}, {1, 0, 0}} {
		if got := percent(c[0], c[1]); got != c[2] {
			t.Errorf("percent(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestAMonthIsPartialWhileChangesMayCome(t *testing.T) {
	place := func(clock string) []history.PlaceTime {
		return []history.PlaceTime{{Account: dev, Region: "us-east-1", Time: tokyo(t, clock)}}
	}
	for _, c := range []struct {
		name string
		is   func(f *facts)
		want bool
	}{
		{"over and delivered", func(f *facts) {}, false},
		{"not over", func(f *facts) { f.Now = f.Window.To.Add(-time.Second) }, true},
		{"over this instant", func(f *facts) { f.Now = f.Window.To }, false},
		{"last deliveries awaited", func(f *facts) { f.Awaited = place("2024-11-30 19:00") }, true},
		{"overdue", func(f *facts) { f.Overdue = place("2024-11-12 08:00") }, true},
		{"silent since the month before", func(f *facts) { f.Overdue = place("2024-10-01 00:01") }, true},
		{"silent for longer", func(f *facts) { f.Overdue = place("2024-10-01 00:00") }, false},
	} {
		f := ordinaryMonth(t)
		c.is(f)
		if got := f.partial(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
