package athena_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/message"
)

// tell fails where an error is not a problem of this key that both languages
// have a whole text and a next step for.
func tell(t *testing.T, err error, key string) {
	t.Helper()
	var problem *configtrail.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("%v is no problem", err)
	}
	if problem.Key != key {
		t.Errorf("%s, want %s: %v", problem.Key, key, err)
	}
	for _, lang := range message.Langs {
		p, err := message.New(string(lang))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"error." + problem.Key, "hint." + problem.Key} {
			if text := p.Text(key, problem.Args); strings.Contains(text, "⟦") {
				t.Errorf("%s in %s: %s", key, lang, text)
			}
		}
	}
}

func TestWhatAthenaRefusesIsToldWithWhatToDo(t *testing.T) {
	refuse := func(code, text string) []answer { return []answer{{code: code, text: text}} }
	for name, c := range map[string]struct {
		answers []answer // to StartQueryExecution
		key     string
		kind    error
	}{
		"permission":               {refuse("AccessDeniedException", "User: arn:aws:iam::111122223333:user/u is not authorized to perform: athena:StartQueryExecution on resource: arn:aws:athena:ap-northeast-1:111122223333:workgroup/primary because no identity-based policy allows it"), "engine_denied_on", nil},
		"permission without words": {refuse("AccessDeniedException", ""), "engine_denied", nil},
		"no workgroup":             {refuse("InvalidRequestException", "WorkGroup reports is not found."), "engine_workgroup", configtrail.ErrNotFound},
		"disabled workgroup":       {refuse("InvalidRequestException", "WorkGroup reports is disabled"), "engine_workgroup", configtrail.ErrNotFound},
		"no output":                {refuse("InvalidRequestException", "No output location provided. You did not provide an output location for your query results."), "engine_output", configtrail.ErrInvalid},
		"output bucket":            {refuse("InvalidRequestException", "Unable to verify/create output bucket results"), "engine_output_bucket", configtrail.ErrInvalid},
		"output region": {
			refuse("InvalidRequestException", "The S3 location provided to save your query results is invalid. Please check your S3 location is correct and is in the same region and try again."),
			"engine_output_bucket", configtrail.ErrInvalid,
		},
		"syntax":  {refuse("InvalidRequestException", "line 1:1: mismatched input 'DELETE'. Expecting: 'SELECT'"), "engine_syntax", configtrail.ErrInvalid},
		"login":   {refuse("ExpiredTokenException", "The security token included in the request is expired"), "engine_login", nil},
		"another": {refuse("InvalidRequestException", "Something new"), "engine_failed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{"StartQueryExecution": c.answers})
			e, _ := s.engine(athena.Options{Workgroup: "reports"})
			_, err := e.Query(t.Context(), engine.Query{Name: "summary", SQL: "SELECT 1"})
			tell(t, err, c.key)
			if c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("%v is not %v", err, c.kind)
			}
			if !strings.HasPrefix(err.Error(), "query summary: ") {
				t.Errorf("%v does not say of which query", err)
			}
		})
	}
}

func TestWhatEndsAQueryIsToldWithWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ state, reason, key string }{
		"no table":     {"FAILED", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.items' does not exist", "engine_table"},
		"injected":     {"FAILED", "CONSTRAINT_VIOLATION: For the injected projected partition column account, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.", "engine_injected"},
		"cut-off":      {"CANCELLED", "Bytes scanned limit was exceeded", "engine_cutoff"},
		"by somebody":  {"CANCELLED", "Query cancelled by user", "engine_stopped"},
		"no reason":    {"CANCELLED", "", "engine_stopped"},
		"exhausted":    {"FAILED", "Query exhausted resources at this scale factor", "engine_exhausted"},
		"a bad object": {"FAILED", "HIVE_BAD_DATA: Error parsing s3://logs/k.json.gz: Row is not a valid JSON Object", "engine_bad_object"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"StartQueryExecution": {started("q1")}, "GetQueryExecution": {status(c.state, 77, because(c.reason))},
			})
			e, _ := s.engine(athena.Options{})
			_, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
			tell(t, err, c.key)
			if cost := engine.CostOf(err); cost.Bytes != 77 {
				t.Errorf("cost %+v", cost)
			}
			if slices.Contains(s.operations(), "StopQueryExecution") {
				t.Error("a query that has ended was stopped")
			}
		})
	}
}

