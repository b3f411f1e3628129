// Package engine is how questions reach the data: one read-only query, its
// rows and what it cost. DuckDB answers on a laptop, Athena or Trino for an
// organisation; the SQL of package history runs on all of them.
package engine

import (
	"context"
	"iter"

	"configtrail"
)

// Query is one SELECT over the relations items, changes, events and deliveries.
type Query struct {
	Name string // for logs and errors, "summary"
	SQL  string // positional parameters are written as ?
	Args []any  // string, int64, float64, bool or time.Time

	// Scope chooses files and partitions. It is never read out of SQL, and the
	// SQL still holds the exact predicates: a scope that is too wide costs time only.
	Scope configtrail.Scope

	ByteBudget int64 // bytes the query may read; 0: the engine's own limit
}

// Dialect is the SQL an engine speaks, where the common subset does not reach.
type Dialect string

// The dialects.
const (
	DuckDB Dialect = "duckdb"
	Trino  Dialect = "trino" // Athena too
)

// Column is one column of a result.
type Column struct {
	Name string
	Type string // the engine's own name of the type
}

// Result is what a query gave. Rows can be read once and has to be read to its
// end or broken off; it holds the query open until then. A value is nil, string,
// bool, int64, float64, time.Time in UTC, map[string]string for a map,
// []any for a list or map[string]any for a struct.
type Result struct {
	Columns []Column
	Rows    iter.Seq2[[]any, error]
	Cost    func() configtrail.Cost // complete once Rows has ended
}

// Engine answers queries over one lake, and never writes. It is safe for
// concurrent use.
type Engine interface {
	// Query starts q. Cancelling ctx stops it, also while rows are read.
	// It fails with configtrail.ErrOverBudget where the byte budget does not suffice.
	Query(ctx context.Context, q Query) (Result, error)

	// Version names the state of the data in scope: equal versions give equal answers.
	Version(ctx context.Context, scope configtrail.Scope) (string, error)

	// Dialect tells which SQL fragments fit.
	Dialect() Dialect

	// Close ends what the engine holds open.
	Close() error
}
