package diff

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"configtrail"
)

// special marks the bytes of a JSON string that can't be copied as they are.
var special = func() (table [256]bool) {
	for c := range 0x20 {
		table[c] = true
	}
	table['"'], table['\\'] = true, true
	return table
}()

// string writes the string at pos in one escaping: quote, backslash and control
// characters are escaped, in the short form where there is one, and nothing else
// is. A surrogate without its partner, which UTF-8 can't hold, stays \udxxx.
func (w *writer) string() error {
	w.out = append(w.out, '"')
	w.pos++
	for {
		rest := w.src[w.pos:]
		end, high := 0, byte(0)
		for end < len(rest) && !special[rest[end]] {
			high |= rest[end]
			end++
		}
		run := rest[:end]
		w.pos += end
		if high >= utf8.RuneSelf && !utf8.Valid(run) {
			return w.invalid("text is not UTF-8")
		}
		w.out = append(w.out, run...)
		if w.pos >= len(w.src) {
			return w.invalid("a string without end")
		}
		switch w.src[w.pos] {
		case '"':
			w.out = append(w.out, '"')
			w.pos++
			return nil
		case '\\':
			if err := w.escape(); err != nil {
				return err
			}
		default:
			return w.invalid("a control character in a string")
		}
	}
}

func (w *writer) escape() error {
	if w.pos+1 >= len(w.src) {
		return w.invalid("a string without end")
	}
	c := w.src[w.pos+1]
	switch c {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		w.out = append(w.out, '\\', c)
	case '/':
		w.out = append(w.out, '/')
	case 'u':
		return w.unicodeEscape()
	default:
		return w.invalid("an unknown escape in a string")
	}
	w.pos += 2
	return nil
}

func (w *writer) unicodeEscape() error {
	r, ok := hex4(w.src[w.pos:])
	if !ok {
		return w.invalid("an unknown escape in a string")
	}
	w.pos += 6
	if !utf16.IsSurrogate(r) {
		w.out = appendRune(w.out, r)
		return nil
	}
	if low, ok := hex4(w.src[w.pos:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			w.pos += 6
			w.out = utf8.AppendRune(w.out, pair)
			return nil
		}
	}
	w.out = append(w.out, '\\', 'u')
	w.out = strconv.AppendInt(w.out, int64(r), 16)
	return nil
}

// hex4 reads \uXXXX at the start of src.
func hex4(src []byte) (r rune, ok bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	for _, c := range src[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendRune writes one character of a string in the canonical escaping.
func appendRune(out []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(out, '\\', byte(r))
	case r >= 0x20:
		return utf8.AppendRune(out, r)
	}
	if i := bytes.IndexByte([]byte("\b\f\n\r\t"), byte(r)); i >= 0 {
		return append(out, '\\', "bfnrt"[i])
	}
	return append(out, '\\', 'u', '0', '0', '0'+byte(r>>4), "0123456789abcdef"[r&15])
}

// text writes a Go string as a JSON string.
func (w *writer) text(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: text is not UTF-8", configtrail.ErrInvalid)
	}
	w.out = append(w.out, '"')
	for len(s) > 0 {
		end := 0
		for end < len(s) && !special[s[end]] {
			end++
		}
		w.out = append(w.out, s[:end]...)
		if end < len(s) {
			w.out = appendRune(w.out, rune(s[end]))
			end++
		}
		s = s[end:]
	}
	w.out = append(w.out, '"')
	return nil
}

// unquote is the text of a canonical JSON string, whose quotes are included. A
// lone surrogate stays as its escape.
func unquote(quoted string) string {
	inner := quoted[1 : len(quoted)-1]
	at := bytes.IndexByte([]byte(inner), '\\')
	if at < 0 {
		return inner
	}
	out := append(make([]byte, 0, len(inner)), inner[:at]...)
	for i := at; i < len(inner); i++ {
		if inner[i] != '\\' {
			out = append(out, inner[i])
			continue
		}
		i++
		if k := bytes.IndexByte([]byte("bfnrt"), inner[i]); k >= 0 {
			out = append(out, "\b\f\n\r\t"[k])
			continue
		}
		if r, ok := hex4([]byte(inner[i-1 : min(i+5, len(inner))])); ok {
			if utf16.IsSurrogate(r) {
				out = append(out, inner[i-1:i+5]...)
			} else {
				out = utf8.AppendRune(out, r)
			}
			i += 4
			continue
		}
		out = append(out, inner[i])
	}
	return string(out)
}
