package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"configtrail"
	"configtrail/internal/engine/enginetest"
)

// canary is what a file says that no accepted statement may read.
const canary = "canary-5c1e7a"

// Whatever the guard accepts runs here without any other protection: the
// database may read and write the canary's folder, settings are not locked. It
// must leave folder, settings and catalog as they are and show nothing of the
// canary. Whatever the guard does not accept is refused with a reason, and
// nothing makes it panic.
func FuzzGuard(f *testing.F) {
	for _, sql := range []string{
		`SELECT 1`,
		`WITH c AS (SELECT * FROM items WHERE account = '1') SELECT tags['a'], count(*) FROM c JOIN changes USING (account) GROUP BY ALL ORDER BY 2 DESC LIMIT 3`,
		`SELECT list_transform(edits, lambda e: e.path), row_number() OVER (PARTITION BY region) FROM changes`,
		`SELECT * FROM read_text('CANARY/secret.txt')`,
		`SELECT * FROM 'CANARY/secret.txt'`,
		`SELECT * FROM "CANARY/secret.txt"`,
		`WITH "CANARY/secret.txt" AS (SELECT 1) SELECT * FROM "CANARY/secret.txt"`,
		`COPY (SELECT 1) TO 'CANARY/x'`,
		`ATTACH 'CANARY/x.db'`,
		`SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = 'CANARY/log')`,
		`SELECT query('SELECT 1') FROM query('FROM read_text(''CANARY/secret.txt'')')`,
		`SELECT getenv('HOME'), current_setting('threads'), write_log('x')`,
		`SELECT 1; SET threads = 1`,
		`SELECT ARRAY(SELECT 1), {'a': [1, NULL]}, MAP {'k': 'v'}, x'41', '{}'::JSON, CAST(1 AS DECIMAL(3, 1)) FROM (VALUES (1)) v(a)`,
		"SELECT \"a\u200b\", '\u202e' /* x */ -- y",
	} {
		f.Add(sql)
	}
	folder := f.TempDir()
	secret := filepath.Join(folder, "secret.txt")
	if err := os.WriteFile(secret, []byte(canary), 0o600); err != nil {
		f.Fatal(err)
	}
	l := enginetest.NewEmptyLake(f, f.TempDir())
	p, err := planFor(f.Context(), l, relations[:], configtrail.Scope{}, 0)
	if err != nil {
		f.Fatal(err)
	}
	g := newTestGuard(f)
	bare, err := openUnlocked(f, folder)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		statement, err := g.Check(ctx, strings.ReplaceAll(sql, "CANARY", folder))
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, configtrail.ErrRefused) && !errors.Is(err, configtrail.ErrInvalid) && !errors.Is(err, configtrail.ErrTooLarge) {
				t.Fatalf("%q: %v is no verdict", sql, err)
			}
			return
		}
		before := state(t, bare, folder)
		conn, err := bare.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		result, err := conn.result(ctx, bare, p, fmt.Sprintf("SELECT * FROM (%s\n) AS answer LIMIT 100", statement.SQL), nil)
		if err != nil {
			conn.close()
			if strings.Contains(err.Error(), canary) {
				t.Fatalf("%q shows the canary: %v", statement.SQL, err)
			}
		} else {
			for row, err := range result.Rows {
				if text := fmt.Sprint(row, err); strings.Contains(text, canary) {
					t.Fatalf("%q shows the canary: %s", statement.SQL, text)
				}
			}
		}
		if after := state(t, bare, folder); after != before {
			t.Fatalf("%q changed something:\nbefore %s\nafter  %s", statement.SQL, before, after)
		}
	})
}

// openUnlocked is a database that has nothing but the guard in front of it.
func openUnlocked(t testing.TB, folder string) (*database, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	d := &database{connector: connector, memory: "64 MiB"}
	t.Cleanup(func() { _ = d.close() })
	conn, err := d.connect(t.Context())
	if err != nil {
		return nil, err
	}
	defer conn.close()
	return d, conn.run(t.Context(), "SET GLOBAL memory_limit = '64 MiB'; SET GLOBAL threads = 1; SET GLOBAL temp_directory = ''; SET GLOBAL autoload_known_extensions = false; SET GLOBAL autoinstall_known_extensions = false; SET GLOBAL home_directory = "+literal(folder))
}

// state is all that a statement could change: files, settings, the catalog.
func state(t testing.TB, d *database, folder string) string {
	var b strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %d %v; ", path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	for _, sql := range []string{
		"SELECT md5(string_agg(name || '=' || coalesce(value, ''), ';' ORDER BY name)) || ? FROM duckdb_settings() WHERE scope = 'GLOBAL'",
		"SELECT (SELECT count(*) FROM duckdb_tables()) || '/' || (SELECT count(*) FROM duckdb_databases()) || '/' || (SELECT count(*) FROM duckdb_sequences()) || ?",
	} {
		text, err := conn.text(context.Background(), sql, "")
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(text + "; ")
	}
	return b.String()
}
