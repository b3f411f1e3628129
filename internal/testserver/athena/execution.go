package athena

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"configtrail/internal/testserver/trino"
)

// The states of a query.
const (
	queued    = "QUEUED"
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
	cancelled = "CANCELLED"
)

// execution is a query. What stands above the lock is set once, before others
// see it.
type execution struct {
	id        string
	input     startInput
	statement *statement
	group     workGroup
	results   *resultConfiguration // nil: Athena keeps the results
	submitted time.Time
	failure   *Failure   // how it is made to end
	reused    *execution // whose results it gives
	cancel    context.CancelFunc

	mu                 sync.Mutex
	state, reason      string
	why                *athenaError
	started, completed time.Time
	scanned            int64
	updated            *int64
	rows               *spool
	expired            bool
}

type athenaError struct {
	ErrorCategory, ErrorType int
	Retryable                bool
	ErrorMessage             string
}

// ended says whether nothing changes any more; the caller holds the lock.
func (e *execution) ended() bool { return e.state != queued && e.state != running }

// end sets the last state, unless there is one already: who stops a query does
// not wait for Trino.
func (e *execution) end(now time.Time, state, reason string, why *athenaError) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended() {
		e.state, e.reason, e.why, e.completed = state, reason, why, now
	}
}

// run takes the query from QUEUED to its end.
func (s *Server) run(ctx context.Context, e *execution, gate <-chan struct{}) {
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		e.end(s.options.Now(), cancelled, "Query cancelled by user", nil)
		return
	}
	e.mu.Lock()
	if e.ended() {
		e.mu.Unlock()
		return
	}
	e.state, e.started = running, s.options.Now()
	e.mu.Unlock()

	if e.failure != nil {
		e.plan(s.options.Now())
		return
	}
	err := s.produce(ctx, e)
	var limit limitError
	var wrong *trino.Error
	now := s.options.Now()
	switch {
	case err == nil:
		e.end(now, succeeded, "", nil)
	case errors.As(err, &limit):
		e.end(now, cancelled, limit.Error(), nil)
	case ctx.Err() != nil:
		e.end(now, cancelled, "Query cancelled by user", nil)
	case errors.As(err, &wrong):
		why := explain(wrong, s.options.Catalog)
		e.end(now, failed, why.ErrorMessage, why)
	default:
		e.end(now, failed, err.Error(), &athenaError{ErrorCategory: 1, ErrorType: 100, Retryable: true, ErrorMessage: err.Error()})
	}
}

// limitError ends a query that read more than its workgroup allows.
type limitError struct{}

func (limitError) Error() string { return "Bytes scanned limit was exceeded" }

// plan ends the query as a test wants it.
func (e *execution) plan(now time.Time) {
	f := e.failure
	e.mu.Lock()
	e.scanned = f.Scanned
	e.mu.Unlock()
	var why *athenaError
	if f.Category != 0 {
		why = &athenaError{ErrorCategory: f.Category, ErrorType: f.Type, Retryable: f.Retryable, ErrorMessage: f.Reason}
	}
	state := f.State
	if state == "" {
		state = failed
	}
	e.end(now, state, f.Reason, why)
}

// produce makes the results and puts them where they belong.
func (s *Server) produce(ctx context.Context, e *execution) error {
	if e.statement.rejected != nil {
		return e.statement.rejected
	}
	rows, err := s.rows(ctx, e)
	if err != nil {
		return err
	}
	if e.results != nil {
		err = s.deliver(ctx, e, rows)
	}
	e.mu.Lock()
	e.rows = rows // to be closed, whether or not it reached S3
	e.mu.Unlock()
	return err
}

// rows are the query's, from Trino or from an earlier query.
func (s *Server) rows(ctx context.Context, e *execution) (*spool, error) {
	if e.reused != nil {
		e.reused.mu.Lock()
		defer e.reused.mu.Unlock()
		return e.reused.rows, nil
	}
	rows, err := newSpool(s.dir, e.id, e.statement)
	if err != nil {
		return nil, err
	}
	query := trino.Query{
		URL: s.options.Trino, User: "athena", Catalog: s.options.Catalog,
		Schema: strings.ToLower(e.input.QueryExecutionContext.Database), SQL: e.statement.sql,
	}
	if len(e.input.ExecutionParameters) > 0 {
		query.SQL = "EXECUTE IMMEDIATE '" + strings.ReplaceAll(e.statement.sql, "'", "''") + "' USING " + strings.Join(e.input.ExecutionParameters, ", ")
	}
	cutoff := e.group.Configuration.BytesScannedCutoffPerQuery
	for page, err := range query.Pages(ctx) {
		if err != nil {
			return nil, errors.Join(err, rows.close())
		}
		e.mu.Lock()
		e.scanned, e.updated = page.Stats.PhysicalInputBytes, page.UpdateCount
		e.mu.Unlock()
		if cutoff != nil && page.Stats.PhysicalInputBytes > *cutoff {
			return nil, errors.Join(limitError{}, rows.close())
		}
		if err := rows.add(page.Columns, page.Data); err != nil {
			return nil, errors.Join(err, rows.close())
		}
	}
	return rows, rows.finish()
}

// stopQuery cancels a query that waits or runs; one that has ended stays as it
// is.
func (s *Server) stopQuery(_ context.Context, in *queryInput) (nothing, error) {
	e, err := s.find(in.QueryExecutionID)
	if err != nil {
		return nothing{}, err
	}
	e.end(s.options.Now(), cancelled, "Query cancelled by user", nil)
	e.cancel()
	return nothing{}, nil
}
