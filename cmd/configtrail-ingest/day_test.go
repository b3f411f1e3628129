package main

import (
	"encoding/json"
	"os"
	"syscall"
	"testing"
	"time"

	"configtrail/internal/testorg"
	"configtrail/internal/testserver/queue"
)

// TestADay simulates a day of an organisation: its objects come one by one, the
// functions take them as they come, and gather as every five minutes would. With
// CONFIGTRAIL_LARGE=1 it has 60 accounts in three regions.
func TestADay(t *testing.T) {
	accounts, most, batches := 4, 400, 24
	if os.Getenv("CONFIGTRAIL_LARGE") != "" {
		accounts, most, batches = 60, 20_000, 288
	}
	d := deploy(t, "")
	var sent []string
	for _, object := range d.load(t, most, testorg.Options{
		Seed: 7, Months: 1, Accounts: accounts, Regions: []string{"ap-northeast-1", "us-east-1", "eu-west-1"}, Resources: 10,
	}) {
		sent = append(sent, ofS3(d.source, object))
	}
	began, calls, cpu := time.Now(), d.copyCalls(), children()
	bytesBefore := d.written.Load()

	per := (len(sent) + batches - 1) / batches
	var gathered, changes, commits float64
	mapping := &queue.Mapping{Queue: d.queue, Function: d.function.Function, Most: 4}
	for len(sent) > 0 {
		n := min(per, len(sent))
		d.queue.Send(sent[:n]...)
		sent = sent[n:]
		brought, err := mapping.Drain(t.Context())
		if err != nil || brought.Failed > 0 || brought.Returned > 0 {
			t.Fatalf("%s, %v: %s", brought, err, d.tail())
		}
		counts := d.task(t, `{"task":"gather"}`)
		gathered += counts["notes"].(float64)
		changes += counts["changes"].(float64)
		if counts["notes"] != 0.0 {
			commits++
		}
	}
	took := time.Since(began)
	d.function.Close() // so that its time is counted
	spent := map[string]int{}
	for name, n := range d.copyCalls() {
		if n -= calls[name]; n > 0 {
			spent[name] = n
		}
	}
	told, err := json.MarshalIndent(spent, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := rowsOf(t, d.lake(t))
	t.Logf("%d accounts in three regions: %d items, %d changes; %.0f gathers with something, %.0f notes; %d MB written to S3; %.1f s CPU of the functions, %.1f s in all\n%s",
		accounts, len(got.Items), len(got.Changes), commits, gathered, (d.written.Load()-bytesBefore)>>20, children()-cpu, took.Seconds(), told)
	if len(d.dead.Messages()) != 0 || len(got.Changes) == 0 || changes < float64(len(got.Changes)) {
		t.Errorf("%d dead letters, %d changes of %.0f derived", len(d.dead.Messages()), len(got.Changes), changes)
	}
	// Three tables are committed by a gather, and the ledger.
	if updates := spent["glue UpdateTable"]; float64(updates) > 5*commits {
		t.Errorf("%d commits of %.0f gathers", updates, commits)
	}
}

// children is the CPU time of processes that have ended, in seconds.
func children() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
