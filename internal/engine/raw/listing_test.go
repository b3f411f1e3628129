package raw_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine/raw"
)

const base = "AWSLogs/o-abc/"

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func snapshot(account, region, folder, written string) string {
	return base + account + "/Config/" + region + "/" + folder + "/ConfigSnapshot/" + account + "_Config_" + region + "_ConfigSnapshot_" + written + "_5d2b8a39-0d27-4c3a-9c39-0d2b8a395d2b.json.gz"
}

func historyFile(account, region, folder, written string) string {
	return base + account + "/Config/" + region + "/" + folder + "/ConfigHistory/" + account + "_Config_" + region + "_ConfigHistory_AWS::EC2::Instance_20241101T000000Z_" + written + "_1.json.gz"
}

// clocked is a table whose listings are as old as a test wants.
func clocked(t *testing.T, dir string, now *time.Time) *raw.Tables {
	return opened(t, dir, raw.Options{Now: func() time.Time { return *now }}, define(organisation, nil))
}

func TestTheListingTellsWhatWasDelivered(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir,
		snapshot(one, "us-east-1", "2024/10/30", "20241030T120000Z"), // two days before
		snapshot(one, "us-east-1", "2024/11/2", "20241102T120000Z"),
		historyFile(one, "us-east-1", "2024/11/2", "20241102T120500Z"), // within the hour of the snapshot
		historyFile(one, "us-east-1", "2024/11/2", "20241102T124000Z"), // likewise: the first and the last are kept
		historyFile(one, "us-east-1", "2024/11/30", "20241130T235959Z"),
		base+one+"/Config/us-east-1/2024/11/3/OversizedChangeNotification/AWS::SSM::ManagedInstanceInventory/i-1/"+one+"_Config_us-east-1_ChangeNotification_AWS::SSM::ManagedInstanceInventory_i-1_20241103T000000Z_0.json.gz",
		snapshot(one, "us-east-1", "2024/10/29", "20241029T120000Z"), // a day too early
		snapshot(one, "us-east-1", "2024/12/4", "20241204T120000Z"),  // a day too late
		snapshot(two, "ap-northeast-1", "2024/12/3", "20241203T120000Z"),
		snapshot(two, "eu-west-1", "2024/11/5", "20241105T120000Z"), // a region that the table does not reach
		base+one+"/Config/ConfigWritabilityCheckFile",
		base+one+"/CloudTrail/us-east-1/2024/11/05/x.json.gz",
	)
	now := at("2024-12-10T00:00:00Z")
	reading := around(t, clocked(t, dir, &now), configtrail.Scope{Window: november(time.UTC)})
	listing, err := reading.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []raw.PlaceListing{
		{
			Account: one, Region: "us-east-1",
			Written:   []time.Time{at("2024-10-30T12:00:00Z"), at("2024-11-02T12:00:00Z"), at("2024-11-02T12:40:00Z"), at("2024-11-30T23:59:59Z")},
			Snapshots: []time.Time{at("2024-10-30T12:00:00Z"), at("2024-11-02T12:00:00Z")},
		},
		{Account: two, Region: "ap-northeast-1", Written: []time.Time{at("2024-12-03T12:00:00Z")}, Snapshots: []time.Time{at("2024-12-03T12:00:00Z")}},
	}
	if difference := cmp.Diff(want, listing.Places); difference != "" {
		t.Error(difference)
	}
	if difference := cmp.Diff([]configtrail.Place{{Account: two, Region: "eu-west-1"}}, listing.Unread); difference != "" {
		t.Error(difference)
	}
	if listing.Objects != 7 || listing.Bytes != 70 || listing.Oversized != 1 || len(listing.Archived) != 0 {
		t.Errorf("%d objects of %d bytes, %d oversized, archived %v", listing.Objects, listing.Bytes, listing.Oversized, listing.Archived)
	}
}

