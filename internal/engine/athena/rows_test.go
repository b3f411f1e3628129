package athena_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
)

// numbered are rows n to m of twoColumns.
func numbered(n, m int) [][]string {
	var rows [][]string
	for ; n <= m; n++ {
		rows = append(rows, []string{"r" + strconv.Itoa(n), strconv.Itoa(n)})
	}
	return rows
}

func wantNumbered(n int) [][]any {
	var rows [][]any
	for i := 1; i <= n; i++ {
		rows = append(rows, []any{"r" + strconv.Itoa(i), int64(i)})
	}
	return rows
}

// The header stands on the first page only; a row further on that looks like it
// is data.
func TestPagesAreReadToTheLast(t *testing.T) {
	header := []string{"id", "n"}
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 0)},
		"GetQueryResults": {
			page("two", twoColumns, append([][]string{header}, numbered(1, 999)...)...),
			page("three", []string{"id varchar", "n bigint"}, numbered(1000, 1999)...),
			page("", twoColumns, numbered(2000, 2003)...),
		},
	})
	e, _ := s.engine(athena.Options{})
	result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(wantNumbered(2003), all(t, result)); difference != "" {
		t.Error(difference)
	}
	var tokens []any
	for _, body := range s.bodies("GetQueryResults") {
		if body["MaxResults"] != 1000.0 {
			t.Errorf("asked for %v rows", body["MaxResults"])
		}
		tokens = append(tokens, body["NextToken"])
	}
	if difference := cmp.Diff([]any{nil, "two", "three"}, tokens); difference != "" {
		t.Error(difference)
	}
}

func TestAHeaderFurtherOnIsData(t *testing.T) {
	text := []string{"a varchar", "b varchar"}
	for name, c := range map[string]struct {
		change func(map[string]any)
		pages  []answer
		want   [][]any
	}{
		"on the second page": {func(map[string]any) {}, []answer{page("two", text, []string{"a", "b"}), page("", text, []string{"a", "b"})}, [][]any{{"a", "b"}}},
		"right behind it":    {func(map[string]any) {}, []answer{page("", text, []string{"a", "b"}, []string{"a", "b"})}, [][]any{{"a", "b"}}},
		"without any":        {func(map[string]any) {}, []answer{page("", text, []string{"x", "b"})}, [][]any{{"x", "b"}}},
		"of no SELECT":       {func(e map[string]any) { e["StatementType"] = "UTILITY" }, []answer{page("", text, []string{"a", "b"})}, [][]any{{"a", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"StartQueryExecution": {started("q1")}, "GetQueryExecution": {status("SUCCEEDED", 0, c.change)}, "GetQueryResults": c.pages,
			})
			e, _ := s.engine(athena.Options{})
			result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(c.want, all(t, result)); difference != "" {
				t.Error(difference)
			}
		})
	}
}

// csv is a file as Athena writes it.
func csv(rows ...[]string) string {
	var b strings.Builder
	for _, row := range rows {
		for i, text := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			if text != null {
				b.WriteString(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestManyRowsComeFromTheFile(t *testing.T) {
	rows := append([][]string{{"id", "n"}}, numbered(1, 2500)...)
	rows = append(rows, []string{null, "1"}, []string{"", null}, []string{null, null}, []string{"id", "2"}, []string{"a\"b,\n\r\n\"\"", "3"}, []string{`\N`, "4"})
	want := append(wantNumbered(2500), []any{nil, int64(1)}, []any{"", nil}, []any{nil, nil}, []any{"id", int64(2)}, []any{"a\"b,\n\r\n\"\"", int64(3)}, []any{`\N`, int64(4)})
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 0, writtenTo("s3://results/reports/q1.csv"))},
		"GetQueryResults":     {page("two", twoColumns, rows[:1000]...)},
	})
	s.files["/results/reports/q1.csv"] = csv(rows...)
	e, _ := s.engine(athena.Options{})
	result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(want, all(t, result)); difference != "" {
		t.Error(difference)
	}
	for _, body := range s.bodies("GetQueryResults") {
		if body["NextToken"] != nil {
			t.Error("the second page was asked for too")
		}
	}
	if asked := s.operations(); !slices.Contains(asked, "S3 GET /results/reports/q1.csv") {
		t.Errorf("asked %v", asked)
	}
}

func TestPagesStandInForAFileThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct{ location, content string }{
		"no right":       {"s3://results/q1.csv", ""},
		"another header": {"s3://results/q2.csv", csv([]string{"other", "n"}, []string{"x", "1"})},
		"empty":          {"s3://results/q3.csv", " "},
		"no file":        {"s3://results/q4/", ""},
		"none":           {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"StartQueryExecution": {started("q1")},
				"GetQueryExecution":   {status("SUCCEEDED", 0, writtenTo(c.location))},
				"GetQueryResults":     {page("two", twoColumns, append([][]string{{"id", "n"}}, numbered(1, 999)...)...), page("", twoColumns, numbered(1000, 1001)...)},
			})
			if c.content != "" {
				s.files[strings.TrimPrefix(c.location, "s3:/")] = c.content
			}
			e, _ := s.engine(athena.Options{})
			result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(wantNumbered(1001), all(t, result)); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestAFileThatBreaksIsAnErrorAndNotTheEnd(t *testing.T) {
	whole := csv([]string{"id", "n"}, []string{"a", "1"}, []string{"b", "2"})
	for name, content := range map[string]string{
		"in a value":     whole + `"c`,
		"between values": whole + `"c",`[:3] + "x",
		"too few values": whole + "\"c\"\n",
		"too many":       whole + "\"c\",\"3\",\"4\"\n",
		"unquoted":       whole + "c,3\n",
		"no number":      whole + "\"c\",\"x\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"StartQueryExecution": {started("q1")},
				"GetQueryExecution":   {status("SUCCEEDED", 0, writtenTo("s3://results/q1.csv"))},
				"GetQueryResults":     {page("two", twoColumns, []string{"id", "n"})},
			})
			s.files["/results/q1.csv"] = content
			e, _ := s.engine(athena.Options{})
			result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
			if err != nil {
				t.Fatal(err)
			}
			var last error
			read := 0
			for _, err := range result.Rows {
				if last = err; err == nil {
					read++
				}
			}
			if last == nil || read != 2 {
				t.Errorf("%d rows and then %v", read, last)
			}
		})
	}
}

// Athena's text of a map of one key or of two can be the same, so none is taken apart.
func TestNestedColumnsAreRefused(t *testing.T) {
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 0)},
		"GetQueryResults":     {page("", []string{"tags map"}, []string{"tags"}, []string{"{a=b, c=d}"})},
	})
	e, _ := s.engine(athena.Options{})
	result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT tags FROM items"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range result.Rows {
		tell(t, err, "engine_nested")
	}
}

func TestWhoBreaksOffAsksForNoMorePages(t *testing.T) {
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 0)},
		"GetQueryResults":     {page("two", twoColumns, append([][]string{{"id", "n"}}, numbered(1, 5)...)...), page("", twoColumns)},
	})
	e, _ := s.engine(athena.Options{})
	result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	for range result.Rows {
		break
	}
	if n := len(s.bodies("GetQueryResults")); n != 1 {
		t.Errorf("%d pages were asked for", n)
	}
}
