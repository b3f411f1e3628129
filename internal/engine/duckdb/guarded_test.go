package duckdb

import (
	"context"
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/enginetest"
)

func containsText(err error, text string) bool { return strings.Contains(err.Error(), text) }

func TestGuardedAnswer(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	got, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{
		SQL: `select capture_time, tags, relationships[1] AS first, configuration, creation_time, redaction_version, 'nan'::DOUBLE AS f, 2.0::DOUBLE AS g, true AS yes
			from ITEMS where resource_id = 'sg-1' order by capture_time`,
	})
	if err != nil {
		t.Fatal(err)
	}
	columns := []engine.Column{
		{Name: "capture_time", Type: "TIMESTAMPTZ"}, {Name: "tags", Type: "MAP(VARCHAR, VARCHAR)"},
		{Name: "first", Type: `STRUCT("resource_type" VARCHAR, "resource_id" VARCHAR, "resource_name" VARCHAR, "name" VARCHAR)`},
		{Name: "configuration", Type: "VARCHAR"}, {Name: "creation_time", Type: "TIMESTAMPTZ"}, {Name: "redaction_version", Type: "INTEGER"},
		{Name: "f", Type: "DOUBLE"}, {Name: "g", Type: "DOUBLE"}, {Name: "yes", Type: "BOOLEAN"},
	}
	if diff := cmp.Diff(columns, got.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	want := [][]any{
		{
			enginetest.At(0), map[string]string{"環境": "本番", "Environment": "prod", "environment": ""},
			map[string]any{"resource_type": "AWS::EC2::VPC", "resource_id": "vpc-1", "resource_name": "", "name": "Is contained in Vpc"},
			`{"groupId":"sg-1","ipPermissions":[{"fromPort":443}],"big":12345678901234567890}`, enginetest.At(-60), int64(0), math.NaN(), 2.0, true,
		},
		{enginetest.At(24 * 60), map[string]string{}, nil, `{"groupId":"sg-1","ipPermissions":[]}`, nil, int64(0), math.NaN(), 2.0, true},
	}
	same := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := cmp.Diff(want, collect(t, got.Rows), same); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if cut := got.Cut(); cut != CutNothing {
		t.Errorf("cut by %q", cut)
	}
	if cost := got.Cost(); cost.Bytes <= 0 || cost.USD == nil {
		t.Errorf("cost %+v", cost)
	}
	if !strings.HasPrefix(got.SQL, "SELECT capture_time, tags") {
		t.Errorf("ran %s", got.SQL)
	}
}

func TestGuardedCuts(t *testing.T) {
	tests := []struct {
		name  string
		query GuardedQuery
		rows  int
		cut   Cut
	}{
		{"as many as allowed", GuardedQuery{SQL: `SELECT * FROM range(5)`, MaxRows: 5}, 5, CutNothing},
		{"one too many", GuardedQuery{SQL: `SELECT * FROM range(6)`, MaxRows: 5}, 5, CutRows},
		{"the default", GuardedQuery{SQL: `SELECT * FROM range(1000000)`}, 10_000, CutRows},
		{"its own limit", GuardedQuery{SQL: `SELECT * FROM range(100) LIMIT 3`, MaxRows: 5}, 3, CutNothing},
		{"none", GuardedQuery{SQL: `SELECT 1 WHERE false`}, 0, CutNothing},
		{"bytes", GuardedQuery{SQL: `SELECT repeat('x', 1000) FROM range(100)`, MaxBytes: 10_200}, 10, CutBytes},
	}
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := e.RunGuarded(t.Context(), testChild(t), test.query)
			if err != nil {
				t.Fatal(err)
			}
			if rows := len(collect(t, got.Rows)); rows != test.rows || got.Cut() != test.cut {
				t.Errorf("%d rows, cut %q; want %d, %q", rows, got.Cut(), test.rows, test.cut)
			}
		})
	}
}

