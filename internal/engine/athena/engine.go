// Package athena asks Amazon Athena: the same SQL as every other engine, with
// what a pay-by-the-byte service asks for besides. What a query read and cost is
// in every answer; what nobody waits for any more is stopped; and each way in
// which Athena fails is told with what to do.
//
// Relation names of a query are resolved in the engine's database.
package athena

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
)

// Options say where and how to ask. Database is needed, and Output where the
// workgroup has no place of its own for results.
type Options struct {
	Config    sdk.Config // credentials, region, endpoint
	Catalog   string     // "": AwsDataCatalog
	Database  string
	Workgroup string // "": primary
	// Output is s3://bucket/prefix for results. A workgroup that enforces its own
	// settings, or keeps results itself, goes before it.
	Output string

	// MaxBytes is the most that one query may read, besides Query.ByteBudget;
	// 0: no limit of ours. Athena knows no such limit for a single query, so a query
	// is stopped when Athena tells that it has read more: some more bytes than these
	// are read, and billed, by then. Only the workgroup's own cut-off is strict.
	MaxBytes int64

	Prices Prices // zero: what was known when this was built
	// Reuse is how old an answer of Athena's own may be to be given again; 0: never.
	// It is used only together with Version, which then stands in the query's text,
	// so that no answer outlives its data.
	Reuse time.Duration
	// Version names the state of the data in scope; nil: Version fails.
	Version func(ctx context.Context, scope configtrail.Scope) (string, error)

	S3 blob.S3Options // for results that lie in S3

	// Wait pauses between two requests until ctx ends; nil: on the real clock.
	Wait func(ctx context.Context, pause time.Duration) error
}

// Engine answers queries with Athena. It is safe for concurrent use and holds
// nothing open between queries.
type Engine struct {
	options Options
	client  *athena.Client
	price   *float64 // US dollars for a terabyte; nil: unknown
	results place
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine. Nothing is asked of AWS yet.
func New(options Options) (*Engine, error) {
	if options.Database == "" {
		return nil, &configtrail.Problem{Key: "engine_no_database", Err: fmt.Errorf("%w: no database is named", configtrail.ErrInvalid)}
	}
	if options.Output != "" {
		if _, err := blob.ParseURL(options.Output); err != nil {
			return nil, fmt.Errorf("results of Athena: %w", err)
		}
	}
	if options.Wait == nil {
		options.Wait = wait
	}
	prices := options.Prices
	if prices.PerTerabyte == nil {
		var err error
		if prices, err = BuiltInPrices(); err != nil {
			return nil, err
		}
	}
	e := &Engine{options: options, results: place{turn: make(chan struct{}, 1)}}
	if price, known := prices.PerTerabyte[options.Config.Region]; known {
		e.price = &price
	}
	e.client = athena.NewFromConfig(options.Config, func(o *athena.Options) {
		o.Retryer = sdk.NopRetryer{} // call does it, within the deadline of the query
	})
	return e, nil
}

// wait is a pause on the real clock.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Dialect is engine.Trino, of which Athena is a fork.
func (e *Engine) Dialect() engine.Dialect { return engine.Trino }

// Close does nothing.
func (e *Engine) Close() error { return nil }

// Version asks what the options name for it.
func (e *Engine) Version(ctx context.Context, scope configtrail.Scope) (string, error) {
	if e.options.Version == nil {
		return "", errors.New("nothing tells the version of the data")
	}
	return e.options.Version(ctx, scope)
}

// Query runs q to its end and then gives its rows as they are read. An error of
// a query that had read something is an engine.Spent too. The values of array, map
// and row columns can't be read from Athena's text: cast them to JSON text.
func (e *Engine) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := e.query(ctx, q)
	if err != nil {
		return engine.Result{}, fmt.Errorf("query %s: %w", cmp.Or(q.Name, "without a name"), err)
	}
	return result, nil
}

func (e *Engine) query(ctx context.Context, q engine.Query) (engine.Result, error) {
	text, reusable, err := e.text(ctx, q)
	if err != nil {
		return engine.Result{}, err
	}
	id, err := e.start(ctx, text, reusable)
	if err != nil {
		return engine.Result{}, err
	}
	execution, err := e.finish(ctx, id, budget(q.ByteBudget, e.options.MaxBytes))
	if err != nil {
		return engine.Result{}, err
	}
	cost := e.cost(execution)
	result, err := e.rows(ctx, execution)
	if err != nil {
		return engine.Result{}, &engine.Spent{Cost: cost, Err: err}
	}
	result.Cost = func() configtrail.Cost { return cost }
	return result, nil
}

// budget is the smaller of two limits that are set; 0: none is.
func budget(limits ...int64) int64 {
	set := slices.DeleteFunc(limits, func(limit int64) bool { return limit <= 0 })
	if len(set) == 0 {
		return 0
	}
	return slices.Min(set)
}
