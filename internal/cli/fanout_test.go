package cli_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// sent are the objects of all messages in the queue, each message by account and
// day, as the ingest function reads them.
func (c *cloud) sent() (messages [][]delivery.Written) {
	c.t.Helper()
	for _, m := range c.queue.Messages() {
		if len(m.Body) > 25<<10 {
			c.t.Errorf("a message of %d bytes", len(m.Body))
		}
		parsed, err := delivery.ParseMessage([]byte(m.Body))
		if err != nil || parsed.Kind != delivery.MessageObjects || parsed.Ignored != 0 {
			c.t.Fatalf("message %s: %+v, %v", m.Body, parsed, err)
		}
		messages = append(messages, parsed.Objects)
	}
	return messages
}

// The messages of a fan-out name every object that is due, with keys as they are,
// one account and day to a message, and a second run sends what is not in by then.
func TestFanOut(t *testing.T) {
	c := newCloud(t)
	keys := []string{}
	add := func(k, content string) {
		c.put(k, content)
		keys = append(keys, k)
	}
	for _, account := range []string{"111122223333", "444455556666"} {
		for _, region := range []string{"ap-northeast-1", "us-east-1"} {
			for day := 1; day <= 2; day++ {
				for i := range 7 {
					add(key(account, region, fmt.Sprintf("2024/11/%d", day), fmt.Sprintf("Custom::Type::T%d", i)), empty)
				}
			}
		}
	}
	for _, odd := range []string{"a b+c", "100%", "%41", "設定 東京", "a&b=c?d#e;f", `quote"back\slash`} {
		add("AWSLogs/111122223333/Config/us-east-1/2024/11/3/OversizedChangeNotification/AWS::SNS::Topic/"+odd+"/x.json.gz", empty)
	}
	add(key("444455556666", "us-east-1", "2024/11/4", "Custom::Large::One"), strings.Repeat(" ", 9<<20))
	add(key("444455556666", "us-east-1", "2024/11/4", "Custom::Small::One"), empty)
	c.put("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", "")
	if got := c.run("init"); got.code != 0 {
		t.Fatalf("init: %+v", got)
	}

	got := c.run("ingest", "s3://logs", "--queue", c.queue.URL(), "--format", "json")
	if got.code != 0 || got.errors != "" {
		t.Fatalf("fan out: %+v", got)
	}
	// Of each of the four days of an account 14 objects in two messages, the odd keys in one, the large one and the one behind it apart.
	want := fmt.Sprintf(`{"queue":%q,"messages":11,"sent":64,"bytes":%d,"accounts":2,"days":6,"objects":{"seen":65,"new":64,"already":0,"ignored":1,"archived":0}}`+"\n",
		c.queue.URL(), 9<<20+63*len(empty))
	if got.out != want {
		t.Errorf("told %s, want %s", got.out, want)
	}
	named := []string{}
	for _, objects := range c.sent() {
		days := map[string]bool{}
		for _, o := range objects {
			if o.Bucket != "logs" || o.ETag == "" || o.Size == 0 {
				t.Errorf("object %+v", o)
			}
			named = append(named, o.Key)
			k := delivery.ParseKey(o.Key)
			days[k.Account+" "+k.Day.Format(time.DateOnly)] = true
		}
		if len(days) != 1 || len(objects) > 10 {
			t.Errorf("a message of %d objects of %v", len(objects), slices.Sorted(maps.Keys(days)))
		}
	}
	slices.Sort(keys)
	slices.Sort(named)
	if diff := cmp.Diff(keys, named); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if len(c.reads) > 0 {
		t.Errorf("objects were read: %v", c.reads)
	}

	// One account arrives; only the other one is sent again.
	if got := c.run("ingest", "s3://logs/AWSLogs/111122223333"); got.code != 0 {
		t.Fatalf("ingest: %+v", got)
	}
	before := len(c.sent())
	got = c.run("ingest", "s3://logs", "--queue", c.queue.URL(), "--since", "2024-11-02")
	text := "65 objects listed"
	if got.code != 0 || strings.Contains(got.out, text) || !strings.Contains(got.out, "\n4 messages sent to "+c.queue.URL()+": 16 objects (9.4 MB) of 1 account, 2 days of an account\n") {
		t.Errorf("again: %+v", got)
	}
	for _, objects := range c.sent()[before:] {
		for _, o := range objects {
			if !strings.Contains(o.Key, "/444455556666/") || strings.Contains(o.Key, "/2024/11/1/") {
				t.Errorf("sent again: %s", o.Key)
			}
		}
	}
}

