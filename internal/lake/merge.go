package lake

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// fanIn is the most files that are merged at once.
	fanIn = 16
	// mergeBytes bounds what the largest rows of files that are merged at
	// once may take: each is held packed, unpacked and as a row.
	mergeBytes = 160 << 20
)

// source is a file of sorted rows that a merge reads.
type source[R any] struct {
	rows   stream[R]
	widest int64
}

// merged gives the rows of all streams in order, each that is the same once.
func merged[R any](order layout[R], streams []stream[R]) stream[R] {
	return func(yield func(*R, error) bool) {
		q := &queue[R]{compare: order.compare}
		defer q.stop()
		for _, s := range streams {
			next, stop := iter.Pull2(s)
			c := &cursor[R]{next: next, stop: stop}
			q.all = append(q.all, c)
			if err := q.add(c); err != nil {
				yield(nil, err)
				return
			}
		}
		var kept *R
		for len(q.cursors) > 0 {
			c := q.cursors[0]
			row := c.row
			switch {
			case kept == nil:
				kept = row
			case order.same(kept, row):
				if order.absorb != nil {
					order.absorb(kept, row)
				}
			default:
				if !yield(kept, nil) {
					return
				}
				kept = row
			}
			if err := q.advance(); err != nil {
				yield(nil, err)
				return
			}
		}
		if kept != nil {
			yield(kept, nil)
		}
	}
}

type cursor[R any] struct {
	next func() (*R, error, bool)
	stop func()
	row  *R
}

type queue[R any] struct {
	compare func(a, b *R) int
	cursors []*cursor[R]
	all     []*cursor[R]
}

func (q *queue[R]) Len() int           { return len(q.cursors) }
func (q *queue[R]) Less(i, j int) bool { return q.compare(q.cursors[i].row, q.cursors[j].row) < 0 }
func (q *queue[R]) Swap(i, j int)      { q.cursors[i], q.cursors[j] = q.cursors[j], q.cursors[i] }
func (q *queue[R]) Push(x any)         { q.cursors = append(q.cursors, x.(*cursor[R])) }

func (q *queue[R]) Pop() any {
	last := q.cursors[len(q.cursors)-1]
	q.cursors = q.cursors[:len(q.cursors)-1]
	return last
}

func (q *queue[R]) add(c *cursor[R]) error {
	row, err, more := c.next()
	if !more || err != nil {
		return err
	}
	c.row = row
	heap.Push(q, c)
	return nil
}

// advance moves the first cursor on and puts it where it belongs.
func (q *queue[R]) advance() error {
	c := q.cursors[0]
	row, err, more := c.next()
	switch {
	case err != nil:
		return err
	case !more:
		heap.Pop(q)
	default:
		c.row = row
		heap.Fix(q, 0)
	}
	return nil
}

func (q *queue[R]) stop() {
	for _, c := range q.all {
		c.stop()
	}
}

// inOrder merges any number of sources in bounded memory: of more than can be
// open at once, it first merges some at a time into temporary files.
func inOrder[R any](ctx context.Context, order layout[R], sources []source[R]) stream[R] {
	return func(yield func(*R, error) bool) {
		temporary, err := os.MkdirTemp("", "configtrail-merge-")
		if err != nil {
			yield(nil, fmt.Errorf("merge %s: %w", order.table, err))
			return
		}
		defer func() { _ = os.RemoveAll(temporary) }() // scratch; what stays is the system's to clear
		sources := slices.Clone(sources)
		for pass := 0; ; pass++ {
			// Sources with huge rows come last, where few are open at once.
			slices.SortStableFunc(sources, func(a, b source[R]) int { return cmp.Compare(a.widest, b.widest) })
			n := openable(sources)
			if n == len(sources) {
				break
			}
			first := sources[:n]
			if n == fanIn {
				// Merge no more than has to be, so that few rows are written twice.
				first = sources[:min(n, len(sources)-n+1)]
			}
			path := filepath.Join(temporary, fmt.Sprintf("%d.parquet", pass))
			widest, err := spill(ctx, path, merged(order, streamsOf(first)), order.weight)
			if err != nil {
				yield(nil, explain(fmt.Errorf("merge %s: %w", order.table, err)))
				return
			}
			sources = append(sources[len(first):], source[R]{readRows[R](ctx, scratch{}, path, nil), widest})
		}
		for row, err := range merged(order, streamsOf(sources)) {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func streamsOf[R any](sources []source[R]) []stream[R] {
	streams := make([]stream[R], len(sources))
	for i, s := range sources {
		streams[i] = s.rows
	}
	return streams
}

// openable is how many of the sources, from the first, may be open at once; at least two.
func openable[R any](sources []source[R]) int {
	n, bytes := 0, int64(0)
	for n < len(sources) && n < fanIn {
		bytes += 3 * max(sources[n].widest, readerBytes/2)
		if n >= 2 && bytes > mergeBytes {
			break
		}
		n++
	}
	return n
}

// spill writes rows to a temporary file.
func spill[R any](ctx context.Context, path string, rows stream[R], weight func(*R) int64) (widest int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	writer := newRowWriter[R](file, zstd.SpeedFastest)
	var inGroup int64
	for row, err := range rows {
		if err != nil {
			return 0, err
		}
		n := weight(row)
		widest = max(widest, n)
		if inGroup += n; inGroup > groupBytes {
			inGroup = n
			if err := writer.Flush(); err != nil {
				return 0, err
			}
		}
		if err := writer.write([]R{*row}); err != nil {
			return 0, err
		}
	}
	return widest, writer.Close()
}
