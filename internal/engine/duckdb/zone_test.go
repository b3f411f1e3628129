package duckdb

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/lake"
)

// New York's clocks went back at 06:00 UTC on 3 November 2024.
func TestGuardedZone(t *testing.T) {
	const (
		instant = `TIMESTAMP WITH TIME ZONE '2024-10-31 16:30:00Z'` // 1 November, 01:30, in Tokyo
		winter  = `TIMESTAMP WITH TIME ZONE '2024-11-03 06:30:00Z'`
	)
	utc := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2024, month, day, hour, minute, 0, 0, time.UTC)
	}
	tests := []struct {
		name, zone, sql string
		want            []any
	}{
		{"months of no zone", "", `date_trunc('month', ` + instant + `)`, []any{utc(10, 1, 0, 0)}},
		{"months of the machine's zone", "Local", `date_trunc('month', ` + instant + `)`, []any{utc(10, 1, 0, 0)}},
		{"months", "Asia/Tokyo", `date_trunc('month', ` + instant + `), month(` + instant + `)`, []any{utc(10, 31, 15, 0), int64(11)}},
		{"days across a change of clocks", "America/New_York", `date_trunc('day', ` + winter + `)`, []any{utc(11, 3, 4, 0)}},
		{"text", "Asia/Tokyo", `strftime(` + instant + `, '%Y-%m-%d %H:%M'), ` + instant + `::VARCHAR`, []any{"2024-11-01 01:30", "2024-11-01 01:30:00+09"}},
		{"a day as a bound", "Asia/Tokyo", instant + ` >= '2024-11-01', ` + instant + ` < '2024-11-01 01:31'`, []any{true, true}},
		{"a day as a bound in UTC", "", instant + ` >= '2024-11-01'`, []any{false}},
		{"a zone that the query names", "Asia/Tokyo", instant + ` AT TIME ZONE 'America/New_York'`, []any{"2024-10-31 12:30:00"}},
		{"no instants", "Asia/Tokyo", `TIMESTAMP '2024-09-01 17:56:30.123', DATE '2024-01-01', TIME '01:02:03', ` + instant + `::DATE`,
			[]any{"2024-09-01 17:56:30.123", "2024-01-01", "01:02:03", "2024-11-01"}},
		{"no instants inside", "Asia/Tokyo", `[DATE '2024-01-01'], {'at': TIMESTAMP '2024-09-01 17:56:30', 'z': ` + instant + `}`,
			[]any{[]any{"2024-01-01"}, map[string]any{"at": "2024-09-01 17:56:30", "z": utc(10, 31, 16, 30)}}},
		{"a month given back", "Asia/Tokyo", `TIMESTAMP '2024-11-01'::TIMESTAMP WITH TIME ZONE`, []any{utc(10, 31, 15, 0)}},
	}
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: "SELECT " + test.sql, Zone: test.zone})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]any{test.want}, collect(t, got.Rows)); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

// The rows of the lake fall into the hours of the zone, and statements of the
// catalogue go on in UTC.
func TestGuardedZoneGroupsTheLake(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	hours := func(zone *time.Location) map[string]int64 {
		counts := map[string]int64{}
		for _, item := range enginetest.Items() {
			counts[item.CaptureTime.In(zone).Format("2006-01-02 15")]++
		}
		return counts
	}
	told := func(rows [][]any) map[string]int64 {
		counts := map[string]int64{}
		for _, row := range rows {
			counts[row[0].(string)] = row[1].(int64)
		}
		return counts
	}
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	const sql = `SELECT strftime(date_trunc('hour', capture_time), '%Y-%m-%d %H'), count(*) FROM items GROUP BY 1`
	guarded, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: sql, Zone: "Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hours(tokyo), told(collect(t, guarded.Rows))); diff != "" {
		t.Errorf("hours of Tokyo (-want +got):\n%s", diff)
	}
	catalogue, err := e.Query(t.Context(), engine.Query{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hours(time.UTC), told(collect(t, catalogue.Rows))); diff != "" {
		t.Errorf("hours of the catalogue (-want +got):\n%s", diff)
	}
}

func TestGuardedUnknownZone(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, zone := range []string{"Asia/Edo", "../../etc/passwd", "UTC'; SET threads = 1; --"} {
		_, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: "SELECT 1", Zone: zone})
		var hint *configtrail.Hint
		if !errors.Is(err, configtrail.ErrInvalid) || !errors.As(err, &hint) || !containsText(err, "time zone") {
			t.Errorf("zone %q: %v; want ErrInvalid with a hint", zone, err)
		}
	}
	// What Go knows and DuckDB does not is refused by the database.
	if _, err := open(t.Context(), limits{zone: "Asia/Edo"}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a database of an unknown zone: %v; want ErrInvalid", err)
	}
}

func TestMissingDataFile(t *testing.T) {
	l := enginetest.NewLake(t)
	e := newTestEngine(t, l, Options{})
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files planned, error %v; want two at least", len(files), err)
	}
	check := func(err error) {
		t.Helper()
		var hint *configtrail.Hint
		if err == nil || !containsText(err, "data file items/data/") || !containsText(err, ".parquet of the lake is missing") ||
			!errors.As(err, &hint) || hint.Next != "Restore it, or ingest again into a new lake." {
			t.Errorf("got %v (hint %+v); want a missing data file and what to do", err, hint)
		}
	}
	const sql = `SELECT resource_name, configuration FROM items`
	for i := len(files) - 1; i >= 0; i-- { // the last alone, then all
		if err := os.Remove(files[i].Path); err != nil {
			t.Fatal(err)
		}
		if i != 0 && i != len(files)-1 {
			continue
		}
		result, err := e.Query(t.Context(), engine.Query{Name: "names", SQL: sql})
		if err == nil {
			for _, rowErr := range result.Rows {
				err = rowErr
			}
		}
		check(err)
		guarded, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: sql})
		if err == nil {
			for _, rowErr := range guarded.Rows {
				err = rowErr
			}
		}
		check(err)
	}
}
