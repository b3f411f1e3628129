package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// sectionOf is the section of a report under a heading.
func sectionOf(t *testing.T, f *facts, lang message.Lang, heading string) section {
	t.Helper()
	d := write(teller{printer(t, lang), f}, "1.0.0")
	i := slices.IndexFunc(d.Sections, func(s section) bool { return s.Heading == heading })
	if i < 0 {
		t.Fatalf("there is no section %s", heading)
	}
	return d.Sections[i]
}

func TestFindingsAreToldGravestFirst(t *testing.T) {
	f := richMonth(t)
	s := sectionOf(t, f, message.Japanese, "異常の疑いがある変更")
	if want := []string{"異常の疑いを5件検知しました（重大1件、高2件、中1件、低1件）。"}; !slices.Equal(s.Paragraphs, want) {
		t.Errorf("it begins %q", s.Paragraphs)
	}
	var begin []string
	for _, c := range s.Cards {
		begin = append(begin, strings.SplitAfter(c.Text, "】")[0])
	}
	if want := []string{"【重大】", "【高】", "【高】", "【中】", "【低】"}; !slices.Equal(begin, want) {
		t.Errorf("severities in words: %q", begin)
	}
	if s.Cards[0].Text != "【重大】11-05 14:05 SSH (22) is open to the world on “web”（sg-0a1b2c3d4e5f）。" || s.Cards[0].Name != "SSH・RDP の全世界への開放（IPv4）" {
		t.Errorf("the first: %+v", s.Cards[0])
	}
	if s.Cards[0].Meaning == "" || s.Cards[1].Meaning != "" {
		t.Error("what a rule means is said once, with its first finding")
	}
	if wave := s.Cards[2]; len(wave.Evidence) != 3 || wave.More != "ほか2件" {
		t.Errorf("evidence %v %q", wave.Evidence, wave.More)
	}
}

func TestTheProseLeadsWithGraveFindings(t *testing.T) {
	text := tell(richMonth(t), "", Options{Printer: printer(t, message.English)}).Text
	abnormal, others := strings.Index(text, "\nWhat is abnormal\n5 findings: 1 critical, 2 high, 1 medium, 1 low.\n- [critical] 11-05 14:05 SSH (22)"), strings.Index(text, "What stands out")
	if abnormal < 0 || others < abnormal {
		t.Errorf("findings at %d, others at %d:\n%s", abnormal, others, text)
	}
	for part, want := range map[string]bool{"[high] 11-19 10:00 124 deletions": true, "[medium]": false, "[low]": false} {
		if strings.Contains(text, part) != want {
			t.Errorf("the prose holds %s: %v", part, !want)
		}
	}
}

// That nothing was found is never said of what was not looked at.
func TestNothingAbnormalIsSaidWithWhatMayHideIt(t *testing.T) {
	const none = "No detector and no rule found anything abnormal."
	for _, c := range []struct {
		name string
		is   func(f *facts)
		want string
	}{
		{"all was seen", func(f *facts) {}, none},
		{"with a gap", func(f *facts) {
			f.Gaps = []configtrail.Gap{{Account: prod, Region: "us-east-1", From: tokyo(t, "2024-11-11 11:00"), To: tokyo(t, "2024-11-13 11:00"), Reason: configtrail.GapNoDelivery}}
		}, none + " But not everything was delivered or recorded: there may be changes that do not show."},
		{"without state", func(f *facts) { f.Raw = &history.RawAnswer{Records: 7} }, none + " Rules about settings were not applied: the tables do not hold them."},
		{"without a column", func(f *facts) {
			f.Raw = &history.RawAnswer{Records: 7, Content: true, NotCompared: []string{"supplementaryConfiguration"}}
		}, none + " What rules look for in supplementaryConfiguration can't be found: the tables have no such columns."},
		{"too many", func(f *facts) { f.StepsLeft = 1200 }, none + " 1,200 changes could not be held against the rules, as there are too many: the latest were."},
	} {
		f := ordinaryMonth(t)
		c.is(f)
		if diff := cmp.Diff([]string{c.want}, sectionOf(t, f, message.English, "What is abnormal").Paragraphs); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		written(t, message.Japanese, f)
	}
}

func TestManyFindingsAreCounted(t *testing.T) {
	f := ordinaryMonth(t)
	for n := range 42 {
		f.Findings = append(f.Findings, configtrail.Finding{Detector: "rule.1", Severity: "high", Time: f.Window.From, Summary: fmt.Sprint("finding ", n), Evidence: []string{fmt.Sprint("c_", n)}})
	}
	s := sectionOf(t, f, message.English, "What is abnormal")
	if len(s.Cards) != 30 || len(s.Bullets) != 1 || s.Bullets[0].Text != "And 12 less grave findings; the report as JSON has all of them." {
		t.Errorf("%d cards, then %v", len(s.Cards), s.Bullets)
	}
	if all := decoded(t, f)["findings"].([]any); len(all) != 42 {
		t.Errorf("JSON has %d", len(all))
	}
}

func TestAFindingInJSON(t *testing.T) {
	f := richMonth(t)
	got := decoded(t, f)["findings"].([]any)[2]
	want := map[string]any{
		"id": f.Findings[2].ID(), "detector": "delete-wave", "severity": "high", "score": 70.0, "time": "2024-11-19T10:00:00.000+09:00",
		"resource": map[string]any{"account": prod, "account_name": "本番", "region": "ap-northeast-1", "type": "AWS::S3::Bucket", "resource_id": "invoices-本番"},
		"summary":  "124 deletions within an hour", "sets": []any{},
		"evidence": []any{f.Main[2].ID(), "c_aaaaaaaaaaaaaaaa", "c_bbbbbbbbbbbbbbbb", "c_cccccccccccccccc", "c_dddddddddddddddd"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLightFindingsAreToldWhereNoneIsGrave(t *testing.T) {
	s := section{Heading: "Findings", Cards: []card{{Text: "[medium] one", Meaning: "what it means"}, {Text: "[low] two"}}}
	if diff := cmp.Diff([]string{"Findings", "- [medium] one", "  what it means", "- [low] two"}, s.lines()); diff != "" {
		t.Error(diff)
	}
	s.Cards = append(s.Cards, card{Text: "[high] three", Grave: true})
	if diff := cmp.Diff([]string{"Findings", "- [high] three"}, s.lines()); diff != "" {
		t.Error(diff)
	}
}
