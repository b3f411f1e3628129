package ingest_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/stack"
)

// named is a folder under the name of a bucket.
type named struct {
	blob.Bucket
	name string
}

func (n named) URI() string { return "s3://" + n.name }

func (n named) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for object, err := range n.Bucket.List(ctx, prefix) {
			object.URI = n.URI() + "/" + object.Key
			if !yield(object, err) {
				return
			}
		}
	}
}

// delivered is one message at the time when it comes, from 0 to 1.
type delivered struct {
	at   float64
	body string
}

// traffic is all that an organisation sends: an event for each object by every
// way in, and before nearly all of the objects the messages of Config's stream
// about the items in them. A part is delivered again, at once or later.
func traffic(t *testing.T, bucket blob.Bucket, name string) (messages []delivered, streamed int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	send := func(at float64, body string) {
		messages = append(messages, delivered{at, body})
		switch rng.IntN(20) {
		case 0:
			messages = append(messages, delivered{at, body})
		case 1, 2:
			messages = append(messages, delivered{at + rng.Float64()*(1-at), body})
		}
	}
	for object, err := range bucket.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		at := rng.Float64()
		ways := []string{written(name, object), writtenEvent(name, object)}
		ways = append(ways, notified(ways[0]), notified(ways[1]))
		send(at, ways[rng.IntN(len(ways))])
		for _, message := range messagesOf(t, bucket, object) {
			ahead := at * rng.Float64()
			if rng.IntN(10) == 0 {
				ahead = rng.Float64()
			}
			send(ahead, message[rng.IntN(len(message))])
			streamed++
		}
	}
	slices.SortStableFunc(messages, func(a, b delivered) int { return cmp.Compare(a.at, b.at) })
	return messages, streamed
}

// messagesOf gives what Config's stream told of the items of a history object
// that can be read, each in all its forms.
func messagesOf(t *testing.T, bucket blob.Bucket, object blob.Object) (all [][]string) {
	t.Helper()
	key := delivery.ParseKey(object.Key)
	if key.Kind != configtrail.KindHistory {
		return nil
	}
	content := contentOf(t, bucket, object)
	var document struct {
		Items []map[string]json.RawMessage `json:"configurationItems"`
	}
	if json.Unmarshal(content, &document) != nil {
		return nil
	}
	for record, err := range delivery.Decode(t.Context(), bytes.NewReader(content), delivery.Document{Key: key}) {
		if err != nil {
			t.Fatal(err)
		}
		if record.Item == nil || record.Index >= int64(len(document.Items)) {
			continue
		}
		fields := document.Items[record.Index]
		// A message always tells whose item it is; an object's key may have to.
		fields["awsAccountId"] = json.RawMessage(encode(record.Item.Key.Account))
		fields["awsRegion"] = json.RawMessage(encode(record.Item.Key.Region))
		item := withNulls(fields)
		message := changed(json.RawMessage(item))
		event := event("aws.config", "Config Configuration Item Change", record.Item.Key.Account, json.RawMessage(message))
		all = append(all, []string{notified(message), message, event, notified(event)})
	}
	return all
}

func contentOf(t *testing.T, bucket blob.Bucket, object blob.Object) []byte {
	t.Helper()
	body, err := bucket.Open(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	packed, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return packed
	}
	plain, _ := io.ReadAll(zip) // broken ones have no messages
	return plain
}

