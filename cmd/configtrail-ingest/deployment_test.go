package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
	"configtrail/internal/testserver/build"
	"configtrail/internal/testserver/queue"
	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/secrets"
	"configtrail/internal/testserver/stack"
	"configtrail/internal/testserver/topic"
)

const (
	owner     = "123456789012" // of all buckets
	topicName = "arn:aws:sns:us-east-1:123456789012:configtrail-reports"
	keyText   = "Zk3v9QpXr7LsD2mNbW8yTfHc5JgA4eUuKoRiPq61VxYwMnBtCaEdFhGjIlSzO0Q2" // as Secrets Manager generates one
	project   = "configtrail-long-run"
	receives  = 3
)

// deployment is the stack around the function, with servers of its own.
type deployment struct {
	*stack.Front
	queue, dead  *queue.Queue
	topic        *topic.Server
	builds       *build.Server
	source, home string // buckets: of deliveries, and of the lake
	place        string // of deliveries
	database     string
	logs         *output
	function     *runtime.Started // of the queue
	gather       *runtime.Started // of the tasks

	held    atomic.Value // string: what has it in its key is not given before the caller leaves
	mu      sync.Mutex
	written map[string]int64 // bytes that S3 was sent, by folder
	calls   map[string]int   // by service and operation
}

// deploy makes the buckets, the lake's tables and the function. prefix is the
// folder of the deliveries in their bucket.
func deploy(t *testing.T, prefix string, env ...string) *deployment {
	t.Helper()
	d := around(t, prefix, env...)
	d.makeLake(t)
	d.function = d.start(t, env...)
	d.gather = d.function
	return d
}

// around is what stands around a function.
func around(t *testing.T, prefix string, env ...string) *deployment {
	t.Helper()
	s := stack.Start(t)
	d := &deployment{source: s.Bucket(t), home: s.Bucket(t), database: s.Database(t), topic: topic.New(topicName), logs: &output{}, calls: map[string]int{}, written: map[string]int64{}}
	d.place = "s3://" + d.source + "/" + prefix
	queues := queue.New()
	d.dead = queues.Make("ingest-dead", queue.Options{})
	d.queue = queues.Make("ingest", queue.Options{Receives: receives, DeadLetters: "ingest-dead"})
	projects := map[string]build.Project{}
	d.builds = build.New(projects, 2)
	d.Front = s.Front(t, stack.FrontOptions{Watch: d.watch, S3: d.refuse, Services: map[string]http.Handler{
		"sqs": queues, "sns": d.topic, "codebuild": d.builds, "secretsmanager": secrets.New(map[string]string{"configtrail/redact": keyText}),
	}})
	projects[project] = build.Project{Program: binary(t), Args: []string{"object", "$CONFIGTRAIL_OBJECT"}, Env: d.env(env...)}
	return d
}

// env is the function's environment.
func (d *deployment) env(more ...string) []string {
	sources, _ := json.Marshal([]place{{Place: d.place, Owner: owner}})
	return append(append(d.Env(),
		"CONFIGTRAIL_LAKE=s3://"+d.home+"/lake", "CONFIGTRAIL_DATABASE="+d.database, "CONFIGTRAIL_LAKE_OWNER="+owner,
		"CONFIGTRAIL_REDACT_KEY_SECRET=configtrail/redact", "CONFIGTRAIL_SOURCES="+string(sources), "CONFIGTRAIL_PATH_STYLE=true",
		"CONFIGTRAIL_DEAD_LETTERS="+d.dead.URL(), fmt.Sprintf("CONFIGTRAIL_RECEIVES=%d", receives), "CONFIGTRAIL_TOPIC="+topicName), more...)
}

// start starts the function as one more of the stack's.
func (d *deployment) start(t *testing.T, env ...string) *runtime.Started {
	t.Helper()
	return runtime.Start(t, runtime.Options{Binary: binary(t), Env: d.env(env...), Timeout: 2 * time.Minute, Most: 8, Output: d.logs})
}

// startMany starts the function for many invocations at once.
func (d *deployment) startMany(t *testing.T, most int) *runtime.Started {
	t.Helper()
	return runtime.Start(t, runtime.Options{Binary: binary(t), Env: d.env("GOMAXPROCS=2"), Timeout: 4 * time.Minute, Most: most, Output: d.logs})
}