// The version changes with the objects of the span and with nothing else.
func TestTheVersionIsThatOfTheSpan(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, snapshot(one, "us-east-1", "2024/11/2", "20241102T120000Z"))
	now := at("2024-12-10T00:00:00Z")
	tables := clocked(t, dir, &now)
	version := func() string {
		now = now.Add(time.Hour) // so that nothing is remembered
		v, err := tables.Version(t.Context(), configtrail.Scope{Window: november(time.UTC), Accounts: []string{one}})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := version()
	lay(t, dir, snapshot(one, "us-east-1", "2025/1/2", "20250102T120000Z"), snapshot(two, "us-east-1", "2024/11/2", "20241102T120000Z"))
	if again := version(); again != first {
		t.Errorf("%s became %s by objects of another span and account", first, again)
	}
	lay(t, dir, historyFile(one, "us-east-1", "2024/11/2", "20241102T180000Z"))
	if again := version(); again == first {
		t.Error("another object in the span changed nothing")
	}
	changed := define(organisation, nil)
	changed.VersionId = new("8")
	other, err := opened(t, dir, raw.Options{}, changed).Version(t.Context(), configtrail.Scope{Window: november(time.UTC), Accounts: []string{one}})
	if err != nil || other == version() {
		t.Errorf("another definition changed nothing: %v", err)
	}
}

func TestAListingIsRememberedForAMinute(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, snapshot(one, "us-east-1", "2024/11/2", "20241102T120000Z"))
	now := at("2024-12-10T00:00:00Z")
	tables := clocked(t, dir, &now)
	objects := func() int64 {
		listing, err := around(t, tables, configtrail.Scope{Window: november(time.UTC), Accounts: []string{one}}).List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return listing.Objects
	}
	before := objects()
	lay(t, dir, historyFile(one, "us-east-1", "2024/11/2", "20241102T180000Z"))
	now = now.Add(59 * time.Second)
	if within := objects(); within != before {
		t.Errorf("%d objects within the minute", within)
	}
	now = now.Add(time.Second)
	if after := objects(); after != before+1 {
		t.Errorf("%d objects after it", after)
	}
}

// Without a list of accounts those with a folder are read; with one, it is asked
// once, and what is no account is left out.
func TestInjectedAccountsAreFoundOutOnce(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, snapshot(one, "us-east-1", "2024/11/2", "20241102T120000Z"), snapshot(two, "us-east-1", "2024/11/2", "20241102T120000Z"), base+"notes/readme.txt")
	found := func(tables *raw.Tables) []string {
		listing, err := around(t, tables, configtrail.Scope{Window: november(time.UTC)}).List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var accounts []string
		for _, place := range listing.Places {
			accounts = append(accounts, place.Account)
		}
		return accounts
	}
	if got := found(opened(t, dir, raw.Options{}, define(organisation, nil))); !slices.Equal(got, []string{one, two}) {
		t.Error(got)
	}
	asked := 0
	tables := opened(t, dir, raw.Options{Accounts: func(context.Context) ([]string, error) {
		asked++
		return []string{two, "x' OR 1=1", two}, nil
	}}, define(organisation, nil), define(organisation, nil))
	for range 2 {
		if got := found(tables); !slices.Equal(got, []string{two}) {
			t.Error(got)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	refused := errors.New("no")
	tables = opened(t, dir, raw.Options{Accounts: func(context.Context) ([]string, error) { return nil, refused }}, define(organisation, nil))
	if _, err := tables.Around(t.Context(), configtrail.Scope{Window: november(time.UTC)}); !errors.Is(err, refused) {
		t.Error(err)
	}
}

func TestReachIsWhatHasFolders(t *testing.T) {
	dir := t.TempDir()
	now := at("2024-12-10T00:00:00Z")
	tables := clocked(t, dir, &now)
	reach, err := tables.Reach(t.Context(), configtrail.Scope{Accounts: []string{one}})
	if err != nil || !reach.From.IsZero() || !reach.To.IsZero() {
		t.Error(reach, err)
	}
	lay(t, dir,
		snapshot(one, "us-east-1", "2023/9/30", "20230930T120000Z"), snapshot(one, "us-east-1", "2023/10/1", "20231001T120000Z"),
		snapshot(one, "ap-northeast-1", "2024/2/9", "20240209T120000Z"), snapshot(one, "ap-northeast-1", "2024/2/10", "20240210T120000Z"),
		snapshot(two, "ap-northeast-1", "2020/2/10", "20200210T120000Z"),
	)
	reach, err = tables.Reach(t.Context(), configtrail.Scope{Accounts: []string{one}})
	if difference := cmp.Diff(configtrail.Window{From: at("2023-09-30T00:00:00Z"), To: at("2024-02-11T00:00:00Z")}, reach); difference != "" || err != nil {
		t.Error(difference, err)
	}
}
