package duckdb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/engine"
)

// The limits of a GuardedQuery that sets none.
const (
	DefaultMaxRows  = 10_000
	DefaultMaxBytes = 64 << 20
	DefaultMemory   = 1 << 30
	DefaultTimeout  = 60 * time.Second
)

// ChildCommand is the program that calls ServeChild, usually this one itself.
// The child gets Env and nothing of this process's environment, so no
// credentials; a nil Env is an empty one.
type ChildCommand struct {
	Path string
	Args []string // behind the program's name
	Env  []string // NAME=value
}

// GuardedQuery is SQL that somebody typed or a model wrote. A limit of 0 is the
// default of the same name.
type GuardedQuery struct {
	SQL   string
	Scope configtrail.Scope

	// Zone is the IANA name of the zone that days, months and times without an
	// offset mean; "": UTC.
	Zone string

	MaxRows    int64
	MaxBytes   int64 // of the rows, as they come from the child
	Memory     int64 // bytes that DuckDB may use
	Threads    int   // 0: one for each processor
	Timeout    time.Duration
	ByteBudget int64 // bytes of files the query may read; 0: any
}

// Cut says why an answer is not whole.
type Cut string

// The values of Cut.
const (
	CutNothing Cut = ""
	CutRows    Cut = "rows"  // MaxRows were reached, and there were more
	CutBytes   Cut = "bytes" // the next row would have exceeded MaxBytes
)

// GuardedResult is the answer to a GuardedQuery.
type GuardedResult struct {
	engine.Result

	// SQL is the statement that ran, as the guard wrote it.
	SQL string

	// Cut tells whether rows are missing. It is known once Rows has ended.
	Cut func() Cut
}

// RunGuarded judges free SQL and runs it in a process of its own, which is
// killed when ctx is cancelled, when q.Timeout has passed, or when Rows is
// broken off. Errors: configtrail.ErrRefused and ErrInvalid with what is wrong
// with the statement or the zone, ErrOverBudget, ErrTooLarge for time and memory.
//
// A time with a zone comes as a time.Time. A date, a time of day, and a time
// without a zone are no instants, so they come as text without an offset.
func (e *Engine) RunGuarded(ctx context.Context, child ChildCommand, q GuardedQuery) (GuardedResult, error) {
	statement, err := e.guard.Check(ctx, q.SQL)
	if err != nil {
		return GuardedResult{}, err
	}
	zone, err := zoneName(q.Zone)
	if err != nil {
		return GuardedResult{}, err
	}
	p, err := planFor(ctx, e.lake, statement.Relations, q.Scope, q.ByteBudget)
	if err != nil {
		return GuardedResult{}, err
	}
	r := request{
		SQL: statement.SQL, Relations: p.relations, Zone: zone,
		MaxRows: cmp.Or(q.MaxRows, DefaultMaxRows), MaxBytes: cmp.Or(q.MaxBytes, DefaultMaxBytes),
		Memory: cmp.Or(q.Memory, DefaultMemory), Threads: cmp.Or(q.Threads, runtime.NumCPU()),
		Seconds: cmp.Or(q.Timeout, DefaultTimeout).Seconds(),
	}
	running, err := start(ctx, child, r)
	if err != nil {
		return GuardedResult{}, err
	}
	first, err := running.next()
	if err == nil && first.Columns == nil {
		err = errors.New("the query process sent no columns")
	}
	if err != nil {
		running.stop()
		return GuardedResult{}, err
	}
	free := 0.0
	return GuardedResult{
		SQL: statement.SQL,
		Result: engine.Result{
			Columns: first.Columns,
			Rows:    running.rows(len(first.Columns), r.MaxRows),
			Cost:    func() configtrail.Cost { return configtrail.Cost{Bytes: p.bytes, USD: &free} },
		},
		Cut: func() Cut { return running.cut },
	}, nil
}

// process is a child at work. It is read by one goroutine.
type process struct {
	cause  func() error // why the child was ended, if it was
	cancel context.CancelFunc
	cmd    *exec.Cmd
	out    *io.LimitedReader
	frames *json.Decoder
	errors tail
	cut    Cut

	wait  func() error // ends the child's life; what it gives the first time stays
	unarm func() bool  // see start
}

// slack is what a child may send beside its rows: columns, the end, a failure.
const slack = 1 << 20

func start(ctx context.Context, child ChildCommand, r request) (*process, error) {
	input, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("start the query process: %w", err)
	}
	timeout := time.Duration(r.Seconds * float64(time.Second))
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, tooMuchTime(timeout))
	p := &process{cancel: cancel, cause: func() error { return context.Cause(ctx) }}
	p.cmd = exec.CommandContext(ctx, child.Path, child.Args...)
	p.cmd.Env = append([]string{"GOTRACEBACK=none"}, child.Env...) // never nil, which would be ours
	p.cmd.Dir = string(filepath.Separator)
	p.cmd.Stdin = bytes.NewReader(input)
	p.cmd.Stderr = &p.errors
	p.cmd.WaitDelay = time.Second
	ownGroup(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.cancel()
		return nil, fmt.Errorf("start the query process: %w", err)
	}
	p.out = &io.LimitedReader{R: out, N: r.MaxBytes + slack}
	p.frames = json.NewDecoder(p.out)
	p.wait = sync.OnceValue(p.cmd.Wait)
	// Whoever asked may never get to read the rows: the end of ctx then also
	// collects the killed child.
	p.unarm = context.AfterFunc(ctx, func() { _ = p.wait() })
	return p, nil
}

// next reads one frame. A failure that the child reports is an error, and so is
// its death before it said how the query ended.
func (p *process) next() (frame, error) {
	var f frame
	err := p.frames.Decode(&f)
	switch {
	case err == nil && f.Failure != nil:
		return f, f.Failure.error()
	case err == nil:
		return f, nil
	case p.cause() != nil:
		return f, p.cause()
	case p.out.N <= 0:
		return f, fmt.Errorf("%w: the query process sent more than it may", configtrail.ErrTooLarge)
	}
	died := p.wait()
	if cause := p.cause(); cause != nil {
		return f, cause
	}
	if p.errors.tells("out of memory") || p.errors.tells("bad_alloc") || p.errors.tells("cannot allocate memory") {
		return f, tooMuchMemory("its process may have")
	}
	return f, fmt.Errorf("the query process ended early: %w", errors.Join(died, err))
}

// rows gives the child's rows and then ends it.
func (p *process) rows(columns int, most int64) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer p.stop()
		for count := int64(0); ; count++ {
			f, err := p.next()
			switch {
			case err != nil:
				yield(nil, fmt.Errorf("read rows: %w", err))
				return
			case f.End != nil:
				p.cut = f.End.Cut
				return
			case len(f.Row) != columns || count >= most:
				yield(nil, errors.New("read rows: the query process sent what it was not asked for"))
				return
			}
			row := make([]any, columns)
			for i, value := range f.Row {
				row[i] = value.value
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// stop kills the child if it is still there and collects it. How it ended no
// longer matters: what it said has been read.
func (p *process) stop() {
	p.unarm()
	p.cancel()
	_ = p.wait()
}

// tail keeps the beginning of what a child writes to its standard error: when a
// runtime dies, that tells why.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps what fits and swallows the rest.
func (t *tail) Write(text []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := most - len(t.text); room > 0 {
		t.text = append(t.text, text[:min(room, len(text))]...)
	}
	return len(text), nil
}

func (t *tail) tells(words string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Contains(strings.ToLower(string(t.text)), words)
}
