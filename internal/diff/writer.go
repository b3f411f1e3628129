package diff

import (
	"fmt"

	"configtrail"
)

// maxDepth is how deep JSON may nest. AWS's own documents stay below 40; the
// limit bounds what sorting nested objects can cost, which is depth × length.
const maxDepth = 256

// writer reads JSON once and writes it canonically. Each member of an object is
// written where it stands; when the object closes and its members turn out not
// to be in order, their spans are put into order. No tree is built.
type writer struct {
	src   []byte
	pos   int
	depth int

	out     []byte
	members []member // of the objects that are open, innermost last
}

func (w *writer) invalid(what string) error {
	return fmt.Errorf("%w: JSON at byte %d: %s", configtrail.ErrInvalid, w.pos, what)
}

// whole writes the one value that src has to be.
func (w *writer) whole() (empty bool, err error) {
	if len(w.src) > maxLength {
		return false, fmt.Errorf("%w: %d bytes of JSON", configtrail.ErrTooLarge, len(w.src))
	}
	w.space()
	if empty, err = w.value(); err != nil {
		return false, err
	}
	if w.space(); w.pos < len(w.src) {
		return false, w.invalid("text behind the value")
	}
	return empty, nil
}

func (w *writer) space() {
	for w.pos < len(w.src) {
		switch w.src[w.pos] {
		case ' ', '\t', '\n', '\r':
			w.pos++
		default:
			return
		}
	}
}

// value writes the value at pos and tells whether it is null, "", [] or {}.
func (w *writer) value() (empty bool, err error) {
	if w.pos >= len(w.src) {
		return false, w.invalid("the value is missing")
	}
	switch c := w.src[w.pos]; c {
	case '"':
		start := len(w.out)
		err := w.string()
		return len(w.out) == start+2, err
	case '{':
		return w.object()
	case '[':
		return w.list()
	case 't':
		return false, w.literal("true")
	case 'f':
		return false, w.literal("false")
	case 'n':
		return true, w.literal("null")
	default:
		return false, w.number()
	}
}

func (w *writer) literal(text string) error {
	if len(w.src)-w.pos < len(text) || string(w.src[w.pos:w.pos+len(text)]) != text {
		return w.invalid("no value")
	}
	w.pos += len(text)
	w.out = append(w.out, text...)
	return nil
}

func (w *writer) enter() error {
	if w.depth++; w.depth > maxDepth {
		return fmt.Errorf("%w: JSON at byte %d: nested deeper than %d", configtrail.ErrTooLarge, w.pos, maxDepth)
	}
	return nil
}

func (w *writer) list() (empty bool, err error) {
	if err := w.enter(); err != nil {
		return false, err
	}
	w.pos++
	w.out = append(w.out, '[')
	if w.space(); w.pos < len(w.src) && w.src[w.pos] == ']' {
		w.pos, w.depth = w.pos+1, w.depth-1
		w.out = append(w.out, ']')
		return true, nil
	}
	for {
		w.space()
		if _, err := w.value(); err != nil {
			return false, err
		}
		w.space()
		if w.pos >= len(w.src) {
			return false, w.invalid("a list without end")
		}
		switch w.src[w.pos] {
		case ',':
			w.pos++
			w.out = append(w.out, ',')
		case ']':
			w.pos, w.depth = w.pos+1, w.depth-1
			w.out = append(w.out, ']')
			return false, nil
		default:
			return false, w.invalid("no comma between elements")
		}
	}
}

func (w *writer) object() (empty bool, err error) {
	if err := w.enter(); err != nil {
		return false, err
	}
	w.pos++
	start, base := len(w.out), len(w.members)
	w.out = append(w.out, '{')
	if w.space(); w.pos < len(w.src) && w.src[w.pos] == '}' {
		w.pos, w.depth = w.pos+1, w.depth-1
		w.out = append(w.out, '}')
		return true, nil
	}
	for {
		if err := w.member(); err != nil {
			return false, err
		}
		w.space()
		if w.pos >= len(w.src) {
			return false, w.invalid("an object without end")
		}
		switch w.src[w.pos] {
		case ',':
			w.pos++
			w.out = append(w.out, ',')
		case '}':
			w.pos, w.depth = w.pos+1, w.depth-1
			return w.closeObject(start, base), nil
		default:
			return false, w.invalid("no comma between members")
		}
	}
}

func (w *writer) member() error {
	if w.space(); w.pos >= len(w.src) || w.src[w.pos] != '"' {
		return w.invalid("the key of a member is missing")
	}
	m := member{start: uint32(len(w.out))}
	if err := w.string(); err != nil {
		return err
	}
	m.key = uint32(len(w.out))
	m.prefix = prefix(w.out[m.start+1 : m.key-1])
	if w.space(); w.pos >= len(w.src) || w.src[w.pos] != ':' {
		return w.invalid("no colon behind a key")
	}
	w.pos++
	w.out = append(w.out, ':')
	w.space()
	empty, err := w.value()
	if err != nil {
		return err
	}
	if !empty {
		m.end = uint32(len(w.out))
	}
	w.members = append(w.members, m)
	return nil
}
