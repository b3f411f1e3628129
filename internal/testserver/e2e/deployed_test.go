package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"

	"configtrail/internal/testserver/queue"
)

// TestTheDeployedShape plays a deployment on loopback: Config's notifications come
// first, then each object is put and told of, the functions take and gather, and
// what they answer has to be what one ingest on one machine finds.
func TestTheDeployedShape(t *testing.T) {
	p := build(t)
	d := deploy(t, p)

	objects := d.organisation(t)
	d.reference(t, objects)

	d.lakeRun(t, "init")
	d.stream(objects)
	d.bring(t) // changes are known before their files are there
	d.invoke(t, gatherFunction, `{"task":"gather"}`)
	early := len(d.changes(t, d.lakeRun))
	for i, o := range objects {
		if _, err := d.stack.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &d.source, Key: &o.key, Body: bytes.NewReader(o.data)}); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(d.silent, func(s object) bool { return s.key == o.key }) {
			continue
		}
		d.queue.Send(eventOf(d.source, o, i))
		if i%7 == 0 {
			d.queue.Send(eventOf(d.source, o, i+1)) // told of twice, by another way
		}
		if i%150 == 149 {
			d.bring(t)
		}
		if i%400 == 399 {
			d.invoke(t, gatherFunction, `{"task":"gather"}`)
		}
	}
	d.bring(t)
	d.poison(t, objects)
	builds := d.builds.Wait()
	for _, b := range builds {
		if b.Exit != 0 && b.Exit != 3 {
			t.Errorf("a longer run ended with %d:\n%s", b.Exit, b.Output)
		}
	}
	if len(builds) == 0 {
		t.Error("no object was handed to a longer run")
	}
	d.invoke(t, listingFunction, `{"task":"list","days":36500}`)
	if listed := d.builds.Wait(); len(listed) == len(builds) {
		t.Error("the listing handed no object to a longer run")
	}
	d.invoke(t, gatherFunction, `{"task":"gather"}`)
	d.invoke(t, compactFunction, `{"task":"compact"}`)
	t.Logf("%d objects, %d longer runs, %d changes from notifications alone", len(objects), len(builds), early)

	t.Run("each change once", func(t *testing.T) {
		want, got := d.changes(t, d.localRun), d.changes(t, d.lakeRun)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("the ledger differs from that of one local ingest, which has %d changes (-local +deployed):\n%s", len(want), diff)
		}
		if early == 0 || early > len(want) {
			t.Errorf("%d changes were known from notifications alone, of %d", early, len(want))
		}
	})
	t.Run("the answer", func(t *testing.T) {
		var local told
		if err := json.Unmarshal(d.localRun(t, "report", monthText, "--format", "json", "--lang", "ja"), &local); err != nil {
			t.Fatal(err)
		}
		f := d.answer(t)
		a := curl(t, f.URL, question)
		if a.Code != 200 || a.Status != "SUCCEEDED" {
			t.Fatalf("%d %s", a.Code, a.text())
		}
		t.Log(a.text())
		if r := report(t, f.URL); r.Totals != local.Totals || r.Totals.Changes == 0 {
			t.Errorf("totals %+v, of one local ingest %+v", r.Totals, local.Totals)
		}
	})
	t.Run("days and months", func(t *testing.T) {
		d.invoke(t, dailyFunction, `{"task":"daily"}`)
		d.invoke(t, monthlyFunction, `{"task":"monthly","month":"`+monthText+`"}`)
		published := d.topic.Published()
		if len(published) == 0 {
			t.Fatal("nothing was published")
		}
		for _, one := range published {
			t.Logf("%s\n%s", one.Subject, one.Message)
		}
		for _, format := range []string{"json", "html", "md"} {
			key := "reports/" + year + "/09/report." + format
			if _, err := d.stack.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &d.lake, Key: &key}); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	})
	t.Run("least privilege", d.leastPrivilege)
}

// poison has an object that can't be read come to the dead letters, with the reason.
func (d *deployment) poison(t *testing.T, objects []object) {
	t.Helper()
	i := slices.IndexFunc(objects, func(o object) bool {
		return strings.HasSuffix(o.key, "_1.json.gz") && !strings.HasPrefix(o.key, organisationFolders)
	})
	refused := object{strings.TrimSuffix(objects[i].key, "_1.json.gz") + refusedEnd, objects[i].data}
	if _, err := d.stack.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &d.source, Key: &refused.key, Body: bytes.NewReader(refused.data)}); err != nil {
		t.Fatal(err)
	}
	d.queue.Send(eventOf(d.source, refused, 0))
	m := queue.Mapping{Queue: d.queue, Function: d.functions[ingestFunction]}
	if _, err := m.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	dead := d.dead.Messages()
	if len(dead) != 1 || !strings.HasSuffix(dead[0].Attributes["object"].StringValue, refusedEnd) || !strings.Contains(dead[0].Attributes["reason"].StringValue, "denied") {
		t.Errorf("the dead letters are %v, want one with its object and reason", dead)
	}
}