// withNulls spells an item as messages do: the members of S3's form, those that
// are absent there as null or empty, in the order of the real samples.
func withNulls(item map[string]json.RawMessage) string {
	members := []struct{ name, absent string }{
		{"relatedEvents", `[]`}, {"relationships", `[]`}, {"configuration", `null`}, {"supplementaryConfiguration", `{}`}, {"tags", `{}`},
		{"configurationItemVersion", ``}, {"configurationItemCaptureTime", ``}, {"configurationStateId", ``}, {"awsAccountId", ``},
		{"configurationItemStatus", ``}, {"resourceType", ``}, {"resourceId", ``}, {"resourceName", `null`}, {"ARN", `null`}, {"awsRegion", ``},
		{"availabilityZone", `null`}, {"configurationStateMd5Hash", `""`}, {"resourceCreationTime", `null`},
	}
	var b strings.Builder
	write := func(name string, value []byte) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	seen := map[string]bool{}
	for _, m := range members {
		seen[m.name] = true
		switch value, ok := item[m.name]; {
		case ok && m.name == "relationships":
			write(m.name, relatedWithNulls(value))
		case ok:
			write(m.name, value)
		case m.absent != "":
			write(m.name, []byte(m.absent))
		}
	}
	for name, value := range item { // spelled otherwise
		if !seen[name] {
			write(name, value)
		}
	}
	return "{" + b.String() + "}"
}

func relatedWithNulls(raw json.RawMessage) []byte {
	var related []map[string]any
	if json.Unmarshal(raw, &related) != nil {
		return raw
	}
	for _, one := range related {
		for _, name := range []string{"resourceId", "resourceName"} {
			if _, ok := one[name]; !ok {
				one[name] = nil
			}
		}
	}
	return []byte(encode(related))
}

