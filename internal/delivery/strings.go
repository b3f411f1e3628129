package delivery

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote gives what a JSON string says. The result aliases raw where there is
// nothing to unescape. Half of a surrogate pair becomes U+FFFD.
func unquote(raw []byte) []byte {
	inside := raw[1 : len(raw)-1]
	at := bytes.IndexByte(inside, '\\')
	if at < 0 {
		return inside
	}
	out := make([]byte, 0, len(inside))
	for at >= 0 {
		out = append(out, inside[:at]...)
		var size int
		out, size = appendEscape(out, inside[at:])
		inside = inside[at+size:]
		at = bytes.IndexByte(inside, '\\')
	}
	return append(out, inside...)
}

// appendEscape appends what the escape at the beginning of text stands for, and
// tells how long the escape is.
func appendEscape(out, text []byte) ([]byte, int) {
	switch text[1] {
	case 'b':
		return append(out, '\b'), 2
	case 'f':
		return append(out, '\f'), 2
	case 'n':
		return append(out, '\n'), 2
	case 'r':
		return append(out, '\r'), 2
	case 't':
		return append(out, '\t'), 2
	case 'u':
		r, size := codeUnit(text), 6
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
				pair = utf16.DecodeRune(r, codeUnit(text[6:]))
			}
			if r = pair; pair != utf8.RuneError {
				size = 12
			}
		}
		return utf8.AppendRune(out, r), size
	default: // a quote, a slash or a backslash
		return append(out, text[1]), 2
	}
}

// codeUnit reads the four digits of \u1234.
func codeUnit(text []byte) rune {
	var r rune
	for _, c := range text[2:6] {
		digit, _ := hexDigit(c)
		r = r<<4 | digit
	}
	return r
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0'), true
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

// scalar is the text of a string, number or boolean; "" for anything else.
func scalar(raw []byte) string {
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n':
		return ""
	case raw[0] == '"':
		return string(unquote(raw))
	default:
		return string(raw)
	}
}

// decimal is a number's text without fraction and exponent where the number is
// whole: some writers make 1.484002215156E12 of a state id. Other text stays as it is.
func decimal(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return text
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return text
	}
	return strconv.FormatInt(int64(f), 10)
}

// unwrap gives the JSON inside a JSON string. It reports false where the value
// is no string, or the string holds no single JSON value.
func unwrap(raw []byte) ([]byte, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return raw, false
	}
	inside := bytes.Trim(unquote(raw), " \t\r\n")
	t := memory(inside)
	if t.value() != nil || t.fault != nil || !t.ended() || !errors.Is(t.err, io.EOF) {
		return raw, false
	}
	return inside, true
}

// isList, isObject and isString tell what a checked value is.
func isList(raw []byte) bool   { return len(raw) > 0 && raw[0] == '[' }
func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }
func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// excerpt is text from data as a reason may quote it.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return strconv.QuoteToGraphic(text)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strconv.QuoteToGraphic(text[:cut]) + "…"
}

// names keeps one copy of the texts that come in item after item, such as
// types, regions and statuses.
type names map[string]string

const mostNames = 4096

func (n names) str(raw []byte) string {
	if !isString(raw) || len(raw) > 200 {
		return scalar(raw)
	}
	text := unquote(raw)
	if kept, ok := n[string(text)]; ok {
		return kept
	}
	if len(n) >= mostNames {
		return string(text)
	}
	kept := string(text)
	n[kept] = kept
	return kept
}
