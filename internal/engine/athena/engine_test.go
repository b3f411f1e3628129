package athena_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
)

var twoColumns = []string{"id varchar", "n bigint"}

func TestAQuestionFromTextToValues(t *testing.T) {
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   {status("QUEUED", 0), status("RUNNING", 10), status("SUCCEEDED", 2048)},
		"GetQueryResults": {page("", []string{"id varchar", "n bigint", "at timestamp with time zone", "share double", "late boolean"},
			[]string{"id", "n", "at", "share", "late"},
			[]string{"", "1", "2024-11-05 01:02:03.456 UTC", "1.0E-2", "true"},
			[]string{null, null, null, null, null},
			[]string{"id", "-9223372036854775808", "2024-11-05 10:02:03.456789 Asia/Tokyo", "NaN", "false"},
		)},
	})
	e, pauses := s.engine(athena.Options{Workgroup: "reports", Catalog: "AwsDataCatalog"})
	result, err := e.Query(t.Context(), engine.Query{
		Name: "summary", SQL: "SELECT '?' AS id -- ?\nFROM items WHERE id = ? AND at < ?",
		Args: []any{"it's", time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC)},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := all(t, result)
	if f, ok := rows[2][3].(float64); !ok || f == f {
		t.Errorf("NaN is %v", rows[2][3])
	}
	rows[2][3] = nil
	want := [][]any{
		{"", int64(1), time.Date(2024, 11, 5, 1, 2, 3, 456e6, time.UTC), 0.01, true},
		{nil, nil, nil, nil, nil},
		{"id", int64(-9223372036854775808), time.Date(2024, 11, 5, 1, 2, 3, 456789e3, time.UTC), nil, false},
	}
	if difference := cmp.Diff(want, rows); difference != "" {
		t.Error(difference)
	}
	if got := result.Columns[2]; got != (engine.Column{Name: "at", Type: "timestamp with time zone"}) {
		t.Errorf("column %+v", got)
	}
	if cost := result.Cost(); cost.Bytes != 2048 || cost.USD == nil || *cost.USD != 10.0/(1<<20)*5 {
		t.Errorf("cost %+v", cost)
	}
	sent := s.bodies("StartQueryExecution")[0]
	token, _ := sent["ClientRequestToken"].(string)
	if len(token) < 32 || len(token) > 128 {
		t.Errorf("token %q", token)
	}
	delete(sent, "ClientRequestToken")
	if difference := cmp.Diff(map[string]any{
		"QueryString":           "/* configtrail summary */\nSELECT '?' AS id -- ?\nFROM items WHERE id = 'it''s' AND at < TIMESTAMP '2024-11-05 00:00:00.000000 UTC'",
		"QueryExecutionContext": map[string]any{"Database": "lake", "Catalog": "AwsDataCatalog"},
		"WorkGroup":             "reports",
	}, sent); difference != "" {
		t.Error(difference)
	}
	if difference := cmp.Diff([]time.Duration{100 * time.Millisecond, 150 * time.Millisecond}, *pauses); difference != "" {
		t.Error(difference)
	}
	for _, err := range result.Rows {
		if err == nil {
			t.Error("rows can be read twice")
		}
	}
}

func TestTheLooksAtALongQueryGrowFartherApart(t *testing.T) {
	looks := slices.Repeat([]answer{status("RUNNING", 0)}, 40)
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q1")},
		"GetQueryExecution":   append(looks, status("SUCCEEDED", 0)),
		"GetQueryResults":     {page("", twoColumns, []string{"id", "n"})},
	})
	e, pauses := s.engine(athena.Options{})
	if _, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"}); err != nil {
		t.Fatal(err)
	}
	if first, last := (*pauses)[0], (*pauses)[39]; first != 100*time.Millisecond || last != 2*time.Second || !slices.IsSorted(*pauses) {
		t.Errorf("pauses %v", *pauses)
	}
}

func TestAQueryThatNobodyWaitsForIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller has left")
	running := status("RUNNING", 5<<20)
	leave := status("RUNNING", 20<<20)
	leave.after = func() { cancel(gone) }
	s := serve(t, map[string][]answer{
		"StartQueryExecution": {started("q7")},
		"GetQueryExecution":   {running, leave, running},
		"StopQueryExecution":  {{}},
	})
	e, _ := s.engine(athena.Options{})
	_, err := e.Query(ctx, engine.Query{SQL: "SELECT 1"})
	if !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	if stopped := s.bodies("StopQueryExecution"); len(stopped) != 1 || stopped[0]["QueryExecutionId"] != "q7" {
		t.Errorf("stopped %v", stopped)
	}
}

// A request to start a query that is cut off would leave a query that nobody can
// stop: its id would be lost.
func TestTheIDIsWaitedForAlsoWhenTheCallerLeaves(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	late := started("q8")
	late.after = cancel
	s := serve(t, map[string][]answer{"StartQueryExecution": {late}, "StopQueryExecution": {{}}})
	e, _ := s.engine(athena.Options{})
	if _, err := e.Query(ctx, engine.Query{SQL: "SELECT 1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if stopped := s.bodies("StopQueryExecution"); len(stopped) != 1 || stopped[0]["QueryExecutionId"] != "q8" {
		t.Errorf("stopped %v", stopped)
	}
}

func TestAQueryAboveItsBudgetIsStopped(t *testing.T) {
	for name, c := range map[string]struct {
		looks             []answer
		query, engineWide int64
		stopped           int
	}{
		"while it runs":  {[]answer{status("RUNNING", 100), status("RUNNING", 5001)}, 5000, 0, 1},
		"the engine's":   {[]answer{status("RUNNING", 5001)}, 9000, 5000, 1},
		"at its end":     {[]answer{status("RUNNING", 100), status("SUCCEEDED", 5001)}, 5000, 9000, 0},
		"exactly enough": {[]answer{status("SUCCEEDED", 5000)}, 5000, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"StartQueryExecution": {started("q1")}, "GetQueryExecution": c.looks, "StopQueryExecution": {{}},
				"GetQueryResults": {page("", twoColumns, []string{"id", "n"})},
			})
			e, _ := s.engine(athena.Options{MaxBytes: c.engineWide})
			_, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1", ByteBudget: c.query})
			if name == "exactly enough" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, configtrail.ErrOverBudget) {
				t.Fatalf("error %v", err)
			}
			if got := len(s.bodies("StopQueryExecution")); got != c.stopped {
				t.Errorf("stopped %d times", got)
			}
			if cost := engine.CostOf(err); cost.Bytes != 5001 || cost.USD == nil {
				t.Errorf("cost %+v", cost)
			}
			tell(t, err, "engine_budget")
		})
	}
}

func TestAnAnswerIsReusedOnlyWithTheVersionOfItsData(t *testing.T) {
	answers := func() map[string][]answer {
		return map[string][]answer{
			"StartQueryExecution": {started("q1")},
			"GetQueryExecution": {status("SUCCEEDED", 0, func(execution map[string]any) {
				execution["Statistics"].(map[string]any)["ResultReuseInformation"] = map[string]any{"ReusedPreviousResult": true}
			})},
			"GetQueryResults": {page("", twoColumns, []string{"id", "n"})},
		}
	}
	version := "lake-1a2b"
	tell := func(context.Context, configtrail.Scope) (string, error) { return version, nil }
	ask := func(options athena.Options) (map[string]any, configtrail.Cost) {
		t.Helper()
		s := serve(t, answers())
		e, _ := s.engine(options)
		result, err := e.Query(t.Context(), engine.Query{Name: "places", SQL: "SELECT 1"})
		if err != nil {
			t.Fatal(err)
		}
		return s.bodies("StartQueryExecution")[0], result.Cost()
	}
	sent, cost := ask(athena.Options{Reuse: 90 * time.Minute, Version: tell})
	if sent["QueryString"] != "/* configtrail places lake-1a2b */\nSELECT 1" {
		t.Errorf("text %q", sent["QueryString"])
	}
	want := map[string]any{"ResultReuseByAgeConfiguration": map[string]any{"Enabled": true, "MaxAgeInMinutes": 90.0}}
	if difference := cmp.Diff(want, sent["ResultReuseConfiguration"]); difference != "" {
		t.Error(difference)
	}
	if cost.USD == nil || *cost.USD != 0 {
		t.Errorf("an answer that was kept costs %v", cost.USD)
	}
	for _, options := range []athena.Options{{Reuse: time.Hour}, {Version: tell}} {
		sent, _ := ask(options)
		if sent["ResultReuseConfiguration"] != nil || strings.Contains(sent["QueryString"].(string), version) {
			t.Errorf("%+v sends %v", options, sent)
		}
	}
	// What could end the comment becomes a hash.
	version = "*/ DROP TABLE items; /*"
	sent, _ = ask(athena.Options{Reuse: time.Hour, Version: tell})
	if text := sent["QueryString"].(string); !regexp.MustCompile(`^/\* configtrail places [0-9a-f]{64} \*/\nSELECT 1$`).MatchString(text) {
		t.Errorf("text %q", text)
	}
	version = ""
	if sent, _ = ask(athena.Options{Reuse: time.Hour, Version: tell}); sent["ResultReuseConfiguration"] != nil {
		t.Error("reused without a version")
	}
}

