package athena_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/history"
)

// TestSmoke asks every question of history on a real account, for those who have
// one: CONFIGTRAIL_ATHENA_SMOKE=database,workgroup,region,max-bytes names a lake's
// Glue database and a workgroup with a place for results. It only reads, and no
// query may read more than max-bytes: the whole reads at most some forty times that.
func TestSmoke(t *testing.T) {
	setting := os.Getenv("CONFIGTRAIL_ATHENA_SMOKE")
	if setting == "" {
		t.Skip("no account: set CONFIGTRAIL_ATHENA_SMOKE=database,workgroup,region,max-bytes to ask a real Athena")
	}
	parts := strings.Split(setting, ",")
	if len(parts) != 4 {
		t.Fatalf("CONFIGTRAIL_ATHENA_SMOKE=%s is not database,workgroup,region,max-bytes", setting)
	}
	most, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil || most <= 0 {
		t.Fatalf("max-bytes %q is no number above 0", parts[3])
	}
	cfg, err := aws.Config(t.Context(), aws.Options{Region: parts[2]})
	if err != nil {
		t.Fatal(err)
	}
	e, err := athena.New(athena.Options{Config: cfg, Database: parts[0], Workgroup: parts[1], MaxBytes: most})
	if err != nil {
		t.Fatal(err)
	}
	counted := &counting{Engine: e}
	h := &history.History{Engine: counted}
	smoke(t, h)
	t.Logf("%d queries read %d bytes", counted.queries, counted.bytes)
}

// counting adds up what queries cost.
type counting struct {
	engine.Engine
	queries int
	bytes   int64
}

// Query implements engine.Engine.
func (c *counting) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	c.queries++
	result, err := c.Engine.Query(ctx, q)
	if err != nil {
		c.bytes += engine.CostOf(err).Bytes
		return result, err
	}
	c.bytes += result.Cost().Bytes
	return result, nil
}

// smoke asks every question about the thirty days before the last delivery.
func smoke(t *testing.T, h *history.History) {
	t.Helper()
	complete, err := h.CompleteUntil(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for _, place := range complete.By {
		if place.Time.After(last) {
			last = place.Time
		}
	}
	if last.IsZero() {
		t.Fatal("nothing was delivered into this lake")
	}
	window := configtrail.Window{From: last.AddDate(0, -1, 0), To: last}
	month := configtrail.MonthOf(window.From, time.UTC)
	filter := history.Filter{Window: window, Limit: 20, Noise: history.NoiseInclude}
	check := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	page, err := h.Changes(t.Context(), filter)
	check("changes", err)
	t.Logf("%d changes since %s", page.Total, window.From)
	_, err = h.Changes(t.Context(), history.Filter{
		Window: window, Limit: 1, Types: []string{"ec2"}, Kinds: configtrail.Kinds, Tags: map[string]string{"it's": `a\`},
		Paths: []string{"/configuration/*"}, Contains: "日本語\n", Actor: "nobody",
	})
	check("changes by every filter", err)
	_, err = h.Summary(t.Context(), history.Filter{Window: window})
	check("summary", err)
	_, err = h.Month(t.Context(), history.MonthQuestion{Month: month, Before: 1, StepTypes: []string{"AWS::IAM::Role"}})
	check("month", err)
	_, err = h.Coverage(t.Context(), history.Filter{Window: window})
	check("coverage", err)
	_, err = h.Touched(t.Context(), window, history.Filter{})
	check("touched", err)
	_, err = h.Quarantine(t.Context(), history.Filter{})
	check("quarantine", err)
	_, err = h.Integrity(t.Context(), history.Filter{Window: window})
	check("integrity", err)
	if len(page.Changes) == 0 {
		return
	}
	key := page.Changes[0].Key
	_, err = h.Timeline(t.Context(), key, configtrail.Window{})
	check("timeline", err)
	_, err = h.Diff(t.Context(), key, window.From, window.To)
	check("diff", err)
	_, err = h.Resolve(t.Context(), key.String(), history.Filter{})
	check("resolve", err)
	for _, err := range h.At(t.Context(), window.To, history.Filter{Resources: []string{key.String()}}) {
		check("at", err)
	}
}
