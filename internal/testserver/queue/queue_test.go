package queue

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"configtrail/internal/testserver/runtime"
)

func client(t *testing.T, s *Server) *sqs.Client {
	t.Helper()
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	return sqs.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &listening.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		}),
	})
}

func TestMessagesComeUntilTheyAreDeleted(t *testing.T) {
	s := New()
	dead := s.Make("dead", Options{})
	q := s.Make("q", Options{Receives: 2, DeadLetters: "dead"})
	c, url, ctx := client(t, s), q.URL(), t.Context()
	q.Send("a", "b")
	receive := func() (got []types.Message) {
		out, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		return out.Messages
	}
	first := receive()
	if len(first) != 2 || len(receive()) != 0 || first[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("received %+v", first)
	}
	if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: first[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: first[1].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if again := receive(); len(again) != 1 || *again[0].Body != "b" || again[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("received again %+v", again)
	}
	if n := q.Elapse(); n != 1 || len(receive()) != 0 || len(dead.Messages()) != 1 || dead.Messages()[0].Body != "b" {
		t.Errorf("%d seen again; dead: %+v", n, dead.Messages())
	}
	out, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url})
	if err != nil || out.Attributes["ApproximateNumberOfMessages"] != "0" || out.Attributes["RedrivePolicy"] != `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":2}` {
		t.Errorf("attributes %v, %v", out, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := New()
	q := s.Make("q", Options{})
	c, url := client(t, s), q.URL()
	entries := func(n int, body string) (all []types.SendMessageBatchRequestEntry) {
		for i := range n {
			all = append(all, types.SendMessageBatchRequestEntry{Id: aws.String(strings.Repeat("i", i+1)), MessageBody: &body})
		}
		return all
	}
	same := entries(2, "x")
	same[1].Id = same[0].Id
	for name, test := range map[string]struct {
		entries []types.SendMessageBatchRequestEntry
		code    string
	}{
		"ten":           {entries(10, "x"), ""},
		"eleven":        {entries(11, "x"), "TooManyEntriesInBatchRequest"},
		"none":          {[]types.SendMessageBatchRequestEntry{}, "EmptyBatchRequest"},
		"ids":           {same, "BatchEntryIdsNotDistinct"},
		"too much":      {entries(2, strings.Repeat("x", MaxMessage/2+1)), "BatchRequestTooLong"},
		"just not that": {entries(2, strings.Repeat("x", MaxMessage/2)), ""},
	} {
		_, err := c.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: test.entries})
		var refused smithy.APIError
		code := ""
		if errors.As(err, &refused) {
			code = refused.ErrorCode()
		}
		if code != test.code || (err != nil) != (test.code != "") {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	for body, attribute := range map[string]string{"": "x", "a\x00": "x", "b": "", "c": "\ufffe"} {
		_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{
			"reason": {DataType: aws.String("String"), StringValue: &attribute},
		}})
		if err == nil {
			t.Errorf("%q with %q is taken", body, attribute)
		}
	}
}

func TestAnswersOfTheFunction(t *testing.T) {
	records := []record{{MessageID: "a"}, {MessageID: "b"}}
	for answer, want := range map[string]map[string]bool{
		`{"batchItemFailures":[]}`:   {},
		`{"batchItemFailures":null}`: {},
		`null`:                       {},
		``:                           {},
		`{"batchItemFailures":[{"itemIdentifier":"b"}]}`: {"b": true},
		`{"batchItemFailures":[{"itemIdentifier":"c"}]}`: {"a": true, "b": true},
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:  {"a": true, "b": true},
		`{"batchItemFailures":[{}]}`:                     {"a": true, "b": true},
		`"done"`:                                         {"a": true, "b": true},
	} {
		if d := cmp.Diff(want, failures(runtime.Result{Payload: []byte(answer)}, records)); d != "" {
			t.Errorf("%s (-want +got):\n%s", answer, d)
		}
	}
	if got := failures(runtime.Result{Payload: []byte(`{"batchItemFailures":[]}`), Failed: true}, records); len(got) != 2 {
		t.Errorf("of a failed invocation %v came again", got)
	}
}
