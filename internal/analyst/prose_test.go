package analyst

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"configtrail"
	"configtrail/internal/message"
)

const novemberJA = `2024年11月の変更は、前月の⟦b9⟧から増えて⟦b1⟧件になりました。内訳は、作成が⟦b2⟧、更新が⟦b3⟧、削除が⟦b4⟧です。

- ⟦b16⟧に、acct_1のセキュリティグループres_1が全世界（0.0.0.0/0）に公開されました。重大な検出です。
- ⟦b17⟧に、acct_2のS3バケットres_2のパブリックアクセスブロックが解除されました。

誰が変更したのかはわかりません⟦b22⟧。まず担当者に確認してください。`

const novemberEN = `In November 2024 changes rose from ⟦b9⟧ in the month before to ⟦b1⟧. Security groups saw ⟦b13⟧ changes.

At ⟦b16⟧ the security group res_1 in acct_1 was opened to the internet (0.0.0.0/0), which is critical. At ⟦b17⟧ the bucket res_2 lost its public access block.`

func TestProseThatPassesIsRendered(t *testing.T) {
	for lang, c := range map[message.Lang]struct{ text, want string }{
		message.Japanese: {novemberJA, `2024年11月の変更は、前月の970件から増えて1,200件になりました。内訳は、作成が300件、更新が800件、削除が100件です。

- 11月5日 14:02に、本番 (111122223333)のセキュリティグループsg-0a1b2c3dが全世界（0.0.0.0/0）に公開されました。重大な検出です。
- 11月12日 09:30に、検証 (444455556666)のS3バケットinvoices-2024のパブリックアクセスブロックが解除されました。

誰が変更したのかはわかりません。まず担当者に確認してください。`},
		message.English: {novemberEN, `In November 2024 changes rose from 970 in the month before to 1,200. Security groups saw 240 changes.

At 5 November 14:02 the security group sg-0a1b2c3d in 本番 (111122223333) was opened to the internet (0.0.0.0/0), which is critical. At 12 November 09:30 the bucket invoices-2024 lost its public access block.`},
	} {
		c2 := checkerOf(t, lang)
		if found := c2.violations(c.text); len(found) > 0 {
			t.Errorf("%s: %+v", lang, found)
		}
		if diff := cmp.Diff(c.want, c2.render(c.text, printer(t, lang))); diff != "" {
			t.Error(diff)
		}
	}
}

// TestWhatTheWholeTextLacks are violations that no sentence shows.
func TestWhatTheWholeTextLacks(t *testing.T) {
	for _, c := range []struct {
		name, text, rule string
		lang             message.Lang
	}{
		{"empty", "", "length", message.Japanese},
		{"short", "変更は⟦b1⟧でした。", "length", message.Japanese},
		{"endless", strings.Repeat("変更は⟦b1⟧でした。", 2000), "length", message.Japanese},
		{"without the total", strings.ReplaceAll(novemberJA, "⟦b1⟧", "⟦b10⟧"), "missing", message.Japanese},
		{"without the gravest finding", strings.ReplaceAll(novemberJA, "⟦b16⟧に、", ""), "missing", message.Japanese},
		{"without the next one", strings.ReplaceAll(novemberEN, "At ⟦b17⟧ the", "The"), "missing", message.English},
		{"Japanese for English", novemberJA, "language", message.English},
		{"English for Japanese", novemberEN, "language", message.Japanese},
	} {
		found := checkerOf(t, c.lang).violations(c.text)
		if !slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == c.rule }) {
			t.Errorf("%s is not caught as %s: %+v", c.name, c.rule, found)
		}
	}
}

