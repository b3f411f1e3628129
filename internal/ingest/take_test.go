package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
)

// object is an object of a bucket as its event tells of it.
func (m *memory) event(key string) blob.Object {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.object(key)
}

// opened counts which objects are read.
type opened struct {
	*memory
	keys []string
	fail map[string]error
}

func (o *opened) Open(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
	o.mu.Lock()
	o.keys = append(o.keys, object.Key)
	err, version := o.fail[object.Key], fmt.Sprint(o.objects[object.Key].version)
	o.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case o.objects[object.Key].version > 0 && object.ETag != version:
		return nil, blob.ErrChanged
	}
	return o.memory.Open(ctx, object)
}

// One batch holds everything that a queue may bring; nothing of it disturbs the rest.
func TestABatchOfEverything(t *testing.T) {
	l := newLake(t)
	bucket := &opened{memory: newMemory("logs"), fail: map[string]error{}}
	put := func(key string, content []byte) blob.Object {
		bucket.put(key, content)
		return bucket.event(key)
	}
	good := put(historyKey(t, "good", "2024-11-05T06:00:00Z"), history(vpc("2024-11-05T01:00:00Z", "10.0.0.0/16")))
	plus := put("年 +%/"+historyKey(t, "plus", "2024-11-05T12:00:00Z"), history(vpc("2024-11-05T07:00:00Z", "10.1.0.0/16")))
	cut := put(historyKey(t, "cut", "2024-11-05T18:00:00Z"), history(vpc("2024-11-05T13:00:00Z", "10.2.0.0/16"))[:60])
	broken := put(historyKey(t, "broken", "2024-11-05T18:00:00Z"), history(vpc("2024-11-05T14:00:00Z", "10.3.0.0/16")))
	bucket.fail[broken.Key] = errors.New("the connection broke")
	cold := put(historyKey(t, "cold", "2024-11-05T18:00:00Z"), history(vpc("2024-11-05T15:00:00Z", "10.4.0.0/16")))
	bucket.archive(cold.Key, true)
	large := put(historyKey(t, "large", "2024-11-05T18:00:00Z"), history(vpc("2024-11-05T16:00:00Z", "10.5.0.0/16")))
	large.Size = 1 << 20
	gone := blob.Object{Key: historyKey(t, "gone", "2024-11-05T18:00:00Z"), ETag: "1", Size: 100}
	folder := put("AWSLogs/"+account+"/Config/"+region+"/2024/11/5/ConfigHistory/", nil)
	digest := put("AWSLogs/"+account+"/CloudTrail-Digest/"+region+"/2024/11/05/x.json.gz", []byte("digest"))
	check := put("AWSLogs/"+account+"/Config/ConfigWritabilityCheckFile", nil)
	other := put("AWSLogs/"+account+"/vpcflowlogs/"+region+"/2024/11/05/x.log.gz", []byte("flow"))
	outside := blob.Object{Key: "elsewhere/" + good.Key, ETag: "1", Size: 100}

	options := takeOptions(l, bucket)
	options.Large = 1 << 19
	taken, summary := take(t, options,
		written("logs", good), writtenEvent("logs", plus), notified(written("logs", cut)), written("logs", broken),
		written("logs", cold), written("logs", large), written("logs", gone), written("logs", folder), writtenEvent("logs", digest),
		written("logs", check), written("logs", other), written("another-bucket", outside),
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}`, `{"hello":"world"}`, `not even JSON`,
		`{"messageType":"OversizedConfigurationItemChangeNotification","s3DeliverySummary":{"s3BucketLocation":"another-bucket/x.json.gz"}}`,
		`{"messageType":"ConfigurationHistoryDeliveryCompleted"}`,
		written("logs", good), written("logs", broken),
	)
	checkOutcomes(t, taken, "ingested", "ingested", "ingested", "failed",
		"archived", "large", "gone", "ignored", "ignored",
		"ignored", "ignored", "foreign",
		"test_event", "failed", "failed", "waiting", "ignored",
		"already", "failed")
	if got := taken[3].Err.Error(); !strings.Contains(got, "the connection broke") {
		t.Errorf("the broken object says %q", got)
	}
	if taken[5].Objects[0].URI != "s3://logs/"+large.Key || taken[5].Objects[0].Size != 1<<20 {
		t.Errorf("the large object is %+v", taken[5].Objects[0])
	}
	d := summary.Deliveries
	if d.Seen != 12 || d.Ingested != 3 || d.Ignored != 4 || d.Archived != 1 || d.Quarantined != 1 || summary.Items.Added != 2 {
		t.Errorf("summary %+v, items %+v", d, summary.Items)
	}
	for _, key := range bucket.keys {
		if key == large.Key || key == folder.Key || strings.HasPrefix(key, "elsewhere/") {
			t.Errorf("%s was opened", key)
		}
	}
	if gathered := gather(t, l); gathered.Notes != 1 || gathered.Deliveries != 4 {
		t.Errorf("gathered %+v", gathered)
	}
	checkTold(t, l, `vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0.0.0/16"→"10.1.0.0/16"`)
	if row := deliveriesOf(t, l)[cold.Key]; !row.Archived {
		t.Errorf("the archived object's row is %+v", row)
	}
	if row := deliveriesOf(t, l)[cut.Key]; len(row.Quarantined) != 1 || row.Quarantined[0].Code != configtrail.CodeTruncated {
		t.Errorf("the cut object's row is %+v", row)
	}

	// Delivered again: what failed is read, what is in is not even opened.
	bucket.keys, bucket.fail = nil, nil
	taken, _ = take(t, options, written("logs", good), written("logs", cut), written("logs", cold), written("logs", broken))
	checkOutcomes(t, taken, "already", "already", "archived", "ingested")
	slices.Sort(bucket.keys)
	if diff := gocmp.Diff([]string{broken.Key, cold.Key}, bucket.keys); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	if gathered := gather(t, l); gathered.Deliveries != 1 {
		t.Errorf("gathered %+v; the archived object is told of already", gathered)
	}
	bucket.archive(cold.Key, false)
	restored := strings.Replace(written("logs", cold), "ObjectCreated:Put", "ObjectRestore:Completed", 1)
	taken, _ = take(t, options, restored)
	checkOutcomes(t, taken, "ingested")
	gather(t, l)
	checkTold(t, l,
		`vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0.0.0/16"→"10.1.0.0/16"`,
		`vpc-1 updated 11-05T14 after 11-05T07 cidrBlock "10.1.0.0/16"→"10.3.0.0/16"`,
		`vpc-1 updated 11-05T15 after 11-05T14 cidrBlock "10.3.0.0/16"→"10.4.0.0/16"`,
	)
}

