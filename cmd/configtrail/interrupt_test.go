package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/testorg"
)

// TestInterruptLeavesAGoodLake stops an ingest once it has begun to commit: the
// process ends within a second with exit code 1 and says so; the lake can be
// asked; and a second run goes on to the same end as one that nobody stopped.
func TestInterruptLeavesAGoodLake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bucket := filepath.Join(dir, "bucket")
	_, err := testorg.WriteFolder(t.Context(), bucket, testorg.Options{
		Months: 1, Accounts: 2, Regions: []string{"ap-northeast-1"}, Start: configtrail.Month{Year: 2024, Month: time.November},
	})
	if err != nil {
		t.Fatal(err)
	}
	command := func(lake string, args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), "configtrail", args...)
		c.Env = []string{"HOME=" + dir, "CONFIGTRAIL_TZ=UTC", "CONFIGTRAIL_LAKE=" + filepath.Join(dir, lake)}
		return c
	}
	const count = "SELECT (SELECT count(*) FROM items) AS items, (SELECT count(*) FROM changes) AS changes, (SELECT count(DISTINCT uri) FROM deliveries) AS deliveries"
	ask := func(lake string) string {
		out, err := command(lake, "query", count, "--fail-on", "none", "--format", "jsonl").Output()
		if err != nil {
			t.Fatalf("ask %s: %v", lake, err)
		}
		return string(out)
	}

	ingest := command("stopped", "ingest", bucket)
	var stderr bytes.Buffer
	ingest.Stderr = &stderr
	if err := ingest.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(dir, "stopped", "*", "*", "*", "*.parquet"))
	told := time.Now()
	if err := ingest.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = ingest.Wait()
	took := time.Since(told)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("interrupted: %v, want exit code 1", err)
	}
	if took > time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if said := stderr.String(); !strings.HasPrefix(said, "configtrail: stopped; ") {
		t.Errorf("it said %q", said)
	}
	ask("stopped")

	for _, lake := range []string{"stopped", "whole"} {
		if err := command(lake, "ingest", bucket, "--quiet").Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	}
	if got, want := ask("stopped"), ask("whole"); got != want {
		t.Errorf("after an interrupt and a second run %s, without %s", got, want)
	}
}

// waitFor returns as soon as a file of the pattern is there.
func waitFor(t *testing.T, pattern string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no file %s", pattern)
		}
	}
}
