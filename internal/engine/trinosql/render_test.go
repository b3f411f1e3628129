package trinosql_test

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/engine/trinosql"
)

func TestLiteral(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct {
		value any
		want  string
	}{
		{"web", `'web'`},
		{"", `''`},
		{"it's", `'it''s'`},
		{`a\'b`, `'a\''b'`},
		{"日本語🗾", `'日本語🗾'`},
		{"a\nb", `U&'a\000ab'`},
		{"\x00\\'\u202e", `U&'\0000\\''\202e'`},
		{"\U000e0001", `U&'\+0e0001'`},
		{"全角\u3000空白", `U&'全角\3000空白'`},
		{int64(5), "5"},
		{int64(math.MinInt64), "-9223372036854775808"},
		{1.0, "1E+00"},
		{-0.25, "-2.5E-01"},
		{math.MaxFloat64, "1.7976931348623157E+308"},
		{true, "TRUE"},
		{false, "FALSE"},
		{time.Date(2024, 11, 5, 10, 2, 3, 456789999, tokyo), "TIMESTAMP '2024-11-05 01:02:03.456789 UTC'"},
		{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), "TIMESTAMP '0001-01-01 00:00:00.000000 UTC'"},
	} {
		got, err := trinosql.Literal(c.value)
		if err != nil || got != c.want {
			t.Errorf("%#v: %s, %v; want %s", c.value, got, err, c.want)
		}
	}
	for _, value := range []any{nil, 5, int32(5), []string{"a"}, math.NaN(), math.Inf(-1), "\xff", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, err := trinosql.Literal(value); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%#v: %s, %v", value, got, err)
		}
	}
}

func TestRender(t *testing.T) {
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT 1", nil, "SELECT 1"},
		{"a = ? AND b IN (?, ?)", []any{"x", int64(1), true}, "a = 'x' AND b IN (1, TRUE)"},
		{"a = '?' AND b = ?", []any{"'?'"}, "a = '?' AND b = '''?'''"},
		{`"a?""?" = ?`, []any{"x"}, `"a?""?" = 'x'`},
		{"`?` = ?", []any{"x"}, "`?` = 'x'"},
		{"a -- ?\n= ?", []any{"x"}, "a -- ?\n= 'x'"},
		{"a /* ? -- ' */ = ?", []any{"x"}, "a /* ? -- ' */ = 'x'"},
		{"/* /* ? */ ?", []any{"x"}, "/* /* ? */ 'x'"},
		{"U&'\\003f?' = ?", []any{"x"}, "U&'\\003f?' = 'x'"},
		{"LIMIT ?", []any{int64(7)}, "LIMIT 7"},
		// What a value must not grow together with.
		{"a-?", []any{int64(-1)}, "a- -1"},
		{"a=?and b", []any{"x"}, "a= 'x' and b"},
		{"U&?", []any{"x"}, "U& 'x'"},
		{"??", []any{"x", "y"}, "'x'  'y'"},
		{"'a'?", []any{"x"}, "'a' 'x'"},
		{"?--", []any{"x"}, "'x' --"},
		{"-- ?", nil, "-- ?"},
	} {
		got, err := trinosql.Render(c.sql, c.args)
		if err != nil || got != c.want {
			t.Errorf("%s %v: %s, %v; want %s", c.sql, c.args, got, err, c.want)
		}
	}
	for _, c := range []struct {
		sql  string
		args []any
	}{
		{"?", nil}, {"? ?", []any{"x"}}, {"", []any{"x"}}, {"'?'", []any{"x"}}, {"-- ?", []any{"x"}},
		{"'a", nil}, {`"a`, nil}, {"/* a", nil}, {"/*/", nil}, {"'a''", nil}, {"?", []any{math.NaN()}},
	} {
		if got, err := trinosql.Render(c.sql, c.args); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s %v: %s, %v", c.sql, c.args, got, err)
		}
	}
}

// literal is a literal as Trino's grammar has it, written down from that grammar
// and not from what Literal does.
var literal = regexp.MustCompile(`^(?:(TRUE|FALSE)|(TIMESTAMP )?(U&)?'((?:[^']|'')*)'|(-?\d+)|(-?\d+(?:\.\d*)?E[+-]?\d+))$`)

