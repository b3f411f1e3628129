package duckdb

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/lake"
)

func newTestEngine(t testing.TB, l *lake.Lake, options Options) *Engine {
	t.Helper()
	e, err := New(l, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// collect reads rows to their end.
func collect(t testing.TB, rows iter.Seq2[[]any, error]) [][]any {
	t.Helper()
	var all [][]any
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

func TestEngineReadsTheLake(t *testing.T) {
	everything := configtrail.Scope{}
	tests := []struct {
		name  string
		query engine.Query
		want  [][]any
	}{
		{"every type of items", engine.Query{SQL: `SELECT account, region, resource_type, resource_id, capture_time, status, resource_name, creation_time, tags, relationships,
			configuration, supplementary_configuration, redaction_version, source_key, source_index FROM items WHERE capture_time = ?`, Args: []any{enginetest.At(0)}}, [][]any{{
			"111122223333", "ap-northeast-1", "AWS::EC2::SecurityGroup", "sg-1", enginetest.At(0), "ResourceDiscovered", "web 日本語 🗾", enginetest.At(-60),
			map[string]string{"環境": "本番", "Environment": "prod", "environment": ""},
			[]any{
				map[string]any{"resource_type": "AWS::EC2::VPC", "resource_id": "vpc-1", "resource_name": "", "name": "Is contained in Vpc"},
				map[string]any{"resource_type": "AWS::EC2::Instance", "resource_id": "i-1", "resource_name": `it's "quoted"`, "name": "Is associated with "},
			},
			`{"groupId":"sg-1","ipPermissions":[{"fromPort":443}],"big":12345678901234567890}`, nil, int64(0), "a.json.gz", int64(0),
		}}},
		{"nulls", engine.Query{SQL: `SELECT creation_time, configuration, resource_name FROM items WHERE resource_type = ?`, Args: []any{"AWS::IAM::Role"}},
			[][]any{{nil, nil, ""}}},
		{"hostile id as a parameter", engine.Query{SQL: `SELECT account FROM items WHERE resource_id = ?`, Args: []any{`it's; DROP "x" --`}},
			[][]any{{"444455556666"}}},
		{"edits", engine.Query{SQL: `SELECT e.path, e.old, e.new, e.op FROM changes, unnest(edits) AS u(e) ORDER BY 1`}, [][]any{
			{"/configuration/ipPermissions/0", `{"fromPort":443}`, nil, "remove"},
			{"/tags/環境", `"本番"`, nil, "remove"},
		}},
		{"no item before", engine.Query{SQL: `SELECT kind, previous_capture_time, source_before_index, edits FROM changes WHERE kind = 'deleted'`},
			[][]any{{"deleted", nil, nil, []any{}}}},
		{"two relations", engine.Query{SQL: `SELECT c.kind, count(*) FROM changes c JOIN items i USING (account, region, resource_type, resource_id) GROUP BY 1 ORDER BY 1`},
			[][]any{{"deleted", int64(1)}, {"updated", int64(2)}}},
		{"case of the name", engine.Query{SQL: `SELECT count(*) FROM "ITEMS"`}, [][]any{{int64(4)}}},
		{"a table without files", engine.Query{SQL: `SELECT count(*), count(resources), max(event_time) FROM events`}, [][]any{{int64(0), int64(0), nil}}},
		{"an empty table joined", engine.Query{SQL: `SELECT count(*) FROM items LEFT JOIN deliveries d ON d.key = source_key WHERE d.quarantined IS NULL`}, [][]any{{int64(4)}}},
		{"no relation", engine.Query{SQL: `SELECT 1`}, [][]any{{int64(1)}}},
	}
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.query.Name, test.query.Scope = test.name, everything
			result, err := e.Query(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, collect(t, result.Rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// The scope leaves files out and no rows that the statement asks for; what the
// files of the plan hold is what a query costs.
func TestEnginePlansByScope(t *testing.T) {
	l := enginetest.NewLake(t)
	e := newTestEngine(t, l, Options{})
	november := configtrail.Scope{Window: configtrail.Window{From: enginetest.At(-60), To: enginetest.At(60 * 24 * 2)}}
	bytes := func(scope configtrail.Scope, sql string) int64 {
		result, err := e.Query(t.Context(), engine.Query{SQL: sql, Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		collect(t, result.Rows)
		cost := result.Cost()
		if cost.USD == nil || *cost.USD != 0 {
			t.Errorf("%s costs %v, want 0 dollars", sql, cost.USD)
		}
		return cost.Bytes
	}
	const counting = `SELECT count(*) FROM items`
	all, some := bytes(configtrail.Scope{}, counting), bytes(november, counting)
	if some <= 0 || some >= all {
		t.Errorf("the files of November have %d bytes and all files %d; want fewer, and some", some, all)
	}
	if none := bytes(configtrail.Scope{}, `SELECT 'changes', 'items'`); none != 0 {
		t.Errorf("a statement without relations plans %d bytes", none)
	}

	budget := engine.Query{Name: "count", SQL: counting, ByteBudget: all - 1}
	_, err := e.Query(t.Context(), budget)
	var hint *configtrail.Hint
	if !errors.Is(err, configtrail.ErrOverBudget) || !errors.As(err, &hint) {
		t.Errorf("a budget of one byte too few: %v; want ErrOverBudget with a hint", err)
	}
	budget.ByteBudget = all
	if _, err := e.Query(t.Context(), budget); err != nil {
		t.Errorf("a budget that suffices: %v", err)
	}
}

func TestEngineVersion(t *testing.T) {
	l := enginetest.NewLake(t)
	e := newTestEngine(t, l, Options{})
	want, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Version(t.Context(), configtrail.Scope{Accounts: []string{"1"}}); got != want || err != nil {
		t.Errorf("Version = %q, %v; want the lake's %q", got, err, want)
	}
	if e.Dialect() != engine.DuckDB {
		t.Errorf("Dialect = %q", e.Dialect())
	}
}

func TestEngineRefusesWhatIsNoSelect(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	for _, sql := range []string{`DROP VIEW items`, `SELECT 1; SELECT 2`, `SELECT * FROM read_text('x')`} {
		if _, err := e.Query(t.Context(), engine.Query{SQL: sql}); !errors.Is(err, configtrail.ErrRefused) {
			t.Errorf("%s: %v; want ErrRefused", sql, err)
		}
	}
}

// Messages name what is wrong with the statement and no file of the lake.
func TestEngineErrorsNameTheQuery(t *testing.T) {
	l := enginetest.NewLake(t)
	e := newTestEngine(t, l, Options{})
	_, err := e.Query(t.Context(), engine.Query{Name: "summary", SQL: `SELECT accnt FROM items`})
	const want = `query summary: invalid: Referenced column "accnt" not found in FROM clause! Candidate bindings: `
	if err == nil || !errors.Is(err, configtrail.ErrInvalid) || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("got %v; want %s…", err, want)
	}
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Truncate(file.Path, 10); err != nil {
			t.Fatal(err)
		}
	}
	result, err := e.Query(t.Context(), engine.Query{Name: "summary", SQL: `SELECT resource_name FROM items`})
	if err == nil {
		for _, rowErr := range result.Rows {
			err = rowErr
		}
	}
	if err == nil || errors.Is(err, configtrail.ErrInvalid) || cmp.Equal(err.Error(), "") {
		t.Fatalf("a broken file: %v; want an error that is not the statement's fault", err)
	}
	if folder := filepath.Dir(files[0].Path); len(files) > 0 && containsText(err, folder) {
		t.Errorf("%v tells where the lake lies", err)
	}
}

func TestEngineIsSafeForConcurrentUse(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{Threads: 2})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				result, err := e.Query(t.Context(), engine.Query{SQL: `SELECT count(*) FROM items, changes`})
				if err != nil {
					t.Error(err)
					return
				}
				for row, err := range result.Rows {
					if err != nil || row[0] != int64(8) {
						t.Errorf("got %v, %v; want 8", row, err)
					}
				}
			}
		})
	}
	all.Wait()
}

// A folder reached through a symbolic link, or with characters that mean
// something to a glob or to SQL, is a folder like any other.
func TestEngineFindsOddFolders(t *testing.T) {
	parent := t.TempDir()
	for _, name := range []string{"it's", "日本語", "items", "a b"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(parent, name)
			countOne(t, enginetest.NewEmptyLake(t, dir))
		})
	}
	t.Run("link", func(t *testing.T) {
		if err := os.Mkdir(filepath.Join(parent, "real"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(parent, "real"), filepath.Join(parent, "link")); err != nil {
			t.Fatal(err)
		}
		countOne(t, enginetest.NewEmptyLake(t, filepath.Join(parent, "link", "lake")))
	})
}

// countOne adds an item to an empty lake and expects to find it.
func countOne(t *testing.T, l *lake.Lake) {
	t.Helper()
	w, err := l.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	item := enginetest.Items()[0]
	if _, err := w.AddItem(t.Context(), &item); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, l, Options{})
	result, err := e.Query(t.Context(), engine.Query{SQL: `SELECT count(*) FROM items`})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(1)}}, collect(t, result.Rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	guarded, err := e.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: `SELECT count(*) FROM items`})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(1)}}, collect(t, guarded.Rows)); diff != "" {
		t.Errorf("rows of a child (-want +got):\n%s", diff)
	}
}

// A query whose rows nobody reads ends with its context.
func TestEngineUnreadRowsEndWithTheContext(t *testing.T) {
	e := newTestEngine(t, enginetest.NewLake(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	result, err := e.Query(ctx, engine.Query{SQL: `SELECT * FROM items`})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for _, err := range result.Rows {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v; want context.Canceled", err)
		}
	}
}
