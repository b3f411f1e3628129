package delivery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"configtrail"
)

// source gives the uncompressed bytes of a document. Small documents are
// unpacked in place; behind aheadAfter bytes a goroutine unpacks ahead, so that
// two cores share the work on a large one.
type source struct {
	in    *input
	plain io.Reader // uncompressed
	ratio float64   // 0: not compressed
	total int64     // uncompressed bytes given so far

	ahead *ahead
}

const (
	aheadAfter = 1 << 20
	aheadChunk = 256 << 10
)

// input is the reader of the caller. It remembers why it ended, so that a
// connection that breaks is told apart from a file that was cut.
type input struct {
	ctx  context.Context
	r    io.Reader
	read int64
	err  error
}

func (in *input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		in.err = err
		return 0, err
	}
	n, err := in.r.Read(p)
	in.read += int64(n)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

func openSource(ctx context.Context, r io.Reader, limits Limits) *source {
	s := &source{in: &input{ctx: ctx, r: r}}
	packed := bufio.NewReaderSize(s.in, 16<<10)
	s.plain = packed
	if magic, _ := packed.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return s
	}
	s.ratio = limits.Ratio
	if s.ratio <= 0 {
		s.ratio = defaultRatio
	}
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		s.plain = failing{err}
		return s
	}
	s.plain = unpacked
	return s
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Read gives io.EOF at the end of the document, a *flaw where its packing is
// wrong, and any other error for I/O.
func (s *source) Read(p []byte) (int, error) {
	if s.ahead == nil && s.total >= aheadAfter {
		s.ahead = startAhead(s)
	}
	if s.ahead != nil {
		n, err := s.ahead.Read(p)
		s.total += int64(n)
		return n, err
	}
	n, err := s.unpack(p, s.total)
	s.total += int64(n)
	return n, err
}

// unpack reads and sorts the errors. before is how much was unpacked so far.
func (s *source) unpack(p []byte, before int64) (int, error) {
	n, err := s.plain.Read(p)
	if out := before + int64(n); s.ratio > 0 && out > ratioGrace && float64(out) > s.ratio*float64(s.in.read) {
		return n, &flaw{configtrail.CodeTooLarge,
			fmt.Sprintf("%d bytes unpack to more than %d, above the allowed ratio of %g", s.in.read, out, s.ratio)}
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case s.in.err != nil:
		return n, s.in.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, &flaw{configtrail.CodeTruncated, "the gzip stream ends early"}
	case errors.Is(err, gzip.ErrChecksum):
		return n, &flaw{configtrail.CodeInvalidJSON, "the gzip stream is damaged: its checksum does not fit"}
	default:
		return n, &flaw{configtrail.CodeInvalidJSON, fmt.Sprintf("the gzip stream is damaged: %v", err)}
	}
}

// close waits for the goroutine, if one was started.
func (s *source) close() {
	if s.ahead != nil {
		s.ahead.close()
	}
}

// ahead unpacks in a goroutine, at most two chunks in advance.
type ahead struct {
	full chan chunk
	free chan []byte
	stop chan struct{}
	done chan struct{}

	now  []byte // rest of the chunk that is being read
	held []byte // that chunk as a whole
	err  error
}

type chunk struct {
	data []byte
	err  error
}

func startAhead(s *source) *ahead {
	a := &ahead{
		full: make(chan chunk, 2),
		free: make(chan []byte, 3),
		stop: make(chan struct{}),
		done: make(chan struct{}),
	}
	for range cap(a.free) {
		a.free <- make([]byte, aheadChunk)
	}
	go a.run(s, s.total)
	return a
}

func (a *ahead) run(s *source, total int64) {
	defer close(a.done)
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.stop:
			return
		}
		n, err := 0, error(nil)
		for n < len(buf) && err == nil {
			var more int
			more, err = s.unpack(buf[n:], total)
			n += more
			total += int64(more)
		}
		select {
		case a.full <- chunk{buf[:n], err}:
		case <-a.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.now) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.held != nil {
			a.free <- a.held[:cap(a.held)]
		}
		next := <-a.full
		a.held, a.now, a.err = next.data, next.data, next.err
	}
	n := copy(p, a.now)
	a.now = a.now[n:]
	return n, nil
}

func (a *ahead) close() {
	close(a.stop)
	<-a.done
}
