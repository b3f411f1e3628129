package e2e_test

import (
	"fmt"
	"os"
	"testing"

	"configtrail/internal/testserver/messages"
)

// TestWhatAMonthCosts measures bytes over raw tables and over the lake, and what a
// model is sent, for an organisation and for one that is ten times as large.
func TestWhatAMonthCosts(t *testing.T) {
	p := build(t)
	table := fmt.Sprintf("%-8s %12s %12s %8s %10s %8s\n", "size", "raw bytes", "lake bytes", "raw/lake", "tokens in", "out")
	sizes := []size{{"1", 1, 1}, {"10", 10, 1}}
	if os.Getenv("CONFIGTRAIL_LARGE") != "" {
		sizes = append(sizes, size{"10, busy", 10, 10})
	}
	for _, size := range sizes {
		at := settle(t, p, size)
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
		table += fmt.Sprintf("%-8s %12d %12d %8.1f %10d %8d\n", size.name, raw.Cost.Bytes, lake.Cost.Bytes,
			float64(raw.Cost.Bytes)/float64(lake.Cost.Bytes), lake.Cost.InputTokens, lake.Cost.OutputTokens)
	}
	t.Logf("\n%s", table)
}
