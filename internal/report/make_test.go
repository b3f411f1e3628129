package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/report"
)

const account = "111122223333"

func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// changed is a change of a resource of the account.
func changed(kind configtrail.Kind, region, resourceType, id string, when time.Time, edits ...configtrail.Edit) configtrail.Change {
	return configtrail.Change{
		Key:  configtrail.ResourceKey{Account: account, Region: region, Type: resourceType, ID: id},
		Time: when, Kind: kind, Edits: edits, ActorStatus: configtrail.ActorNoTrail,
	}
}

func edit(path, value string) configtrail.Edit {
	return configtrail.Edit{Path: path, Op: configtrail.OpAdd, New: json.RawMessage(value)}
}

// smallLake holds changes around the ends of November 2024 in UTC and in Tokyo.
// Snapshots come every day at 03:00 from August until an instant, save from 11 to
// 13 November.
func smallLake(t testing.TB, until string) *lake.Lake {
	t.Helper()
	const tokyo, group = "ap-northeast-1", "AWS::EC2::SecurityGroup"
	counter := changed(configtrail.Updated, tokyo, "AWS::EC2::Subnet", "subnet-1", at(t, "2024-11-07T12:00:00.000Z"), edit("/configuration/availableIpAddressCount", "7"))
	counter.Noise = configtrail.NoiseCounter
	changes := []configtrail.Change{
		changed(configtrail.Updated, tokyo, group, "sg-1", at(t, "2024-10-10T10:00:00.000Z"), edit("/configuration/description", `"a"`)),
		changed(configtrail.Updated, tokyo, group, "sg-1", at(t, "2024-10-11T10:00:00.000Z"), edit("/configuration/description", `"b"`)),
		changed(configtrail.Updated, tokyo, group, "sg-1", at(t, "2024-10-31T14:59:59.000Z"), edit("/configuration/description", `"c"`)), // October, everywhere
		changed(configtrail.Updated, tokyo, group, "sg-1", at(t, "2024-10-31T15:30:00.000Z"), edit("/configuration/ipPermissions/0", `{"cidrIp":"0.0.0.0/0"}`)),
		changed(configtrail.Deleted, tokyo, "AWS::S3::Bucket", "invoices", at(t, "2024-11-05T01:00:00.000Z")),
		counter,
		changed(configtrail.Created, configtrail.Global, "AWS::IAM::Role", "AROA1", at(t, "2024-11-30T14:30:00.000Z")),
		changed(configtrail.Updated, tokyo, group, "sg-2", at(t, "2024-11-30T15:00:00.000Z"), edit("/configuration/description", `"d"`)), // December in Tokyo
		changed(configtrail.Updated, tokyo, group, "sg-3", at(t, "2024-11-30T20:00:00.000Z"), edit("/configuration/description", `"e"`)),
	}
	return lakeOf(t, until, changes)
}