// The order that the statement asks for survives the LIMIT around it.
func TestGuardedKeepsOrder(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	got, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: `SELECT range AS n FROM range(300000) ORDER BY n DESC`, MaxRows: 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(299_999)}, {int64(299_998)}, {int64(299_997)}}, collect(t, got.Rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestGuardedErrors(t *testing.T) {
	tests := []struct {
		name    string
		query   GuardedQuery
		child   []string
		want    error
		message string
	}{
		{"refused", GuardedQuery{SQL: `SELECT * FROM read_text('x')`}, nil, configtrail.ErrRefused, "read_text"},
		{"misspelt column", GuardedQuery{SQL: `SELECT accnt FROM items`}, nil, configtrail.ErrInvalid, `Referenced column "accnt" not found`},
		{"bad cast while reading", GuardedQuery{SQL: `SELECT CAST(region AS INTEGER) FROM items`}, nil, configtrail.ErrInvalid, "Could not convert string"},
		{"budget", GuardedQuery{SQL: `SELECT * FROM items`, ByteBudget: 1}, nil, configtrail.ErrOverBudget, "the budget is 1"},
		{"memory that DuckDB counts", GuardedQuery{SQL: `SELECT max(t) FROM (SELECT n, repeat(n::VARCHAR, 20) AS t FROM range(20000000) AS r(n) ORDER BY t LIMIT 10000000)`, Memory: 64 << 20}, nil, configtrail.ErrTooLarge, "memory"},
		{"memory that DuckDB does not count", GuardedQuery{SQL: `SELECT length(repeat('x', 4000000000))`, Memory: 64 << 20}, nil, configtrail.ErrTooLarge, "memory"},
		{"time", GuardedQuery{SQL: `SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000) c`, Timeout: 300 * time.Millisecond}, nil, configtrail.ErrTooLarge, "took longer than 300ms"},
		{"time in one step that can't be interrupted", GuardedQuery{SQL: `SELECT list_sum(list_transform(range(50000000), lambda x: x * x % 7))`, Timeout: 300 * time.Millisecond, Memory: 4 << 30}, nil, configtrail.ErrTooLarge, "took longer than 300ms"},
		{"a child that hangs", GuardedQuery{SQL: `SELECT 1`, Timeout: 300 * time.Millisecond}, []string{"hanging"}, configtrail.ErrTooLarge, "took longer"},
		{"a child that says nothing", GuardedQuery{SQL: `SELECT 1`}, []string{"silent"}, nil, "ended early: exit status 3"},
		{"a child that is killed", GuardedQuery{SQL: `SELECT 1`}, []string{"killed"}, nil, "ended early: signal: killed"},
		{"a child that talks nonsense", GuardedQuery{SQL: `SELECT 1`}, []string{"garbage"}, nil, "ended early"},
		{"a child that floods", GuardedQuery{SQL: `SELECT 1`, MaxBytes: 1 << 20, MaxRows: 1 << 40}, []string{"flood"}, configtrail.ErrTooLarge, "more than it may"},
		{"a child that sends more rows", GuardedQuery{SQL: `SELECT 1`, MaxRows: 3}, []string{"flood"}, nil, "not asked for"},
	}
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			started := time.Now()
			got, err := e.RunGuarded(t.Context(), testChild(t, test.child...), test.query)
			if err == nil {
				for _, rowErr := range got.Rows {
					err = rowErr
				}
			}
			if err == nil || !containsText(err, test.message) || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v; want %v with %s", err, test.want, test.message)
			}
			if took := time.Since(started); test.query.Timeout > 0 && took > test.query.Timeout+time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("no program", func(t *testing.T) {
		if _, err := e.RunGuarded(t.Context(), ChildCommand{Path: "/nonexistent"}, GuardedQuery{SQL: `SELECT 1`}); err == nil || !containsText(err, "start the query process") {
			t.Errorf("got %v", err)
		}
	})
}

