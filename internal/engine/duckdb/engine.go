package duckdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/lake"
)

// Options of an Engine. The zero value works.
type Options struct {
	Memory  int64  // bytes that DuckDB may use; 0: four fifths of the machine's
	Threads int    // 0: one for each processor
	Spill   string // a private folder for sorts and joins that do not fit into memory; empty: they fail with ErrTooLarge
}

// Engine answers queries over a lake with an embedded DuckDB. Of a lake on S3 it
// reads copies of the files that a query needs. It is safe for concurrent use,
// and holds no file open between queries.
type Engine struct {
	lake    *lake.Lake
	options Options
	blind   *database // reaches no file: parses, and answers where there is nothing to read
	guard   *Guard
	checked memory

	mu      sync.Mutex
	reading *database // reaches the folder of the lake, or of its copies; opened when the first file is planned
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine over an open lake. The lake stays the caller's to close,
// after the engine.
func New(l *lake.Lake, options Options) (*Engine, error) {
	blind, err := open(context.Background(), options.limits())
	if err != nil {
		return nil, err
	}
	g, err := newGuard(blind)
	if err != nil {
		return nil, errors.Join(err, blind.close())
	}
	return &Engine{lake: l, options: options, blind: blind, guard: g}, nil
}

func (o Options) limits() limits {
	return limits{memory: o.Memory, threads: o.Threads, spill: o.Spill}
}

// Guard is the judge of free SQL, for a surface that wants a verdict without running it.
func (e *Engine) Guard() *Guard { return e.guard }

// Dialect is engine.DuckDB.
func (e *Engine) Dialect() engine.Dialect { return engine.DuckDB }

// Close ends the engine. Results that are still being read stay valid.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.blind.close()
	if e.reading != nil {
		err = errors.Join(err, e.reading.close())
		e.reading = nil
	}
	return err
}

// Version names the state of the whole lake: its commits, whatever the scope.
func (e *Engine) Version(ctx context.Context, _ configtrail.Scope) (string, error) {
	return e.lake.Version(ctx)
}

// Query runs one SELECT of the catalogue in this process. The statement passes
// the same grammar as free SQL, except that it may hold parameters; a query that
// the guard refuses gives configtrail.ErrRefused. Free SQL goes to RunGuarded.
func (e *Engine) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := e.query(ctx, q)
	if err != nil {
		return engine.Result{}, fmt.Errorf("query %s: %w", cmp.Or(q.Name, "without a name"), err)
	}
	return result, nil
}

func (e *Engine) query(ctx context.Context, q engine.Query) (engine.Result, error) {
	names, err := e.mentioned(ctx, q.SQL)
	if err != nil {
		return engine.Result{}, err
	}
	p, err := planFor(ctx, e.lake, names, q.Scope, q.ByteBudget)
	if err != nil {
		return engine.Result{}, err
	}
	d, err := e.databaseFor(ctx, p)
	if err != nil {
		return engine.Result{}, err
	}
	conn, err := d.connect(ctx)
	if err != nil {
		return engine.Result{}, err
	}
	result, err := conn.result(ctx, d, p, q.SQL, q.Args)
	if err != nil {
		conn.close()
		return engine.Result{}, err
	}
	free := 0.0 // the machine is paid for
	result.Cost = func() configtrail.Cost { return configtrail.Cost{Bytes: p.bytes, USD: &free} }
	return result, nil
}

// databaseFor is the database that reaches what the plan needs and no more than
// the lake. One is kept for all queries, because opening it costs ten milliseconds.
func (e *Engine) databaseFor(ctx context.Context, p plan) (*database, error) {
	folder := p.lakeFolder()
	if folder == "" {
		return e.blind, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reading == nil {
		l := e.options.limits()
		l.folders = []string{folder}
		d, err := open(ctx, l)
		if err != nil {
			return nil, err
		}
		e.reading = d
	}
	return e.reading, nil
}

// mentioned gives the relations that a statement of the catalogue selects from.
func (e *Engine) mentioned(ctx context.Context, sql string) ([]string, error) {
	if names, ok := e.checked.recall(sql); ok {
		return names, nil
	}
	conn, err := e.blind.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	_, names, err := e.guard.judge(ctx, conn, sql, withParameters)
	if err != nil {
		return nil, err
	}
	e.checked.keep(sql, names)
	return names, nil
}

// memory keeps what was found out about the statements of the catalogue, which
// come again and again. Its zero value is ready.
type memory struct {
	mu    sync.Mutex
	known map[string][]string
}

// mostKnown bounds memory: filters make variants of a statement, though not many.
const mostKnown = 256

func (m *memory) recall(sql string) ([]string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names, ok := m.known[sql]
	return names, ok
}

func (m *memory) keep(sql string, names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= mostKnown || m.known == nil {
		m.known = map[string][]string{}
	}
	m.known[sql] = names
}