func TestResultsThatAreGone(t *testing.T) {
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 5)},
		"GetQueryResults":     {{code: "InvalidRequestException", text: "Could not find results for query q1"}},
	})
	e, _ := s.engine(athena.Options{})
	_, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	tell(t, err, "engine_results_gone")
	if cost := engine.CostOf(err); cost.Bytes != 5 {
		t.Errorf("cost %+v", cost)
	}
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	slow := answer{code: "TooManyRequestsException", text: "You have exceeded the limit for the number of queries you can run concurrently."}
	rate := answer{code: "ThrottlingException", text: "Rate exceeded"}
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {slow, slow, slow, rate, slow, slow, slow, slow, slow, slow, started("q1")},
		"GetQueryExecution":   {rate, status("SUCCEEDED", 0)},
		"GetQueryResults":     {rate, page("", twoColumns, []string{"id", "n"})},
	})
	e, pauses := s.engine(athena.Options{})
	if _, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"}); err != nil {
		t.Fatal(err)
	}
	sent := s.bodies("StartQueryExecution")
	for _, body := range sent {
		if body["ClientRequestToken"] != sent[0]["ClientRequestToken"] {
			t.Error("another attempt has another token: two queries could run")
		}
	}
	for i, milliseconds := range []int{250, 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000} {
		most := time.Duration(milliseconds) * time.Millisecond
		if got := (*pauses)[i]; got < most/2 || got > most {
			t.Errorf("pause %d is %s", i, got)
		}
	}
}

func TestThrottlingEndsWithTheDeadline(t *testing.T) {
	s := serve(t, map[string][]answer{"StartQueryExecution": {{code: "TooManyRequestsException", text: "slow"}}})
	e, pauses := s.engine(athena.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := e.Query(ctx, engine.Query{SQL: "SELECT 1"})
	tell(t, err, "engine_throttled")
	if last := (*pauses)[len(*pauses)-1]; last > 5*time.Second {
		t.Errorf("waited %s although the deadline is nearer", last)
	}
	// Without a deadline there is an end too.
	_, err = e.Query(t.Context(), engine.Query{SQL: "SELECT 1"})
	tell(t, err, "engine_throttled")
}

func TestCredentialsThatEndEarlyAreFetchedAnew(t *testing.T) {
	fetched := 0
	options := athena.Options{}
	options.Config.Credentials = sdk.NewCredentialsCache(sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		fetched++
		return sdk.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
	}))
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {{code: "ExpiredTokenException", text: "expired"}, started("q1")},
		"GetQueryExecution":   {status("SUCCEEDED", 0)},
		"GetQueryResults":     {page("", twoColumns, []string{"id", "n"})},
	})
	e, _ := s.engine(options)
	if _, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"}); err != nil || fetched != 2 {
		t.Errorf("%v; fetched %d times", err, fetched)
	}
}

func TestWhereResultsGo(t *testing.T) {
	group := func(configuration map[string]any) answer {
		return answer{body: map[string]any{"WorkGroup": map[string]any{"Name": "reports", "Configuration": configuration}}}
	}
	denied := answer{code: "AccessDeniedException", text: "no"}
	managed := answer{code: "InvalidRequestException", text: "OutputLocation cannot be specified when managed query results is enabled for the workgroup"}
	for name, c := range map[string]struct {
		group answer
		start []answer
		want  []any // output locations that were sent, over two queries
	}{
		"ours":                       {group(map[string]any{"EnforceWorkGroupConfiguration": false}), []answer{started("q1")}, []any{"s3://ours/here", "s3://ours/here"}},
		"enforced":                   {group(map[string]any{"EnforceWorkGroupConfiguration": true}), []answer{started("q1")}, []any{nil, nil}},
		"managed":                    {group(map[string]any{"ManagedQueryResultsConfiguration": map[string]any{"Enabled": true}}), []answer{started("q1")}, []any{nil, nil}},
		"not to be seen":             {denied, []answer{started("q1")}, []any{"s3://ours/here", "s3://ours/here"}},
		"not to be seen and refused": {denied, []answer{managed, started("q1")}, []any{"s3://ours/here", nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"GetWorkGroup": {c.group}, "StartQueryExecution": c.start, "GetQueryExecution": {status("SUCCEEDED", 0)},
				"GetQueryResults": {page("", twoColumns, []string{"id", "n"})},
			})
			e, _ := s.engine(athena.Options{Output: "s3://ours/here", Workgroup: "reports"})
			for range 2 {
				if _, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"}); err != nil {
					t.Fatal(err)
				}
			}
			var got []any
			for _, body := range s.bodies("StartQueryExecution") {
				configuration, _ := body["ResultConfiguration"].(map[string]any)
				got = append(got, configuration["OutputLocation"])
			}
			if difference := cmp.Diff(c.want, got); difference != "" {
				t.Error(difference)
			}
			if n := len(s.bodies("GetWorkGroup")); n != 1 {
				t.Errorf("the workgroup was looked at %d times", n)
			}
		})
	}
}
