package duckdb

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"configtrail"
)

// maxRequest bounds what a child reads: the paths of ten thousand files fit many times.
const maxRequest = 64 << 20

// ServeChild is the whole life of a process that runs one query that passed the
// guard: it takes away what the process may do, reads a request from in, runs
// it, and writes frames to out. It gives the process's exit code: 0 when out
// tells how the query ended, failed queries too; 1 when it can't.
//
// It changes the limits of the whole process, so nothing else may run in it.
func ServeChild(ctx context.Context, in io.Reader, out io.Writer) int {
	frames := newFrames(out)
	if err := serve(ctx, in, frames); err != nil {
		frames.send(frame{Failure: failureOf(err)})
	}
	if frames.flush() != nil {
		return 1
	}
	return 0
}

func serve(ctx context.Context, in io.Reader, frames *frames) error {
	var r request
	if err := json.NewDecoder(io.LimitReader(in, maxRequest)).Decode(&r); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if err := confine(r); err != nil {
		return fmt.Errorf("confine the process: %w", err)
	}
	// The parent kills at the deadline. Should it be gone, this still ends.
	deadline := time.Duration(r.Seconds * float64(time.Second))
	ctx, cancel := context.WithTimeoutCause(ctx, deadline, tooMuchTime(deadline))
	defer cancel()

	p := plan{relations: r.Relations}
	d, err := open(ctx, limits{memory: r.Memory, threads: r.Threads, files: p.files(), zone: r.Zone})
	if err != nil {
		return err
	}
	err = answer(ctx, d, p, r, frames)
	return errors.Join(err, d.close())
}

// answer runs the query and sends its rows until they end or a limit cuts them.
func answer(ctx context.Context, d *database, p plan, r request, frames *frames) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return err
	}
	// One row more than asked for tells whether there were more.
	sql := fmt.Sprintf("SELECT * FROM (%s) AS answer LIMIT %d", r.SQL, r.MaxRows+1)
	result, err := conn.result(ctx, d, p, sql, nil)
	if err != nil {
		conn.close()
		return err
	}
	frames.send(frame{Columns: result.Columns})
	finish := end{}
	rows := int64(0)
	for row, err := range result.Rows {
		if err != nil {
			return explain(ctx, err, d, p)
		}
		if rows++; rows > r.MaxRows {
			finish.Cut = CutRows
			break
		}
		values := make([]wire, len(row))
		for i, value := range row {
			values[i] = wire{value}
		}
		if !frames.sendWithin(frame{Row: values}, r.MaxBytes) {
			finish.Cut = CutBytes
			break
		}
		if frames.err != nil {
			break
		}
	}
	frames.send(frame{End: &finish})
	return nil
}

// frames writes frames, one a line. Its first error stays.
type frames struct {
	out     *bufio.Writer
	written int64
	err     error
}

func newFrames(out io.Writer) *frames { return &frames{out: bufio.NewWriterSize(out, 64<<10)} }

func (f *frames) send(one frame) { f.sendWithin(one, 0) }

// sendWithin sends a frame unless all frames together would then exceed most
// bytes; 0: no limit. It reports whether the frame fitted.
func (f *frames) sendWithin(one frame, most int64) bool {
	if f.err != nil {
		return true
	}
	line, err := json.Marshal(one)
	if err != nil {
		f.err = err
		return true
	}
	if most > 0 && f.written+int64(len(line))+1 > most {
		return false
	}
	f.written += int64(len(line)) + 1
	_, f.err = f.out.Write(append(line, '\n'))
	return true
}

func (f *frames) flush() error { return errors.Join(f.err, f.out.Flush()) }

func tooMuchTime(limit time.Duration) error {
	return configtrail.WithHint(
		fmt.Errorf("%w: the query took longer than %v and was stopped", configtrail.ErrTooLarge, limit),
		"Narrow the span, or count before selecting rows.")
}
