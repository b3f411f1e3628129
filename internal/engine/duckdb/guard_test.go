package duckdb

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
)

func newTestGuard(t testing.TB) *Guard {
	t.Helper()
	d, err := open(t.Context(), limits{threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	g, err := newGuard(d)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuardAllows(t *testing.T) {
	tests := []struct {
		name      string
		sql       string
		relations []string
	}{
		{"no relation", `SELECT 1`, nil},
		{"one relation", `SELECT * FROM items`, []string{"items"}},
		{"all four", `SELECT 1 FROM deliveries, events, changes, items`, []string{"changes", "deliveries", "events", "items"}},
		{"another case", `select ACCOUNT from Items`, []string{"items"}},
		{"quoted name", `SELECT "account" FROM "items"`, []string{"items"}},
		{"comments", "/* FROM secrets */ SELECT account -- FROM other\nFROM items", []string{"items"}},
		{"one trailing semicolon", `SELECT 1 FROM items;`, []string{"items"}},
		{"relation name in a string only", `SELECT 'FROM events' FROM items`, []string{"items"}},
		{"cte", `WITH c AS (SELECT * FROM items), d AS (SELECT * FROM c) SELECT * FROM d JOIN changes USING (account)`, []string{"changes", "items"}},
		{"cte that shadows a relation", `WITH events AS (SELECT 1 AS a) SELECT a FROM events`, nil},
		{"cte over the relation it shadows", `WITH items AS (SELECT * FROM items) SELECT * FROM items`, []string{"items"}},
		{"recursive cte", `WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t`, nil},
		{"cte seen from a subquery", `WITH c AS (SELECT 1 AS x) SELECT (SELECT max(x) FROM c) FROM items`, []string{"items"}},
		{"japanese cte", `WITH 変更 AS (SELECT * FROM changes) SELECT count(*) FROM 変更`, []string{"changes"}},
		{"subquery in FROM", `SELECT * FROM (SELECT account FROM items) AS s`, []string{"items"}},
		{"subquery in WHERE", `SELECT 1 FROM items WHERE account IN (SELECT account FROM events)`, []string{"events", "items"}},
		{"exists", `SELECT 1 FROM items i WHERE EXISTS (SELECT 1 FROM changes c WHERE c.account = i.account)`, []string{"changes", "items"}},
		{"set operations", `SELECT account FROM items UNION SELECT account FROM events EXCEPT SELECT account FROM changes`, []string{"changes", "events", "items"}},
		{"window", `SELECT row_number() OVER (PARTITION BY account ORDER BY capture_time DESC), lag(kind) OVER w FROM changes WINDOW w AS (ORDER BY capture_time) QUALIFY row_number() OVER w = 1`, []string{"changes"}},
		{"group by grouping sets", `SELECT account, region, grouping(account), count(*) FILTER (WHERE noise = '') FROM changes GROUP BY GROUPING SETS ((account), (region))`, []string{"changes"}},
		{"unnest in FROM", `SELECT e.path FROM changes, unnest(edits) AS u(e)`, []string{"changes"}},
		{"unnest in SELECT", `SELECT unnest(edits) FROM changes`, []string{"changes"}},
		{"range and generate_series", `SELECT * FROM range(3) JOIN generate_series(1, 3) AS g(n) ON true`, nil},
		{"values", `SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, t)`, nil},
		{"values alone", `VALUES (1)`, nil},
		{"FROM first", `FROM items SELECT account`, []string{"items"}},
		{"TABLE", `TABLE items`, []string{"items"}},
		{"lambda", `SELECT list_filter(edits, lambda e: e.path LIKE '/tags%') FROM changes`, []string{"changes"}},
		{"arrow lambda", `SELECT list_transform(edits, e -> upper(e.op)) FROM changes`, []string{"changes"}},
		{"list comprehension", `SELECT [e.path FOR e IN edits IF e.op = 'add'] FROM changes`, []string{"changes"}},
		{"json", `SELECT configuration->>'$.instanceType', configuration->'$.tags', json_extract_string(configuration, '$.a') FROM items`, []string{"items"}},
		{"map element", `SELECT tags['Environment'] FROM items`, []string{"items"}},
		{"casts", `SELECT CAST('2024-11-01' AS DATE), '1'::DECIMAL(10, 2), x::VARCHAR[], TRY_CAST('a' AS BIGINT), '{}'::JSON, TIMESTAMP WITH TIME ZONE '2024-11-01 00:00:00+09' FROM (SELECT [1] AS x)`, nil},
		{"times", `SELECT date_trunc('month', capture_time AT TIME ZONE 'Asia/Tokyo'), now() - INTERVAL 7 DAY, current_date, extract(year FROM capture_time) FROM items`, []string{"items"}},
		{"star forms", `SELECT * EXCLUDE (configuration) REPLACE (upper(account) AS account), COLUMNS('source_.*'), i.* RENAME (region AS r) FROM items i`, []string{"items"}},
		{"joins", `SELECT * FROM items LEFT JOIN changes USING (account) SEMI JOIN events USING (account) POSITIONAL JOIN range(1)`, []string{"changes", "events", "items"}},
		{"lateral", `SELECT * FROM items i, LATERAL (SELECT count(*) FROM changes c WHERE c.account = i.account) AS n`, []string{"changes", "items"}},
		{"limits and order", `SELECT DISTINCT ON (account) account FROM items ORDER BY account DESC NULLS LAST LIMIT 10 OFFSET 2`, []string{"items"}},
		{"case, between, like, in", `SELECT CASE WHEN kind IN ('created', 'deleted') THEN 1 ELSE 2 END FROM changes WHERE version BETWEEN 1 AND 2 AND arn ILIKE 'arn:%' AND NOT noise SIMILAR TO 'a.*'`, []string{"changes"}},
		{"any and all", `SELECT 'a' = ANY(SELECT account FROM items), 1 > ALL([1, 2]), ARRAY(SELECT 1)`, []string{"items"}},
	}
	g := newTestGuard(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := g.Check(t.Context(), test.sql)
			if err != nil {
				t.Fatalf("Check(%s): %v", test.sql, err)
			}
			if diff := cmp.Diff(test.relations, got.Relations); diff != "" {
				t.Errorf("relations of %s (-want +got):\n%s", test.sql, diff)
			}
		})
	}
}

func TestGuardRefuses(t *testing.T) {
	tests := []struct {
		name   string
		sql    string
		reason string // that the message has to hold
	}{
		// The traps that analyst.md and DuckDB's documentation know.
		{"insert behind which a select stands", `INSERT INTO items VALUES (1); SELECT 1`, `"INSERT"`},
		{"select before an insert", `SELECT 1; INSERT INTO items VALUES (1)`, `is no SELECT`},
		{"two selects", `SELECT 1; SELECT 2`, `more than one statement`},
		{"enable_logging is a table function", `SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '/tmp/x')`, `the table function "enable_logging"`},
		{"explain analyze delete", `EXPLAIN ANALYZE DELETE FROM items`, `"EXPLAIN"`},

		{"copy", `COPY items TO 'x.csv'`, `"COPY"`},
		{"copy of a select", `COPY (SELECT 1) TO 'x.csv'`, `"COPY"`},
		{"attach", `ATTACH 'x.db'`, `"ATTACH"`},
		{"create", `CREATE TABLE x AS SELECT 1`, `"CREATE"`},
		{"create macro", `CREATE MACRO f(x) AS x`, `"CREATE"`},
		{"drop", `DROP VIEW items`, `"DROP"`},
		{"update", `UPDATE items SET account = ''`, `"UPDATE"`},
		{"delete", `DELETE FROM items`, `"DELETE"`},
		{"set", `SET memory_limit = '100GB'`, `"SET"`},
		{"reset", `RESET memory_limit`, `"RESET"`},
		{"pragma", `PRAGMA version`, `"PRAGMA"`},
		{"load", `LOAD httpfs`, `"LOAD"`},
		{"install", `INSTALL httpfs`, `"INSTALL"`},
		{"call", `CALL enable_logging()`, `"CALL"`},
		{"prepare", `PREPARE p AS SELECT 1`, `"PREPARE"`},
		{"execute", `EXECUTE p`, `"EXECUTE"`},
		{"export", `EXPORT DATABASE 'x'`, `"EXPORT"`},
		{"use", `USE memory`, `"USE"`},
		{"begin", `BEGIN`, `"BEGIN"`},
		{"vacuum", `VACUUM`, `"VACUUM"`},
		{"explain", `EXPLAIN SELECT 1`, `"EXPLAIN"`},
		{"comment before another statement", "/* SELECT */ DROP VIEW items", `is no SELECT`},
		{"select into", `SELECT * INTO x FROM items`, `SELECT INTO`},
		{"for update", `SELECT * FROM items FOR UPDATE`, `FOR UPDATE`},
		{"insert in a cte", `WITH x AS (INSERT INTO items VALUES (1) RETURNING *) SELECT * FROM x`, `a WITH that is no SELECT`},

		{"file as relation", `FROM 'file.parquet'`, `the relation "file.parquet"`},
		{"file as quoted relation", `SELECT * FROM "/etc/passwd"`, `the relation "/etc/passwd"`},
		{"url as relation", `SELECT * FROM 's3://bucket/x.parquet'`, `the relation "s3://bucket/x.parquet"`},
		{"replacement scan of an object", `SELECT * FROM my_arrow_table`, `the relation "my_arrow_table"`},
		{"file as cte name that sees itself", `WITH "x.parquet" AS (SELECT * FROM "x.parquet") SELECT * FROM "x.parquet"`, `the name "x.parquet" of a WITH`},
		{"file as name of a recursive cte", `WITH RECURSIVE "x.parquet" AS (SELECT * FROM "x.parquet" UNION ALL SELECT * FROM "x.parquet") SELECT 1`, `"x.parquet"`},
		{"file as name of a cte", `WITH "x.parquet" AS (SELECT 1) SELECT * FROM "x.parquet"`, `the name "x.parquet" of a WITH`},
		{"cte that sees itself", `WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets`, `the relation "secrets"`},
		{"cte used before it is made", `WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a`, `the relation "b"`},
		{"cte used outside", `SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) JOIN c ON true`, `the relation "c"`},
		{"information_schema", `SELECT * FROM information_schema.tables`, `a name with a schema in front`},
		{"view of the catalog", `SELECT * FROM duckdb_tables`, `the relation "duckdb_tables"`},
		{"pg_catalog", `SELECT * FROM pg_catalog.pg_tables`, `a name with a schema in front`},
		{"sqlite_master", `SELECT * FROM sqlite_master`, `the relation "sqlite_master"`},
		{"schema in front of a relation", `SELECT * FROM main.items`, `a name with a schema in front`},
		{"database in front of a relation", `SELECT * FROM memory.main.items`, `in front`},
		{"turkish letter", "SELECT * FROM \u0131tems", "the relation \"\u0131tems\""},
		{"full-width letters", `SELECT * FROM ｉｔｅｍｓ`, `the relation "ｉｔｅｍｓ"`},
		{"zero-width space in a name", "SELECT * FROM \"items\u200b\"", `the relation "items\u200b"`},
		{"bidi override in a name", "SELECT * FROM \"\u202eitems\"", `the relation "\u202eitems"`},
		{"another time", `SELECT * FROM items AT (VERSION => 1)`, `AT`},

		{"read_text", `SELECT * FROM read_text('/etc/passwd')`, `the table function "read_text"`},
		{"read_parquet", `SELECT * FROM read_parquet('x')`, `the table function "read_parquet"`},
		{"parquet_metadata", `SELECT * FROM parquet_metadata('x')`, `the table function "parquet_metadata"`},
		{"glob", `SELECT * FROM glob('/*')`, `the table function "glob"`},
		{"sniff_csv", `SELECT * FROM sniff_csv('x')`, `the table function "sniff_csv"`},
		{"duckdb_tables()", `SELECT * FROM duckdb_tables()`, `the table function "duckdb_tables"`},
		{"duckdb_settings()", `SELECT * FROM duckdb_settings()`, `the table function "duckdb_settings"`},
		{"duckdb_secrets()", `SELECT * FROM duckdb_secrets()`, `the table function "duckdb_secrets"`},
		{"pragma function", `SELECT * FROM pragma_version()`, `the table function "pragma_version"`},
		{"query", `SELECT * FROM query('SELECT 1')`, `the table function "query"`},
		{"query_table", `SELECT * FROM query_table('items')`, `the table function "query_table"`},
		{"quoted table function", `SELECT * FROM "READ_TEXT"('x')`, `the table function`},
		{"table function in a deep subquery", `SELECT (SELECT max(a) FROM (SELECT * FROM items WHERE account IN (SELECT content FROM read_text('x'))) t(a))`, `the table function "read_text"`},
		{"table function in a join condition", `SELECT * FROM items i JOIN changes c ON i.account = (SELECT content FROM read_text('x'))`, `"read_text"`},
		{"table function in an order", `SELECT 1 FROM items ORDER BY (SELECT content FROM read_text('x'))`, `"read_text"`},
		{"table function in a limit", `SELECT 1 FROM items LIMIT (SELECT length(content) FROM read_text('x'))`, `"read_text"`},
		{"table function in a window", `SELECT sum(1) OVER (ORDER BY (SELECT content FROM read_text('x'))) FROM items`, `"read_text"`},
		{"table function in a filter", `SELECT count(*) FILTER (WHERE EXISTS (FROM read_text('x'))) FROM items`, `"read_text"`},
		{"table function in a lambda", `SELECT list_filter([1], lambda x: EXISTS (FROM read_text('x')))`, `"read_text"`},
		{"table function in a replacement", `SELECT * REPLACE ((SELECT content FROM read_text('x')) AS account) FROM items`, `"read_text"`},
		{"table function in VALUES", `VALUES ((SELECT content FROM read_text('x')))`, `"read_text"`},
		{"table function in a table function", `SELECT * FROM range((SELECT length(content) FROM read_text('x')))`, `"read_text"`},
		{"table function in a case", `SELECT CASE WHEN (SELECT content FROM read_text('x')) = '' THEN 1 END`, `"read_text"`},
		{"table function in a group", `SELECT 1 FROM items GROUP BY (SELECT content FROM read_text('x'))`, `"read_text"`},
		{"table function in having", `SELECT 1 FROM items GROUP BY account HAVING EXISTS (FROM read_text('x'))`, `"read_text"`},
		{"table function in distinct on", `SELECT DISTINCT ON ((SELECT content FROM read_text('x'))) 1 FROM items`, `"read_text"`},

		{"getenv", `SELECT getenv('AWS_SECRET_ACCESS_KEY')`, `the function "getenv"`},
		{"current_setting", `SELECT current_setting('home_directory')`, `the function "current_setting"`},
		{"getvariable", `SELECT getvariable('x')`, `the function "getvariable"`},
		{"nextval", `SELECT nextval('s')`, `the function "nextval"`},
		{"setseed", `SELECT setseed(0.5)`, `the function "setseed"`},
		{"random", `SELECT random()`, `the function "random"`},
		{"uuid", `SELECT uuid()`, `the function "uuid"`},
		{"sleep_ms", `SELECT sleep_ms(100000)`, `the function "sleep_ms"`},
		{"write_log", `SELECT write_log('x')`, `the function "write_log"`},
		{"error", `SELECT error('x')`, `the function "error"`},
		{"json_execute_serialized_sql", `SELECT * FROM json_execute_serialized_sql('{}')`, `the table function "json_execute_serialized_sql"`},
		{"json_deserialize_sql", `SELECT json_deserialize_sql('{}')`, `the function "json_deserialize_sql"`},
		{"macro that reads the catalog", `SELECT get_block_size('memory')`, `the function "get_block_size"`},
		{"function with a schema", `SELECT system.main.lower('x')`, `in front`},
		{"function as a method", `SELECT account.lower() FROM items`, `a function with a schema in front`},
		{"window function by another name", `SELECT getenv('x') OVER ()`, `the function "getenv"`},

		{"parameter", `SELECT * FROM items WHERE account = ?`, `a parameter`},
		{"named parameter", `SELECT $name`, `a parameter`},
		{"describe", `DESCRIBE items`, `DESCRIBE, SHOW or SUMMARIZE is not allowed`},
		{"show", `SHOW TABLES`, `DESCRIBE, SHOW or SUMMARIZE is not allowed`},
		{"summarize", `SUMMARIZE items`, `DESCRIBE, SHOW or SUMMARIZE is not allowed`},
		{"describe in a subquery", `SELECT * FROM (DESCRIBE items)`, `DESCRIBE, SHOW or SUMMARIZE is not allowed`},
		{"pivot statement", `PIVOT changes ON kind USING count(*)`, `"PIVOT"`},
		{"pivot in FROM", `SELECT * FROM changes PIVOT (count(*) FOR kind IN ('created'))`, `PIVOT or UNPIVOT is not allowed`},
		{"unpivot", `SELECT * FROM items UNPIVOT (v FOR n IN (account, region))`, `PIVOT or UNPIVOT is not allowed`},
		{"tablesample", `SELECT * FROM items TABLESAMPLE 10%`, `TABLESAMPLE`},
		{"using sample", `SELECT * FROM items USING SAMPLE 5`, `SAMPLE`},
		{"using key", `WITH RECURSIVE t(n) USING KEY (n) AS (SELECT 1 UNION SELECT n FROM t) SELECT * FROM t`, `USING KEY`},
		{"default", `SELECT DEFAULT`, `DEFAULT`},
		{"unknown type", `SELECT 'x'::regclass`, `the type "regclass"`},
		{"type with a schema", `SELECT 'x'::s.t`, `the type "t"`},
		{"enum type", `SELECT 'a'::ENUM('a')`, `the type "ENUM"`},
		{"10,000 parentheses", `SELECT ` + strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000), `nested so deep`},
		{"a sum of 20,000 terms", `SELECT 1` + strings.Repeat("+1", 20_000), `nested so deep`},
		{"300 subqueries", strings.Repeat("SELECT * FROM (", 300) + "SELECT 1" + strings.Repeat(")", 300), `levels deep`},
	}
	g := newTestGuard(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := g.Check(t.Context(), test.sql)
			if !errors.Is(err, configtrail.ErrRefused) {
				t.Fatalf("Check(%.200s) = %+v, %v; want ErrRefused", test.sql, got, err)
			}
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Check(%.200s): %v; want a message with %s", test.sql, err, test.reason)
			}
			var hint *configtrail.Hint
			if !errors.As(err, &hint) || hint.Next == "" {
				t.Errorf("Check(%.200s): %v has no hint", test.sql, err)
			}
		})
	}
}