// Several objects in one message are told one by one; the worst is the message's.
func TestAMessageOfSeveralObjects(t *testing.T) {
	l := newLake(t)
	bucket := newMemory("logs")
	key := historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(key, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	one, two := written("logs", bucket.event(key)), written("logs", blob.Object{Key: historyKey(t, "2", "2024-11-05T06:00:00Z"), ETag: "1", Size: 9})
	both := strings.TrimSuffix(one, "]}") + "," + strings.TrimPrefix(two, `{"Records":[`)
	taken, _ := take(t, takeOptions(l, bucket), both)
	checkOutcomes(t, taken, "gone")
	var got []string
	for _, object := range taken[0].Objects {
		got = append(got, object.Outcome.String())
	}
	if strings.Join(got, " ") != "ingested gone" {
		t.Errorf("objects are %q", got)
	}
}

// Sources bound what is read: the narrowest counts, and a name that only begins alike is another place.
func TestOnlyTheSourcesAreRead(t *testing.T) {
	l := newLake(t)
	at := func(name string) *memory { return newMemory(name) }
	inside, beside := "team/logs/"+historyKey(t, "1", "2024-11-05T06:00:00Z"), "team/logs-old/"+historyKey(t, "1", "2024-11-05T06:00:00Z")
	wide, narrow := at("logs"), at("logs/team/logs")
	narrow.put(inside, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	taken, _ := take(t, takeOptions(l, wide, narrow), written("logs", narrow.event(inside)), written("Logs", narrow.event(inside)))
	checkOutcomes(t, taken, "ingested", "foreign")
	taken, _ = take(t, takeOptions(l, narrow), written("logs", blob.Object{Key: beside, ETag: "1", Size: 1}))
	checkOutcomes(t, taken, "foreign")
}

// Of two events of one key the later state counts, whichever message tells of it first.
func TestAnObjectThatWasOverwritten(t *testing.T) {
	l := newLake(t)
	bucket := &opened{memory: newMemory("logs")}
	key := historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(key, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	before := bucket.event(key)
	bucket.put(key, history(vpc("2024-11-05T02:00:00Z", "10.1")))
	after := bucket.event(key)

	taken, _ := take(t, takeOptions(l, bucket), written("logs", after), written("logs", before))
	checkOutcomes(t, taken, "ingested", "already")
	gather(t, l)
	if row := deliveriesOf(t, l)[key]; row.ETag != after.ETag || row.Read != 1 {
		t.Errorf("the row is %+v", row)
	}
	bucket.keys = nil
	taken, _ = take(t, takeOptions(l, bucket), written("logs", before))
	checkOutcomes(t, taken, "already")
	if len(itemsOf(t, l)) != 1 {
		t.Errorf("%d items", len(itemsOf(t, l)))
	}
}

// Where the lake can't be written, everything that was taken is to be taken again.
func TestWhatIsNotStagedIsFailed(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	bucket := newMemory("logs")
	key := historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(key, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	taker := ingest.NewTaker(takeOptions(l, bucket))
	messages := queue(written("logs", bucket.event(key)), notified(changed(json.RawMessage(encode(vpc("2024-11-05T02:00:00Z", "10.1"))))),
		`{"Event":"s3:TestEvent"}`)

	stopped, stop := context.WithCancel(t.Context())
	stop()
	taken, _, err := taker.Take(stopped, messages)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	checkOutcomes(t, taken, "failed", "failed", "test_event")
	if waiting, err := l.Staged(t.Context()); err != nil || waiting.Notes != 0 {
		t.Errorf("%d notes: %v", waiting.Notes, err)
	}
	taken, _, err = taker.Take(t.Context(), messages)
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, taken, "ingested", "ingested", "test_event")
	gather(t, l)
	checkTold(t, l, `vpc-1 updated 11-05T02 after 11-05T01 cidrBlock "10.0"→"10.1"`)
}

// When the time is over, what was read whole is staged, and the rest comes again.
func TestTimeEndsAmidABatch(t *testing.T) {
	l := newLake(t)
	bucket := newMemory("logs")
	first, second := historyKey(t, "1", "2024-11-05T06:00:00Z"), historyKey(t, "2", "2024-11-05T12:00:00Z")
	bucket.put(first, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	bucket.put(second, history(vpc("2024-11-05T07:00:00Z", "10.1"), vpc("2024-11-05T08:00:00Z", "10.2")))
	ctx, stop := context.WithCancel(t.Context())
	stopping := arranged{Bucket: bucket, open: func(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
		body, err := bucket.Open(ctx, object)
		if object.Key == second {
			stop()
			<-ctx.Done()
			return io.NopCloser(io.MultiReader(io.LimitReader(body, 20), failing{ctx})), err
		}
		return body, err
	}}
	options := takeOptions(l, stopping)
	options.Workers = 1
	taken, _, err := ingest.Take(ctx, options, queue(written("logs", bucket.event(first)), written("logs", bucket.event(second))))
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, taken, "ingested", "failed")
	gather(t, l)
	if rows := deliveriesOf(t, l); len(rows) != 1 || rows[first].Read != 1 {
		t.Errorf("deliveries %+v", rows)
	}
	taken, _ = take(t, takeOptions(l, bucket), written("logs", bucket.event(second)))
	checkOutcomes(t, taken, "ingested")
	gather(t, l)
	checkTold(t, l, `vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0"→"10.1"`, `vpc-1 updated 11-05T08 after 11-05T07 cidrBlock "10.1"→"10.2"`)
}

type failing struct{ ctx context.Context }

func (f failing) Read([]byte) (int, error) { return 0, f.ctx.Err() }

// What is too large for a batch is read by itself, by its name alone.
func TestTakeObject(t *testing.T) {
	l := newLake(t)
	bucket := newMemory("logs")
	key := "年 +%/" + historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(key, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	options := takeOptions(l, bucket)
	options.Large = 1
	for _, test := range []struct{ uri, outcome string }{
		{"s3://logs/" + key, "ingested"},
		{"s3://logs/" + key + ".gz", "gone"},
		{"s3://other/" + key, "foreign"},
	} {
		taken, _, err := ingest.TakeObject(t.Context(), options, test.uri)
		if err != nil || taken.Outcome.String() != test.outcome {
			t.Errorf("%s is %s: %v", test.uri, taken.Outcome, err)
		}
	}
	gather(t, l)
	taken, _, err := ingest.TakeObject(t.Context(), options, "s3://logs/"+key)
	if err != nil || taken.Outcome != ingest.Already {
		t.Errorf("taken again: %s, %v", taken.Outcome, err)
	}
	if _, _, err := ingest.TakeObject(t.Context(), options, "/etc/passwd"); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a path gives %v", err)
	}
}

// The first delivery of a region decides which of its resources were new, also
// where the earlier delivery comes later and other processes took both.
func TestAnEarlierFirstDeliveryIsNoticed(t *testing.T) {
	l := newLake(t)
	bucket := newMemory("logs")
	late, early := historyKey(t, "1", "2024-11-05T06:00:00Z"), historyKey(t, "2", "2024-09-01T06:00:00Z")
	created := item{ID: "vpc-2", Captured: "2024-11-03T01:00:00Z", CIDR: "10.0", Created: "2024-11-03T00:30:00Z", Status: "ResourceDiscovered"}
	bucket.put(late, history(created))
	bucket.put(early, history(vpc("2024-09-01T01:00:00Z", "10.0")))
	take(t, takeOptions(l, bucket), written("logs", bucket.event(late)))
	gather(t, l)
	checkTold(t, l) // the recorder is as new as the VPC, as far as is known
	take(t, takeOptions(l, bucket), written("logs", bucket.event(early)))
	gather(t, l)
	checkTold(t, l, "vpc-2 created 11-03T01 after -")
}

// A listing may stage too; what it staged a message finds known once it is gathered.
func TestRunCanStage(t *testing.T) {
	w := tiny(t)
	reference, l := newLake(t), newLake(t)
	run(t, optionsFor(reference, openFolder(t, w.dir)))
	options := optionsFor(l, openFolder(t, w.dir))
	options.Staged, options.CommitBytes = true, 1<<20
	summary := run(t, options)
	if summary.Changes != 0 || len(itemsOf(t, l)) != 0 {
		t.Errorf("%d changes and %d items before anything was gathered", summary.Changes, len(itemsOf(t, l)))
	}
	if waiting, err := l.Staged(t.Context()); err != nil || waiting.Notes < 2 {
		t.Errorf("%d notes: %v", waiting.Notes, err)
	}
	gather(t, l)
	checkRows(t, rowsOf(t, reference), rowsOf(t, l))
	if again := run(t, options); again.Deliveries.Ingested != 0 || again.Deliveries.Already == 0 {
		t.Errorf("the second run did something: %+v", again.Deliveries)
	}
	if waiting, err := l.Staged(t.Context()); err != nil || waiting.Notes != 0 {
		t.Errorf("%d notes of nothing: %v", waiting.Notes, err)
	}
}
