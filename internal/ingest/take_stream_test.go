package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// streamedItem is Config's message of an item, as its stream writes it.
func streamedItem(t *testing.T, i item) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(encode(i)), &fields); err != nil {
		t.Fatal(err)
	}
	return changed(json.RawMessage(withNulls(fields)))
}

// A change is in the ledger when its message has come; the history file that
// brings the item hours later adds no item and no change, and the other way round.
func TestAnItemThatComesTwice(t *testing.T) {
	first, second := vpc("2024-11-05T01:00:00Z", "10.0.0.0/16"), vpc("2024-11-05T07:00:00Z", "10.1.0.0/16")
	const line = `vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0.0.0/16"→"10.1.0.0/16"`
	bucket := newMemory("logs")
	before, after := historyKey(t, "1", "2024-11-05T06:00:00Z"), historyKey(t, "2", "2024-11-05T12:00:00Z")
	bucket.put(before, history(first))
	bucket.put(after, history(second))
	message := notified(streamedItem(t, second))
	check := func(t *testing.T, l *lake.Lake, source string) {
		t.Helper()
		checkTold(t, l, line)
		items := itemsOf(t, l)
		if len(items) != 2 || !strings.HasPrefix(items[1].Source.URI, source) || rowsIn(t, l, lake.Items) != 2 {
			t.Errorf("%d rows; items %+v", rowsIn(t, l, lake.Items), items)
		}
		if change := ledgerOf(t, l)[0]; !strings.HasPrefix(change.Source.URI, source) {
			t.Errorf("the change comes from %+v", change.Source)
		}
	}
	t.Run("message first", func(t *testing.T) {
		l := newLake(t)
		taken, _ := take(t, takeOptions(l, bucket), written("logs", bucket.event(before)))
		checkOutcomes(t, taken, "ingested")
		taken, summary := take(t, takeOptions(l, bucket), message, message)
		checkOutcomes(t, taken, "ingested", "already")
		if summary.Items.Read != 2 || summary.Items.Added != 1 || summary.Items.Duplicates != 1 || summary.Deliveries.Ingested != 0 {
			t.Errorf("summary %+v of %+v", summary.Items, summary.Deliveries)
		}
		gather(t, l)
		check(t, l, "sns:8b945cb0-")
		taken, summary = take(t, takeOptions(l, bucket), written("logs", bucket.event(after)), message)
		checkOutcomes(t, taken, "ingested", "already")
		if summary.Items.Added != 0 {
			t.Errorf("the file added %d items", summary.Items.Added)
		}
		gather(t, l)
		check(t, l, "sns:8b945cb0-")
	})
	t.Run("file first", func(t *testing.T) {
		l := newLake(t)
		take(t, takeOptions(l, bucket), written("logs", bucket.event(before)), written("logs", bucket.event(after)))
		gather(t, l)
		version := versionOf(t, l)
		taken, _ := take(t, takeOptions(l, bucket), message)
		checkOutcomes(t, taken, "already")
		if gathered := gather(t, l); gathered.Notes != 0 || versionOf(t, l) != version {
			t.Errorf("the message staged something: %+v", gathered)
		}
		check(t, l, "s3://logs/")
	})
	t.Run("neither gathered before the other", func(t *testing.T) {
		l := newLake(t)
		take(t, takeOptions(l, bucket), message)
		take(t, takeOptions(l, bucket), written("logs", bucket.event(after)), written("logs", bucket.event(before)))
		gather(t, l)
		checkTold(t, l, line)
		if items := itemsOf(t, l); len(items) != 2 {
			t.Errorf("%d items", len(items))
		}
	})
}

