package delivery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"

	"configtrail"
)

// maxDepth is how deep an item may nest. Real ones stay below 50; the limit keeps
// every later reader of the item, ours and the engines', from deep recursion.
const maxDepth = 1000

// value passes over one JSON value and checks it against the grammar of RFC
// 8259. An error means that the end of the value is unknown. Faults inside it
// that leave its end clear are noted with blame: bytes that are no UTF-8, raw
// control characters and bad escapes in strings, nesting too deep.
func (t *text) value() error {
	ground := t.nest.depth
	for {
		// A value begins.
		opened := false
		switch c := t.next(); c {
		case '"':
			if err := t.str(); err != nil {
				return err
			}
		case '{', '[':
			t.pos++
			t.nest.push(c == '{')
			if t.nest.depth == maxDepth+1 {
				t.blame(t.offset()-1, configtrail.CodeBadItem, fmt.Sprintf("nested deeper than %d", maxDepth))
			}
			opened = true
		case 't':
			if err := t.literal("true"); err != nil {
				return err
			}
		case 'f':
			if err := t.literal("false"); err != nil {
				return err
			}
		case 'n':
			if err := t.literal("null"); err != nil {
				return err
			}
		default:
			if c != '-' && (c < '0' || c > '9') {
				return t.unexpected("a value")
			}
			if err := t.number(); err != nil {
				return err
			}
		}
		// What follows decides whether another value begins or lists and objects end.
		for {
			if t.nest.depth == ground {
				return nil
			}
			c, object := t.next(), t.nest.top
			switch {
			case c == '}' && object, c == ']' && !object:
				t.pos++
				t.nest.pop()
				opened = false
				continue
			case opened: // no comma before the first
			case c == ',':
				t.pos++
				t.next()
			default:
				return t.unexpected("a comma or the end")
			}
			if object {
				if err := t.key(); err != nil {
					return err
				}
			}
			break
		}
	}
}

// key passes over a member's name and its colon.
func (t *text) key() error {
	if t.next() != '"' {
		return t.unexpected("a member's name")
	}
	if err := t.str(); err != nil {
		return err
	}
	return t.colon()
}

func (t *text) colon() error {
	if t.next() != ':' {
		return t.unexpected("a colon")
	}
	t.pos++
	return nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str passes over a string that begins at the next byte.
func (t *text) str() error {
	t.pos++
	for {
		b, i := t.buf, t.pos
		// Eight bytes at a time as long as none is a quote, a backslash, a control
		// character or beyond ASCII: each test sets the high bit of a byte that is.
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			if hits := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w | w) & highs; hits != 0 {
				i += bits.TrailingZeros64(hits) / 8 // a borrow sets false hits behind a true one only
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= 0x20 && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
			i++
		}
		t.pos = i
		if i == len(b) {
			if !t.fill() {
				return t.cutString()
			}
			continue
		}
		switch c := b[i]; {
		case c == '"':
			t.pos++
			return nil
		case c == '\\':
			if !t.escape() {
				return t.cutString()
			}
		case c < 0x20:
			t.blame(t.offset(), configtrail.CodeBadItem, fmt.Sprintf("a raw control character %#02x in a string", c))
			t.pos++
		default:
			t.rune()
		}
	}
}

// escape passes over an escape sequence and reports false at the end of the text.
func (t *text) escape() bool {
	at := t.offset()
	t.pos++
	c := t.peek()
	if t.pos == len(t.buf) {
		return false
	}
	if c != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), c) < 0 {
			t.blame(at, configtrail.CodeBadItem, "an escape that JSON does not have")
			return true // the byte behind the backslash may be a multi-byte character
		}
		t.pos++
		return true
	}
	t.pos++
	for range 4 {
		c := t.peek()
		if t.pos == len(t.buf) {
			return false
		}
		if _, ok := hexDigit(c); !ok {
			t.blame(at, configtrail.CodeBadItem, "an escape that JSON does not have")
			return true
		}
		t.pos++
	}
	return true
}

// rune passes over one character beyond ASCII.
func (t *text) rune() {
	for !utf8.FullRune(t.buf[t.pos:]) && t.fill() {
	}
	r, size := utf8.DecodeRune(t.buf[t.pos:])
	if r == utf8.RuneError && size == 1 {
		t.blame(t.offset(), configtrail.CodeBadItem, fmt.Sprintf("byte %#02x is no UTF-8", t.buf[t.pos]))
	}
	t.pos += size
}

// cutString is the error for a text that ends inside a string. A cut leaves any
// text there; a closing bracket before an opening one is left by something
// else, since no member of a list of items ends so.
func (t *text) cutString() error {
	if errors.Is(t.err, io.EOF) && bytes.HasSuffix(t.buf, []byte("}{")) {
		return &flaw{configtrail.CodeInvalidJSON, "a string is not closed before stray brackets at the end"}
	}
	return t.unexpected("the end of a string")
}

func (t *text) literal(word string) error {
	for i := range len(word) {
		if t.peek() != word[i] {
			return t.unexpected(word)
		}
		t.pos++
	}
	return nil
}

// number passes over a number of any length.
func (t *text) number() error {
	if t.peek() == '-' {
		t.pos++
	}
	if t.peek() == '0' {
		t.pos++
	} else if !t.digits() {
		return t.unexpected("a digit")
	}
	if t.peek() == '.' {
		t.pos++
		if !t.digits() {
			return t.unexpected("a digit")
		}
	}
	if c := t.peek(); c == 'e' || c == 'E' {
		t.pos++
		if c := t.peek(); c == '+' || c == '-' {
			t.pos++
		}
		if !t.digits() {
			return t.unexpected("a digit")
		}
	}
	return nil
}

// digits passes over digits and reports whether there was one.
func (t *text) digits() bool {
	any := false
	for c := t.peek(); c >= '0' && c <= '9'; c = t.peek() {
		t.pos++
		any = true
	}
	return any
}
