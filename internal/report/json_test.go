package report

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/message"
)

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// decoded is a report's JSON as programs read it.
func decoded(t *testing.T, f *facts) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(rendered(t, f, message.English, formats[3])), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestJSONHasEveryMemberOfTheContract(t *testing.T) {
	totals := []string{"accounts", "changes", "created", "deleted", "noise", "recreated", "resources", "updated"}
	empty := ordinaryMonth(t)
	still(empty)
	empty.First, empty.Last, empty.CompleteUntil = time.Time{}, time.Time{}, time.Time{}
	empty.Previous, empty.Earlier, empty.Complete, empty.Gaps, empty.Day = nil, nil, nil, nil, nil
	for name, f := range map[string]*facts{"rich": richMonth(t), "empty": empty} {
		report := decoded(t, f)
		want := []string{
			"by", "complete_until", "cost", "coverage", "filters", "findings", "from", "generated", "lake_snapshot", "lang", "month",
			"previous", "text", "to", "told_by", "totals", "tz", "verified", "version",
		}
		if diff := cmp.Diff(want, sortedNames(report)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for member, want := range map[string][]string{
			"totals": totals, "by": {"account", "actor", "day", "region", "type"}, "complete_until": {"by", "min"},
			"coverage": {"gaps", "quarantined"}, "cost": {"bytes", "input_tokens", "output_tokens", "usd"}, "filters": {},
		} {
			if diff := cmp.Diff(want, sortedNames(report[member].(map[string]any)), cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("%s: %s: %s", name, member, diff)
			}
		}
		by := report["by"].(map[string]any)
		for member, value := range map[string]any{
			"findings": report["findings"], "gaps": report["coverage"].(map[string]any)["gaps"], "complete_until.by": report["complete_until"].(map[string]any)["by"],
			"by.account": by["account"], "by.region": by["region"], "by.type": by["type"], "by.day": by["day"],
		} {
			if _, list := value.([]any); !list {
				t.Errorf("%s: %s is %v, which is no list", name, member, value)
			}
		}
		if by["actor"] != nil {
			t.Errorf("%s: by.actor is %v", name, by["actor"])
		}
		if report["told_by"] != "code" || report["verified"] != true {
			t.Errorf("%s: told_by %v, verified %v", name, report["told_by"], report["verified"])
		}
	}
	if report := decoded(t, empty); report["previous"] != nil || report["complete_until"].(map[string]any)["min"] != nil {
		t.Errorf("an empty lake has previous %v and is complete until %v", report["previous"], report["complete_until"])
	}
}

func TestJSONSpeaksOfTheMonthInItsZone(t *testing.T) {
	report := decoded(t, richMonth(t))
	for member, want := range map[string]any{
		"month": "2024-11", "tz": "Asia/Tokyo", "from": "2024-11-01T00:00:00.000+09:00", "to": "2024-12-01T00:00:00.000+09:00",
		"generated": "2024-12-05T09:00:00.000+09:00", "lang": "en", "version": "1.0.0", "lake_snapshot": "5d41402abc4b2a76",
	} {
		if report[member] != want {
			t.Errorf("%s is %v, want %v", member, report[member], want)
		}
	}
	f := ordinaryMonth(t)
	f.Zone, f.Window = time.UTC, f.Month.Window(time.UTC)
	if report := decoded(t, f); report["from"] != "2024-11-01T00:00:00.000Z" || report["generated"] != "2024-12-05T00:00:00.000Z" {
		t.Errorf("in UTC: from %v, generated %v", report["from"], report["generated"])
	}
}

func TestOpenEndsOfGapsAreNull(t *testing.T) {
	gaps := decoded(t, richMonth(t))["coverage"].(map[string]any)["gaps"].([]any)
	want := map[string]any{
		"account": sandbox, "region": "ap-northeast-1", "types": []any{"AWS::SQS::Queue"}, "from": "2024-10-21T12:00:00.000+09:00", "to": nil, "reason": "excluded",
	}
	if diff := cmp.Diff(want, gaps[0]); diff != "" {
		t.Error(diff)
	}
	if types := gaps[1].(map[string]any)["types"]; !cmp.Equal(types, []any{}) {
		t.Errorf("a gap of all types has types %v", types)
	}
}

func TestJSONKeepsNamesAsTheyAre(t *testing.T) {
	for _, name := range []string{"invoice\u202egpj.exe", "tag\U000e0041", "\x1b[31mred", "<script>", "名前 🚀", "a\u200bb\u2028c"} {
		f := ordinaryMonth(t)
		f.Type = []Count{{Key: name, Changes: 90}}
		text := rendered(t, f, message.English, formats[3])
		var report struct{ By struct{ Type []Count } }
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			t.Fatal(err)
		}
		if got := report.By.Type[0].Key; got != name {
			t.Errorf("%q came out as %q", name, got)
		}
		if strings.ContainsAny(text, "\u202e\U000e0041\x1b<\u200b\u2028") {
			t.Errorf("%q hides in the text", name)
		}
	}
}
