package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// rawMonth is an ordinary month told from a raw table that holds state.
func rawMonth(t testing.TB) *facts {
	t.Helper()
	f := ordinaryMonth(t)
	f.Previous, f.Earlier, f.Cost = nil, nil, configtrail.Cost{Bytes: 250_000_000}
	f.Raw = &history.RawAnswer{
		Tables: []string{"audit.config", "audit.config_dr"}, Content: true, Records: 78_389, Captures: 2_579,
		From: time.Date(2024, 10, 30, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 12, 4, 0, 0, 0, 0, time.UTC),
		Notes: []history.RawNote{history.NoteWindow},
		By: []history.RawCount{
			{Account: prod, Region: "ap-northeast-1", Type: "AWS::EC2::SecurityGroup", Records: 70_000, Captures: 2_000},
			{Account: prod, Region: "global", Type: "AWS::IAM::Role", Records: 8_000, Captures: 500},
			{Account: dev, Region: "global", Type: "AWS::IAM::Role", Records: 389, Captures: 79},
		},
	}
	return f
}

func TestWhatARawAnswerSaysOfItself(t *testing.T) {
	without := func(f *facts) {
		f.Raw.Content, f.Raw.NotCompared = false, []string{"configuration", "supplementaryConfiguration", "relationships", "tags"}
		f.Raw.Notes = append(f.Raw.Notes, history.NoteContent)
		f.Totals.Updated, f.Totals.Changes = 0, 15
	}
	for _, c := range []struct {
		name   string
		is     func(f *facts)
		en, ja string
	}{
		{"which tables and folders", func(f *facts) {},
			"Made straight from the raw tables audit.config, audit.config_dr, from the folders of 2024-10-30 to 2024-12-03.",
			"配信データのテーブル audit.config、audit.config_dr を直接読んで作成しました（読んだフォルダーは2024-10-30から2024-12-03まで）。"},
		{"no content", without,
			"Content was not compared, as the tables do not hold it: nothing can be called updated. What was captured is counted instead.",
			"テーブルに設定内容の列がないため、内容は比較していません。「更新」は判定できないので、代わりに記録（キャプチャ）の数を示します。"},
		{"captures", without,
			"The tables hold 2,579 captures of resources of this month, in 78,389 records that repeat them.",
			"この月の記録はテーブルに78,389件あり、重複を除いたキャプチャ（リソースと時刻の組）は2,579件です。"},
		{"a missing column", func(f *facts) {
			f.Raw.NotCompared, f.Raw.Notes = []string{"relationships"}, append(f.Raw.Notes, history.NoteComparison)
		},
			"Not compared, as the tables have no such columns: relationships. Changes in these alone do not show.",
			"テーブルに relationships の列がないため、その部分は比較していません。そこだけの変更は現れません。"},
		{"the month before", func(f *facts) {}, "It is not compared with October 2024, which was not read.", "2024年10月のデータは読んでいないため、比較していません。"},
		{"the window", func(f *facts) {},
			"What was before these folders is not known: a resource that came back may look created, and what changed meanwhile shows as one step.",
			"それより前のデータは読んでいません。削除されていたリソースの再作成が「作成」に見えることがあり、以前の状態との違いもわかりません。"},
		{"oversized", func(f *facts) { f.Raw.Notes, f.Raw.Oversized = append(f.Raw.Notes, history.NoteOversized), 3 },
			"Notifications of items too large for a delivery were not read.", "大きすぎて別に届く項目（サイズ超過の通知）は読んでいません。"},
		{"a region that no table reaches", func(f *facts) {
			f.Raw.Notes, f.Raw.Unread = append(f.Raw.Notes, history.NoteUnread), []configtrail.Place{{Account: prod, Region: "eu-west-1"}}
		},
			"prod (111122223333) eu-west-1: the bucket has deliveries that no table reaches.", "prod (111122223333) eu-west-1：バケットに配信がありますが、どのテーブルからも読めません。"},
		{"objects left out", func(f *facts) {
			f.Raw.Notes = append(f.Raw.Notes, history.NoteLeftOut)
			f.Raw.LeftOut = []history.LeftOut{{URI: "s3://config/AWSLogs/1/x.json.gz", Reason: "HIVE_CURSOR_ERROR: Unexpected end of input stream"}}
		},
			"s3://config/AWSLogs/1/x.json.gz (HIVE_CURSOR_ERROR: Unexpected end of input stream)",
			"s3://config/AWSLogs/1/x.json.gz（HIVE_CURSOR_ERROR: Unexpected end of input stream）"},
		{"how many", func(f *facts) { f.Raw.LeftOut = make([]history.LeftOut, 2) },
			"2 objects were left out because they break the query, with the good items in them:",
			"クエリを失敗させるオブジェクト2個を除外しました。その中の正常な項目も含まれていません。"},
		{"a price that nobody knows", func(f *facts) {}, "read 250.0 MB, price unknown", "読み取り 250.0 MB、料金は不明"},
	} {
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			f := rawMonth(t)
			c.is(f)
			if said := written(t, lang, f); count(said, want) == 0 {
				t.Errorf("%s, %s: not said: %s\nin:\n%s", c.name, lang, want, strings.Join(said, "\n"))
			}
		}
	}
	f := rawMonth(t)
	without(f)
	var text strings.Builder
	r := tell(f, "", Options{Printer: printer(t, message.Japanese)})
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]bool{
		"更新  ": false, "更新75": false, "キャプチャ（内容は未比較）": true, "configtrail changes": false, "前月までの": false,
		"8,389         579\n": true,
	} {
		if strings.Contains(text.String(), part) != want {
			t.Errorf("the text holds %q: %v\n%s", part, !want, text.String())
		}
	}
}

