package report

import "testing"

func TestEscapeMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"web-本番 (prod)":     "web-本番 (prod)",
		"a*b_c`d":           "a\\*b\\_c\\`d",
		"[x](y)":            `\[x\](y)`,
		"![x](y)":           `\!\[x\](y)`,
		"<b>&amp;":          "&lt;b&gt;&amp;amp;",
		"# x":               `\# x`,
		"- x":               `\- x`,
		"a - x":             `a - x`,
		"+ x":               `\+ x`,
		"1. x":              `1\. x`,
		"12) x":             `12\) x`,
		"v1. x":             `v1. x`,
		"11-05 14:05 x":     "11-05 14:05 x",
		"=== x":             `\=== x`,
		"    x":             "&#32;   x",
		"a|b":               `a\|b`,
		"~~x~~ $y$":         `\~\~x\~\~ \$y\$`,
		`a\b`:               `a\\b`,
		"see https://x.y/z": "see `https://x.y/z`",
		"（本番）：a.example、次":  "（本番）：`a.example`、次",
		"evil.example":      "`evil.example`",
		"10.0.0.0/8":        "10.0.0.0/8",
		"end. Begin":        "end. Begin",
		"WWW.x.y":           "`WWW.x.y`",
		"mailto:a":          "`mailto:a`",
		"a@b.c, @d":         "`a@b.c,` `@d`",
		"x`@y|z":            "x\\``@y`\\|z",
		"two\nlines":        `two\\nlines`,
		"a\u202eb":          `a\\u202eb`,
		"":                  "",
	} {
		if got := EscapeMarkdown(text); got != want {
			t.Errorf("EscapeMarkdown(%q) = %q, want %q", text, got, want)
		}
	}
}