// readBack is the value of a text that is exactly one literal.
func readBack(text string) (any, error) {
	m := literal.FindStringSubmatch(text)
	switch {
	case m == nil:
		return nil, fmt.Errorf("%q is not one literal", text)
	case m[1] != "":
		return m[1] == "TRUE", nil
	case m[5] != "":
		return strconv.ParseInt(m[5], 10, 64)
	case m[6] != "":
		return strconv.ParseFloat(m[6], 64)
	}
	body := strings.ReplaceAll(m[4], "''", "'")
	switch {
	case m[2] != "":
		return time.Parse("2006-01-02 15:04:05.000000 UTC", body)
	case m[3] == "":
		return body, nil
	}
	var b strings.Builder
	for body != "" {
		r, size := utf8.DecodeRuneInString(body)
		if r != '\\' {
			b.WriteRune(r)
			body = body[size:]
			continue
		}
		digits, skip := 4, 1
		switch {
		case strings.HasPrefix(body, `\\`):
			b.WriteByte('\\')
			body = body[2:]
			continue
		case strings.HasPrefix(body, `\+`):
			digits, skip = 6, 2
		}
		if len(body) < skip+digits {
			return nil, fmt.Errorf("%q ends early", text)
		}
		n, err := strconv.ParseUint(body[skip:skip+digits], 16, 32)
		if err != nil || n > 0x10ffff || n >= 0xd800 && n < 0xe000 {
			return nil, fmt.Errorf("%q has a code that is none", text)
		}
		b.WriteRune(rune(n))
		body = body[skip+digits:]
	}
	return b.String(), nil
}

func FuzzLiteral(f *testing.F) {
	f.Add("it's \\ \n 日本語 \x00 \u202e", int64(math.MinInt64), -1.5e-300, int64(1730768523456789))
	f.Add(`U&'\+01F5FE'`, int64(0), 0.0, int64(-62135596800000000))
	f.Add("'; --", int64(1), math.Inf(1), int64(0))
	f.Fuzz(func(t *testing.T, text string, n int64, double float64, micros int64) {
		for _, value := range []any{text, n, double, time.UnixMicro(micros).UTC()} {
			spelled, err := trinosql.Literal(value)
			if err != nil {
				if plausible(value) {
					t.Errorf("%#v: %v", value, err)
				}
				continue
			}
			back, err := readBack(spelled)
			if err != nil || back != value {
				t.Errorf("%#v is spelled %s, which is %#v, %v", value, spelled, back, err)
			}
		}
	})
}

// plausible reports whether a value has to have a literal.
func plausible(value any) bool {
	switch value := value.(type) {
	case string:
		return utf8.ValidString(value)
	case float64:
		return !math.IsNaN(value) && !math.IsInf(value, 0)
	case time.Time:
		return value.Year() > 0 && value.Year() < 10000
	}
	return true
}

// token takes a statement apart by one expression; what Render scans by hand.
var token = regexp.MustCompile("(?s)'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|--[^\r\n]*|/\\*.*?\\*/|.")

func FuzzRender(f *testing.F) {
	f.Add("SELECT '?', \"?\" -- ?\n, ? /* ? */ FROM t WHERE a-? LIMIT?", "x'y")
	f.Add("`?`??U&?'a'?--?", "\\'\n?")
	f.Add("/*?*//?*/'''?'?", "?")
	f.Fuzz(func(t *testing.T, sql, value string) {
		if !utf8.ValidString(sql) || !utf8.ValidString(value) || len(sql) > 300 {
			return
		}
		var holes []int
		tokens := token.FindAllString(sql, -1)
		for i, part := range tokens {
			if part == "?" {
				holes = append(holes, i)
			}
		}
		args := make([]any, len(holes))
		for i := range args {
			args[i] = value + strconv.Itoa(i)
		}
		got, err := trinosql.Render(sql, args)
		if strings.ContainsAny(strings.Join(only(tokens, 1), ""), "'\"`") || strings.Contains(sql, "/*") && err != nil {
			return // something is never closed: the expression above does not notice that
		}
		if err != nil {
			t.Fatalf("%q: %v", sql, err)
		}
		// Every parameter has become one token that reads back, and the others are
		// as they were. U& is a part of the string behind it, which the expression
		// above takes for tokens of their own.
		rendered := withoutSpaces(token.FindAllString(got, -1))
		var want []string
		given := 0
		for _, part := range tokens {
			if part != "?" {
				want = append(want, part)
				continue
			}
			spelled, err := trinosql.Literal(args[given])
			if err != nil {
				t.Fatal(err)
			}
			given++
			want = append(want, token.FindAllString(spelled, -1)...)
		}
		if strings.Join(withoutSpaces(want), "\x1f") != strings.Join(rendered, "\x1f") {
			t.Errorf("%q became %q", sql, got)
		}
	})
}

// only gives the tokens of a length.
func only(tokens []string, length int) []string {
	var some []string
	for _, part := range tokens {
		if len(part) == length {
			some = append(some, part)
		}
	}
	return some
}

func withoutSpaces(tokens []string) []string {
	var some []string
	for _, part := range tokens {
		if part != " " {
			some = append(some, part)
		}
	}
	return some
}
