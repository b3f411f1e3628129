package trino

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"configtrail"
	"configtrail/internal/engine"
)

// run is one query on its way.
type run struct {
	engine *Engine
	ctx    context.Context // of the caller
	limit  int64           // bytes it may read; 0: any

	mu   sync.Mutex
	id   string // as Trino calls it; "" until its first answer
	seen int64  // bytes read so far, as the pages of the answer tell
	cost configtrail.Cost
	told bool // cost is final
}

// Update implements the client's ProgressUpdater.
func (r *run) Update(info client.QueryProgressInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = max(r.seen, info.QueryStats.PhysicalInputBytes)
}

type runKey struct{}

// watcher learns from the requests of a run how Trino calls it: the client keeps
// that to itself.
type watcher struct{ http.RoundTripper }

var statementPath = configtrail.Pattern(`^/v1/statement/(?:queued|executing)/([A-Za-z0-9_]+)/`)

// RoundTrip implements http.RoundTripper.
func (w watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	if run, ok := r.Context().Value(runKey{}).(*run); ok {
		if found := statementPath().FindStringSubmatch(r.URL.Path); found != nil {
			run.mu.Lock()
			run.id = found[1]
			run.mu.Unlock()
		}
	}
	return w.RoundTripper.RoundTrip(r)
}

// result gives the columns of rows, and the rows as they are read. Rows that
// nobody reads end with the caller's context, which package sql looks after.
func (r *run) result(rows *sql.Rows) (engine.Result, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return engine.Result{}, errors.Join(r.failed(err), rows.Close())
	}
	columns := make([]engine.Column, len(types))
	scales := make([]int64, len(types))
	for i, typ := range types {
		columns[i] = engine.Column{Name: typ.Name(), Type: typ.DatabaseTypeName()}
		if _, scale, ok := typ.DecimalSize(); ok {
			scales[i] = scale
		}
	}
	return engine.Result{Columns: columns, Rows: r.rows(rows, columns, scales), Cost: r.bill}, nil
}

func (r *run) rows(rows *sql.Rows, columns []engine.Column, scales []int64) iter.Seq2[[]any, error] {
	var read atomic.Bool
	return func(yield func([]any, error) bool) {
		if read.Swap(true) {
			yield(nil, errors.New("read rows: they were read before, or given up"))
			return
		}
		defer r.settle()
		defer rows.Close()
		for rows.Next() {
			row, err := scan(rows, columns, scales)
			if err != nil {
				yield(nil, fmt.Errorf("read rows: %w", r.failed(err)))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, r.failed(err))
			return
		}
		// Trino looks at its limit once a second; a query may be done before that.
		r.settle()
		if cost := r.bill(); r.limit > 0 && cost.Bytes > r.limit {
			yield(nil, &engine.Spent{Cost: cost, Err: overBudget(r.limit)})
		}
	}
}

func scan(rows *sql.Rows, columns []engine.Column, scales []int64) ([]any, error) {
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i := range row {
		value, err := plain(columns[i].Type, scales[i], row[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", configtrail.Visible(columns[i].Name), err)
		}
		row[i] = value
	}
	return row, nil
}

// patience bounds the requests about a query that has ended, which are made
// although the caller's context may have ended too.
const patience = 5 * time.Second

// settle asks what the query has read. It is asked once, when the rows end.
func (r *run) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told || r.id == "" {
		return
	}
	r.told = true
	r.cost.Bytes = r.seen // where nothing newer is told, to a user without the right to see it
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), patience)
	defer cancel()
	response, err := r.engine.request(ctx, http.MethodGet, "/v1/query/"+r.id+"?pruned=true")
	if err != nil {
		return
	}
	defer response.Body.Close()
	var info struct {
		QueryStats struct {
			PhysicalInputDataSize string `json:"physicalInputDataSize"`
		} `json:"queryStats"`
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&info) != nil {
		return
	}
	r.cost.Bytes = max(r.seen, dataSize(info.QueryStats.PhysicalInputDataSize))
}

func (r *run) bill() configtrail.Cost {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cost
}

// stop ends a query that nobody waits for. The client does so for rows that are
// closed early, not for a query that was still queued.
func (r *run) stop() {
	r.mu.Lock()
	id := r.id
	r.mu.Unlock()
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), patience)
	defer cancel()
	if response, err := r.engine.request(ctx, http.MethodDelete, "/v1/query/"+id); err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
		response.Body.Close()
	}
}

// request asks Trino about a query, as the user whose query it is.
func (e *Engine) request(ctx context.Context, method, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, e.server.String()+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Trino-User", e.user.Username())
	if password, set := e.user.Password(); set {
		request.SetBasicAuth(e.user.Username(), password)
	}
	return e.http.Do(request)
}

// sizes are the units of Trino's data sizes, which go by 1024.
var sizes = map[string]float64{"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "PB": 1 << 50}

var sizeText = configtrail.Pattern(`^([0-9]+(?:\.[0-9]+)?)(B|kB|MB|GB|TB|PB)$`)

// dataSize reads 1234B or 1.21kB; what is no size is 0.
func dataSize(text string) int64 {
	found := sizeText().FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return 0
	}
	return int64(n * sizes[found[2]])
}