// A month without records says so, why, and what to do.
func TestARawMonthWithoutRecordsIsExplained(t *testing.T) {
	for _, c := range []struct {
		name string
		is   func(f *facts)
		en   string
	}{
		{"nothing in the bucket", func(f *facts) { f.First, f.Last = time.Time{}, time.Time{} },
			"The tables hold no record of November 2024. Nor was any delivery found in the bucket for what was asked. Check the year and month, the accounts and regions, and the location and partitions of the table."},
		{"another time", func(f *facts) { f.First, f.Last = tokyo(t, "2024-03-01 01:00"), tokyo(t, "2024-09-30 07:00") },
			"The tables hold no record of November 2024. The bucket holds deliveries from 2024-03-01 01:00 to 2024-09-30 07:00 only: ask for a month in between, or check that AWS Config was recording then."},
		{"folders of another time", func(f *facts) {
			f.First, f.Last = time.Time{}, time.Time{}
			f.Raw.Reach = configtrail.Window{From: tokyo(t, "2024-03-01 09:00"), To: tokyo(t, "2024-10-01 09:00")}
		}, "The tables hold no record of November 2024. The bucket holds deliveries from 2024-03-01 09:00 to 2024-10-01 09:00 only: ask for a month in between, or check that AWS Config was recording then."},
		{"a table that does not reach", func(f *facts) {},
			"The tables hold no record of November 2024. But the bucket holds deliveries from 2024-03-01 01:00 to 2024-12-05 07:00, so the table does not reach them: check its location, its partitions and their range (projection)."},
	} {
		f := rawMonth(t)
		still(f)
		f.Raw.Records, f.Raw.Captures, f.Raw.By, f.CompleteUntil, f.Complete = 0, 0, nil, time.Time{}, nil
		c.is(f)
		d := write(teller{printer(t, message.English), f}, "1.0.0")
		if len(d.Lead) == 0 || d.Lead[0] != c.en {
			t.Errorf("%s: it begins %q", c.name, d.Lead)
		}
		for _, line := range written(t, message.Japanese, f) {
			if strings.Contains(line, "ingest SOURCE") || strings.Contains(line, "レイクには") {
				t.Errorf("%s: says of a lake: %s", c.name, line)
			}
		}
	}
}

func TestARawAnswerInJSON(t *testing.T) {
	f := rawMonth(t)
	f.Raw.LeftOut = []history.LeftOut{{URI: "s3://b/k", Reason: "broken"}}
	report := decoded(t, f)
	want := map[string]any{
		"tables": []any{"audit.config", "audit.config_dr"}, "from": "2024-10-30T09:00:00.000+09:00", "to": "2024-12-04T09:00:00.000+09:00",
		"content": true, "not_compared": []any{}, "records": 78389.0, "captures": 2579.0,
		"left_out": []any{map[string]any{"uri": "s3://b/k", "reason": "broken"}}, "notes": []any{"window"},
	}
	if diff := cmp.Diff(want, report["raw"]); diff != "" {
		t.Error(diff)
	}
	if report["previous"] != nil || report["cost"].(map[string]any)["usd"] != nil {
		t.Errorf("previous %v, cost %v", report["previous"], report["cost"])
	}
}