func TestGuardRejectsWhatIsNoSQL(t *testing.T) {
	tests := []struct {
		name    string
		sql     string
		want    error
		message string
	}{
		{"empty", "", configtrail.ErrInvalid, "empty"},
		{"spaces and a comment", "  -- nothing\n", configtrail.ErrInvalid, "empty"},
		{"semicolons", ";;", configtrail.ErrInvalid, "empty"},
		{"misspelt", "SELEC 1", configtrail.ErrInvalid, `syntax error at or near "SELEC"`},
		{"question", "what changed yesterday?", configtrail.ErrInvalid, "syntax error"},
		{"not UTF-8", "SELECT '\xff'", configtrail.ErrInvalid, "UTF-8"},
		{"NUL", "SELECT 1\x00; DROP VIEW items", configtrail.ErrInvalid, "NUL"},
		{"terminal escape in the message", "SELECT \x1b[31m", configtrail.ErrInvalid, `\x1b`},
		{"4,000 selects, longer as DuckDB spells them", "SELECT 1" + strings.Repeat(" UNION SELECT 1", 4000), configtrail.ErrTooLarge, "as DuckDB spells it"},
		{"1 MB", "SELECT '" + strings.Repeat("x", 1<<20) + "'", configtrail.ErrTooLarge, "1048585 bytes"},
	}
	g := newTestGuard(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := g.Check(t.Context(), test.sql)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.message) {
				t.Errorf("Check(%.100q): %v; want %v with %s", test.sql, err, test.want, test.message)
			}
		})
	}
}