// lakeOf holds changes, and the snapshots of smallLake.
func lakeOf(t testing.TB, until string, changes []configtrail.Change) *lake.Lake {
	t.Helper()
	ctx := t.Context()
	l, err := lake.Create(ctx, lake.Options{Dir: t.TempDir(), RedactKeyID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w, err := l.NewWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for day := at(t, "2024-08-01T03:00:00.000Z"); day.Before(at(t, until)); day = day.AddDate(0, 0, 1) {
		if day.Month() == time.November && day.Day() >= 11 && day.Day() <= 13 {
			continue
		}
		deliver(t, w, configtrail.Delivery{Kind: configtrail.KindSnapshot, WrittenAt: day}, "ConfigSnapshot_"+day.Format("20060102T150405Z")+"_11111111-2222-3333-4444-555555555555.json.gz")
	}
	deliver(t, w, configtrail.Delivery{
		Kind: configtrail.KindHistory, WrittenAt: at(t, "2024-11-20T06:00:00.000Z"),
		Quarantined: []configtrail.Quarantined{{Index: 3, Code: configtrail.CodeBadItem}, {Index: -1, Code: configtrail.CodeTruncated}},
	}, "ConfigHistory_AWS::Lambda::Function_20241120T000000Z_20241120T060000Z_1.json.gz")
	if err := w.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	cw, err := l.NewChangeWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if err := cw.Add(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := cw.Commit(ctx, 1); err != nil {
		t.Fatal(err)
	}
	return l
}

func deliver(t testing.TB, w *lake.Writer, d configtrail.Delivery, name string) {
	t.Helper()
	d.Account, d.Region, d.ReadAt = account, "ap-northeast-1", at(t, "2024-12-05T00:00:00.000Z")
	d.Key = fmt.Sprintf("AWSLogs/%s/Config/ap-northeast-1/%s_Config_ap-northeast-1_%s", account, account, name)
	d.URI, d.ETag = "s3://deliveries/"+d.Key, "1"
	for i := range d.Quarantined {
		d.Quarantined[i].Key = d.Key
	}
	if err := w.AddDelivery(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
}

// made is a report about a lake as programs read it.
func made(t *testing.T, l *lake.Lake, zone string, filter history.Filter, now string) (map[string]any, *report.Report) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	e, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p, err := message.New("en")
	if err != nil {
		t.Fatal(err)
	}
	h := &history.History{Engine: e, Zone: location, Now: func() time.Time { return at(t, now) }, Accounts: []configtrail.Account{{ID: account, Name: "prod"}}}
	r, err := report.Make(t.Context(), h, report.Options{Month: configtrail.Month{Year: 2024, Month: time.November}, Filter: filter, Printer: p, Version: "1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(b.Bytes(), &value); err != nil {
		t.Fatal(err)
	}
	return value, r
}

func TestTheMonthIsThatOfTheZone(t *testing.T) {
	l := smallLake(t, "2024-12-05T00:00:00.000Z")
	totals := func(changes, created, updated, deleted, noise, resources, accounts float64) map[string]any {
		return map[string]any{
			"changes": changes, "created": created, "updated": updated, "deleted": deleted, "recreated": 0.0,
			"noise": noise, "resources": resources, "accounts": accounts,
		}
	}
	for _, c := range []struct {
		zone             string
		totals, previous map[string]any
		first, last      float64 // changes of the first and the last day
		gap              [2]any
		said             []string
	}{
		{
			"Asia/Tokyo", totals(3, 1, 1, 1, 1, 3, 1), totals(3, 0, 3, 0, 0, 1, 1), 1, 1,
			[2]any{"2024-11-10T12:00:00.000+09:00", "2024-11-14T12:00:00.000+09:00"},
			[]string{
				"In November 2024, 3 changes touched 3 resources in 1 account (1 created, 1 updated, 1 deleted).",
				"- 11-01 00:30 EC2 SecurityGroup “sg-1” in prod (111122223333) ap-northeast-1: added ipPermissions (cidrIp=0.0.0.0/0)",
				"- 11-30 23:30 IAM Role “AROA1” in prod (111122223333) global: created",
			},
		},
		{
			"UTC", totals(4, 1, 2, 1, 1, 4, 1), totals(4, 0, 4, 0, 0, 1, 1), 0, 3,
			[2]any{"2024-11-10T03:00:00.000Z", "2024-11-14T03:00:00.000Z"},
			[]string{
				"In November 2024, 4 changes touched 4 resources in 1 account (1 created, 2 updated, 1 deleted).",
				"- 11-30 20:00 EC2 SecurityGroup “sg-3” in prod (111122223333) ap-northeast-1: added description (e)",
			},
		},
	} {
		t.Run(c.zone, func(t *testing.T) {
			value, r := made(t, l, c.zone, history.Filter{}, "2024-12-05T00:00:00.000Z")
			if diff := cmp.Diff(c.totals, value["totals"]); diff != "" {
				t.Errorf("totals: %s", diff)
			}
			if diff := cmp.Diff(c.previous, value["previous"]); diff != "" {
				t.Errorf("previous: %s", diff)
			}
			days := value["by"].(map[string]any)["day"].([]any)
			first, last := days[0].(map[string]any), days[len(days)-1].(map[string]any)
			if len(days) != 30 || first["changes"] != c.first || last["changes"] != c.last || last["key"] != "2024-11-30" {
				t.Errorf("%d days, from %v to %v", len(days), first, last)
			}
			coverage := value["coverage"].(map[string]any)
			gaps := coverage["gaps"].([]any)
			if len(gaps) != 2 || coverage["quarantined"] != 2.0 {
				t.Fatalf("coverage %v", coverage)
			}
			silence := gaps[0].(map[string]any)
			if silence["reason"] != "no_delivery" || silence["from"] != c.gap[0] || silence["to"] != c.gap[1] || silence["account_name"] != "prod" {
				t.Errorf("gap %v", silence)
			}
			if lost := gaps[1].(map[string]any); lost["reason"] != "quarantined" || !cmp.Equal(lost["types"], []any{"AWS::Lambda::Function"}) {
				t.Errorf("gap %v", lost)
			}
			for _, sentence := range append(c.said,
				"That is as many as in October 2024.",
				"Not counted: 1 change that is noise, with no action on the resource behind it (1 counter).",
				"The deliveries have 1 gap in this month: changes within it are missing or show late.",
				"1 delivery of this month could not be read in full: 2 parts are in quarantine (1 malformed item, 1 cut short).",
				"No CloudTrail was matched yet",
			) {
				if !strings.Contains(r.Text, sentence) {
					t.Errorf("not said: %s\nin:\n%s", sentence, r.Text)
				}
			}
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text.String(), "\n  2024-08  0\n") || strings.Contains(text.String(), "\n  2024-07") {
				t.Errorf("the months before are not those that deliveries span:\n%s", text.String())
			}
			if len(r.Warnings) != 2 {
				t.Errorf("warnings: %+v", r.Warnings)
			}
		})
	}
}

func TestAReportOfALakeCanBeNarrowed(t *testing.T) {
	value, r := made(t, smallLake(t, "2024-12-05T00:00:00.000Z"), "Asia/Tokyo", history.Filter{Accounts: []string{"prod"}, Types: []string{"iam"}}, "2024-12-05T00:00:00.000Z")
	if n := value["totals"].(map[string]any)["changes"]; n != 1.0 {
		t.Errorf("changes of IAM: %v", n)
	}
	if diff := cmp.Diff(map[string]any{"account": []any{"prod"}, "type": []any{"iam"}}, value["filters"]); diff != "" {
		t.Error(diff)
	}
	if want := "This report covers only account prod (111122223333); type iam."; !strings.Contains(r.Text, want) {
		t.Errorf("not said: %s\nin:\n%s", want, r.Text)
	}
}

func TestWhatStandsOutIsReadFromTheLake(t *testing.T) {
	const tokyo = "ap-northeast-1"
	var changes []configtrail.Change
	for n := range 30 {
		id, when := fmt.Sprintf("q-%02d", n), at(t, "2024-11-05T01:00:00.000Z").Add(time.Duration(n)*time.Minute)
		changes = append(changes,
			changed(configtrail.Deleted, tokyo, "AWS::SQS::Queue", "old-"+id, when),
			changed(configtrail.Updated, tokyo, "AWS::SQS::Queue", id, when.AddDate(0, 0, 1), edit("/tags/AuditFinding", `"7"`)),
			changed(configtrail.Updated, tokyo, "AWS::EC2::SecurityGroup", id, when.AddDate(0, 0, 3), edit("/configuration/ipPermissions/0", `{"cidrIp":"0.0.0.0/0"}`)))
	}
	stop := changed(configtrail.Updated, tokyo, "AWS::Config::ConfigurationRecorder", "default", at(t, "2024-11-10T04:00:00.000Z"),
		configtrail.Edit{Path: "/configuration/recording", Op: configtrail.OpReplace, Old: json.RawMessage("true"), New: json.RawMessage("false")})
	for _, day := range []string{"2024-11-20T01:00:00.000Z", "2024-11-21T01:00:00.000Z"} {
		changes = append(changes, changed(configtrail.Recreated, tokyo, "AWS::S3::Bucket", "invoices", at(t, day)))
	}
	_, r := made(t, lakeOf(t, "2024-12-05T00:00:00.000Z", append(changes, stop)), "UTC", history.Filter{}, "2024-12-05T00:00:00.000Z")
	for _, sentence := range []string{
		"- The busiest days were 5 November to 6 November: 60 changes in 2 days, 65% of the month's. The median day had 0. Of these, 30 (50%) have /tags/AuditFinding in common.\n",
		"- One resource came back under the id of a deleted one: S3 Bucket “invoices” in prod (111122223333) ap-northeast-1.\n",
		"- AWS Config recording was stopped in prod (111122223333) ap-northeast-1 on 10 November. Changes after that are not recorded until it is started again. It explains the gap from 2024-11-10 03:00 to 2024-11-14 03:00, in which nothing was delivered.\n",
		"- 11-10 04:00 Config ConfigurationRecorder “default” in prod (111122223333) ap-northeast-1: recording from true to false\n",
		"- 11-05 01:00 SQS Queue “old-q-00” in prod (111122223333) ap-northeast-1: deleted\n",
	} {
		if !strings.Contains(r.Text, sentence) {
			t.Errorf("not said: %s\nin:\n%s", sentence, r.Text)
		}
	}
}

func TestAMonthThatGoesOn(t *testing.T) {
	value, r := made(t, smallLake(t, "2024-11-29T00:00:00.000Z"), "Asia/Tokyo", history.Filter{}, "2024-11-28T12:00:00.000Z")
	if strings.Contains(r.Text, "That is") || !strings.Contains(r.Text, "The month is not over. What follows covers it until 2024-11-28 06:00;") {
		t.Errorf("on the 28th it says:\n%s", r.Text)
	}
	if until := value["complete_until"].(map[string]any)["min"]; until != "2024-11-28T06:00:00.000+09:00" {
		t.Errorf("complete until %v", until)
	}
}

func TestOneSnapshotTellsNoRhythm(t *testing.T) {
	_, r := made(t, smallLake(t, "2024-08-02T00:00:00.000Z"), "Asia/Tokyo", history.Filter{}, "2024-12-05T00:00:00.000Z")
	if want := "Gaps can't be told in 1 pair of account and region"; !strings.Contains(r.Text, want) {
		t.Errorf("not said: %s\nin:\n%s", want, r.Text)
	}
}

func TestALakeWithoutDeliveries(t *testing.T) {
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	value, r := made(t, l, "UTC", history.Filter{}, "2024-12-05T00:00:00.000Z")
	if !strings.Contains(r.Text, "The lake holds no delivery yet. Run configtrail ingest SOURCE to fill it.") || strings.Contains(r.Text, "No change") {
		t.Errorf("it says:\n%s", r.Text)
	}
	if value["previous"] != nil || value["complete_until"].(map[string]any)["min"] != nil {
		t.Errorf("previous %v, complete until %v", value["previous"], value["complete_until"])
	}
}
