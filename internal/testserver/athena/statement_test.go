package athena

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	sql := `SELECT a."b ""c""", 'it''s; --', 1.5e-3, .5, t.1x /* "x" ; */ FROM "d"."e" -- ; 'end`
	var got []string
	for _, token := range tokens(sql) {
		got = append(got, sql[token.start:token.end])
	}
	want := []string{"SELECT", "a", ".", `"b ""c"""`, ",", "'it''s; --'", ",", "1.5e-3", ",", ".5", ",", "t", ".", "1", "x", "FROM", `"d"`, ".", `"e"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestRewriting(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":                               "SELECT 1",
		"SELECT 0.1 + 1. + .5, 1e3, 7, t.c[1].x": "SELECT 0.1E0 + 1.E0 + .5E0, 1e3, 7, t.c[1].x",
		"SELECT DECIMAL '0.1', '0.1'":            "SELECT DECIMAL '0.1', '0.1'",
		"FROM AwsDataCatalog.d.t":                "FROM raw           .d.t",
		`FROM "awsdatacatalog"."d"."t" ;`:        `FROM raw             ."d"."t" `,
		"SELECT 'AwsDataCatalog.d' /* AwsDataCatalog.d */ AS AwsDataCatalog": "SELECT 'AwsDataCatalog.d' /* AwsDataCatalog.d */ AS AwsDataCatalog",
	} {
		full := sql
		if strings.HasPrefix(sql, "FROM") {
			full, want = "SELECT * "+sql, "SELECT * "+want
		}
		got, err := parse(full, "raw")
		if err != nil || got.sql != want {
			t.Errorf("%s\n got %+v, %v\nwant %s", full, got, err, want)
		}
	}
}

func TestKindsOfStatements(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1":                              "DML SELECT .csv",
		"-- SHOW\nWITH x AS (SELECT 1) TABLE x": "DML SELECT .csv",
		"EXPLAIN SELECT 1":                      "DML EXPLAIN .txt",
		"SHOW SCHEMAS":                          "UTILITY SHOW_DATABASES .txt",
		"DESC t":                                "UTILITY DESCRIBE .txt",
		"INSERT INTO t SELECT 1":                "DML INSERT ",
		"CREATE TABLE t AS SELECT 1":            "DDL CREATE_TABLE_AS_SELECT ",
		"CREATE SCHEMA d":                       "DDL CREATE_DATABASE .txt",
		"DROP VIEW v":                           "DDL DROP_VIEW .txt",
	} {
		got, err := parse(sql, "raw")
		if err != nil || got.kind+" "+got.sub+" "+got.suffix != want {
			t.Errorf("%s is %+v, %v; want %s", sql, got, err, want)
		}
	}
	for _, sql := range []string{"USE d", "call x()", "GRANT SELECT ON t TO u", "UNLOAD (SELECT 1) TO 's3://b/'", "CREATE EXTERNAL TABLE t (a int)", "START TRANSACTION"} {
		if got, err := parse(sql, "raw"); err == nil {
			t.Errorf("%s is taken for %+v", sql, got)
		}
	}
}

// Whatever the text, its tokens lie within it in order, and what is between
// them is space or comment; rewriting changes nothing where there is nothing to
// change, and no text makes it fail.
func FuzzStatement(f *testing.F) {
	for _, seed := range []string{"SELECT 'a''b', \"c\" FROM AwsDataCatalog.d.t;", "1.", "'", `"`, "/*", "--", ".5.", "1e+", "a.1.b", "表 'é", "SELECT 1 /* ; */ ; ;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		at := 0
		for _, token := range tokens(sql) {
			if token.start < at || token.end <= token.start || token.end > len(sql) {
				t.Fatalf("token %+v after %d in %q", token, at, sql)
			}
			if gap := strings.TrimSpace(sql[at:token.start]); gap != "" && !strings.HasPrefix(gap, "--") && !strings.HasPrefix(gap, "/*") {
				t.Fatalf("%q was left out of %q", gap, sql)
			}
			at = token.end
		}
		got, err := parse(sql, "awsdatacatalog")
		if err != nil {
			return
		}
		if strings.Contains(sql, ".") || strings.Contains(sql, ";") {
			return
		}
		if got.sql != sql {
			t.Errorf("%q became %q", sql, got.sql)
		}
	})
}