// What is fanned out, taken by the function's way and gathered, makes the rows
// that a load here makes.
func TestFannedOutIsTheSameAsReadHere(t *testing.T) {
	c := newCloud(t)
	world := filepath.Join("..", "..", "cmd", "configtrail", "testdata", "bucket.txtar")
	for name, data := range unpacked(t, world) {
		c.put(name, data)
	}
	// One key for both lakes, so that what is redacted reads the same.
	file := filepath.Join(c.home, "redact.key")
	secret, err := redact.LoadOrCreateKey(file)
	if err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(c.home, "here")
	if got := c.run("ingest", "s3://logs", "--lake", here, "--redact-key-file", file, "--quiet"); got.code != 3 { // two of them are broken
		t.Fatalf("ingest: %+v", got)
	}
	if got := c.run("init", "--redact-key-file", file); got.code != 0 {
		t.Fatalf("init: %+v", got)
	}
	if got := c.run("ingest", "s3://logs", "--queue", c.queue.URL()); got.code != 0 {
		t.Fatalf("fan out: %+v", got)
	}
	c.take(filepath.Join(c.home, "lake"), secret)
	changes := []string{"changes", "--from", "2020-01-01", "--noise", "include", "--limit", "0", "--fail-on", "none", "--format", "jsonl"}
	want, got := c.run(append(changes, "--lake", here)...), c.run(changes...)
	if diff := cmp.Diff(withoutSources(t, want.out), withoutSources(t, got.out)); diff != "" || got.code != 0 || strings.Count(got.out, "\n") < 13 {
		t.Errorf("exit code %d, changes (-read here +fanned out):\n%s", got.code, diff)
	}
	if got := c.run("doctor", "--fail-on", "none", "--format", "json"); !strings.Contains(got.out, `"items":20,"objects":17,`) {
		t.Errorf("doctor: %s", got.out)
	}
	if got := c.run("ingest", "s3://logs", "--queue", c.queue.URL()); !strings.Contains(got.out, "\nNothing was sent: everything is in the lake.\n") {
		t.Errorf("again: %+v", got)
	}
}

// withoutSources are changes without the objects that they were read in: of two
// that hold the same item either may come first.
func withoutSources(t *testing.T, lines string) (changes []map[string]any) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var change map[string]any
		if err := json.Unmarshal([]byte(line), &change); err != nil {
			t.Fatal(err)
		}
		delete(change, "source")
		delete(change, "source_before")
		changes = append(changes, change)
	}
	return changes
}

// take does what the deployed functions do: it takes every message, in batches,
// gathers and derives.
func (c *cloud) take(dir string, secret redact.Key) {
	c.t.Helper()
	ctx := c.t.Context()
	l, err := lake.Create(ctx, lake.Options{Dir: dir, RedactKeyID: secret.ID})
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	bucket, err := blob.OpenS3(aws.Config{
		Region: "us-east-1", BaseEndpoint: &c.address, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, "s3://logs", blob.S3Options{PathStyle: true})
	if err != nil {
		c.t.Fatal(err)
	}
	options := ingest.TakeOptions{Lake: l, HashKey: secret.Bytes(), Redactor: redact.New(secret.Bytes()), Sources: []ingest.Source{{Bucket: bucket}}}
	for batch := range slices.Chunk(c.queue.Messages(), 3) {
		var messages []ingest.Message
		for _, m := range batch {
			messages = append(messages, ingest.Message{ID: m.ID, Body: m.Body})
		}
		taken, _, err := ingest.Take(ctx, options, messages)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, one := range taken {
			if one.Outcome != ingest.Ingested {
				c.t.Errorf("taken: %+v", one)
			}
		}
	}
	if _, err := l.Gather(ctx); err != nil {
		c.t.Fatal(err)
	}
	if _, err := ingest.Derive(ctx, l); err != nil {
		c.t.Fatal(err)
	}
}

// What is wrong with a queue is told with what to do.
func TestFanOutRefusals(t *testing.T) {
	c := newCloud(t)
	c.put(key("111122223333", "us-east-1", "2024/11/1", "AWS::SNS::Topic"), empty)
	if err := os.MkdirAll(filepath.Join(c.home, "folder"), fs.ModePerm); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"s3://logs", "--queue", "ingest"}, 2, "configtrail: ingest is no URL of a queue\n  → write it as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, "},
		{[]string{"s3://logs", "--queue", "https://sqs.us-east-1.amazonaws.com/"}, 2, "is no URL of a queue"},
		{[]string{filepath.Join(c.home, "folder"), "--queue", c.queue.URL()}, 2, "is no bucket, and functions read nothing else\n"},
		{[]string{"s3://logs", "--queue", c.queue.URL()}, 4, "configtrail: no lake at "},
		{[]string{"s3://logs", "--dry-run", "--prices", "nowhere.json"}, 4, "configtrail: there is no price file nowhere.json\n"},
	} {
		got := c.run(append([]string{"ingest"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.errors, test.said) || got.out != "" {
			t.Errorf("%v: %+v, want %d and %q", test.args, got, test.code, test.said)
		}
	}
	if got := c.run("init"); got.code != 0 {
		t.Fatalf("init: %+v", got)
	}
	other := strings.TrimSuffix(c.queue.URL(), "ingest") + "gone"
	if got := c.run("ingest", "s3://logs", "--queue", other); got.code != 4 || !strings.HasPrefix(got.errors, "configtrail: there is no queue "+other+"\n  → ") {
		t.Errorf("a queue that is not there: %+v", got)
	}
}

// unpacked are the files of an archive.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range archive.Files {
		all[file.Name] = string(file.Data)
	}
	return all
}