func TestSentences(t *testing.T) {
	c := checkerOf(t, message.English)
	for text, want := range map[string][]string{
		"One. Two! Three? Four":                        {"One.", "Two!", "Three?", "Four"},
		"It is open (0.0.0.0/0). Close it.":            {"It is open (0.0.0.0/0).", "Close it."},
		"See e.g. the log. Then vs. now.":              {"See e.g. the log.", "Then vs. now."},
		"「公開」です。閉じてください！":                              {"「公開」です。", "閉じてください!"},
		"「そうです。」と言う。次":                                 {"「そうです。」", "と言う。", "次"},
		"first line\n- second line\n\nthird":           {"first line", "- second line", "third"},
		"A dot.inside a word and v1.2 is no end. Yes.": {"A dot.inside a word and v1.2 is no end.", "Yes."},
		`He said "stop." And went.`:                    {`He said "stop."`, "And went."},
	} {
		m := c.mask(text)
		var got []string
		for _, s := range m.sentences() {
			got = append(got, restore(m, s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestListsAreRead holds that no list is empty, names nothing twice in another
// list, and that prompts are there.
func TestListsAreRead(t *testing.T) {
	l := words()
	for name, n := range map[string]int{
		"constants": len(l.constants), "latin": len(l.latin), "katakana": len(l.katakana), "starters": len(l.starters), "vendors": len(l.vendors), "subjects": len(l.subjects),
		"numbers in Japanese": len(l.numbersJa), "whole numbers in Japanese": len(l.numbersJaWhole), "numbers in English": len(l.numbersEn),
	} {
		if n < 10 {
			t.Errorf("the list of %s has %d entries", name, n)
		}
	}
	for word := range l.starters {
		if l.vendors[word] || strings.ToLower(word) != word {
			t.Errorf("%s may begin a sentence", word)
		}
		if l.isNumber(word) {
			t.Errorf("%s is a number and may begin a sentence", word)
		}
	}
	for word := range l.latin {
		if l.isNumber(strings.ToLower(word)) || strings.ContainsFunc(word, func(r rune) bool { return r >= '0' && r <= '9' }) {
			t.Logf("%s is found as a number before it is known as a word", word)
		}
	}
	for _, word := range l.numbersJaWhole {
		if l.katakana[word] {
			t.Errorf("%s is a number and a word", word)
		}
	}
	for _, name := range []string{"system", "month", "style_ja", "style_en", "repair"} {
		if prompt(name) == "" {
			t.Errorf("there is no prompt %s", name)
		}
	}
}

// TestTheFirstRequestIsBoundedAndHoldsNoName holds it for a brief as large as
// briefs get.
func TestTheFirstRequestIsBoundedAndHoldsNoName(t *testing.T) {
	b := november()
	for len(b.Lines) < 110 {
		l := b.Lines[15]
		l.Ref = "b" + message.Number(int64(len(b.Lines)+1))
		l.Types = []string{"AWS::ElasticLoadBalancingV2::" + strings.Repeat("Long", 6)}
		b.Lines = append(b.Lines, l)
	}
	for _, lang := range message.Langs {
		r := First(TellOptions{Brief: b, Printer: printer(t, lang)})
		if n := r.tokens(); n > 10_000 {
			t.Errorf("%s: %d tokens", lang, n)
		}
		for alias, name := range b.Names {
			if strings.Contains(r.Turns[0].Text+r.System, name) {
				t.Errorf("the request holds the name of %s", alias)
			}
		}
	}
	small := First(TellOptions{Brief: november(), Printer: printer(t, message.Japanese)}).Turns[0].Text
	for _, want := range []string{
		"Month: 2024-11 (2024-11-01 to 2024-11-30, Asia/Tokyo).", "Language: Japanese.", "These lines have to be told: ⟦b1⟧ ⟦b16⟧ ⟦b17⟧",
		"⟦b1⟧\ttotal\tchanges\tvalue=1200 changes\ttrend=up\n",
		"⟦b20⟧\tchange\tdeleted\tvalue=2024-11-21 18:45\tnames=res_3 acct_2 actor_1\ttypes=AWS::IAM::Role\tregions=global\n",
		"⟦b22⟧\tcoverage\tno_trail\n",
	} {
		if !strings.Contains(small+"\n", want) {
			t.Errorf("%q is missing in:\n%s", want, small)
		}
	}
}

// FuzzChecker holds the promise of the checks for any text: what passes has no
// digit, whatever the script, outside of references, names and constants, no
// character that can't be seen, and nothing that marks text up.
func FuzzChecker(f *testing.F) {
	for _, seed := range []string{novemberJA, novemberEN, "変更は①⟦b1⟧２件⟦b99⟧", "res_1 ⟦b1⟧\u200b٣ 十二 twelve", "a⟦b1⟧.⟦b2⟧", "\ue000\ue001 \uf7ff", "⟦b1", "AWS::EC2::SecurityGroup2 0.0.0.0/01"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	p := map[bool]message.Printer{true: printer(f, message.Japanese), false: printer(f, message.English)}
	b := november()
	for alias := range b.Names {
		b.Names[alias] = "name"
	}
	checkers := map[bool]*checker{true: newChecker(b, p[true]), false: newChecker(b, p[false])}
	f.Fuzz(func(t *testing.T, text string, japanese bool) {
		c := checkers[japanese]
		if len(sentenceViolations(c, text)) > 0 {
			return
		}
		m := c.mask(strings.TrimSpace(text))
		if strings.ContainsFunc(norm.NFKC.String(m.raw), func(r rune) bool { return unicode.In(r, unicode.N) }) {
			t.Errorf("%q passes with a digit", text)
		}
		shown := c.render(text, p[japanese])
		if configtrail.Visible(strings.ReplaceAll(shown, "\n", "")) != strings.ReplaceAll(shown, "\n", "") {
			t.Errorf("%q is rendered with what can't be seen: %q", text, shown)
		}
		if strings.ContainsAny(shown, "<>[]`*#|_@⟦⟧") {
			t.Errorf("%q is rendered with markup: %q", text, shown)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, lang := range message.Langs {
		c, text := checkerOf(b, lang), novemberEN
		if lang == message.Japanese {
			text = novemberJA
		}
		n := len(c.mask(text).sentences())
		b.Run(string(lang), func(b *testing.B) {
			for b.Loop() {
				if len(c.violations(text)) > 0 {
					b.Fatal("a violation")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/sentence")
		})
	}
}

func TestValue(t *testing.T) {
	at := time.Date(2024, 11, 5, 5, 2, 0, 0, time.UTC)
	for _, c := range []struct {
		unit   configtrail.Unit
		ja, en string
	}{
		{configtrail.UnitChanges, "1,200件", "1,200"}, {configtrail.UnitResources, "1,200個", "1,200"}, {configtrail.UnitAccounts, "1,200個", "1,200"},
		{configtrail.UnitFindings, "1,200件", "1,200"}, {configtrail.UnitGaps, "1,200件", "1,200"}, {configtrail.UnitObjects, "1,200件", "1,200"},
		{configtrail.UnitCaptures, "1,200件", "1,200"}, {configtrail.UnitDay, "11月5日", "5 November"},
		{configtrail.UnitTime, "11月5日 14:02", "5 November 14:02"}, {configtrail.UnitNone, "", ""},
	} {
		l := configtrail.BriefLine{Unit: c.unit, N: 1200, Time: at}
		if got := Value(l, tokyo, printer(t, message.Japanese)); got != c.ja {
			t.Errorf("%s in Japanese is %q, want %q", c.unit, got, c.ja)
		}
		if got := Value(l, tokyo, printer(t, message.English)); got != c.en {
			t.Errorf("%s in English is %q, want %q", c.unit, got, c.en)
		}
	}
}
