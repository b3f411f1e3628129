package report

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

var filed = Files{
	URIs:    []string{"s3://lake/reports/2024/11/report.html", "s3://lake/reports/2024/11/report.md", "s3://lake/reports/2024/11/report.json"},
	Console: "https://ap-northeast-1.console.aws.amazon.com/s3/object/lake?prefix=reports%2F2024%2F11%2Freport.html&region=ap-northeast-1",
	Again:   `{"task":"monthly","month":"2024-11"}`,
}

func TestAMonthInTenLines(t *testing.T) {
	for _, lang := range message.Langs {
		r := reported(t, richMonth(t), lang)
		golden(t, filepath.Join("testdata", "headlines."+string(lang)+".txt"), r.Notice(filed).Text)
		if n := len(r.Headlines()); n > 10 {
			t.Errorf("%s: %d lines", lang, n)
		}
	}
}

func TestAWholeMonthIsNotMadeAgain(t *testing.T) {
	for lang, want := range map[message.Lang][]string{
		message.English: {
			"AWS changes in November 2024 (Asia/Tokyo)",
			"In November 2024, 90 changes touched 60 resources in 3 accounts (10 created, 75 updated, 5 deleted).",
			"That is as many as in October 2024.",
			"No detector and no rule found anything abnormal.",
			"Coverage: no gap is known of. Taken together, the deliveries are complete until 2024-12-05 01:00.",
			"Quarantine: nothing of the month was unreadable.",
			"",
			"The whole report:",
		},
		message.Japanese: {
			"AWS変更レポート 2024年11月（Asia/Tokyo）",
			"2024年11月は、3アカウントの60リソースで90件の変更がありました（作成10件、更新75件、削除5件）。",
			"2024年10月と同じ件数です。",
			"検知ルールに該当する変更はありませんでした。",
			"データの範囲：欠けは見つかっていません。すべての配信がそろっているのは2024-12-05 01:00までです。",
			"読み取りエラー：この月の分にはありません。",
			"",
			"レポート全体：",
		},
	} {
		r := reported(t, ordinaryMonth(t), lang)
		notice := r.Notice(filed)
		if !strings.HasPrefix(notice.Text, strings.Join(want, "\n")) || strings.Contains(notice.Text, "monthly") || !r.Complete() {
			t.Errorf("told\n%s", notice.Text)
		}
		if want := "configtrail: report of 2024-11: 90 changes"; notice.Subject != want {
			t.Errorf("subject %q, want %q", notice.Subject, want)
		}
	}
}

func TestAMonthThatIsNotCompleteSaysSo(t *testing.T) {
	f := ordinaryMonth(t)
	f.Now = tokyo(t, "2024-12-01 03:00")
	f.Awaited = []history.PlaceTime{{Account: prod, Region: "ap-northeast-1", Time: tokyo(t, "2024-11-30 19:00")}}
	f.Findings = richFindings(richChanges(t))
	for lang, want := range map[message.Lang][]string{
		message.English: {
			"\nThe last deliveries of the month are still to come: what follows is complete only until 2024-11-30 19:00.\n",
			"\nOctober 2024 had 90 in all; the two can be compared once this month is complete.\n",
			"\nOnce the rest has come, make the report again by invoking the monthly function with {\"task\":\"monthly\",\"month\":\"2024-11\"}\n",
		},
		message.Japanese: {
			"\n月末分の配信がまだ届いていません。以下の内容がそろっているのは2024-11-30 19:00までです。\n",
			"\n2024年10月は月全体で90件でした。この月の分がそろってから比較できます。\n",
			"\n残りの配信がそろったら、月次の関数を次のイベントで呼び出すと作り直せます：{\"task\":\"monthly\",\"month\":\"2024-11\"}\n",
		},
	} {
		notice := reported(t, f, lang).Notice(filed)
		for _, sentence := range want {
			if !strings.Contains(notice.Text, sentence) {
				t.Errorf("the message lacks %q:\n%s", sentence, notice.Text)
			}
		}
		if want := "configtrail: report of 2024-11: 90 changes, 5 findings (3 grave), not complete yet"; notice.Subject != want {
			t.Errorf("subject %q, want %q", notice.Subject, want)
		}
	}
}

func TestAMonthOfNothing(t *testing.T) {
	f := ordinaryMonth(t)
	still(f)
	f.First, f.Last, f.CompleteUntil, f.Complete, f.Previous, f.Earlier, f.Account = time.Time{}, time.Time{}, time.Time{}, nil, nil, nil, []Count{}
	r := reported(t, f, message.English)
	got := strings.Join(r.Headlines(), "\n")
	want := "AWS changes in November 2024 (Asia/Tokyo)\nThe lake holds no delivery yet. Run configtrail ingest SOURCE to fill it."
	if got != want || r.Complete() {
		t.Errorf("told\n%s", got)
	}
}

// Names in a mail are no links, and add no lines.
func TestHostileNamesAreInertInNotices(t *testing.T) {
	for _, lang := range message.Langs {
		plain := strings.Count(notices(t, named(t, "a name"), lang), "\n")
		for _, name := range hostileNames {
			text := notices(t, named(t, name), lang)
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if configtrail.Visible(line) != line {
					t.Errorf("%s: %q hides something in %q", lang, name, line)
				}
				if !strings.HasPrefix(line, "https://ap-northeast-1.console.aws.amazon.com/") && !strings.HasPrefix(line, "s3://lake/") &&
					(strings.Contains(line, "://") || hostName().MatchString(line)) {
					t.Errorf("%s: %q is a link in %q", lang, name, line)
				}
			}
			if n := strings.Count(text, "\n"); n > plain+1 { // a safe name may be a command's argument
				t.Errorf("%s: %q made %d lines of %d", lang, name, n, plain)
			}
		}
	}
}

// notices are all that is said of a month to a topic.
func notices(t *testing.T, f *facts, lang message.Lang) string {
	t.Helper()
	r := reported(t, f, lang)
	since := f.Window.From
	alert, month := r.Alert(NewsSince(since, r), AlertOptions{Since: since}), r.Notice(filed)
	for _, n := range []Notice{alert, month} {
		for _, c := range n.Subject {
			if c < ' ' || c > '~' || len(n.Subject) > 100 {
				t.Errorf("%q is no subject", n.Subject)
				break
			}
		}
	}
	return alert.Text + month.Text
}
