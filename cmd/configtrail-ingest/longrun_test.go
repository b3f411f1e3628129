package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"configtrail/internal/blob"
	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/queue"
)

// largest is the object with the most bytes.
func largest(objects []blob.Object) blob.Object {
	var most blob.Object
	for _, object := range objects {
		if object.Size > most.Size {
			most = object
		}
	}
	return most
}

func TestLargeObjectsGoToTheLongerRun(t *testing.T) {
	d := deploy(t, folder)
	objects := d.load(t, 150, small())
	large := largest(objects)
	limit := fmt.Sprintf("CONFIGTRAIL_LARGE=%d", large.Size-1)
	d.function = d.start(t, limit, "CONFIGTRAIL_LONG_RUN="+project, "AWS_MAX_ATTEMPTS=1")
	above := 0
	for i, object := range objects {
		if object.Size >= large.Size {
			above++
		}
		for range 2 { // events come more than once
			d.queue.Send(ways(d.source, object)[i%4])
		}
	}
	// CodeBuild is busy at first.
	d.builds.Faults.Next("StartBuild",
		awsjson.Errorf("AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account"), awsjson.Errorf("ThrottlingException", "Rate exceeded"))
	brought := d.drain(t)
	if len(d.queue.Messages())+len(d.dead.Messages()) != 0 || brought.Returned == 0 {
		t.Errorf("%s; dead: %+v", brought, d.dead.Messages())
	}
	builds := d.builds.Wait()
	if len(builds) != above {
		t.Errorf("%d builds for %d objects", len(builds), above)
	}
	for _, b := range builds {
		if b.Exit != exitDone || !strings.HasPrefix(b.Environment[objectVariable], "s3://"+d.source+"/"+folder) || !strings.Contains(b.Output, `"outcome":"ingested"`) {
			t.Errorf("build of %s: exit %d\n%s", b.Environment[objectVariable], b.Exit, b.Output)
		}
		if strings.Contains(b.Output, "json.gz") {
			t.Errorf("the build's log names the object: %s", b.Output)
		}
	}
	d.task(t, `{"task":"gather"}`)
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))
	if got := d.sums(t, "large", "builds", "failed"); got["builds"] < above || got["large"] < above || got["failed"] == 0 || !strings.Contains(d.logs.String(), `"busy":`) {
		t.Errorf("logged %v: %s", got, d.tail())
	}
}

func TestTheCommandReadsOneObject(t *testing.T) {
	d := deploy(t, folder)
	key := func(n int) string {
		return folder + "AWSLogs/111122223333/Config/us-east-1/2024/11/5/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::EC2::Instance_20241105T000000Z_20241105T060000Z_" + fmt.Sprint(n) + ".json.gz"
	}
	broken := d.put(t, key(1), []byte("this is no gzip"))
	poison := d.put(t, strings.Replace(key(2), "_ConfigHistory_", "_ConfigHistory_"+poisoned, 1), []byte("x"))
	for _, test := range []struct {
		uri, outcome, said string
		code               int
	}{
		{broken.URI, "ingested", "", exitTouched},
		{broken.URI, "ingested", "", exitTouched}, // it is staged and not gathered yet
		{"s3://" + d.source + "/" + key(9), "gone", "configtrail: not found: the object is gone\n", exitMissing},
		{"s3://elsewhere/" + key(1), "foreign", "configtrail: invalid: the object is in none of the sources\n  name its place in CONFIGTRAIL_SOURCES\n", exitUsage},
		{"s3://" + d.source + "/" + folder + "notes.txt", "ignored", "configtrail: invalid: the object is no delivery of AWS Config, and no log of CloudTrail\n", exitUsage},
		{"notes.txt", "", "configtrail: invalid: notes.txt is no S3 URL\n  write it as s3://bucket/prefix\n", exitUsage},
		{poison.URI, "failed", "configtrail: ", exitFailed},
	} {
		code, out, said := run(t, d.env(), "object", test.uri)
		if code != test.code || test.outcome != "" && !strings.Contains(out, `"outcome":"`+test.outcome+`","exit":`+fmt.Sprint(code)) || !strings.HasPrefix(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: exit %d\n%s%s", test.uri, code, out, said)
		}
		if strings.Contains(out+said, "json.gz") {
			t.Errorf("%s is named:\n%s%s", test.uri, out, said)
		}
	}
}

// Fifty invocations at once, over objects that are the same and others, and then
// some that gather at once, lose nothing and double nothing.
func TestManyAtOnce(t *testing.T) {
	d := deploy(t, folder)
	const most = 50
	objects := d.load(t, 250, small())
	batches := make([][]string, most)
	for i := range batches {
		for n := range 6 { // each object is in about four batches
			object := objects[(i*6+n*7)%len(objects)]
			batches[i] = append(batches[i], ways(d.source, object)[(i+n)%4])
		}
	}
	for i, object := range objects {
		batches[i%most] = append(batches[i%most], ways(d.source, object)[i%4])
	}
	f := d.startMany(t, most)
	var callers sync.WaitGroup
	for _, bodies := range batches {
		q := queue.New().Make("one", queue.Options{})
		q.Send(bodies...)
		mapping := queue.Mapping{Queue: q, Function: f.Function, Most: 1, Batch: len(bodies)}
		callers.Go(func() {
			brought, err := mapping.Bring(t.Context())
			if err != nil || brought.Returned != 0 || brought.Failed != 0 || brought.Invocations != 1 {
				t.Errorf("%s, %v", brought, err)
			}
		})
	}
	callers.Wait()
	for range 3 {
		callers.Go(func() {
			if result, err := f.Invoke(t.Context(), []byte(`{"task":"gather"}`)); err != nil || result.Failed {
				t.Errorf("gather: %v, %s", err, result.Payload)
			}
		})
	}
	callers.Wait()
	d.task(t, `{"task":"gather"}`)
	l := d.lake(t)
	checkRows(t, d.reference(t), rowsOf(t, l))
	if staged, err := l.Staged(t.Context()); err != nil || staged.Notes != 0 {
		t.Errorf("%d notes are left, %v", staged.Notes, err)
	}
	compacted := d.task(t, `{"task":"compact"}`)
	if len(compacted) != 4 {
		t.Errorf("compacted %v", compacted)
	}
	checkRows(t, d.reference(t), rowsOf(t, d.lake(t)))
}
