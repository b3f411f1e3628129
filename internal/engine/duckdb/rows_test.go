package duckdb

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
)

// ask runs sql on a database that reaches nothing and gives its columns and rows.
func ask(t *testing.T, d *database, sql string, args ...any) ([]engine.Column, [][]any) {
	t.Helper()
	conn, err := d.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result, err := conn.result(t.Context(), d, plan{}, sql, args)
	if err != nil {
		conn.close()
		t.Fatalf("%s: %v", sql, err)
	}
	var rows [][]any
	for row, err := range result.Rows {
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		rows = append(rows, row)
	}
	return result.Columns, rows
}

func newTestDatabase(t testing.TB, l limits) *database {
	t.Helper()
	d, err := open(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestValues(t *testing.T) {
	day := time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		sql  string
		want any
		typ  string
	}{
		{`NULL`, nil, "INTEGER"},
		{`true`, true, "BOOLEAN"},
		{`'日本語 🗾'`, "日本語 🗾", "VARCHAR"},
		{`42::TINYINT`, int64(42), "TINYINT"},
		{`42::UINTEGER`, int64(42), "UINTEGER"},
		{`9223372036854775807`, int64(math.MaxInt64), "BIGINT"},
		{`18446744073709551615::UBIGINT`, 18446744073709551615.0, "UBIGINT"},
		{`(SELECT sum(x) FROM (VALUES (1), (2)) v(x))`, int64(3), "HUGEINT"},
		{`170141183460469231731687303715884105727::HUGEINT`, 170141183460469231731687303715884105727.0, "HUGEINT"},
		{`1.50::DECIMAL(10, 2)`, 1.5, "DECIMAL(10,2)"},
		{`7::DECIMAL(10, 0)`, int64(7), "DECIMAL(10,0)"},
		{`0.5::FLOAT`, 0.5, "FLOAT"},
		{`'inf'::DOUBLE`, math.Inf(1), "DOUBLE"},
		{`TIMESTAMP WITH TIME ZONE '2024-11-05 09:00:00.123456+09:00'`, day.Add(123456 * time.Microsecond), "TIMESTAMPTZ"},
		{`TIMESTAMP '2024-11-05 00:00:00'`, "2024-11-05 00:00:00", "TIMESTAMP"},
		{`TIMESTAMP_MS '2024-09-01 17:56:30.123'`, "2024-09-01 17:56:30.123", "TIMESTAMP_MS"},
		{`DATE '2024-11-05'`, "2024-11-05", "DATE"},
		{`[TIMESTAMP '2024-11-05 01:02:03']`, []any{"2024-11-05 01:02:03"}, "TIMESTAMP[]"},
		{`{'DATE': DATE '2024-11-05', 'a " DATE': TIME '01:02:03', 'z': TIMESTAMP WITH TIME ZONE '2024-11-05 09:00:00+09'}`,
			map[string]any{"DATE": "2024-11-05", `a " DATE`: "01:02:03", "z": day}, `STRUCT("DATE" DATE, "a "" DATE" TIME, "z" TIMESTAMPTZ)`},
		{`date_trunc('day', TIMESTAMP WITH TIME ZONE '2024-11-05 08:30:00+09')`, day.AddDate(0, 0, -1), "TIMESTAMPTZ"},
		{`TIME '12:34:56.5'`, "12:34:56.5", "TIME"},
		{`INTERVAL 3 DAY`, "3 days", "INTERVAL"},
		{`'{"b": 12345678901234567890, "a": 1}'::JSON`, `{"b": 12345678901234567890, "a": 1}`, "JSON"},
		{`'null'::JSON`, `null`, "JSON"},
		{`'\xAB'::BLOB`, `\xAB`, "BLOB"},
		{`'11111111-2222-3333-4444-555555555555'::UUID`, "11111111-2222-3333-4444-555555555555", "UUID"},
		{`MAP {'環境': '本番', 'empty': ''}`, map[string]string{"環境": "本番", "empty": ""}, "MAP(VARCHAR, VARCHAR)"},
		{`MAP {}::MAP(VARCHAR, VARCHAR)`, map[string]string{}, "MAP(VARCHAR, VARCHAR)"},
		{`MAP {1: 2.5}`, map[string]string{"1": "2.5"}, "MAP(INTEGER, DECIMAL(2,1))"},
		{`[1, NULL, 3]`, []any{int64(1), nil, int64(3)}, "INTEGER[]"},
		{`[]::VARCHAR[]`, []any{}, "VARCHAR[]"},
		{`{'path': '/tags/a', 'old': NULL}`, map[string]any{"path": "/tags/a", "old": nil}, `STRUCT("path" VARCHAR, "old" INTEGER)`},
		{`[{'at': DATE '2024-11-05', 'n': 1::HUGEINT}]`, []any{map[string]any{"at": "2024-11-05", "n": int64(1)}}, `STRUCT("at" DATE, "n" HUGEINT)[]`},
		{`[MAP {'a': 'b'}]`, []any{map[string]string{"a": "b"}}, "MAP(VARCHAR, VARCHAR)[]"},
	}
	d := newTestDatabase(t, limits{threads: 1})
	for _, test := range tests {
		t.Run(test.sql, func(t *testing.T) {
			columns, rows := ask(t, d, "SELECT "+test.sql+" AS v")
			if diff := cmp.Diff([][]any{{test.want}}, rows); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]engine.Column{{Name: "v", Type: test.typ}}, columns); diff != "" {
				t.Errorf("column (-want +got):\n%s", diff)
			}
		})
	}
}