// bring lets the queue's messages be taken.
func (d *deployment) bring(t *testing.T) {
	t.Helper()
	m := queue.Mapping{Queue: d.queue, Function: d.functions[ingestFunction], Batch: 10, Most: 4}
	brought, err := m.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if brought.Failed > 0 {
		t.Errorf("%d invocations failed: %v", brought.Failed, brought)
	}
	for _, message := range d.dead.Messages() {
		t.Errorf("a dead letter: %v\n%s", message.Attributes, message.Body)
	}
}

func (d *deployment) invoke(t *testing.T, name, event string) {
	t.Helper()
	result, err := d.functions[name].Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	if result.Failed {
		t.Fatalf("%s %s: %s", name, event, result.Payload)
	}
	t.Logf("%s: %s (%v)", name, result.Payload, result.Took.Round(time.Millisecond))
}

// changes are all changes of a lake, without what may differ: which of several
// deliveries of an item a row names, and what was worked out of its key.
func (d *deployment) changes(t *testing.T, run func(*testing.T, ...string) []byte) []string {
	t.Helper()
	out := run(t, "changes", "--noise", "include", "--format", "jsonl", "--from", "2000-01-01", "--to", "2100-01-01", "--tz", "UTC", "--limit", "0")
	var all []string
	for line := range bytes.Lines(out) {
		var change map[string]any
		if err := json.Unmarshal(line, &change); err != nil {
			t.Fatal(err)
		}
		delete(change, "source")
		delete(change, "source_before")
		text, err := json.Marshal(change)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

// reference ingests the organisation once, on this machine.
func (d *deployment) reference(t *testing.T, objects []object) {
	t.Helper()
	folder := filepath.Join(d.dir, "bucket")
	for _, o := range objects {
		path := filepath.Join(folder, filepath.FromSlash(o.key))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, o.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.localRun(t, "ingest", folder, "--quiet")
}

// object is one object of the organisation's bucket.
type object struct {
	key  string
	data []byte
}

// bySize gives the size that so many objects are above.
func bySize(objects []object, above int) int {
	sizes := make([]int, len(objects))
	for i, o := range objects {
		sizes[i] = len(o.data)
	}
	slices.SortFunc(sizes, func(a, b int) int { return cmp.Compare(b, a) })
	return sizes[min(above, len(sizes)-1)]
}

// eventOf tells of an object as S3 does: to the queue itself, through a topic, or
// through EventBridge.
func eventOf(bucket string, o object, way int) string {
	account, region := "123456789012", "ap-northeast-1"
	s3Event := text(map[string]any{"Records": []any{map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region, "eventTime": "2024-09-30T12:00:00.000Z", "eventName": "ObjectCreated:Put",
		"s3": map[string]any{
			"s3SchemaVersion": "1.0",
			"bucket":          map[string]any{"name": bucket, "arn": "arn:aws:s3:::" + bucket, "ownerIdentity": map[string]any{"principalId": "A3NL1KOZZKExample"}},
			"object":          map[string]any{"key": encoded(o.key), "size": len(o.data), "eTag": etag(o.data), "sequencer": "0055AED6DCD90281E5"},
		},
	}}})
	switch way % 3 {
	case 0:
		return s3Event
	case 1:
		return envelope(fmt.Sprintf("00000000-0000-4000-8000-%012d", way), "Amazon S3 Notification", s3Event)
	}
	return text(map[string]any{
		"version": "0", "id": fmt.Sprintf("00000000-0000-4000-9000-%012d", way), "detail-type": "Object Created", "source": "aws.s3",
		"account": account, "time": "2024-09-30T12:00:00Z", "region": region, "resources": []string{"arn:aws:s3:::" + bucket},
		"detail": map[string]any{
			"version": "0", "bucket": map[string]any{"name": bucket}, "request-id": "N4N7GDK58NMKJ12R", "requester": account, "reason": "PutObject",
			"object": map[string]any{"key": o.key, "size": len(o.data), "etag": etag(o.data), "sequencer": "0055AED6DCD90281E5"},
		},
	})
}

// encoded is a key as notifications of S3 have it.
func encoded(key string) string {
	var b strings.Builder
	for _, c := range []byte(key) {
		switch {
		case c == ' ':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/-_.*", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// envelope is a message as SNS hands it on.
func envelope(id, subject, message string) string {
	return text(map[string]any{
		"Type": "Notification", "MessageId": id, "TopicArn": "arn:aws:sns:ap-northeast-1:123456789012:config-topic",
		"Subject": subject, "Message": message, "Timestamp": "2024-09-30T12:00:00.000Z", "SignatureVersion": "1",
	})
}

func text(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // maps of texts and numbers can always be written
	}
	return strings.TrimSuffix(b.String(), "\n")
}
