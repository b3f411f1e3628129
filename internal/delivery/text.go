package delivery

import (
	"errors"
	"fmt"
	"io"

	"configtrail"
)

// text is a JSON text seen through a window that slides over it. Places in it
// are offsets from its first byte, which stay the same when the window moves.
type text struct {
	src  io.Reader // nil for a text that is in memory as a whole
	buf  []byte    // the window; buf[0] is at offset base
	base int64
	pos  int   // in buf, the next byte to look at
	err  error // why src ended: io.EOF, a *flaw, or I/O

	mark  int64 // from here on the window keeps everything; none: nothing
	limit int64 // most bytes that it keeps behind the mark
	lost  bool  // the limit was passed, and the mark given up

	nest  nesting
	fault *flawAt // the first thing wrong with the element whose end is known all the same
}

const (
	none      = -1
	roomAhead = 64 << 10
	largest   = 1 << 20 // a window that grew beyond this is given up when it may be
)

// flaw is what is wrong with a document, or with one element of it.
type flaw struct{ code, reason string }

func (f *flaw) Error() string { return f.code + ": " + f.reason }

// flawAt is a flaw with its place.
type flawAt struct {
	flaw
	offset int64
}

// memory is a text that is complete.
func memory(data []byte) *text {
	return &text{buf: data, err: io.EOF, mark: none}
}

func streamed(src io.Reader, limit int64) *text {
	return &text{src: src, mark: none, limit: limit}
}

// offset is the place of the next byte.
func (t *text) offset() int64 { return t.base + int64(t.pos) }

// keep makes the window hold everything from the next byte on.
func (t *text) keep() {
	t.mark, t.lost, t.fault = t.offset(), false, nil
}

// release lets the window slide again.
func (t *text) release() {
	t.mark = none
	// Copying at most a quarter each time keeps the cost in proportion to the bytes read.
	if cap(t.buf) > largest && t.src != nil && len(t.buf)-t.pos < cap(t.buf)/4 {
		t.buf, t.base, t.pos = append([]byte(nil), t.buf[t.pos:]...), t.base+int64(t.pos), 0
	}
}

// slice gives the bytes between two offsets that the window still holds.
func (t *text) slice(from, to int64) []byte {
	return t.buf[from-t.base : to-t.base : to-t.base]
}

// fill reads more behind the window, which may move. It reports false at the
// end, whose reason is in err.
func (t *text) fill() bool {
	if t.err != nil {
		return false
	}
	from := t.pos
	if t.mark != none {
		if t.offset()-t.mark > t.limit {
			t.mark, t.lost = none, true
		} else {
			from = int(t.mark - t.base)
		}
	}
	held := len(t.buf) - from
	if cap(t.buf)-len(t.buf) < roomAhead/4 || from > cap(t.buf)/2 {
		room := t.buf[:0]
		if need := held + max(roomAhead, held/2); need > cap(t.buf) {
			room = make([]byte, 0, need)
		}
		t.buf = append(room, t.buf[from:]...)
		t.base += int64(from)
		t.pos -= from
	}
	for range 100 {
		n, err := t.src.Read(t.buf[len(t.buf):cap(t.buf)])
		t.buf = t.buf[:len(t.buf)+n]
		t.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	t.err = io.ErrNoProgress
	return false
}

// next passes over white space and gives the byte behind it, without taking it;
// 0 at the end. A NUL in the text is no JSON either, so callers treat both alike.
func (t *text) next() byte {
	if t.pos < len(t.buf) && t.buf[t.pos] > ' ' {
		return t.buf[t.pos]
	}
	return t.nextSlow()
}

func (t *text) nextSlow() byte {
	for {
		for t.pos < len(t.buf) {
			c := t.buf[t.pos]
			if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				return c
			}
			t.pos++
		}
		if !t.fill() {
			return 0
		}
	}
}

// peek gives the next byte without taking it; 0 at the end.
func (t *text) peek() byte {
	if t.pos == len(t.buf) && !t.fill() {
		return 0
	}
	return t.buf[t.pos]
}

// ended reports whether nothing is left.
func (t *text) ended() bool { return t.pos == len(t.buf) && !t.fill() }

// unexpected is the error for a byte that can't stand here, and for the end.
func (t *text) unexpected(want string) error {
	if t.ended() {
		if !errors.Is(t.err, io.EOF) {
			return t.err
		}
		return &flaw{configtrail.CodeTruncated, "the text ends where " + want + " should stand"}
	}
	return &flaw{configtrail.CodeInvalidJSON, fmt.Sprintf("%q stands where %s should", t.buf[t.pos:t.pos+1], want)}
}

// blame notes the first fault of the current element.
func (t *text) blame(at int64, code, reason string) {
	if t.fault == nil {
		t.fault = &flawAt{flaw{code, reason}, at}
	}
}

// nesting is a stack of open objects and lists, one bit each, so that even a
// text of nothing but brackets costs little.
type nesting struct {
	bits  []uint64
	depth uint
	top   bool // the innermost open one is an object
}

func (n *nesting) push(object bool) {
	if n.depth == 64*uint(len(n.bits)) {
		n.bits = append(n.bits, 0)
	}
	bit := uint64(1) << (n.depth % 64)
	if object {
		n.bits[n.depth/64] |= bit
	} else {
		n.bits[n.depth/64] &^= bit
	}
	n.depth++
	n.top = object
}

func (n *nesting) pop() {
	n.depth--
	if n.depth > 0 {
		n.top = n.bits[(n.depth-1)/64]>>((n.depth-1)%64)&1 == 1
	}
}
