package e2e_test

import (
	"fmt"
	"os"
	"testing"

	"configtrail/internal/testserver/messages"
)

// costing is an organisation, and how many times the bytes of a month over the lake
// one over raw tables has to read at least. The target is fifty at ten times the
// resources; docs/performance.md tells what stands between.
type costing struct {
	size
	least float64
}

// TestWhatAMonthCosts measures bytes over raw tables and over the lake, and what a
// model is sent, for an organisation and for one that is ten times as large.
func TestWhatAMonthCosts(t *testing.T) {
	p := build(t)
	table := fmt.Sprintf("%-8s %12s %12s %8s %10s %8s\n", "size", "raw bytes", "lake bytes", "raw/lake", "tokens in", "out")
	sizes := []costing{{size{"1", 1, 1}, 5}, {size{"10", 10, 1}, 24}}
	if os.Getenv("CONFIGTRAIL_LARGE") != "" {
		sizes = append(sizes, costing{size{"10, busy", 10, 10}, 16})
	}
	for _, size := range sizes {
		at := settle(t, p, size.size)
		server := messages.Start(t, messages.Right)
		model := []string{"CONFIGTRAIL_MODEL=claude-sonnet-5-5", "ANTHROPIC_API_KEY=" + server.Key, "ANTHROPIC_BASE_URL=" + server.URL}
		lake := report(t, at.function(t, p, lakeEnv(model...)...).URL)
		raw := report(t, at.function(t, p, rawEnv(at.state)...).URL)
		if lake.ToldBy == "code" {
			t.Errorf("%s: the report was not told by the model", size.name)
		}
		if lake.Cost.InputTokens > 10_000 {
			t.Errorf("%s: %d tokens were sent", size.name, lake.Cost.InputTokens)
		}
		if raw.Cost.Bytes == 0 || lake.Cost.Bytes == 0 {
			t.Errorf("%s: no cost is told: raw %+v, lake %+v", size.name, raw.Cost, lake.Cost)
		}
		ratio := float64(raw.Cost.Bytes) / float64(lake.Cost.Bytes)
		if ratio < size.least {
			t.Errorf("%s: raw tables read only %.1f times the bytes of the lake, %.0f expected", size.name, ratio, size.least)
		}
		table += fmt.Sprintf("%-8s %12d %12d %8.1f %10d %8d\n", size.name, raw.Cost.Bytes, lake.Cost.Bytes,
			ratio, lake.Cost.InputTokens, lake.Cost.OutputTokens)
	}
	t.Logf("\n%s", table)
}