// Columns that have to come as text leave the names, the order of the rows and
// the other columns as they are.
func TestTextColumnsKeepNamesAndOrder(t *testing.T) {
	d := newTestDatabase(t, limits{threads: 2})
	columns, rows := ask(t, d, `SELECT n, to_json(n) AS "a b", n AS n, n + ? AS "c0" FROM range(200000) AS r(n) ORDER BY n DESC -- a comment`, int64(1))
	want := []engine.Column{{Name: "n", Type: "BIGINT"}, {Name: "a b", Type: "JSON"}, {Name: "n", Type: "BIGINT"}, {Name: "c0", Type: "BIGINT"}}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if len(rows) != 200_000 {
		t.Fatalf("got %d rows", len(rows))
	}
	for i, row := range rows {
		if row[0] != int64(199_999-i) {
			t.Fatalf("row %d is %v: the order is lost", i, row)
		}
	}
	if diff := cmp.Diff([]any{int64(0), "0", int64(0), int64(1)}, rows[199_999]); diff != "" {
		t.Errorf("last row (-want +got):\n%s", diff)
	}
}

func TestArguments(t *testing.T) {
	d := newTestDatabase(t, limits{threads: 1})
	at := time.Date(2024, 11, 5, 1, 2, 3, 456e6, time.FixedZone("JST", 9*3600))
	_, rows := ask(t, d, `SELECT CAST(? AS VARCHAR), ? + 1, ? * 2.0, NOT ?,
		TIMESTAMP WITH TIME ZONE '2024-11-04 16:02:03.456+00' = ?, CAST(? AS TIMESTAMP WITH TIME ZONE), CAST(? AS VARCHAR) IS NULL, ? = 'x'`,
		"it's; 日本", int64(41), 1.5, true, at, at, nil, "x")
	want := [][]any{{"it's; 日本", int64(42), 3.0, false, true, at.UTC(), true, true}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func TestQueryMistakes(t *testing.T) {
	d := newTestDatabase(t, limits{threads: 1, memory: 64 << 20})
	tests := []struct {
		name, sql string
		want      error
		message   string
	}{
		{"unknown column", `SELECT accnt FROM (SELECT 1 AS account)`, configtrail.ErrInvalid, `invalid: Referenced column "accnt" not found in FROM clause! Candidate bindings: "account"`},
		{"bad cast", `SELECT CAST('x' AS INTEGER)`, configtrail.ErrInvalid, `invalid: Could not convert string 'x' to INT32`},
		{"wrong arguments", `SELECT lower(1, 2)`, configtrail.ErrInvalid, `invalid: No function matches`},
		{"memory", `SELECT count(*) FROM (SELECT n, n || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' AS t FROM range(20000000) AS r(n) ORDER BY t)`, configtrail.ErrTooLarge, "needs more memory than 64 MiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := d.connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.close()
			_, err = conn.result(t.Context(), d, plan{}, test.sql, nil)
			if !errors.Is(err, test.want) || len(err.Error()) < len(test.message) {
				t.Fatalf("%s: %v; want %v", test.sql, err, test.want)
			}
			if errors.Is(test.want, configtrail.ErrInvalid) && err.Error()[:len(test.message)] != test.message {
				t.Errorf("%s: %q; want %q", test.sql, err, test.message)
			}
		})
	}
}

// Cancelling stops work that would take hours, wherever DuckDB is in it.
func TestCancelStopsAtOnce(t *testing.T) {
	tests := []struct{ name, sql string }{
		{"cross join", `SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y), range(1000) c(z) WHERE (x * y + z) % 7 = 3`},
		{"sort", `SELECT max(t) FROM (SELECT md5(n::VARCHAR) AS t FROM range(1000000000) AS r(n) ORDER BY t LIMIT 100000000)`},
		{"recursion", `WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t`},
		{"rows that are many", `SELECT a.x FROM range(1000000) a(x), range(1000000) b(y)`},
		{"regular expression", `SELECT count(*) FROM range(100000000) AS r(n) WHERE regexp_matches(repeat(n::VARCHAR, 1000), '(1|2)*3(4|5)*6$')`},
	}
	d := newTestDatabase(t, limits{threads: 2, memory: 512 << 20})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := d.connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.close()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			started := time.Now()
			_, err = conn.result(ctx, d, plan{}, test.sql, nil)
			took := time.Since(started)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v after %v; want the deadline's error", err, took)
			}
			if took > 1200*time.Millisecond {
				t.Errorf("the query ran on for %v after its deadline", took-200*time.Millisecond)
			}
		})
	}
}