// refuse answers what is asked of a poisoned object as S3 does where a bucket's
// policy says no.
func (d *deployment) refuse(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, poisoned) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>`)
			return
		}
		if held, _ := d.held.Load().(string); held != "" && r.Method == http.MethodGet && strings.Contains(r.URL.Path, held) {
			<-r.Context().Done()
			return
		}
		next.ServeHTTP(w, r)
	})
}

// poisoned is in the names of objects that nobody may read.
const poisoned = "_poison_"

// watch counts calls.
func (d *deployment) watch(r *http.Request) {
	service, name := "s3", r.Method
	if _, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		service = strings.Split(scope+"////", "/")[3]
	}
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		name = operation
	}
	if service == "s3" && r.Method == http.MethodGet && r.URL.Query().Has("list-type") {
		name = "LIST"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[service+" "+name]++
	if service == "s3" && r.ContentLength > 0 {
		d.written[folderOf(r.URL.Path)] += r.ContentLength
	}
}

// folderOf is the part of the lake that a request is about; "" for no part of it.
func folderOf(path string) string {
	_, below, _ := strings.Cut(path, "/lake/")
	parts := strings.SplitN(below, "/", 3)
	if len(parts) < 3 {
		return parts[0]
	}
	return parts[0] + "/" + parts[1]
}

// copyWritten are the bytes so far.
func (d *deployment) copyWritten() map[string]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.written)
}

// copyCalls are the calls so far.
func (d *deployment) copyCalls() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.calls)
}

// key is the lake's.
func key(t *testing.T) redact.Key {
	t.Helper()
	k, err := redact.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (d *deployment) lakeOptions(t *testing.T) lake.Options {
	t.Helper()
	bucket, err := blob.OpenS3(d.Config(t), "s3://"+d.home+"/lake", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return lake.Options{S3: &lake.S3{Bucket: bucket, Glue: d.Config(t), Database: d.database}, RedactKeyID: key(t).ID}
}

func (d *deployment) makeLake(t *testing.T) {
	t.Helper()
	l, err := lake.Create(t.Context(), d.lakeOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// lake opens the lake for looking.
func (d *deployment) lake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Open(t.Context(), d.lakeOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// put writes an object and gives it as a listing does.
func (d *deployment) put(t *testing.T, key string, data []byte) blob.Object {
	t.Helper()
	out, err := d.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &d.source, Key: &key, Body: strings.NewReader(string(data))})
	if err != nil {
		t.Fatal(err)
	}
	return blob.Object{Key: key, URI: "s3://" + d.source + "/" + key, ETag: strings.Trim(*out.ETag, `"`), Size: int64(len(data))}
}

// mapping brings the queue's messages to the function.
func (d *deployment) mapping() *queue.Mapping {
	return &queue.Mapping{Queue: d.queue, Function: d.function.Function, Most: 4}
}

// drain brings all messages until the queue is empty.
func (d *deployment) drain(t *testing.T) queue.Brought {
	t.Helper()
	brought, err := d.mapping().Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if brought.Failed > 0 {
		t.Errorf("%d invocations failed: %s", brought.Failed, d.tail())
	}
	return brought
}

// task asks for a task and gives its counts.
func (d *deployment) task(t *testing.T, event string) map[string]any {
	t.Helper()
	result, err := d.gather.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]any{}
	if err := json.Unmarshal(result.Payload, &counts); err != nil || result.Failed {
		t.Fatalf("%s: %s", event, result.Payload)
	}
	return counts
}

// lines are the log's of a task.
func (d *deployment) lines(t *testing.T, task string) (all []map[string]any) {
	t.Helper()
	for scanner := bufio.NewScanner(strings.NewReader(d.logs.String())); scanner.Scan(); {
		var line map[string]any
		if !strings.HasPrefix(scanner.Text(), "{") {
			continue // an error, as the runtime's client prints it too
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Errorf("logged: %s", scanner.Text())
		}
		if line["task"] == task && line["msg"] == "done" {
			all = append(all, line)
		}
	}
	return all
}

// sums ends the function and adds up the counts of all batches that it logged.
func (d *deployment) sums(t *testing.T, names ...string) map[string]int {
	t.Helper()
	d.function.Close() // what it prints comes by another way than its answers
	sums := map[string]int{}
	for _, line := range d.lines(t, taskIngest) {
		for _, name := range names {
			n, _ := line[name].(float64)
			sums[name] += int(n)
		}
	}
	return sums
}

// rows are the items and the ledger of a lake, without where they came from.
type rows struct {
	Items   []string
	Changes []configtrail.Change
}

func rowsOf(t *testing.T, l *lake.Lake) (r rows) {
	t.Helper()
	seen := map[string]bool{}
	for item, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%v %s %s %s", item.Key, item.CaptureTime.UTC().Format(time.RFC3339Nano), item.Status, item.ContentHash)
		if !seen[text] {
			r.Items = append(r.Items, text)
		}
		seen[text] = true
	}
	for change, err := range l.ChangesInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		change.Source = configtrail.Source{}
		change.SourceBefore = nil
		r.Changes = append(r.Changes, change)
	}
	return r
}

func checkRows(t *testing.T, want, got rows) {
	t.Helper()
	if len(want.Items) == 0 || len(want.Changes) == 0 {
		t.Fatalf("the reference has %d items and %d changes", len(want.Items), len(want.Changes))
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%.4000s", diff)
	}
}
