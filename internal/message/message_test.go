package message

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var placeholder = regexp.MustCompile(`\{([a-z_0-9]+)(\?[^{}]*)?\}`)

func TestEveryMessageExistsInBothLanguages(t *testing.T) {
	messages, err := load(catalog)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) == 0 {
		t.Fatal("the catalogues are empty")
	}
	names := func(text string) []string {
		var all []string
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if m[2] == "" {
				all = append(all, m[1])
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for key, texts := range messages {
		for _, lang := range Langs {
			if strings.TrimSpace(texts[lang]) == "" {
				t.Errorf("%s has no text in %s", key, lang)
			}
			if rest := placeholder.ReplaceAllString(texts[lang], ""); strings.ContainsAny(rest, "{}") {
				t.Errorf("%s in %s has a brace that is no placeholder: %s", key, lang, texts[lang])
			}
		}
		if len(texts) != len(Langs) {
			t.Errorf("%s has %d languages", key, len(texts))
		}
		if en, ja := names(texts[English]), names(texts[Japanese]); !slices.Equal(en, ja) {
			t.Errorf("%s tells different things: en %v, ja %v", key, en, ja)
		}
	}
}

func TestText(t *testing.T) {
	p := Printer{English, map[string]map[Lang]string{
		"n":     {English: "{n} {n?change:changes} in {where}"},
		"plain": {English: "as it is"},
		"open":  {English: "broken {n"},
	}}
	for _, c := range []struct {
		key  string
		args Args
		want string
	}{
		{"n", Args{"n": 1, "where": "prod"}, "1 change in prod"},
		{"n", Args{"n": int64(1234567), "where": "{n}"}, "1,234,567 changes in {n}"},
		{"n", Args{"n": 0}, "0 changes in ⟦where⟧"},
		{"plain", nil, "as it is"},
		{"open", Args{"n": 1}, "broken ⟦{⟧"},
		{"absent", nil, "⟦absent⟧"},
	} {
		if got := p.Text(c.key, c.args); got != c.want {
			t.Errorf("Text(%s) = %q, want %q", c.key, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 123456: "123,456"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestAKeyStandsInOneCatalogue(t *testing.T) {
	both := fstest.MapFS{
		"catalog/a.json": {Data: []byte(`{"k":{"en":"x","ja":"y"}}`)},
		"catalog/b.json": {Data: []byte(`{"k":{"en":"x","ja":"y"}}`)},
	}
	if _, err := load(both); err == nil {
		t.Error("a key in two catalogues passes")
	}
	if _, err := New("fr"); err == nil {
		t.Error("there is no French")
	}
}
