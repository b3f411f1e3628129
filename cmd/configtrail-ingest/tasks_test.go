package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail/internal/blob"
	"configtrail/internal/testserver/runtime"
)

// delivery is one delivery of Config.
func (d *deployment) delivery(t *testing.T) blob.Object {
	t.Helper()
	objects := d.load(t, 100, small())
	i := slices.IndexFunc(objects, func(o blob.Object) bool { return strings.Contains(o.Key, "_Config_") })
	if i < 0 {
		t.Fatal("no delivery among the first objects")
	}
	return objects[i]
}

// A bucket that sends no events is listed.
func TestListing(t *testing.T) {
	d := deploy(t, folder)
	d.load(t, 120, small())
	if counts := d.task(t, `{"task":"list"}`); counts["ingested"] != 0.0 { // all are of years ago
		t.Errorf("listed %v", counts)
	}
	counts := d.task(t, `{"task":"list","days":36500}`)
	if counts["ingested"] == 0.0 {
		t.Errorf("listed %v", counts)
	}
	d.task(t, `{"task":"gather"}`)
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))
	if again := d.task(t, `{"task":"list","days":36500}`); again["already"] != counts["ingested"] {
		t.Errorf("listed again %v, after %v", again, counts)
	}
	if result := ask(t, d.function, `{"task":"list","days":-1}`); !result.Failed || !strings.Contains(result.Failure().Message, "days is -1") {
		t.Errorf("days of the future: %s", result.Payload)
	}
}

// Buckets of another account than the settings say are neither read nor written.
func TestBucketsOfSomebodyElse(t *testing.T) {
	d := deploy(t, folder)
	object := d.delivery(t)
	f := d.start(t, `CONFIGTRAIL_SOURCES=[{"place":"`+d.place+`","owner":"210987654321"}]`, "AWS_MAX_ATTEMPTS=1")
	d.function = f
	d.queue.Send(ofS3(d.source, object))
	d.drain(t)
	if dead := d.dead.Messages(); len(dead) != 1 || !strings.Contains(dead[0].Attributes["reason"].StringValue, "access denied: s3:") {
		t.Errorf("dead letters: %+v", dead)
	}
	other := d.start(t, "CONFIGTRAIL_LAKE_OWNER=210987654321", "AWS_MAX_ATTEMPTS=1")
	for _, event := range []string{`{"task":"gather"}`, `{"task":"compact"}`, `{"task":"list"}`} {
		if result := ask(t, other, event); !result.Failed || !strings.Contains(result.Failure().Message, "access denied: s3:") {
			t.Errorf("%s: %s", event, result.Payload)
		}
	}
}

// A gathering that has too little time stops before it is killed, and says what is left.
func TestGatheringStopsInTime(t *testing.T) {
	d := deploy(t, folder)
	d.queue.Send(ofS3(d.source, d.delivery(t)))
	d.drain(t)
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: d.env("AWS_MAX_ATTEMPTS=1"), Timeout: 3 * time.Second, Output: d.logs})
	d.held.Store("/lake/staged/")
	result := ask(t, f, `{"task":"gather"}`)
	if !result.Failed || !strings.HasPrefix(result.Failure().Message, "out of time: 1 notes and the changes of 0 groups are left to the next run: ") {
		t.Errorf("told %s", result.Payload)
	}
	d.held.Store("")
	if counts := d.task(t, `{"task":"gather"}`); counts["notes"] != 1.0 || counts["age_seconds"].(float64) <= 0 {
		t.Errorf("gathered %v", counts)
	}
}
