package duckdb

import (
	"testing"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/enginetest"
)

const benchmarked = `SELECT kind, count(*) FROM changes WHERE account = '111122223333' GROUP BY 1`

// BenchmarkFirstQuery is what a process pays once: two databases, the guard, a plan.
func BenchmarkFirstQuery(b *testing.B) {
	l := enginetest.NewLake(b)
	for b.Loop() {
		e, err := New(l, Options{})
		if err != nil {
			b.Fatal(err)
		}
		queryOnce(b, e)
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLaterQuery(b *testing.B) {
	e := newTestEngine(b, enginetest.NewLake(b), Options{})
	for b.Loop() {
		queryOnce(b, e)
	}
}

func BenchmarkPlan(b *testing.B) {
	l := enginetest.NewLake(b)
	for b.Loop() {
		if _, err := planFor(b.Context(), l, []string{"changes"}, configtrail.Scope{}, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	g := newTestGuard(b)
	for b.Loop() {
		if _, err := g.Check(b.Context(), benchmarked); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGuardedQuery includes the start of the child.
func BenchmarkGuardedQuery(b *testing.B) {
	e := newTestEngine(b, enginetest.NewLake(b), Options{})
	for b.Loop() {
		result, err := e.RunGuarded(b.Context(), testChild(b), GuardedQuery{SQL: benchmarked})
		if err != nil {
			b.Fatal(err)
		}
		collect(b, result.Rows)
	}
}

func queryOnce(b *testing.B, e *Engine) {
	result, err := e.Query(b.Context(), engine.Query{Name: "benchmark", SQL: benchmarked})
	if err != nil {
		b.Fatal(err)
	}
	collect(b, result.Rows)
}