// Rows end when the context does, and the connection is given back.
func TestCancelWhileReading(t *testing.T) {
	d := newTestDatabase(t, limits{threads: 1})
	conn, err := d.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result, err := conn.result(ctx, d, plan{}, `SELECT * FROM range(100000)`, nil)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	var last error
	for _, err := range result.Rows {
		if last = err; err != nil {
			break
		}
		if read++; read == 10 {
			cancel()
		}
	}
	if read != 10 || !errors.Is(last, context.Canceled) {
		t.Errorf("read %d rows and then %v; want 10 and context.Canceled", read, last)
	}
	for _, err := range result.Rows {
		if err == nil {
			t.Error("rows can be read twice")
		}
		break
	}
}

// With a folder to spill to, a sort that does not fit into memory ends well, and
// leaves nothing behind.
func TestSpill(t *testing.T) {
	folder := t.TempDir()
	d := newTestDatabase(t, limits{threads: 1, memory: 64 << 20, spill: folder})
	_, rows := ask(t, d, `SELECT count(*), min(t) FROM (SELECT t FROM (SELECT lpad(n::VARCHAR, 40, '0') AS t FROM range(3000000) AS r(n)) ORDER BY t DESC OFFSET 1)`)
	if diff := cmp.Diff([][]any{{int64(2_999_999), strings.Repeat("0", 40)}}, rows); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A locked database reads, writes and changes nothing outside, whatever SQL is
// put to it without the guard.
func TestLockedDatabase(t *testing.T) {
	d := newTestDatabase(t, limits{threads: 1})
	folder := t.TempDir()
	secret := filepath.Join(folder, "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []string{
		"SELECT * FROM read_text('" + secret + "')",
		"SELECT * FROM '" + secret + "'",
		"SELECT * FROM glob('" + folder + "/*')",
		"COPY (SELECT 1) TO '" + folder + "/out.csv'",
		"ATTACH '" + folder + "/out.db'",
		"EXPORT DATABASE '" + folder + "/out'",
		"SET memory_limit = '1TB'",
		"SET enable_external_access = true",
		"SET lock_configuration = false",
		"RESET allowed_directories",
		"SET temp_directory = '" + folder + "'",
		"INSTALL httpfs",
		"LOAD httpfs",
	}
	for _, sql := range tests {
		conn, err := d.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.run(t.Context(), sql); err == nil {
			t.Errorf("%s ran", sql)
		}
		conn.close()
	}
	// DuckDB accepts this one; that nothing comes of it is what counts.
	conn, err := d.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	logging := "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '" + folder + "/log')"
	t.Log(conn.run(t.Context(), logging), conn.run(t.Context(), "SELECT 1"), conn.run(t.Context(), "SELECT 2"))
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the folder holds %v; want secret.txt only", entries)
	}
}
