package testorg

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spelling is how one delivery writes a state. Two spellings of one state mean the same.
type spelling struct {
	empties int  // how members without content are written, below
	gson    bool // = < > & ' as \u003d …, as AWS's own writer does
	repeat  bool // the first member of each object directly below configuration twice, first with a wrong value
}

const (
	emptyAsIs    = iota // as the service gave it
	emptyDropped        // members without content are left out
	emptyNull           // null instead of [], {} and ""
	emptyList           // [] instead of null and {}
)

// appendValue appends v as JSON.
func appendValue(b []byte, v value, s spelling) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case number:
		return append(b, v...)
	case string:
		return appendString(b, v, s.gson)
	case *list:
		b = append(b, '[')
		for i, e := range v.elements {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, e.value, s)
		}
		return append(b, ']')
	case *object:
		return appendObject(b, v, s)
	case *document:
		return appendDocument(b, v, s)
	}
	return b
}

func appendObject(b []byte, o *object, s spelling) []byte {
	b = append(b, '{')
	first := true
	repeat := s.repeat
	s.repeat = false
	for _, m := range o.members {
		if empty(m.value) && s.empties == emptyDropped {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		if repeat && first {
			b = append(appendString(b, m.name, false), `:"superseded",`...)
		}
		first = false
		b = append(appendString(b, m.name, s.gson), ':')
		switch {
		case s.empties == emptyNull && empty(m.value):
			b = append(b, "null"...)
		case s.empties == emptyList && empty(m.value):
			b = append(b, "[]"...)
		default:
			b = appendValue(b, m.value, s)
		}
	}
	return append(b, '}')
}

// appendDocument appends a policy as a string. Spelling of emptiness does not
// reach into it: AWS hands policies through as their authors wrote them.
func appendDocument(b []byte, d *document, s spelling) []byte {
	text := appendValue(nil, d.body, spelling{})
	if d.spacing > 0 {
		var spaced bytes.Buffer
		if json.Indent(&spaced, text, "", strings.Repeat(" ", 2*d.spacing)) == nil {
			text = spaced.Bytes()
		}
	}
	if d.url {
		return appendString(b, strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20"), s.gson)
	}
	if d.twice {
		text = appendString(nil, string(text), false)
	}
	return appendString(b, string(text), s.gson)
}

const hexDigits = "0123456789abcdef"

// appendString appends text, which is valid UTF-8, as a JSON string.
func appendString(b []byte, text string, gson bool) []byte {
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRuneInString(text[i:])
			b = append(b, text[i:i+size]...)
			i += size
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ' || gson && strings.IndexByte("=<>&'", c) >= 0:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}
