package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// reported is a report about facts.
func reported(t testing.TB, f *facts, lang message.Lang) *Report {
	t.Helper()
	return tell(f, "5d41402abc4b2a76", Options{Month: f.Month, Printer: printer(t, lang), Version: "1.0.0"})
}

// troubledWeek is November 2024 as it was known on the 22nd: of each kind of news
// some in the last seven days, some before.
func troubledWeek(t testing.TB) *facts {
	t.Helper()
	f := ordinaryMonth(t)
	f.Now, f.CompleteUntil = tokyo(t, "2024-11-22 09:00"), tokyo(t, "2024-11-19 21:00")
	changes := richChanges(t)
	finding := func(detector, severity string, score int, at, summary string, c configtrail.Change, evidence ...string) configtrail.Finding {
		return configtrail.Finding{Detector: detector, Severity: severity, Score: score, Time: tokyo(t, at), Resource: c.Key, Summary: summary, Evidence: evidence}
	}
	place := configtrail.Change{Key: configtrail.ResourceKey{Account: prod, Region: "ap-northeast-1"}}
	f.Findings = []configtrail.Finding{
		finding("rule.20", "critical", 95, "2024-11-07 00:30", "AWS Config stopped recording", changes[1], "c_before"),
		finding("rule.1", "critical", 90, "2024-11-20 14:05", "Security group “web” in prod (111122223333) ap-northeast-1 opened SSH (22) to the whole internet (0.0.0.0/0)", changes[0], "c_open"),
		finding("rule.1", "high", 85, "2024-11-21 08:00", "Security group “web” in prod (111122223333) ap-northeast-1 opened RDP (3389) to the whole internet (0.0.0.0/0)", changes[0], "c_again"),
		finding("delete-wave", "high", 70, "2024-11-19 10:00", "124 deletions in prod (111122223333) ap-northeast-1", place, "c_a", "c_b", "c_c", "c_d", "c_e"),
		finding("rule.26", "medium", 60, "2024-11-21 18:45", "a role got PowerUserAccess attached", changes[3], "c_medium"),
	}
	f.Overdue = []history.PlaceTime{{Account: prod, Region: "us-east-1", Time: tokyo(t, "2024-11-19 21:00")}, {Account: sandbox, Region: "eu-west-1", Time: tokyo(t, "2024-11-20 09:00")}}
	f.Awaited = []history.PlaceTime{{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-22 03:00")}, {Account: dev, Region: "us-east-1", Time: tokyo(t, "2024-11-22 01:00")}}
	f.Rhythm = map[[2]string]bool{{prod, "us-east-1"}: true}
	gap := func(reason, account, region, from, to string, types ...string) configtrail.Gap {
		g := configtrail.Gap{Account: account, Region: region, Types: types, Reason: reason, From: tokyo(t, from)}
		if to != "" {
			g.To = tokyo(t, to)
		}
		return g
	}
	f.Gaps = []configtrail.Gap{
		gap(configtrail.GapNoDelivery, prod, "ap-northeast-1", "2024-11-03 09:00", "2024-11-06 09:00"),
		gap(configtrail.GapNoDelivery, dev, "ap-northeast-1", "2024-11-13 09:00", "2024-11-17 09:00"),
		gap(configtrail.GapNoDelivery, dev, configtrail.Global, "2024-11-13 12:00", "2024-11-17 09:00"),
		gap(configtrail.GapScope, prod, "global", "2024-03-01 01:00", "2024-11-20 14:00", "AWS::IAM::User"),
		gap(configtrail.GapExcluded, sandbox, "ap-northeast-1", "2024-10-21 12:00", "", "AWS::SQS::Queue"),
		gap(configtrail.GapExcluded, sandbox, "ap-northeast-1", "2024-11-18 12:00", "", "AWS::S3::Bucket"),
		gap(configtrail.GapExcluded, sandbox, "ap-northeast-1", "2024-11-18 12:00", "", "AWS::SNS::Topic"),
		gap(configtrail.GapQuarantined, dev, "us-east-1", "2024-11-20 09:00", "2024-11-20 15:00", "AWS::Lambda::Function"),
	}
	return f
}

func TestNewsAreWhatIsGraveAndNew(t *testing.T) {
	f := troubledWeek(t)
	since := f.Now.AddDate(0, 0, -7)
	var got []string
	for _, n := range NewsSince(since, reported(t, f, message.English), reported(t, f, message.Japanese)) {
		if n.isGap() {
			got = append(got, strings.Join(append([]string{n.gap.Reason, n.gap.Account, n.gap.Region}, n.gap.Types...), " "))
		} else {
			got = append(got, n.finding.Severity+" "+n.finding.Evidence[0])
		}
	}
	want := []string{
		"critical c_open", "high c_again", "high c_a",
		"no_delivery 444455556666 ap-northeast-1",
		"excluded 777788889999 ap-northeast-1 AWS::S3::Bucket",
		"excluded 777788889999 ap-northeast-1 AWS::SNS::Topic",
		"no_delivery 111122223333 us-east-1",
		"quarantined 444455556666 us-east-1 AWS::Lambda::Function",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// idsOf are the ids of news about November 2024.
func idsOf(t *testing.T, f *facts) []string {
	t.Helper()
	var ids []string
	for _, n := range NewsSince(f.Now.AddDate(0, 0, -7), reported(t, f, message.English)) {
		ids = append(ids, n.ID)
	}
	return ids
}

func TestNewsKeepTheirIDs(t *testing.T) {
	before := troubledWeek(t)
	after := troubledWeek(t)
	after.Now = after.Now.Add(23*time.Hour + 59*time.Minute)
	after.Findings[3].Evidence = append(after.Findings[3].Evidence, "c_late") // more of the wave was delivered
	after.Overdue = after.Overdue[:0]                                         // deliveries went on, which left a gap
	after.Gaps = append(after.Gaps, configtrail.Gap{Account: prod, Region: "us-east-1", Types: []string{},
		From: tokyo(t, "2024-11-20 03:00"), To: tokyo(t, "2024-11-23 03:00"), Reason: configtrail.GapNoDelivery})
	i := slices.IndexFunc(after.Gaps, func(g configtrail.Gap) bool { return g.Reason == configtrail.GapQuarantined })
	after.Gaps[i].From = after.Gaps[i].From.Add(90 * time.Second) // snapshots come a little later than they did
	was, is := idsOf(t, before), idsOf(t, after)
	slices.Sort(was)
	slices.Sort(is)
	if diff := cmp.Diff(was, is); diff != "" || len(was) != 8 || len(slices.Compact(was)) != 8 {
		t.Errorf("(-one day +the next):\n%s", diff)
	}
}

func TestAPlaceWithoutRhythmIsNewsAfterAWeekOfSilence(t *testing.T) {
	f := ordinaryMonth(t)
	f.Now = tokyo(t, "2024-11-22 09:00")
	f.Overdue = []history.PlaceTime{{Account: prod, Region: "eu-west-1", Time: tokyo(t, "2024-11-15 04:00")}}
	if got := idsOf(t, f); len(got) != 0 {
		t.Errorf("silent for six days and 23 hours: %v", got)
	}
	f.Overdue[0].Time = tokyo(t, "2024-11-15 02:00")
	if got := idsOf(t, f); len(got) != 1 {
		t.Errorf("silent for a week and an hour: %v", got)
	}
}

func TestAnAlert(t *testing.T) {
	for _, lang := range message.Langs {
		f := troubledWeek(t)
		since := f.Now.AddDate(0, 0, -7)
		r := reported(t, f, lang)
		notice := r.Alert(NewsSince(since, r), AlertOptions{Since: since, Flags: "--engine athena --lake s3://lake/lake --database configtrail"})
		golden(t, filepath.Join("testdata", "alert."+string(lang)+".txt"), notice.Text)
		if want := "configtrail: 1 critical, 2 high findings, 4 gaps in the data"; notice.Subject != want {
			t.Errorf("subject %q, want %q", notice.Subject, want)
		}
	}
}

func TestAFloodIsCounted(t *testing.T) {
	f := troubledWeek(t)
	long := strings.Repeat("長い名前", 1000)
	f.Findings, f.Gaps = nil, nil
	for i := range 1000 {
		severity := "high"
		if i%4 == 0 {
			severity = "critical"
		}
		f.Findings = append(f.Findings, configtrail.Finding{
			Detector: "rule.1", Severity: severity, Score: 85, Time: f.Now.Add(-time.Duration(i+1) * time.Minute), Summary: long,
			Resource: configtrail.ResourceKey{Account: long, Region: long, Type: long, ID: fmt.Sprint(long, i)}, Evidence: []string{fmt.Sprint("c_", i)}})
		f.Gaps = append(f.Gaps, configtrail.Gap{Account: fmt.Sprint(long, i), Region: "eu-west-1", Types: []string{}, From: f.Now.AddDate(0, 0, -3), To: f.Now, Reason: configtrail.GapNoDelivery})
	}
	f.Overdue = nil
	since := f.Now.AddDate(0, 0, -7)
	for _, lang := range message.Langs {
		r := reported(t, f, lang)
		notice := r.Alert(NewsSince(since, r), AlertOptions{Since: since})
		if want := "configtrail: 250 critical, 750 high findings, 1000 gaps in the data"; notice.Subject != want {
			t.Errorf("subject %q, want %q", notice.Subject, want)
		}
		if n := strings.Count(notice.Text, "\n"); n > 60 || len(notice.Text) > 32<<10 {
			t.Errorf("%d lines, %d bytes", n, len(notice.Text))
		}
		for _, want := range map[message.Lang][]string{
			message.English:  {"1,000 grave findings (250 critical, 750 high) and 1,000 gaps in the data\n", "\nAnd 990 more grave findings (240 critical, 750 high).\n", "\nAnd 995 more gaps in the data.\n", "\nSee all: configtrail report 2024-11 --tz Asia/Tokyo\n"},
			message.Japanese: {"異常の疑い1,000件（重大250件、高750件）、データの欠け1,000件\n", "\nほかに異常の疑いが990件あります（重大240件、高750件）。\n", "\nほかにデータの欠けが995件あります。\n", "\nすべてを見る：configtrail report 2024-11 --tz Asia/Tokyo\n"},
		}[lang] {
			if !strings.Contains(notice.Text, want) {
				t.Errorf("the message lacks %q:\n%s", want, notice.Text)
			}
		}
	}
}
