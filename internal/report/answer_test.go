package report

import (
	"slices"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/message"
)

func usd(amount float64) *float64 { return &amount }

func TestAModelsProseStandsInForTheCodes(t *testing.T) {
	r := tell(richMonth(t), "", Options{Printer: printer(t, message.Japanese)})
	before := r.Text
	told := r.Told(Telling{
		Text: "11月は SSH の開放に注意してください。\n\n削除も目立ちます。\n", By: "claude-x", Verified: true,
		Cost: configtrail.Cost{InputTokens: 1500, OutputTokens: 300, USD: usd(0.0123)},
	})
	if r.Text != before || r.ToldBy != ByCode {
		t.Error("the report that was told changed")
	}
	if told.Text != "11月は SSH の開放に注意してください。\n\n削除も目立ちます。\n" || told.ToldBy != "claude-x" || !told.Verified {
		t.Errorf("text %q, told by %s, verified %v", told.Text, told.ToldBy, told.Verified)
	}
	if c := told.Cost; c.InputTokens != 1500 || c.OutputTokens != 300 || c.Bytes != 12_345_678 || *c.USD != 0.00006+0.0123 {
		t.Errorf("cost %+v", c)
	}
	answer := told.Answer()
	places := []int{}
	for _, part := range []string{
		"AWS変更レポート 2024年11月（Asia/Tokyo）", "の配信が遅れています", "SSH の開放に注意",
		"異常の疑いを5件検知しました", "【重大】11-05 14:05", "【高】11-19 10:00 124 deletions", "\nデータの範囲\n", "SQS Queueは2024-10-21 12:00から記録されていません",
		"読み取り 12.3 MB、トークン 入力1,500・出力300、0.0124 USD",
	} {
		at := strings.Index(answer, part)
		if at < 0 {
			t.Fatalf("the answer lacks %s:\n%s", part, answer)
		}
		places = append(places, at)
	}
	if !slices.IsSorted(places) {
		t.Errorf("the answer is in no order:\n%s", answer)
	}
	for _, not := range []string{"【中】", "目立った点", "主な変更", "次に試すこと"} {
		if strings.Contains(answer, not) {
			t.Errorf("the answer holds %s", not)
		}
	}
	var text strings.Builder
	if err := told.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]bool{"claude-x による説明です": true, "SSH の開放に注意": true, "1,284件の変更がありました": false, "主な変更": true, "目立った点": false} {
		if strings.Contains(text.String(), part) != want {
			t.Errorf("the text holds %s: %v\n%s", part, !want, text.String())
		}
	}
}

func TestTheCodesTextStandsInWithTheReason(t *testing.T) {
	r := tell(richMonth(t), "", Options{Printer: printer(t, message.English)})
	told := r.Told(Telling{By: ByCode, Verified: true, Why: "The day's tokens are used up.", Cost: configtrail.Cost{USD: usd(0)}})
	if told.Text != r.Text || told.ToldBy != ByCode || told.Why == "" {
		t.Errorf("told by %s, %q", told.ToldBy, told.Why)
	}
	answer := told.Answer()
	if !strings.HasPrefix(answer, "The day's tokens are used up.\n\nAWS changes in November 2024") {
		t.Errorf("it begins %.80s", answer)
	}
	if n := strings.Count(answer, "5 findings:"); n != 1 {
		t.Errorf("the findings are counted %d times", n)
	}
}

func TestNotesAreWhatAModelCanNotLeaveOut(t *testing.T) {
	notes := tell(richMonth(t), "", Options{Printer: printer(t, message.English)}).Notes()
	for _, want := range []string{
		"What is abnormal", "5 findings: 1 critical, 2 high, 1 medium, 1 low.", "- [critical] 11-05 14:05 SSH (22) is open to the world on “web” (sg-0a1b2c3d4e5f).",
		"What the deliveries cover", "- Taken together, the deliveries are complete until 2024-11-28 03:00.",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("missing: %s\nin %q", want, notes)
		}
	}
}

func TestWhatAReportCosts(t *testing.T) {
	for _, c := range []struct {
		cost   configtrail.Cost
		en, ja string
	}{
		{configtrail.Cost{USD: usd(0)}, "", ""},
		{configtrail.Cost{}, "", ""},
		{configtrail.Cost{Bytes: 5_700_000, USD: usd(0)}, "read 5.7 MB, 0 USD", "読み取り 5.7 MB、0 USD"},
		{configtrail.Cost{Bytes: 12_345_678, USD: usd(0.00006)}, "read 12.3 MB, <0.0001 USD", "読み取り 12.3 MB、<0.0001 USD"},
		{configtrail.Cost{Bytes: 999}, "read 999 B, price unknown", "読み取り 999 B、料金は不明"},
		{configtrail.Cost{Bytes: 1_999_960, InputTokens: 9000, OutputTokens: 1, USD: usd(1.5)}, "read 2.0 MB, 9,000 tokens in and 1 out, 1.5000 USD", "読み取り 2.0 MB、トークン 入力9,000・出力1、1.5000 USD"},
		{configtrail.Cost{Bytes: 999_999_999, USD: usd(0)}, "read 1.0 GB, 0 USD", "読み取り 1.0 GB、0 USD"},
		{configtrail.Cost{Bytes: 4_200_000_000_000_000, USD: usd(0)}, "read 4200.0 TB, 0 USD", "読み取り 4200.0 TB、0 USD"},
	} {
		f := ordinaryMonth(t)
		f.Cost = c.cost
		for lang, want := range map[message.Lang]string{message.English: c.en, message.Japanese: c.ja} {
			if got := (teller{printer(t, lang), f}).cost(); got != want {
				t.Errorf("%+v: %q, want %q", c.cost, got, want)
			}
		}
	}
	unknown := sum(configtrail.Cost{Bytes: 1, USD: usd(1)}, configtrail.Cost{InputTokens: 2})
	if unknown.USD != nil || unknown.Bytes != 1 || unknown.InputTokens != 2 {
		t.Errorf("a sum with what is unknown: %+v", unknown)
	}
}