// takeAll takes messages in batches of ten, eight batches at a time, each with a
// lake that knows nothing of the others, and gathers all the while. What fails
// is delivered again. It gives how many messages had each outcome.
func takeAll(t *testing.T, open func() *lake.Lake, sources []ingest.Source, messages []delivered) map[string]int {
	t.Helper()
	const workers = 8
	outcomes := map[string]int{}
	var mu sync.Mutex
	batches := make(chan []ingest.Message)
	due, done := make(chan struct{}, 1), make(chan struct{}) // time to gather; nothing more comes
	group, ctx := errgroup.WithContext(t.Context())
	var takers sync.WaitGroup
	for range workers {
		l := open()
		takers.Add(1)
		group.Go(func() error {
			defer takers.Done()
			options := takeOptions(l)
			options.Sources = sources
			taker := ingest.NewTaker(options)
			for batch := range batches {
				taken, _, err := taker.Take(ctx, batch)
				if err != nil {
					return err
				}
				mu.Lock()
				for _, one := range taken {
					outcomes[one.Outcome.String()]++
					if one.Err != nil {
						t.Errorf("%s %s: %v", one.ID, one.URI, one.Err)
					}
				}
				mu.Unlock()
			}
			return nil
		})
	}
	gatherer := open()
	group.Go(func() error {
		for {
			select {
			case <-done:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			case <-due:
			}
			gathered, err := gatherer.Gather(ctx)
			if err == nil && len(gathered.Left) > 0 {
				err = fmt.Errorf("notes were left: %+v", gathered.Left)
			}
			if err == nil && gathered.Notes > 0 {
				_, err = ingest.Derive(ctx, gatherer)
			}
			if err != nil {
				return err
			}
		}
	})
	group.Go(func() error {
		defer close(done)
		defer takers.Wait()
		defer close(batches)
		sent := 0
		for part := range slices.Chunk(messages, 10) {
			if sent++; sent%10 == 0 {
				select {
				case due <- struct{}{}:
				default: // one is waiting
				}
			}
			batch := make([]ingest.Message, len(part))
			for i, message := range part {
				batch[i] = ingest.Message{ID: fmt.Sprintf("q-%012x", checksum(message.body)), Body: message.body}
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// The organisation's traffic through the function, in any order, gives the ledger
// and the items of one run over its bucket, and the truth.
func TestTrafficGivesTheLedgerOfOneRun(t *testing.T) {
	w := small(t)
	reference := newLake(t)
	summary := run(t, optionsFor(reference, openFolder(t, w.dir)))
	checkLedger(t, reference, w.truth)

	bucket := named{openFolder(t, w.dir), "config-logs"}
	messages, streamed := traffic(t, bucket, bucket.name)
	dir := t.TempDir()
	l := openLake(t, dir)
	start := time.Now()
	outcomes := takeAll(t, func() *lake.Lake { return openLake(t, dir) }, []ingest.Source{{Bucket: bucket}}, messages)
	t.Logf("%d messages, %d of the stream, in %s: %v", len(messages), streamed, time.Since(start).Round(time.Millisecond), outcomes)
	checkTraffic(t, l, reference, w, outcomes)
	if streamed < 500 || outcomes["already"] < 100 || int64(outcomes["ingested"]) < summary.Deliveries.Ingested {
		t.Errorf("%d items were streamed; %v", streamed, outcomes)
	}
}

// checkTraffic compares a lake that was fed with messages with one of a run.
func checkTraffic(t *testing.T, l, reference *lake.Lake, w world, outcomes map[string]int) {
	t.Helper()
	gather(t, l)
	checkLedger(t, l, w.truth)
	want, got := rowsOf(t, reference), rowsOf(t, l)
	got.Events = want.Events // concurrent writers may store an event twice; readers count ids
	checkRows(t, want, got)
	if outcomes["failed"] > 0 {
		t.Errorf("%d messages failed", outcomes["failed"])
	}
	if waiting, err := l.Staged(t.Context()); err != nil || waiting.Notes != 0 {
		t.Errorf("%d notes are left: %v", waiting.Notes, err)
	}
	before := versionOf(t, l)
	if gathered := gather(t, l); gathered.Notes != 0 || versionOf(t, l) != before {
		t.Errorf("gathering again did something: %+v", gathered)
	}

	objects, fromStream := map[string]configtrail.Delivery{}, 0
	for _, row := range deliveriesOf(t, l) {
		if row.Kind == configtrail.KindNotification {
			fromStream++
			continue
		}
		objects[row.Key] = row
	}
	if fromStream == 0 {
		t.Error("no row tells of the stream")
	}
	for key, row := range deliveriesOf(t, reference) {
		other := objects[key]
		if other.Kind != row.Kind || other.Account != row.Account || other.Region != row.Region || !other.WrittenAt.Equal(row.WrittenAt) ||
			other.Read != row.Read || other.Rejected != row.Rejected || len(other.Quarantined) != len(row.Quarantined) || other.Size != row.Size {
			t.Errorf("delivery %s:\n want %+v\n  got %+v", key, row, other)
		}
		delete(objects, key)
	}
	for key := range objects {
		t.Errorf("delivery %s is in no run", key)
	}
}

// The same over servers that enforce what S3 and Glue do: the bucket and the lake
// in S3, its tables in Glue, and eight processes that race for them.
func TestTrafficThroughS3(t *testing.T) {
	servers := stack.Start(t)
	w := tiny(t)
	reference := newLake(t)
	run(t, optionsFor(reference, openFolder(t, w.dir)))

	name, at, database := servers.Bucket(t), servers.Bucket(t), servers.Database(t)
	client := servers.Client()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	eachFile(t, w.dir, func(key string, content []byte) error {
		group.Go(func() error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(content)})
			return err
		})
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.OpenS3(servers.Config(t), "s3://"+name, blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *lake.Lake {
		store, err := blob.OpenS3(servers.Config(t), "s3://"+at+"/lake", blob.S3Options{PathStyle: true})
		if err != nil {
			t.Fatal(err)
		}
		l, err := lake.Create(t.Context(), lake.Options{
			S3: &lake.S3{Bucket: store, Glue: servers.Config(t), Database: database, Copies: t.TempDir()}, RedactKeyID: theKey().ID,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		return l
	}
	l := open()
	messages, streamed := traffic(t, bucket, name)
	start := time.Now()
	outcomes := takeAll(t, open, []ingest.Source{{Bucket: bucket}}, messages)
	t.Logf("%d messages, %d of the stream, in %s: %v", len(messages), streamed, time.Since(start).Round(time.Millisecond), outcomes)
	checkTraffic(t, l, reference, w, outcomes)
}
