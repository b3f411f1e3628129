package history_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

// delivered is a history file without content, written at a time.
func delivered(account, region, written string) configtrail.Delivery {
	when := at(written)
	key := fmt.Sprintf("AWSLogs/%s/Config/%s/ConfigHistory/%s_Config_%s_ConfigHistory_AWS::EC2::Instance_%s_%s_1.json.gz",
		account, region, account, region, when.Format("20060102T150405Z"), when.Format("20060102T150405Z"))
	return configtrail.Delivery{
		URI: "s3://b/" + key, Key: key, Kind: configtrail.KindHistory, Account: account, Region: region,
		WrittenAt: when, ReadAt: at("2024-11-30T00:00:00Z"),
	}
}

func instance(n int, kind configtrail.Kind, when string) configtrail.Change {
	return configtrail.Change{
		Key: key(prod, "ap-northeast-1", "AWS::EC2::Instance", fmt.Sprintf("i-%d", n)), Kind: kind, Time: at(when),
	}
}

// part finds the share of one key.
func part(t *testing.T, parts []history.Part, key string) history.Part {
	t.Helper()
	for _, p := range parts {
		if p.Key == key {
			return p
		}
	}
	t.Fatalf("%s is missing in %v", key, parts)
	return history.Part{}
}

func TestSummaryOfTheSmallLedger(t *testing.T) {
	e := open(t, ledger{changes: smallLedger(), deliveries: []configtrail.Delivery{
		delivered(prod, "ap-northeast-1", "2024-10-02T09:00:00Z"), // within 36 h of the beginning of October
		delivered(dev, "ap-northeast-1", "2024-11-20T00:00:00Z"),
	}})
	month := configtrail.Month{Year: 2024, Month: time.November}
	got, err := over(e).Summary(t.Context(), history.Filter{Window: month.Window(time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	days := got.By.Day
	got.By.Day = nil
	want := history.Summary{
		Window: month.Window(time.UTC), Before: month.Add(-1).Window(time.UTC),
		Totals:   history.Totals{Changes: 5, Noise: 1, Created: 1, Updated: 2, Deleted: 1, Recreated: 1, Resources: 5, Accounts: 2},
		Previous: &history.Totals{Changes: 1, Updated: 1, Resources: 1, Accounts: 1},
		By: history.Breakdown{
			Account: []history.Part{{prod, 3, 1}, {dev, 2, 0}},
			Region:  []history.Part{{"ap-northeast-1", 3, 0}, {"us-east-1", 1, 1}, {"global", 1, 0}},
			Type: []history.Part{
				{"AWS::EC2::Instance", 1, 0}, {"AWS::EC2::SecurityGroup", 1, 0}, {"AWS::IAM::Role", 1, 0},
				{"AWS::S3::Bucket", 1, 0}, {"Custom::Thing::Config", 1, 0}, {"AWS::EC2::Subnet", 0, 1},
			},
			Kind:  []history.Part{{"created", 1, 0}, {"updated", 2, 1}, {"deleted", 1, 0}, {"recreated", 1, 0}},
			Noise: []history.Part{{"counter", 0, 1}},
			Actor: []history.Part{
				{"no_trail", 2, 0}, {"ambiguous", 1, 0}, {"arn:aws:sts::111122223333:assumed-role/ops-admin/tanaka@example.com", 1, 0}, {"unknown", 1, 0},
			},
		},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
	if len(days) != 30 || days[0].Key != "2024-11-01" || days[29].Key != "2024-11-30" {
		t.Errorf("days: %v", days)
	}
	for day, n := range map[string]int64{"2024-11-01": 0, "2024-11-05": 2, "2024-11-10": 1, "2024-11-11": 0, "2024-11-12": 1, "2024-11-30": 1} {
		if p := part(t, days, day); p.Changes != n {
			t.Errorf("%s: %d changes, want %d", day, p.Changes, n)
		}
	}
	for _, q := range e.queries() {
		if q.Name == "day_counts" && q.Scope.From.IsZero() {
			t.Errorf("%s has no scope", q.Name)
		}
	}
}

func TestMonthsAndDaysAreThoseOfTheZone(t *testing.T) {
	tokyo, york, kolkata := zone(t, "Asia/Tokyo"), zone(t, "America/New_York"), zone(t, "Asia/Kolkata")
	changes := []configtrail.Change{
		instance(1, configtrail.Updated, "2024-10-31T14:59:59.999Z"), // Tokyo: 31 October, 23:59:59.999
		instance(2, configtrail.Updated, "2024-10-31T15:00:00Z"),     // Tokyo: 1 November, 0:00
		instance(3, configtrail.Updated, "2024-11-03T05:59:59Z"),     // New York: 3 November 1:59:59, still summer
		instance(4, configtrail.Updated, "2024-11-03T06:30:00Z"),     // New York: 3 November 1:30 again, now winter
		instance(5, configtrail.Updated, "2024-11-04T04:59:59Z"),     // New York: 3 November 23:59:59: the day has 25 hours
		instance(6, configtrail.Updated, "2024-11-04T05:00:00Z"),     // New York: 4 November
		instance(7, configtrail.Updated, "2024-11-30T15:00:00Z"),     // Tokyo: 1 December
		instance(8, configtrail.Updated, "2024-12-01T04:59:59Z"),     // New York: 30 November
		instance(9, configtrail.Updated, "2024-03-10T06:59:59Z"),     // New York: 10 March 1:59:59, winter
		instance(10, configtrail.Updated, "2024-03-11T03:59:59Z"),    // New York: 10 March 23:59:59, summer: 23 hours
		instance(11, configtrail.Updated, "2024-03-11T04:00:00Z"),    // New York: 11 March
	}
	e := open(t, ledger{changes: changes})
	for name, test := range map[string]struct {
		zone  *time.Location
		month string
		total int64
		days  map[string]int64
		all   int
	}{
		"UTC":               {time.UTC, "2024-11", 5, map[string]int64{"2024-11-03": 2, "2024-11-04": 2, "2024-11-30": 1}, 30},
		"Tokyo":             {tokyo, "2024-11", 5, map[string]int64{"2024-11-01": 1, "2024-11-03": 2, "2024-11-04": 2}, 30},
		"Tokyo, before":     {tokyo, "2024-10", 1, map[string]int64{"2024-10-31": 1}, 31},
		"New York":          {york, "2024-11", 6, map[string]int64{"2024-11-03": 3, "2024-11-04": 1, "2024-11-30": 2}, 30},
		"New York, spring":  {york, "2024-03", 3, map[string]int64{"2024-03-10": 2, "2024-03-11": 1}, 31},
		"Kolkata":           {kolkata, "2024-11", 5, map[string]int64{"2024-11-03": 2, "2024-11-04": 2, "2024-11-30": 1}, 30},
		"an offset without": {time.FixedZone("", -5*3600), "2024-11", 6, map[string]int64{"2024-11-03": 3, "2024-11-04": 1, "2024-11-30": 2}, 30},
	} {
		t.Run(name, func(t *testing.T) {
			month, err := configtrail.ParseMonth(test.month)
			if err != nil {
				t.Fatal(err)
			}
			h := over(e)
			h.Zone = test.zone
			got, err := h.Summary(t.Context(), history.Filter{Window: month.Window(test.zone)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Totals.Changes != test.total {
				t.Errorf("%d changes, want %d", got.Totals.Changes, test.total)
			}
			days := map[string]int64{}
			for _, p := range got.By.Day {
				if p.Changes > 0 {
					days[p.Key] = p.Changes
				}
			}
			if len(got.By.Day) != test.all {
				t.Errorf("%d days", len(got.By.Day))
			}
			if difference := cmp.Diff(test.days, days); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestSpanBefore(t *testing.T) {
	utc := func(from, to string) configtrail.Window { return configtrail.Window{From: at(from), To: at(to)} }
	h := over(open(t, ledger{
		changes: []configtrail.Change{
			instance(1, configtrail.Deleted, "2024-09-30T12:00:00Z"), instance(2, configtrail.Created, "2024-11-01T12:00:00Z"),
		},
		deliveries: []configtrail.Delivery{delivered(prod, "ap-northeast-1", "2024-09-02T12:00:00Z"), delivered(dev, "us-east-1", "2024-11-20T00:00:00Z")},
	}))
	for name, test := range map[string]struct {
		filter history.Filter
		before configtrail.Window
		want   *history.Totals
	}{
		"a month reached within 36 hours": {
			history.Filter{Window: utc("2024-10-01T00:00:00Z", "2024-11-01T00:00:00Z")}, utc("2024-09-01T00:00:00Z", "2024-10-01T00:00:00Z"),
			&history.Totals{Changes: 1, Deleted: 1, Resources: 1, Accounts: 1},
		},
		"a month not reached": {
			history.Filter{Window: utc("2024-09-01T00:00:00Z", "2024-10-01T00:00:00Z")}, utc("2024-08-01T00:00:00Z", "2024-09-01T00:00:00Z"), nil,
		},
		"not reached by this account": {
			history.Filter{Window: utc("2024-10-01T00:00:00Z", "2024-11-01T00:00:00Z"), Accounts: []string{dev}},
			utc("2024-09-01T00:00:00Z", "2024-10-01T00:00:00Z"), nil,
		},
		"reached, without any change": {
			history.Filter{Window: utc("2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"), Accounts: []string{prod}, Types: []string{"s3"}},
			utc("2024-11-01T00:00:00Z", "2024-12-01T00:00:00Z"), &history.Totals{},
		},
		"two days": {
			history.Filter{Window: utc("2024-11-02T00:00:00Z", "2024-11-04T00:00:00Z")}, utc("2024-10-31T00:00:00Z", "2024-11-02T00:00:00Z"),
			&history.Totals{Changes: 1, Created: 1, Resources: 1, Accounts: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := h.Summary(t.Context(), test.filter)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(test.before, got.Before); difference != "" {
				t.Error(difference)
			}
			if difference := cmp.Diff(test.want, got.Previous); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestSummaryOfNothing(t *testing.T) {
	h := over(open(t, ledger{}))
	if _, err := h.Summary(t.Context(), history.Filter{}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("without a window: %v", err)
	}
	got, err := h.Summary(t.Context(), history.Filter{Window: configtrail.Window{From: at("2024-02-01T00:00:00Z"), To: at("2024-03-01T00:00:00Z")}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.By.Day) != 29 || got.Totals != (history.Totals{}) || got.Previous != nil || got.By.Actor != nil {
		t.Errorf("%+v", got)
	}
	huge, err := h.Summary(t.Context(), history.Filter{Window: configtrail.Window{From: at("0001-01-02T00:00:00Z"), To: at("9999-01-01T00:00:00Z")}})
	if err != nil {
		t.Fatal(err)
	}
	if len(huge.By.Day) != 0 {
		t.Errorf("%d days of ten thousand years", len(huge.By.Day))
	}
}

// What concurrent writers let in twice counts once.
func TestSummaryCountsChangesNotRows(t *testing.T) {
	changes := []configtrail.Change{
		instance(1, configtrail.Created, "2024-11-01T00:00:00Z"), instance(1, configtrail.Created, "2024-11-01T00:00:00Z"),
		instance(1, configtrail.Updated, "2024-11-02T00:00:00Z"), instance(2, configtrail.Updated, "2024-11-02T00:00:00Z"),
	}
	changes[0].Actor, changes[1].Actor = &configtrail.Actor{ID: "arn:a"}, &configtrail.Actor{ID: "arn:a"}
	changes[0].ActorStatus, changes[1].ActorStatus = configtrail.ActorKnown, configtrail.ActorKnown
	got, err := over(open(t, ledger{changes: changes})).Summary(t.Context(), history.Filter{Window: configtrail.Month{Year: 2024, Month: time.November}.Window(time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if want := (history.Totals{Changes: 3, Created: 1, Updated: 2, Resources: 2, Accounts: 1}); got.Totals != want {
		t.Errorf("%+v", got.Totals)
	}
	if difference := cmp.Diff([]history.Part{{"no_trail", 2, 0}, {"arn:a", 1, 0}}, got.By.Actor); difference != "" {
		t.Error(difference)
	}
}

// A month's figures must come from the small columns of changes.
func TestSummaryReadsSlimColumns(t *testing.T) {
	e := open(t, ledger{})
	window := configtrail.Window{From: at("2024-11-01T00:00:00Z"), To: at("2024-12-01T00:00:00Z")}
	if _, err := over(e).Summary(t.Context(), history.Filter{Window: window}); err != nil {
		t.Fatal(err)
	}
	for _, q := range e.queries() {
		for _, heavy := range []string{"edits", "tags", "configuration", "resource_name", "SELECT *", "items\n"} {
			if contains(q.SQL, heavy) {
				t.Errorf("%s reads %q:\n%s", q.Name, heavy, q.SQL)
			}
		}
	}
}