// What runs is the tree that was checked, spelled by DuckDB.
func TestGuardWritesCanonicalText(t *testing.T) {
	got, err := newTestGuard(t).Check(t.Context(), "select /* a */ \"account\" , 'it''s;--' from ITEMS -- b\n where a=1 ;")
	if err != nil {
		t.Fatal(err)
	}
	want := Statement{`SELECT account, 'it''s;--' FROM ITEMS WHERE (a = 1)`, []string{"items"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("canonical text (-want +got):\n%s", diff)
	}
}

// Every name of the allow-list is one that this DuckDB has, and none of those
// that reach outside is among them.
func TestAllowListOfFunctions(t *testing.T) {
	g := newTestGuard(t)
	conn, err := g.database.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	kinds := map[string]string{}
	side := map[string]bool{}
	rows, _, err := conn.query(t.Context(), "SELECT lower(function_name), string_agg(DISTINCT function_type, ','), coalesce(bool_or(has_side_effects OR stability = 'VOLATILE'), false) FROM duckdb_functions() GROUP BY 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{conn: conn, rows: rows}
	for {
		row, err := r.next(3)
		if err != nil {
			break
		}
		kinds[row[0].(string)] = row[1].(string)
		side[row[0].(string)] = row[2].(bool)
	}
	if len(kinds) < 500 {
		t.Fatalf("duckdb_functions() gave %d names", len(kinds))
	}
	for name := range g.grammar.functions {
		kind, known := kinds[name]
		switch {
		case !known && name != "->": // an operator that the binder makes of a lambda
			t.Errorf("%s is allowed and unknown to DuckDB", name)
		case side[name]:
			t.Errorf("%s is allowed and has effects or another answer each time", name)
		case name == "unnest": // a table function that the binder takes in SELECT too
		case known && !strings.Contains(kind, "scalar") && !strings.Contains(kind, "aggregate") && !strings.Contains(kind, "macro"):
			t.Errorf("%s is allowed and a %s function", name, kind)
		}
	}
	if diff := cmp.Diff(map[string]bool{"range": true, "generate_series": true, "unnest": true}, g.grammar.tableFunctions); diff != "" {
		t.Errorf("table functions (-want +got):\n%s", diff)
	}
	for _, part := range []string{"read_", "write", "duckdb_", "pragma", "setting", "env", "secret", "query", "log_", "_sql", "glob", "scan", "random", "uuid", "seed", "current_d", "current_q", "current_s", "current_u", "current_c", "txid", "sleep", "privilege", "__internal"} {
		for name := range g.grammar.functions {
			if strings.Contains(name, part) {
				t.Errorf("%s is allowed", name)
			}
		}
	}
}

// A grammar file with a mistake is told by its line, never skipped.
func TestGrammarMistakes(t *testing.T) {
	for _, line := range []string{"table", "table X nothing", "refuse table X", "whatever X", "table X :plain", "table X name:"} {
		if _, err := readGrammar("# first\n"+line, ""); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("readGrammar(%q): %v; want an error that names line 2", line, err)
		}
	}
	if _, err := readGrammar(grammarText, functionsText); err != nil {
		t.Error(err)
	}
}

// Of several reasons the same one is told each time.
func TestGuardIsDeterministic(t *testing.T) {
	g := newTestGuard(t)
	const sql = `SELECT getenv('a'), random() FROM read_text('b') WHERE uuid() = 1 ORDER BY nextval('c')`
	_, first := g.Check(t.Context(), sql)
	for range 10 {
		if _, err := g.Check(t.Context(), sql); fmt.Sprint(err) != fmt.Sprint(first) {
			t.Fatalf("first %v, then %v", first, err)
		}
	}
}
