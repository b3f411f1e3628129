package redact

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func sortSpans(spans []span) {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
}

// unescape is the text that the body of a JSON string stands for. An escape
// that JSON does not know stands for itself, so that nothing is lost in text
// that only looks like JSON.
func unescape(body string) string {
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	var b strings.Builder
	b.Grow(len(body))
	for i := 0; i < len(body); {
		n, text := escapeAt(body, i)
		b.WriteString(text)
		i += n
	}
	return b.String()
}

// escapeAt reads what stands at an offset of a body: its length there, and the
// text it stands for.
func escapeAt(body string, i int) (int, string) {
	if body[i] != '\\' || i+1 == len(body) {
		// Everything up to the next escape stands for itself.
		if n := strings.IndexByte(body[i+1:], '\\'); n >= 0 {
			return n + 1, body[i : i+1+n]
		}
		return len(body) - i, body[i:]
	}
	switch body[i+1] {
	case 'n':
		return 2, "\n"
	case 't':
		return 2, "\t"
	case 'r':
		return 2, "\r"
	case 'b':
		return 2, "\b"
	case 'f':
		return 2, "\f"
	case '"', '\\', '/':
		return 2, body[i+1 : i+2]
	case 'u':
		r, ok := hex4(body, i+2)
		if !ok {
			return 2, body[i : i+2]
		}
		if utf16.IsSurrogate(r) {
			if low, ok := hex4(body, i+8); ok && body[i+6] == '\\' && body[i+7] == 'u' {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return 12, string(pair)
				}
			}
			return 6, string(utf8.RuneError)
		}
		return 6, string(r)
	}
	return 2, body[i : i+2]
}

func hex4(t string, i int) (rune, bool) {
	if i+4 > len(t) || !isHex(t[i:i+4]) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(t[i : i+4]) {
		r = r<<4 | rune(hexDigit(c))
	}
	return r, true
}

func hexDigit(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// moved maps spans of a decoded text to its encoded form, which read decodes piece
// by piece. A piece as long as what it stands for stands for itself; of any other
// a span takes in all or nothing.
func moved(encoded string, spans []span, read func(string, int) (int, string)) []span {
	out := make([]span, len(spans))
	at, text, n, length := 0, 0, 0, 0 // offsets of the piece in both, and its length in both
	step := func(offset int) {
		for at < len(encoded) && text+length <= offset {
			at, text = at+n, text+length
			if at == len(encoded) {
				n, length = 0, 0
				return
			}
			var piece string
			n, piece = read(encoded, at)
			length = len(piece)
		}
	}
	for i, sp := range spans {
		step(sp.start)
		start := at
		if n == length {
			start = at + sp.start - text
		}
		step(sp.end - 1)
		end := at + n
		if n == length {
			end = at + sp.end - text
		}
		out[i] = span{start, end, sp.with}
	}
	return out
}

// percentAt reads percent-encoding like escapeAt reads escapes.
func percentAt(t string, i int) (int, string) {
	if t[i] == '%' && i+2 < len(t) && isHex(t[i+1:i+3]) {
		return 3, string([]byte{hexDigit(t[i+1])<<4 | hexDigit(t[i+2])})
	}
	if n := strings.IndexByte(t[i+1:], '%'); n >= 0 {
		return n + 1, t[i : i+1+n]
	}
	return len(t) - i, t[i:]
}

// unpercent is the text that percent-encoding stands for. A percent sign that
// encodes nothing stands for itself. IAM writes spaces as %20, so + is a plus.
func unpercent(t string) string {
	var b strings.Builder
	b.Grow(len(t))
	for i := 0; i < len(t); {
		n, text := percentAt(t, i)
		b.WriteString(text)
		i += n
	}
	return b.String()
}
