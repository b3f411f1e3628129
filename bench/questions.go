package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the yardstick: DuckDB by itself

	"configtrail"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// asked is how often each question is asked; the fastest counts.
const asked = 20

// questions measures what people wait for, against DuckDB over a glob of the same files.
func (b *bench) questions(ctx context.Context, set *deliveries) error {
	fmt.Fprintln(os.Stderr, "asking questions")
	key := redact.RandomKey()
	return b.withLake(ctx, key, func(l *lake.Lake) error {
		if _, err := ingestInto(ctx, l, set, key, 0); err != nil {
			return err
		}
		a, err := ask(ctx, l)
		if err != nil {
			return err
		}
		return b.yardsticks(ctx, l, a)
	})
}

// compaction compares the questions' times after many small ingests, which were
// compacted, with those after one ingest of the same deliveries.
func (b *bench) compaction(ctx context.Context, set *deliveries) error {
	fmt.Fprintln(os.Stderr, "ingesting", b.small, "parts, one after the other")
	key := redact.RandomKey()
	ingested := func(parts int) (a answers, err error) {
		return a, b.withLake(ctx, key, func(l *lake.Lake) error {
			for i := range parts {
				if _, err := ingestInto(ctx, l, set.part(i, parts), key, 0); err != nil {
					return err
				}
			}
			if parts > 1 {
				if _, err := l.Compact(ctx, lake.CompactOptions{KeepSnapshots: time.Nanosecond}); err != nil {
					return err
				}
			}
			a, err = ask(ctx, l)
			return err
		})
	}
	once, err := ingested(1)
	if err != nil {
		return err
	}
	compacted, err := ingested(b.small)
	if err != nil {
		return err
	}
	if compacted.changes != once.changes {
		return fmt.Errorf("%d changes after compaction, %d after one ingest", compacted.changes, once.changes)
	}
	for _, q := range []struct {
		what        string
		after, then time.Duration
	}{
		{"month summary", compacted.summary, once.summary},
		{"timeline", compacted.timeline, once.timeline},
		{"every change", compacted.list, once.list},
	} {
		b.add(fmt.Sprintf("%s after %d ingests and compact", q.what, b.small), milliseconds(q.after), "after one ingest "+milliseconds(q.then),
			fmt.Sprintf("%.2f ×", q.after.Seconds()/q.then.Seconds()), "≤ 1.2 ×")
	}
	return nil
}

// answers are the times of questions, and what they were about.
type answers struct {
	summary, timeline, list time.Duration
	month                   configtrail.Month
	resource                configtrail.ResourceKey
	changes                 int64
}

// ask asks the questions of a lake, through the engine that people use.
func ask(ctx context.Context, l *lake.Lake) (a answers, err error) {
	engine, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	h := &history.History{Engine: engine}
	for change, err := range l.ChangesInOrder(ctx, configtrail.Scope{}) {
		if err != nil {
			return a, err
		}
		a.changes++
		if a.changes == 100 { // any one
			a.resource, a.month = change.Key, configtrail.MonthOf(change.Time, time.UTC)
		}
	}
	filter := history.Filter{Window: a.month.Window(time.UTC)}
	if a.summary, err = fastest(func() error {
		_, err := h.Summary(ctx, filter)
		return err
	}); err != nil {
		return a, err
	}
	if a.timeline, err = fastest(func() error {
		_, err := h.Timeline(ctx, a.resource, configtrail.Window{})
		return err
	}); err != nil {
		return a, err
	}
	a.list, err = fastest(func() error {
		for _, err := range h.EachChange(ctx, history.Filter{Noise: history.NoiseInclude}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	return a, err
}

func fastest(do func() error) (time.Duration, error) {
	least := time.Duration(math.MaxInt64)
	for range asked {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		least = min(least, time.Since(start))
	}
	return least, nil
}

// yardsticks puts the same questions to DuckDB over a glob of the tables' files.
func (b *bench) yardsticks(ctx context.Context, l *lake.Lake, a answers) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "SET TimeZone = 'UTC'"); err != nil {
		return err
	}
	glob := map[string]string{}
	for _, table := range []string{lake.Items, lake.Changes} {
		files, err := l.Plan(ctx, table, configtrail.Scope{})
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("table %s is empty", table)
		}
		// …/items/data/2024-11/x.parquet
		glob[table] = "read_parquet(" + quoted(filepath.Join(filepath.Dir(filepath.Dir(files[0].Path)), "*", "*.parquet")) + ")"
	}
	query := func(statement string) (time.Duration, error) {
		return fastest(func() error { return drain(ctx, db, statement) })
	}
	window := a.month.Window(time.UTC)
	span := "capture_time >= " + instant(window.From) + " AND capture_time < " + instant(window.To)
	groups := "SELECT account, region, resource_type, kind, noise, date_trunc('day', capture_time), count(*), count(DISTINCT resource_id)"
	counted, err := query(groups + " FROM " + glob[lake.Changes] + " WHERE " + span + " GROUP BY ALL")
	if err != nil {
		return err
	}
	b.add("month summary", milliseconds(a.summary), "glob of changes, one query "+milliseconds(counted), times(a.summary, counted), "")
	lagged, err := query("SELECT account, region, resource_type, count(*) FROM (SELECT *, lag(content_hash) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY capture_time) AS before FROM " +
		glob[lake.Items] + ") WHERE before IS DISTINCT FROM content_hash AND " + span + " GROUP BY ALL")
	if err != nil {
		return err
	}
	b.add("month summary", milliseconds(a.summary), "glob of items, with LAG "+milliseconds(lagged), times(a.summary, lagged), "≤ 1 ×")
	which := "resource_type = " + quoted(a.resource.Type) + " AND resource_id = " + quoted(a.resource.ID)
	told, err := query("SELECT * EXCLUDE (configuration, supplementary_configuration) FROM " + glob[lake.Items] + " WHERE " + which + " ORDER BY capture_time")
	if err != nil {
		return err
	}
	b.add("timeline of a resource", milliseconds(a.timeline), "glob of items "+milliseconds(told), times(a.timeline, told), "≤ 15 ms")
	return nil
}

func drain(ctx context.Context, db *sql.DB, statement string) (err error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
	}
	return rows.Err()
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func instant(t time.Time) string {
	return "TIMESTAMPTZ " + quoted(t.UTC().Format("2006-01-02 15:04:05+00"))
}
