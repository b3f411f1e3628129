package history_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
)

// documented is what testdata/athena_v3.txt lists: kind and word.
func documented(t *testing.T) map[[2]string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/athena_v3.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[[2]string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			t.Fatalf("%q names no section", line)
		}
		listed[[2]string{fields[0], fields[1]}] = true
	}
	return listed
}

// word takes a statement apart: a string, a quoted name, a name or keyword, a
// number, an operator.
var word = regexp.MustCompile(`'(?:[^']|'')*'|"[^"]*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|->|<>|<=|>=|!=|\|\||::|\S`)

// undocumented lists what of a statement Athena's documentation does not have.
// Keywords are those words that are spelled in capitals, as they all are here;
// what stands before a parenthesis and is none is a function.
func undocumented(sql string, listed map[[2]string]bool) []string {
	var unknown []string
	check := func(kind, text string) {
		if !listed[[2]string{kind, text}] {
			unknown = append(unknown, kind+" "+text)
		}
	}
	tokens := word.FindAllString(sql, -1)
	for i, token := range tokens {
		next := ""
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		castTo := i > 0 && tokens[i-1] == "AS" && next == ")" && castOpen(tokens[:i-1])
		name := regexp.MustCompile(`^[A-Za-z_]`).MatchString(token)
		switch {
		case strings.ContainsAny(token[:1], `'"0123456789`):
		case castTo:
			check("type", token)
		case token == "GROUPING" && next == "(": // of Trino's SELECT, not of Athena's
			check("function", "grouping")
		case name && token == strings.ToUpper(token) && len(token) > 1:
			check("clause", token)
		case name && next == "(" && (i == 0 || tokens[i-1] != "AS"):
			check("function", strings.ToLower(token))
		case !name:
			check("operator", token)
		}
	}
	return unknown
}

// castOpen reports whether the innermost parenthesis still open is that of a CAST.
func castOpen(tokens []string) bool {
	depth := 0
	for i := len(tokens) - 1; i > 0; i-- {
		switch tokens[i] {
		case ")":
			depth++
		case "(":
			if depth == 0 {
				return tokens[i-1] == "CAST"
			}
			depth--
		}
	}
	return false
}

// spoken are the texts of all questions and of all fragments for Trino.
func spoken(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("sql/*.sql")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	texts := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) != "fragments.sql" {
			texts[file] = comment.ReplaceAllString(string(content), "")
			continue
		}
		for _, section := range strings.Split("\n"+string(content), "\n-- ") {
			head, body, _ := strings.Cut(section, "\n")
			if name, isTrino := strings.CutSuffix(head, " "+string(engine.Trino)); isTrino {
				texts[file+" "+name] = comment.ReplaceAllString(body, "")
			}
		}
	}
	return texts
}

// asking is an engine that keeps what it is asked and answers what questions
// need to go on.
type asking struct {
	mu    sync.Mutex
	asked map[string]string
}

func (a *asking) Query(_ context.Context, q engine.Query) (engine.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked[q.Name] += q.SQL + "\n"
	return engine.Result{
		Rows: func(yield func([]any, error) bool) {
			if q.Name == "count" {
				yield([]any{int64(1)}, nil)
			}
		},
		Cost: func() configtrail.Cost { return configtrail.Cost{} },
	}, nil
}

func (a *asking) Version(context.Context, configtrail.Scope) (string, error) { return "1", nil }
func (a *asking) Dialect() engine.Dialect                                    { return engine.Trino }
func (a *asking) Close() error                                               { return nil }

// Nobody can run these tests on Athena itself. So each function, clause, operator
// and type that a question can come to hold is looked up in a list taken from its
// documentation.
func TestQuestionsHoldWhatAthenaDocuments(t *testing.T) {
	listed := documented(t)
	hole := regexp.MustCompile(`\{[^}]*\}`)
	for name, text := range spoken(t) {
		// A hole is a value, a name or a condition: what fills it is looked at below.
		if unknown := undocumented(hole.ReplaceAllString(text, "x"), listed); len(unknown) > 0 {
			t.Errorf("%s: %v", name, unknown)
		}
	}
	a := &asking{asked: map[string]string{}}
	h := over(a)
	h.Zone = zone(t, "America/New_York")
	month := configtrail.Month{Year: 2024, Month: time.November}.Window(h.Zone)
	for _, filter := range []history.Filter{
		{Window: month},
		{
			Window: month, Accounts: []string{prod}, Regions: []string{tokyo}, Types: []string{"ec2", "AWS::S3::Bucket"},
			Resources: []string{queue.String(), "x"}, Kinds: configtrail.Kinds, Tags: map[string]string{"a": "b"},
			Paths: []string{"/a/*", "b"}, Contains: `"`, Actor: "x", Noise: history.NoiseOnly, Order: history.Ascending, Limit: 3,
		},
	} {
		_, _ = h.Changes(t.Context(), filter) // answers without rows fail in some questions: what was asked counts
		_, _ = h.Summary(t.Context(), filter)
		_, _ = h.Touched(t.Context(), month, filter)
		_, _ = h.Integrity(t.Context(), filter)
		_, _ = h.Month(t.Context(), history.MonthQuestion{
			Month: configtrail.Month{Year: 2024, Month: time.November}, Before: 2, StepTypes: []string{"AWS::IAM::Role"},
			Filter: history.Filter{Accounts: filter.Accounts}, Visit: func(configtrail.Change) error { return nil },
		})
		states := filter
		states.Kinds, states.Paths, states.Actor = nil, nil, ""
		for range h.At(t.Context(), clock, states) {
			break
		}
	}
	_, _ = h.Resolve(t.Context(), "arn:aws:sqs:us-east-1:111122223333:q", history.Filter{})
	_, _ = h.Timeline(t.Context(), queue, month)
	_, _ = h.Diff(t.Context(), queue, month.From, month.To)
	if len(a.asked) < 8 {
		t.Fatalf("only %d questions were asked", len(a.asked))
	}
	for name, text := range a.asked {
		if unknown := undocumented(text, listed); len(unknown) > 0 {
			t.Errorf("%s as asked: %v\n%s", name, unknown, text)
		}
	}
}

func TestTheCheckSeesWhatIsNotListed(t *testing.T) {
	got := undocumented("SELECT list_filter(a), b::int, CAST(c AS hugeint), count(*), GROUPING(d) FROM t QUALIFY 'lower(x)' || d GROUP BY GROUPING SETS ((d))", documented(t))
	want := []string{"function list_filter", "operator ::", "type hugeint", "function grouping", "clause QUALIFY", "operator ||"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
