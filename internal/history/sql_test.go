package history_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// common are the functions, and the words that stand before a parenthesis, that
// DuckDB and Trino share with one meaning for what they are used for.
var common = []string{
	"and", "as", "by", "concat", "count", "coalesce", "cast", "avg", "floor", "from", "grouping", "in", "join", "lag", "lower",
	"max", "max_by", "min", "not", "on", "or", "over", "replace", "row_number", "select", "sets", "strpos", "sum", "when", "where",
}

// own are the functions of one dialect, which may stand in its fragments only.
var own = map[engine.Dialect][]string{
	engine.DuckDB: {"epoch", "len", "list_filter", "map_extract_value", "regexp_matches"},
	engine.Trino:  {"any_match", "cardinality", "element_at", "json_format", "regexp_like", "to_unixtime"},
}

var (
	call    = regexp.MustCompile(`(?i)\b([a-z_][a-z0-9_]*)\s*\(`)
	comment = regexp.MustCompile(`(?m)^--.*$`)
	literal = regexp.MustCompile(`'[^']*'`)
)

// foreign lists what of a text is not in the common subset.
func foreign(text string, more ...string) []string {
	text = literal.ReplaceAllString(comment.ReplaceAllString(text, ""), "''")
	var found []string
	for _, match := range call.FindAllStringSubmatch(text, -1) {
		if name := strings.ToLower(match[1]); !slices.Contains(common, name) && !slices.Contains(more, name) {
			found = append(found, name+"(")
		}
	}
	for _, word := range []string{"::", "QUALIFY", "EXCLUDE", "ILIKE", "ASOF", "AT TIME ZONE", "FILTER (", "[", "lambda", "->", "GLOB", "SAMPLE", "USING"} {
		if strings.Contains(strings.ToUpper(text), strings.ToUpper(word)) && !slices.Contains(more, word) {
			found = append(found, word)
		}
	}
	return found
}

func TestQuestionsKeepToTheCommonSubset(t *testing.T) {
	files, err := filepath.Glob("sql/*.sql")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(content), "-- ") {
			t.Errorf("%s does not say what it answers", file)
		}
		if name := filepath.Base(file); name == "fragments.sql" || strings.HasPrefix(name, "raw_") { // raw tables are not for DuckDB
			continue
		}
		if found := foreign(string(content)); len(found) > 0 {
			t.Errorf("%s: %v", file, found)
		}
	}
	if found := foreign("SELECT list_filter(x), a::int, median(b) FROM t"); len(found) != 3 {
		t.Errorf("the check itself sees only %v", found)
	}
}

// dialect is an engine that answers nothing and keeps what it is asked.
type dialect struct {
	*tables
	speaks engine.Dialect
}

func (d dialect) Dialect() engine.Dialect { return d.speaks }

// Whatever a filter compiles to keeps to the common subset and the fragments of
// the dialect, and every value of it is an argument.
func TestPredicatesKeepToTheDialect(t *testing.T) {
	const hostile = `x'; DROP TABLE changes; --%_"🙂`
	everything := history.Filter{
		Window:   configtrail.Window{From: at("2024-11-01T00:00:00Z"), To: at("2024-12-01T00:00:00Z")},
		Accounts: []string{prod}, Regions: []string{hostile}, Types: []string{hostile, hostile + "::a::b"}, Resources: []string{hostile},
		Kinds: []configtrail.Kind{configtrail.Created}, Tags: map[string]string{hostile: hostile}, Paths: []string{hostile},
		Contains: hostile, Actor: hostile, Limit: 5,
	}
	for _, speaks := range []engine.Dialect{engine.DuckDB, engine.Trino} {
		e := open(t, ledger{})
		h := over(dialect{e, speaks})
		_, err := h.Changes(t.Context(), everything)
		if speaks == engine.DuckDB && err != nil {
			t.Fatal(err)
		}
		_, _ = h.Summary(t.Context(), everything) // the tables speak DuckDB: Trino's text is looked at, not run
		_, _ = h.Coverage(t.Context(), everything)
		_, _ = h.Month(t.Context(), history.MonthQuestion{Month: november, Before: 4, Filter: everything, StepTypes: []string{hostile + "::a::b"}, Visit: func(configtrail.Change) error { return nil }})
		allowed := append(slices.Clone(own[speaks]), "lambda", "->")
		asked := e.queries()
		if len(asked) < 2 {
			t.Fatalf("%s: %d queries", speaks, len(asked))
		}
		for _, q := range asked {
			if found := foreign(q.SQL, allowed...); len(found) > 0 {
				t.Errorf("%s %s: %v\n%s", speaks, q.Name, found, q.SQL)
			}
			if strings.Contains(q.SQL, "DROP") || strings.Contains(q.SQL, "🙂") {
				t.Errorf("%s %s holds a value:\n%s", speaks, q.Name, q.SQL)
			}
			if holes := strings.Count(q.SQL, "?"); holes != len(q.Args) {
				t.Errorf("%s %s has %d parameters and %d values", speaks, q.Name, holes, len(q.Args))
			}
			for other, names := range own {
				for _, name := range names {
					if other != speaks && strings.Contains(q.SQL, name+"(") {
						t.Errorf("%s %s uses %s of %s", speaks, q.Name, name, other)
					}
				}
			}
		}
	}
}