// Cancelling kills the child, also one that does not listen, and collects it.
func TestGuardedCancel(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, err := e.RunGuarded(ctx, testChild(t), GuardedQuery{SQL: `SELECT range, repeat('x', 1000) FROM range(100000)`, MaxRows: 100_000, MaxBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	var last error
	for _, err := range got.Rows {
		last = err
		cancel()
		if time.Since(started) > 5*time.Second {
			t.Fatal("rows go on after the context ended")
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("rows ended with %v; want context.Canceled", last)
	}
}

// Breaking off ends the child before the loop's end is reached.
func TestGuardedBreakEndsTheChild(t *testing.T) {
	r := request{SQL: `SELECT range, repeat('x', 1000) FROM range(100000)`, MaxRows: 100_000, MaxBytes: 1 << 30, Memory: 1 << 30, Threads: 1, Seconds: 60}
	p, err := start(t.Context(), testChild(t), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.next(); err != nil {
		t.Fatal(err)
	}
	for range p.rows(2, r.MaxRows) {
		break
	}
	if p.cmd.ProcessState == nil {
		t.Fatal("the child was not collected")
	}
	if err := syscall.Kill(p.cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v; want it gone", p.cmd.Process.Pid, err)
	}
}

// The child is given no environment but what the command names.
func TestGuardedEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "planted")
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	child := testChild(t, "environment")
	child.Env = []string{"NAME=given"}
	_, err := e.RunGuarded(t.Context(), child, GuardedQuery{SQL: `SELECT 1`})
	if err == nil || err.Error() != "GOTRACEBACK=none NAME=given" {
		t.Errorf("the child's environment: %v", err)
	}
}

// What a child may open is the planned files: SQL that the guard would never let
// through is put to it directly.
func TestChildReachesPlannedFilesOnly(t *testing.T) {
	l := enginetest.NewLake(t)
	planned, err := planFor(t.Context(), l, []string{"items"}, configtrail.Scope{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	others, err := planFor(t.Context(), l, []string{"changes"}, configtrail.Scope{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	file, other := planned.files()[0], others.files()[0]
	tests := []struct {
		name, sql string
		message   string // empty: it works
	}{
		{"a planned file", `SELECT count(*) FROM read_parquet('` + file + `')`, ""},
		{"another file of the lake", `SELECT count(*) FROM read_parquet('` + other + `')`, "file system operations are disabled"},
		{"a file of the system", `SELECT content FROM read_text('/etc/hostname')`, "file system operations are disabled"},
		{"a listing", `SELECT * FROM glob('/*')`, "file system operations are disabled"},
		{"a network address", `SELECT * FROM read_parquet('https://example.com/x.parquet')`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := request{SQL: test.sql, Relations: planned.relations, MaxRows: 10, MaxBytes: 1 << 20, Memory: 256 << 20, Threads: 1, Seconds: 20}
			p, err := start(t.Context(), testChild(t), r)
			if err != nil {
				t.Fatal(err)
			}
			defer p.stop()
			_, err = p.next()
			switch {
			case test.name == "a network address" && err == nil:
				t.Error("the network was reached")
			case test.name == "a network address":
			case test.message == "" && err != nil:
				t.Errorf("%s: %v", test.sql, err)
			case test.message != "" && (err == nil || !containsText(err, test.message)):
				t.Errorf("%s: %v; want %s", test.sql, err, test.message)
			}
		})
	}
}

func TestWireKeepsTypes(t *testing.T) {
	values := []any{
		nil, true, "text \u2028 日本", int64(math.MaxInt64), int64(-1), 1.0, 1e300, -0.5, math.Inf(-1),
		time.Date(2024, 11, 5, 1, 2, 3, 456789000, time.UTC), map[string]string{"t": "x"}, map[string]any{"m": nil, "n": []any{int64(1)}},
		[]any{}, []any{nil, []any{"a"}, map[string]any{}}, map[string]string{},
	}
	for _, value := range values {
		text, err := wire{value}.MarshalJSON()
		if err != nil {
			t.Fatalf("%v: %v", value, err)
		}
		var got wire
		if err := got.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(value, got.value); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{``, `{}`, `{"t":"x"}`, `{"x":1}`, `{"t":"2024-11-05T00:00:00Z","m":{}}`, `99999999999999999999`, `{"s":[]}`, `[`} {
		var got wire
		if err := got.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, got.value)
		}
	}
}
