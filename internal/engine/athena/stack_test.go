package athena_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/testserver/stack"
)

// connect is an engine over the Athena-speaking server, with a database and a
// bucket for results of the test's own.
func connect(t *testing.T, s *stack.Stack, workgroup string) *athena.Engine {
	t.Helper()
	e, err := athena.New(athena.Options{
		Config: s.Config(t), Database: s.Database(t), Output: "s3://" + s.Bucket(t) + "/results", Workgroup: workgroup,
		S3: blob.S3Options{PathStyle: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// group makes a workgroup.
func group(t *testing.T, s *stack.Stack, configuration types.WorkGroupConfiguration) string {
	t.Helper()
	client, name := service.NewFromConfig(s.Config(t)), s.Database(t)
	if _, err := client.CreateWorkGroup(t.Context(), &service.CreateWorkGroupInput{Name: &name, Configuration: &configuration}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteWorkGroup(context.Background(), &service.DeleteWorkGroupInput{WorkGroup: &name, RecursiveDeleteOption: sdk.Bool(true)}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// Where the workgroup has the say over results, many rows come all the same:
// from its own place, and from Athena's, which has no file.
func TestWorkgroupsThatHaveTheSay(t *testing.T) {
	s := stack.Start(t)
	theirs := "s3://" + s.Bucket(t) + "/theirs/"
	for name, configuration := range map[string]types.WorkGroupConfiguration{
		"enforced": {EnforceWorkGroupConfiguration: sdk.Bool(true), ResultConfiguration: &types.ResultConfiguration{OutputLocation: &theirs}},
		"managed":  {ManagedQueryResultsConfiguration: &types.ManagedQueryResultsConfiguration{Enabled: true}},
	} {
		t.Run(name, func(t *testing.T) {
			e := connect(t, s, group(t, s, configuration))
			rows := ask(t, e, "SELECT n, CAST(NULL AS varchar), '' FROM UNNEST(sequence(1, 2100)) AS t(n) ORDER BY n")
			if len(rows) != 2100 {
				t.Fatalf("%d rows", len(rows))
			}
			if difference := cmp.Diff([]any{int64(2100), nil, ""}, rows[2099]); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestAWorkgroupThatIsNotThere(t *testing.T) {
	s := stack.Start(t)
	_, err := connect(t, s, "nowhere").Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	tell(t, err, "engine_workgroup")
}

func TestWhatTheServerRefuses(t *testing.T) {
	e := connect(t, stack.Start(t), "")
	for sql, key := range map[string]string{
		"SELECT * FROM nowhere": "engine_table", "SELECT len('a')": "engine_syntax", "SELEKT 1": "engine_syntax",
		"SELECT a FROM (SELECT 1 AS b)": "engine_column", "DROP TABLE items": "engine_table",
	} {
		_, err := e.Query(t.Context(), engine.Query{SQL: sql})
		if err == nil {
			t.Errorf("%s passes", sql)
			continue
		}
		tell(t, err, key)
	}
}

func ask(t *testing.T, e engine.Engine, sql string, args ...any) [][]any {
	t.Helper()
	result, err := e.Query(t.Context(), engine.Query{Name: "test", SQL: sql, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return all(t, result)
}

// Every value comes back through Athena's protocol as it was given, from a page
// and from the file.
func TestValuesSurviveTheProtocol(t *testing.T) {
	s := stack.Start(t)
	e := connect(t, s, "")
	args := []any{
		"", "plain", "it's", `\`, `a\'b"c`, "a\nb\r\nc\td,", "日本語　全角", "🗾", "\u202egnp.exe", "?", "-- no comment", "/* neither */", "\x00\x1f", "NULL",
		int64(math.MaxInt64), int64(math.MinInt64), 1.5, -1e300, 5e-324, true, false,
		time.Date(2024, 11, 5, 1, 2, 3, 456789000, time.UTC),
	}
	list := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	if difference := cmp.Diff([][]any{args}, ask(t, e, "SELECT "+list, args...)); difference != "" {
		t.Error(difference)
	}
	many := ask(t, e, "SELECT n, CAST(NULL AS varchar), '', "+list+" FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n", args...)
	if len(many) != 2500 {
		t.Fatalf("%d rows", len(many))
	}
	for i, row := range many {
		if difference := cmp.Diff(append([]any{int64(i + 1), nil, ""}, args...), row); difference != "" {
			t.Fatalf("row %d: %s", i, difference)
		}
	}
}
