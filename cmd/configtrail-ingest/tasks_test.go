package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail/internal/blob"
	"configtrail/internal/testserver/awsjson"
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

// What a listing finds and is too large goes to the longer run; that one can't be
// started keeps nothing else from being taken, and is told.
func TestListingHandsLargeObjectsOn(t *testing.T) {
	d := deploy(t, folder)
	objects := d.load(t, 120, small())
	slices.SortFunc(objects, func(a, b blob.Object) int { return cmp.Compare(b.Size, a.Size) })
	limit := objects[2].Size
	if objects[1].Size <= limit {
		t.Fatalf("the largest objects have %d, %d and %d bytes; two of them have to be larger than all others", objects[0].Size, objects[1].Size, limit)
	}
	const list = `{"task":"list","days":36500}`
	d.gather = d.start(t, fmt.Sprintf("CONFIGTRAIL_LARGE=%d", limit), "CONFIGTRAIL_LONG_RUN="+project)
	d.builds.Faults.Next("StartBuild", awsjson.Errorf("AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account"))
	result := ask(t, d.gather, list)
	if want := "1 objects could not be handed on: hand on s3://…: start a build of " + project + ": the account runs as many builds as it may"; !result.Failed || result.Failure().Message != want {
		t.Errorf("told %s\nwant %s", result.Payload, want)
	}
	if builds := d.builds.Wait(); len(builds) != 1 {
		t.Errorf("%d builds for the object that was handed on", len(builds))
	}
	d.task(t, `{"task":"gather"}`)
	counts := d.task(t, list)
	if counts["handed_on"] != 1.0 || counts["ingested"] != 0.0 {
		t.Errorf("listed the second time %v", counts)
	}
	// It is not in yet, and CodeBuild knows it: no listing and no message starts another.
	d.task(t, list)
	d.function = d.gather
	d.queue.Send(ofS3(d.source, objects[0]), ofS3(d.source, objects[1]))
	d.drain(t)
	builds := d.builds.Wait()
	if len(builds) != 2 {
		t.Errorf("%d builds for 2 objects", len(builds))
	}
	for _, b := range builds {
		if uri := b.Environment[objectVariable]; b.Exit != exitDone || uri != objects[0].URI && uri != objects[1].URI {
			t.Errorf("build of %s: exit %d\n%s", uri, b.Exit, b.Output)
		}
	}
	d.task(t, `{"task":"gather"}`)
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))
	if last := d.task(t, list); last["handed_on"] != 0.0 || last["ingested"] != 0.0 || last["already"] != counts["already"].(float64)+1 {
		t.Errorf("listed at last %v", last)
	}
	d.gather.Close() // what it prints comes by another way than its answers
	if lines := d.lines(t, taskList); len(lines) != 4 || lines[0]["handed_on"] != 1.0 || lines[0]["ingested"].(float64)+1 != counts["already"] {
		t.Errorf("logged %v", lines)
	}
	if strings.Contains(d.logs.String(), objects[0].Key) || strings.Contains(d.logs.String(), objects[1].Key) {
		t.Errorf("the log names objects: %s", d.tail())
	}
}

// A run that takes hours is not started again by each listing.
func TestAListingStartsNoRunThatIsUnderWay(t *testing.T) {
	d := deploy(t, folder)
	objects := d.load(t, 120, small())
	slices.SortFunc(objects, func(a, b blob.Object) int { return cmp.Compare(b.Size, a.Size) })
	const list = `{"task":"list","days":36500}`
	d.gather = d.start(t, fmt.Sprintf("CONFIGTRAIL_LARGE=%d", objects[0].Size-1), "CONFIGTRAIL_LONG_RUN="+project)
	release := d.builds.Hold()
	for _, when := range []string{"at first", "once more", "hours later"} {
		if counts := d.task(t, list); counts["handed_on"] != 1.0 || d.builds.Started() != 1 {
			t.Errorf("%s: listed %v, %d builds", when, counts, d.builds.Started())
		}
		d.builds.ForgetTokens()
	}
	// Where nobody may ask, a second run is better than none.
	d.builds.Faults.Next("ListBuildsForProject", awsjson.Errorf("AccessDeniedException", "User: x is not authorized to perform: codebuild:ListBuildsForProject"))
	if counts := d.task(t, list); counts["handed_on"] != 1.0 || d.builds.Started() != 2 {
		t.Errorf("without the right to look: listed %v, %d builds", counts, d.builds.Started())
	}
	release()
	for _, b := range d.builds.Wait() {
		if b.Exit != exitDone {
			t.Errorf("build of %s: exit %d\n%s", b.Environment[objectVariable], b.Exit, b.Output)
		}
	}
	d.task(t, `{"task":"gather"}`)
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))
	if last := d.task(t, list); last["handed_on"] != 0.0 || d.builds.Started() != 2 {
		t.Errorf("listed at last %v, %d builds", last, d.builds.Started())
	}
	d.gather.Close() // what it prints comes by another way than its answers
	if !strings.Contains(d.logs.String(), "the longer runs under way are not known") || strings.Contains(d.logs.String(), objects[0].Key) {
		t.Errorf("the log: %s", d.tail())
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