// The row of a batch's stream says what it added and counts for nothing else.
func TestStreamIsNoDelivery(t *testing.T) {
	l := newLake(t)
	bucket := newMemory("logs")
	snapshot := historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(snapshot, history(item{ID: "vpc-0", Captured: "2024-11-05T01:00:00Z", CIDR: "10.9"}))
	take(t, takeOptions(l, bucket), written("logs", bucket.event(snapshot)))
	gather(t, l)

	other := streamedItem(t, item{ID: "vpc-3", Captured: "2024-11-06T03:00:00Z", Status: "ResourceDiscovered", CIDR: "10.3", Region: "us-east-1"})
	one := streamedItem(t, item{ID: "vpc-1", Captured: "2024-11-06T01:00:00Z", CIDR: "10.0", Status: "ResourceDiscovered"})
	two := streamedItem(t, item{ID: "vpc-2", Captured: "2024-11-06T02:00:00Z", CIDR: "10.1", Status: "ResourceDiscovered"})
	raw := ingest.Message{ID: "4f1b0a52-queue", Body: one}
	taken, _, err := ingest.Take(t.Context(), takeOptions(l), []ingest.Message{
		raw,
		{ID: "b", Body: event("aws.config", "Config Configuration Item Change", account, json.RawMessage(two))},
		{ID: "c", Body: notified(other)},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, taken, "ingested", "ingested", "ingested")
	if taken[0].URI != "sns:4f1b0a52-queue" || !strings.HasPrefix(taken[1].URI, "events:47a37318-") || !strings.HasPrefix(taken[2].URI, "sns:8b945cb0-") {
		t.Errorf("sources %q, %q, %q", taken[0].URI, taken[1].URI, taken[2].URI)
	}
	gather(t, l)
	checkTold(t, l, "vpc-1 created 11-06T01 after -", "vpc-2 created 11-06T02 after -") // nothing was delivered of us-east-1 yet

	rows := deliveriesOf(t, l)
	row := rows["sns:4f1b0a52-queue"]
	row.ReadAt = rows[snapshot].ReadAt
	want := configtrail.Delivery{
		URI: "sns:4f1b0a52-queue", Key: "sns:4f1b0a52-queue", ETag: row.ETag, Kind: configtrail.KindNotification, Account: account,
		WrittenAt: instant(t, "2024-11-06T03:00:00Z"), ReadAt: row.ReadAt,
		FirstCapture: instant(t, "2024-11-06T01:00:00Z"), LastCapture: instant(t, "2024-11-06T03:00:00Z"),
		Read: 3, Added: 3, Size: row.Size, Bytes: row.Bytes,
	}
	if diff := gocmp.Diff(want, row); diff != "" || len(rows) != 2 || row.ETag == "" || row.Size < 1000 {
		t.Errorf("%d rows; the stream's (-want +got):\n%s", len(rows), diff)
	}

	// The region's first delivery tells that it was recorded before its VPC was there.
	bucket.put(keyIn(t, "AWSLogs/"+account, "us-east-1", "2", "2024-11-06T02:00:00Z"), history())
	key := keyIn(t, "AWSLogs/"+account, "us-east-1", "2", "2024-11-06T02:00:00Z")
	take(t, takeOptions(l, bucket), written("logs", bucket.event(key)))
	gather(t, l)
	checkTold(t, l, "vpc-1 created 11-06T01 after -", "vpc-2 created 11-06T02 after -", "vpc-3 created 11-06T03 after -")
}

// A message that can't be read goes where somebody looks; the batch stands.
func TestBadMessagesOfTheStream(t *testing.T) {
	l := newLake(t)
	good := vpc("2024-11-05T01:00:00Z", "10.0")
	for name, test := range map[string]struct{ body, says string }{
		"no id":           {changed(json.RawMessage(`{"awsAccountId":"111122223333","awsRegion":"us-east-1","resourceType":"AWS::EC2::VPC"}`)), "bad_item: resourceId is missing"},
		"no account":      {changed(json.RawMessage(`{"awsRegion":"us-east-1","resourceType":"AWS::EC2::VPC","resourceId":"x"}`)), "no_account"},
		"another account": {event("aws.config", "Config Configuration Item Change", "999988887777", json.RawMessage(streamedItem(t, good))), "account_mismatch"},
		"no capture time": {changed(json.RawMessage(`{"awsAccountId":"111122223333","awsRegion":"us-east-1","resourceType":"AWS::EC2::VPC","resourceId":"x"}`)), "configurationItemCaptureTime"},
	} {
		t.Run(name, func(t *testing.T) {
			taken, _ := take(t, takeOptions(l), test.body, notified(streamedItem(t, good)))
			if taken[0].Outcome != ingest.Failed || taken[0].Err == nil || !strings.Contains(taken[0].Err.Error(), test.says) {
				t.Errorf("%s: %v, want an error that says %q", taken[0].Outcome, taken[0].Err, test.says)
			}
			if taken[1].Outcome == ingest.Failed {
				t.Errorf("the other message: %v", taken[1].Err)
			}
		})
	}
	gather(t, l)
	if items := itemsOf(t, l); len(items) != 1 {
		t.Errorf("%d items", len(items))
	}
}

// Real messages of Config, and the same items as a history file writes them:
// with nothing that is null. One item each, whichever comes first.
func TestRealMessagesAndTheirFiles(t *testing.T) {
	fixtures := shared(t, "fixtures")
	messages := map[string]string{}
	for _, name := range []string{
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/ec2.0.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/ec2.1.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/ec2.2.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/ec2.3.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/elb.create.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/elb.update.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/elb.delete.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/eni.1.create.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/eni.1.update.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/eni.1.delete.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/subnet.create.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/subnet.update.json",
		"asecurityteam__awsconfig-transformerd/pkg/handlers/v1/testdata/subnet.delete.json",
		"cloud-custodian__cloud-custodian/tests/data/cwe/sqs-discover.json",
		"turnerlabs__antiope/extracted/ConfigServiceNotes.0.json",
	} {
		body, err := os.ReadFile(filepath.Join(fixtures, name))
		if err != nil {
			t.Fatal(err)
		}
		messages[name] = string(body)
	}
	// And real items of files, as messages would tell of them.
	for _, name := range []string{"config-history.log", "config-snapshot.log"} {
		body, err := os.ReadFile(filepath.Join(fixtures, "aws-solutions__centralized-logging-with-opensearch/source/constructs/lambda/pipeline/log-processor/test/datafile", name))
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Items []map[string]json.RawMessage `json:"configurationItems"`
		}
		if err := json.Unmarshal(body, &document); err != nil {
			t.Fatal(err)
		}
		for i, item := range document.Items {
			messages[fmt.Sprint(name, i)] = changed(json.RawMessage(withNulls(item)))
		}
	}
	for name, message := range messages {
		t.Run(name, func(t *testing.T) {
			bucket := newMemory("logs")
			bucket.put("documents/item.json", []byte(encode(map[string]any{"fileVersion": "1.0", "configurationItems": []any{withoutNulls(itemIn(t, message))}})))
			file := written("logs", bucket.event("documents/item.json"))
			for _, order := range [][]string{{message, file}, {file, message}} {
				l := newLake(t)
				var told []string
				for _, body := range order {
					taken, summary := take(t, takeOptions(l, bucket), body)
					told = append(told, fmt.Sprintf("%s %d/%d", taken[0].Outcome, summary.Items.Added, summary.Items.Duplicates))
					gather(t, l)
				}
				if told[0] != "ingested 1/0" || !strings.HasSuffix(told[1], " 0/1") || rowsIn(t, l, lake.Items) != 1 {
					t.Errorf("%q; %d rows", told, rowsIn(t, l, lake.Items))
				}
			}
		})
	}
}

// itemIn is the item inside a message, by another reader than ours.
func itemIn(t *testing.T, body string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	if text, ok := m["Message"].(string); ok {
		return itemIn(t, text)
	}
	if detail, ok := m["detail"].(map[string]any); ok {
		m = detail
	}
	if m["configurationItem"] == nil {
		t.Fatal("no item")
	}
	return m["configurationItem"]
}

// withoutNulls is a value without the members that are null, as files write it.
func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		rest := map[string]any{}
		for name, member := range value {
			if member != nil {
				rest[name] = withoutNulls(member)
			}
		}
		return rest
	case []any:
		var rest []any
		for _, element := range value {
			rest = append(rest, withoutNulls(element))
		}
		return append([]any{}, rest...)
	}
	return value
}
