package report

import (
	"strings"
	"testing"

	"configtrail/internal/message"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		n          int
		want       string
	}{
		{"at spaces", "one two three four", 9, "one two\nthree\nfour\n"},
		{"exactly full", "one two", 7, "one two\n"},
		{"between Japanese characters", "変更がありました", 8, "変更があ\nりました\n"},
		{"no line begins with a full stop", "変更です。次", 8, "変更で\nす。次\n"},
		{"nor with a small kana or a long vowel", "あいシャワー", 6, "あい\nシャ\nワー\n"},
		{"no line ends with an opening bracket", "変更が（作成）", 8, "変更が\n（作成）\n"},
		{"a number stays with its counter", "変更は1,234件です", 11, "変更は\n1,234件です\n"},
		{"a date stays with its time", "until 2024-11-28 03:00.", 20, "until\n2024-11-28 03:00.\n"},
		{"Latin words stay whole in Japanese", "設定は SecurityGroup です", 14, "設定は\nSecurityGroup\nです\n"},
		{"what has no place to break is broken anywhere", strings.Repeat("x", 25), 10, "xxxxxxxxxx\nxxxxxxxxxx\nxxxxx\n"},
		{"so are marks that may not begin a line", strings.Repeat("。", 7), 6, "。。。\n。。。\n。\n"},
		{"combining marks take no column", "e\u0301e\u0301 e\u0301", 2, "e\u0301e\u0301\ne\u0301\n"},
		{"emoji take two", "🚀🚀🚀", 4, "🚀🚀\n🚀\n"},
	} {
		if got := wrap(c.text, c.n, "", ""); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got, want := wrap("one two three", 9, "- ", "  "), "- one two\n  three\n"; got != want {
		t.Errorf("indented: %q, want %q", got, want)
	}
	if got, want := wrap(strings.Repeat("x", 12), 9, "- ", "  "), "- xxxxxxx\n  xxxxx\n"; got != want {
		t.Errorf("indented and too long: %q, want %q", got, want)
	}
}

func FuzzWrap(f *testing.F) {
	for _, text := range []string{"one two three", "変更が1,234件ありました（作成）。", "x\u0301" + strings.Repeat("。", 30), " lead  and  gaps ", ""} {
		f.Add(text, 10)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 6 || n > 200 || strings.ContainsAny(text, "\n\r") {
			t.Skip()
		}
		got := wrap(text, n, "- ", "  ")
		for line := range strings.Lines(got) {
			if w := message.Columns(strings.TrimRight(line, "\n")); w > n {
				t.Errorf("a line of %d columns: %q", w, line)
			}
		}
		plain := func(s string) string { return strings.NewReplacer("\n", "", " ", "").Replace(s) }
		if want := "-" + plain(text); plain(got) != want {
			t.Errorf("text is lost or made up: %q of %q", got, text)
		}
	})
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"prod", 4, "prod"}, {"production", 4, "pro…"}, {"本番環境", 8, "本番環境"}, {"本番環境", 7, "本番環…"}, {"本番環境", 6, "本番…"},
	} {
		if got := message.Clip(c.text, c.n); got != c.want {
			t.Errorf("message.Clip(%s, %d) = %s, want %s", c.text, c.n, got, c.want)
		}
	}
}