func TestAStatementHasALimit(t *testing.T) {
	s := serve(t, nil)
	e, _ := s.engine(athena.Options{})
	_, err := e.Query(t.Context(), engine.Query{SQL: "SELECT ?", Args: []any{strings.Repeat("あ", 262_144/3)}})
	if !errors.Is(err, configtrail.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	tell(t, err, "engine_statement_length")
	if len(s.operations()) != 0 {
		t.Errorf("sent %v", s.operations())
	}
}

func TestPrices(t *testing.T) {
	prices, err := athena.BuiltInPrices()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.DateOnly, prices.AsOf); err != nil {
		t.Errorf("the prices are of no day: %v", err)
	}
	own := athena.Prices{PerTerabyte: map[string]float64{"moon-1": 7}}
	for _, c := range []struct {
		region string
		prices athena.Prices
		state  string
		bytes  int64
		want   string
	}{
		{"ap-northeast-1", athena.Prices{}, "SUCCEEDED", 1 << 40, "5"},
		{"ap-northeast-1", athena.Prices{}, "SUCCEEDED", 0, fmt.Sprint(10.0 / (1 << 20) * 5)},
		{"ap-northeast-1", athena.Prices{}, "SUCCEEDED", 11<<20 + 1, fmt.Sprint(12.0 / (1 << 20) * 5)},
		{"ap-northeast-1", athena.Prices{}, "FAILED", 1 << 40, "0"},
		{"ap-northeast-1", athena.Prices{}, "CANCELLED", 1 << 40, "5"},
		{"moon-1", athena.Prices{}, "SUCCEEDED", 1 << 40, "unknown"},
		{"moon-1", own, "SUCCEEDED", 1 << 40, "7"},
		{"ap-northeast-1", own, "SUCCEEDED", 1 << 40, "unknown"},
	} {
		s := serve(t, map[string][]answer{
			"StartQueryExecution": {started("q1")}, "GetQueryExecution": {status(c.state, c.bytes)},
			"GetQueryResults": {page("", twoColumns, []string{"id", "n"})},
		})
		options := athena.Options{Prices: c.prices}
		options.Config.Region = c.region
		e, _ := s.engine(options)
		var cost configtrail.Cost
		if result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT 1"}); err != nil {
			cost = engine.CostOf(err)
		} else {
			cost = result.Cost()
		}
		got := "unknown"
		if cost.USD != nil {
			got = fmt.Sprint(*cost.USD)
		}
		if got != c.want || cost.Bytes != c.bytes {
			t.Errorf("%+v: %s for %d bytes", c, got, cost.Bytes)
		}
	}
}

func TestNewWantsADatabase(t *testing.T) {
	_, err := athena.New(athena.Options{})
	tell(t, err, "engine_no_database")
	if _, err := athena.New(athena.Options{Database: "lake", Output: "http://x"}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}
