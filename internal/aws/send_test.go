package aws_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/build"
	"configtrail/internal/testserver/queue"
	"configtrail/internal/testserver/topic"
)

// reach gives settings whose endpoint is a server.
func reach(t *testing.T, server http.Handler) sdk.Config {
	t.Helper()
	machine(t, "")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key-secret")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	cfg, err := aws.Config(t.Context(), aws.Options{Region: "us-east-1", EndpointURL: listening.URL})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// told checks an error's sentence, kind and next step.
func told(t *testing.T, err error, says string, is error, next string) {
	t.Helper()
	if err == nil || err.Error() != says || is != nil && !errors.Is(err, is) || hint(err) != next {
		t.Errorf("told %v\nhint %s\nwant %s\nhint %s", err, hint(err), says, next)
	}
}

func TestSendMessages(t *testing.T) {
	server := queue.New()
	q := server.Make("ingest", queue.Options{})
	cfg := reach(t, server)
	ctx := t.Context()
	if err := aws.SendMessage(ctx, cfg, q.URL(), aws.QueueMessage{Body: "first", Attributes: map[string]string{"reason": "日本"}}); err != nil {
		t.Fatal(err)
	}
	if err := aws.SendMessage(ctx, cfg, q.URL(), aws.QueueMessage{Body: strings.Repeat("x", aws.MaxQueueMessage-8), Attributes: map[string]string{"ab": "c"}}); !errors.Is(err, configtrail.ErrTooLarge) {
		t.Errorf("a byte too much: %v", err)
	}

	// 23 small ones, two that fill a call each, one that is too large, one that SQS refuses.
	var messages []aws.QueueMessage
	want := []string{"first"}
	for i := range 23 {
		messages = append(messages, aws.QueueMessage{Body: strings.Repeat("s", i+1)})
		want = append(want, messages[i].Body)
	}
	for _, body := range []string{strings.Repeat("a", aws.MaxQueueMessage), strings.Repeat("b", aws.MaxQueueMessage), strings.Repeat("c", aws.MaxQueueMessage+1), "\x01", "last"} {
		messages = append(messages, aws.QueueMessage{Body: body})
	}
	want = append(want, messages[23].Body, messages[24].Body, "last")
	failed, err := aws.SendMessages(ctx, cfg, q.URL(), messages)
	if !slices.Equal(failed, []int{25, 26}) || !errors.Is(err, configtrail.ErrTooLarge) {
		t.Errorf("not sent: %v, %v", failed, err)
	}
	var got []string
	for _, m := range q.Messages() {
		got = append(got, m.Body)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("sent (-want +got):\n%.500s", d)
	}
	if a := q.Messages()[0].Attributes["reason"]; a.StringValue != "日本" || a.DataType != "String" {
		t.Errorf("the attribute came as %+v", a)
	}

	failed, err = aws.SendMessages(ctx, cfg, q.URL()+"x", messages[:12])
	if len(failed) != 12 {
		t.Errorf("%d of 12 were not sent", len(failed))
	}
	told(t, err, "send to the queue "+q.URL()+"x: there is no such queue", configtrail.ErrNotFound, "list the queues with: aws sqs list-queues --region us-east-1")
	server.Faults.Deny("sqs", "SendMessage")
	told(t, aws.SendMessage(ctx, cfg, q.URL(), messages[0]), "send to the queue "+q.URL()+": access denied: sqs:SendMessage on *", nil,
		"allow sqs:SendMessage for the identity that this shows: aws sts get-caller-identity")
}

func TestPublish(t *testing.T) {
	const arn = "arn:aws:sns:us-east-1:123456789012:reports"
	server := topic.New(arn)
	cfg := reach(t, server)
	ctx := t.Context()
	for _, one := range [][2]string{{" 2 high findings\nBcc: x\u202e ", "日本"}, {strings.Repeat("a", 98) + " bc", "x"}, {"東京", "y"}} {
		if err := aws.Publish(ctx, cfg, arn, one[0], one[1]); err != nil {
			t.Fatal(err)
		}
	}
	want := []topic.Published{
		{Topic: arn, Subject: "2 high findings Bcc: x", Message: "日本"}, {Topic: arn, Subject: strings.Repeat("a", 98), Message: "x"}, {Topic: arn, Message: "y"},
	}
	if d := cmp.Diff(want, server.Published()); d != "" {
		t.Errorf("published (-want +got):\n%s", d)
	}
	if err := aws.Publish(ctx, cfg, arn, "s", strings.Repeat("x", aws.MaxTopicMessage+1)); !errors.Is(err, configtrail.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if err := aws.Publish(ctx, cfg, arn, "s", ""); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("empty: %v", err)
	}
	told(t, aws.Publish(ctx, cfg, arn+"x", "s", "x"), "publish to "+arn+"x: there is no such topic", configtrail.ErrNotFound, "list the topics with: aws sns list-topics --region us-east-1")
	server.FailNext(topic.Failure{Status: 403, Code: "AuthorizationError", Message: "User: x is not authorized to perform: SNS:Publish"})
	told(t, aws.Publish(ctx, cfg, arn, "s", "x"), "publish to "+arn+": access denied: sns:Publish", nil, "allow sns:Publish on the topic, in the role's policy and in the topic's")
}

func TestStartBuild(t *testing.T) {
	server := build.New(map[string]build.Project{"long": {Program: "/bin/echo", Args: []string{"object", "$OBJECT"}}}, 0)
	cfg := reach(t, server)
	ctx := t.Context()
	start := func(object string) (string, error) {
		return aws.StartBuild(ctx, cfg, "long", aws.Build{Token: "t", Environment: map[string]string{"OBJECT": object}})
	}
	const object = "s3://logs/a b$(x)\"'日本"
	first, err := start(object)
	again, errAgain := start(object)
	if err != nil || errAgain != nil || first == "" || first != again {
		t.Errorf("started %q, %v and %q, %v", first, err, again, errAgain)
	}
	if builds := server.Wait(); len(builds) != 1 || builds[0].Output != "object "+object+"\n" || builds[0].Exit != 0 {
		t.Errorf("built %+v", builds)
	}
	release := server.Hold()
	if _, err := aws.StartBuild(ctx, cfg, "long", aws.Build{Environment: map[string]string{"OBJECT": "s3://logs/long"}}); err != nil {
		t.Fatal(err)
	}
	underWay, err := aws.BuildsUnderWay(ctx, cfg, "long")
	if want := []map[string]string{{"OBJECT": "s3://logs/long"}}; err != nil || !cmp.Equal(want, underWay) {
		t.Errorf("under way are %v, error %v", underWay, err)
	}
	release()
	server.Wait()
	if underWay, err = aws.BuildsUnderWay(ctx, cfg, "long"); err != nil || len(underWay) != 0 {
		t.Errorf("when all have ended %v are under way, error %v", underWay, err)
	}
	_, err = aws.BuildsUnderWay(ctx, cfg, "short")
	told(t, err, "look for builds of short: there is no such project", configtrail.ErrNotFound, "list the projects with: aws codebuild list-projects --region us-east-1")
	if _, err := start("another"); err == nil || errors.Is(err, aws.ErrBusy) {
		t.Errorf("the same token with another object: %v", err)
	}
	_, err = aws.StartBuild(ctx, cfg, "short", aws.Build{})
	told(t, err, "start a build of short: there is no such project", configtrail.ErrNotFound, "list the projects with: aws codebuild list-projects --region us-east-1")
	server.Faults.Next("StartBuild", awsjson.Errorf("AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account"))
	_, err = start(object)
	told(t, err, "start a build of long: the account runs as many builds as it may", aws.ErrBusy, "wait, or ask for a higher quota of concurrent builds in Service Quotas")
	server.Faults.Throttle("StartBuild", 1)
	if _, err = start(object); !errors.Is(err, aws.ErrBusy) {
		t.Errorf("throttled: %v", err)
	}
}
