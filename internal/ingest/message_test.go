package ingest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// The envelopes in which messages come to a queue, as the services write them.

// written is the notification of S3 that an object was written.
func written(bucket string, object blob.Object) string {
	return encode(map[string]any{"Records": []any{map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region, "eventTime": "2024-11-05T07:02:05.123Z", "eventName": "ObjectCreated:Put",
		"s3": map[string]any{
			"s3SchemaVersion": "1.0", "configurationId": "configtrail",
			"bucket": map[string]any{"name": bucket, "arn": "arn:aws:s3:::" + bucket},
			"object": map[string]any{"key": asS3Encodes(object.Key), "size": object.Size, "eTag": object.ETag},
		},
	}}})
}

// asS3Encodes is a key as notifications spell it: percent-encoded but for its
// slashes, with a plus for a space.
func asS3Encodes(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

// writtenEvent is the same through EventBridge.
func writtenEvent(bucket string, object blob.Object) string {
	return event("aws.s3", "Object Created", account, map[string]any{
		"version": "0", "bucket": map[string]any{"name": bucket}, "reason": "PutObject",
		"object": map[string]any{"key": object.Key, "size": object.Size, "etag": object.ETag},
	})
}

// event is an event of EventBridge.
func event(source, kind, account string, detail any) string {
	return encode(map[string]any{
		"version": "0", "id": fmt.Sprintf("47a37318-9c13-1eb8-33a6-%012x", checksum(encode(detail))), "detail-type": kind, "source": source, "account": account,
		"time": "2024-11-05T07:02:05Z", "region": region, "resources": []any{}, "detail": detail,
	})
}

// notified is a message in the envelope of SNS.
func notified(message string) string {
	return encode(map[string]any{
		"Type": "Notification", "MessageId": fmt.Sprintf("8b945cb0-db34-5b72-b032-%012x", checksum(message)),
		"TopicArn": "arn:aws:sns:" + region + ":999999999999:config-topic", "Subject": "[AWS Config:" + region + "] changed",
		"Message": message, "Timestamp": "2024-11-05T07:02:05.478Z", "SignatureVersion": "1", "Signature": "c2lnbmF0dXJl",
	})
}

// changed is Config's message of an item, which it writes as S3 has it and with
// what is null in it.
func changed(item json.RawMessage) string {
	return encode(map[string]any{
		"configurationItemDiff": map[string]any{"changedProperties": map[string]any{}, "changeType": "UPDATE"},
		"configurationItem":     item, "notificationCreationTime": "2024-11-05T01:02:04.000Z",
		"messageType": "ConfigurationItemChangeNotification", "recordVersion": "1.3",
	})
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // these values can be written as JSON
	}
	return string(text)
}

// checksum is a short name for a text.
func checksum(text string) uint64 {
	sum := uint64(14695981039346656037)
	for _, c := range []byte(text) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return sum & 0xffffffffffff
}

// queue gives bodies the ids of a queue.
func queue(bodies ...string) []ingest.Message {
	messages := make([]ingest.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = ingest.Message{ID: fmt.Sprintf("m%d", i+1), Body: body}
	}
	return messages
}

func takeOptions(l *lake.Lake, buckets ...blob.Bucket) ingest.TakeOptions {
	key := optionsFor(l)
	options := ingest.TakeOptions{Lake: l, HashKey: key.HashKey, Redactor: key.Redactor}
	for _, bucket := range buckets {
		options.Sources = append(options.Sources, ingest.Source{Bucket: bucket})
	}
	return options
}

// take takes messages and expects no error of the lake.
func take(t *testing.T, options ingest.TakeOptions, bodies ...string) ([]ingest.Taken, ingest.Summary) {
	t.Helper()
	taken, summary, err := ingest.Take(t.Context(), options, queue(bodies...))
	if err != nil {
		t.Fatal(err)
	}
	return taken, summary
}

// gather gathers and derives, as the function does every five minutes.
func gather(t *testing.T, l *lake.Lake) lake.Gathered {
	t.Helper()
	gathered, err := l.Gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(gathered.Left) > 0 {
		t.Fatalf("notes were left: %+v", gathered.Left)
	}
	if _, err := ingest.Derive(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	return gathered
}

// checkOutcomes compares the outcomes of messages.
func checkOutcomes(t *testing.T, taken []ingest.Taken, want ...string) {
	t.Helper()
	var got []string
	for _, one := range taken {
		got = append(got, one.Outcome.String())
		if (one.Outcome == ingest.Failed) != (one.Err != nil) {
			t.Errorf("%s is %s with error %v", one.ID, one.Outcome, one.Err)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("outcomes %q, want %q", got, want)
		for _, one := range taken {
			if one.Err != nil {
				t.Log(one.ID, one.Err)
			}
		}
	}
}
