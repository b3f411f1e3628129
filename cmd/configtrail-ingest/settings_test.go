package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"configtrail/internal/testserver/runtime"
)

// complete is an environment with nothing missing.
var complete = []string{
	"CONFIGTRAIL_LAKE=s3://lake/lake", "CONFIGTRAIL_DATABASE=configtrail", "CONFIGTRAIL_LAKE_OWNER=123456789012",
	"CONFIGTRAIL_REDACT_KEY_SECRET=configtrail/redact", `CONFIGTRAIL_SOURCES=[{"place":"s3://logs/AWSLogs/","owner":"111122223333"}]`,
	"CONFIGTRAIL_DEAD_LETTERS=https://sqs.eu-west-1.amazonaws.com/123456789012/dead", "CONFIGTRAIL_LARGE=1000", "CONFIGTRAIL_LONG_RUN=long-run",
	"CONFIGTRAIL_TOPIC=" + topicName, "CONFIGTRAIL_REPORTS=s3://lake/reports", "CONFIGTRAIL_ANNOUNCED=s3://lake/announced",
}

func TestSettings(t *testing.T) {
	c, err := load(append(complete, "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024", "CONFIGTRAIL_RECEIVES=", "CONFIGTRAIL_OBJECT=s3://logs/x", "LANG=en_US.UTF-8"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Receives != 5 || c.Large != 1000 || c.Memory != 1024 || c.Function != "f" || c.Lang != "ja" || c.TZ != "Asia/Tokyo" || c.Engine != "athena" ||
		len(c.Sources) != 1 || c.Sources[0].Owner != "111122223333" || c.Lake != "s3://lake/lake" {
		t.Errorf("read %+v", c)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	const sources = "CONFIGTRAIL_SOURCES: "
	for set, want := range map[string]string{
		"CONFIGTRAIL_LAKE=":                                        "CONFIGTRAIL_LAKE: say where the lake is, as s3://bucket/lake",
		"CONFIGTRAIL_LAKE=/tmp/lake":                               `CONFIGTRAIL_LAKE: "/tmp/lake" is not a place in S3; write it as s3://bucket/lake`,
		"CONFIGTRAIL_DATABASE=":                                    "CONFIGTRAIL_DATABASE: name the Glue database with the lake's tables",
		"CONFIGTRAIL_LAKE_OWNER=":                                  "CONFIGTRAIL_LAKE_OWNER: say which account owns the lake's bucket, as 123456789012",
		"CONFIGTRAIL_LAKE_OWNER=1":                                 `CONFIGTRAIL_LAKE_OWNER: "1" is not an account id: twelve digits`,
		"CONFIGTRAIL_DEAD_LETTERS=dead":                            `CONFIGTRAIL_DEAD_LETTERS: "dead" is not the URL of a queue; write it as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`,
		"CONFIGTRAIL_RECEIVES=0":                                   `CONFIGTRAIL_RECEIVES: "0" is not a number from 1 to 1000, the maxReceiveCount of the queue`,
		"CONFIGTRAIL_LARGE=30MB":                                   `CONFIGTRAIL_LARGE: "30MB" is not a number of bytes; write it as 33554432`,
		"CONFIGTRAIL_LONG_RUN=a b":                                 `CONFIGTRAIL_LONG_RUN: "a b" is not the name of a CodeBuild project`,
		"CONFIGTRAIL_TOPIC=reports":                                `CONFIGTRAIL_TOPIC: "reports" is not the ARN of a topic; write it as arn:aws:sns:REGION:ACCOUNT:NAME`,
		"CONFIGTRAIL_REPORTS=/tmp/r":                               `CONFIGTRAIL_REPORTS: "/tmp/r" is not a place in S3; write it as s3://bucket/reports`,
		"CONFIGTRAIL_ANNOUNCED=s3://lake":                          `CONFIGTRAIL_ANNOUNCED: "s3://lake" is not a place in S3; write it as s3://bucket/announced`,
		"CONFIGTRAIL_TZ=Mars":                                      `CONFIGTRAIL_TZ: "Mars" is no time zone; write it as Asia/Tokyo or UTC`,
		"CONFIGTRAIL_RECEIVE=3":                                    "CONFIGTRAIL_RECEIVE is not known; there are CONFIGTRAIL_ANNOUNCED, ",
		`CONFIGTRAIL_SOURCES=s3://logs`:                            sources + `it is not a list of sources (invalid character 's' looking for beginning of value); write it as [{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]`,
		`CONFIGTRAIL_SOURCES=[]`:                                   sources + `it is not one list of sources; write it as [{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://b1/a","owners":"1"}]`: sources + `it is not a list of sources (json: unknown field "owners"); write it as [{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a"}]`:            sources + `source 1: s3://logs/a has no owner; add "owner" with the account id of the bucket`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a","owner":"123456789012"},{"place":"logs","owner":"123456789012"}]`: sources + `source 2: its place "logs" is not s3://bucket/prefix`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a","owner":"bob"}]`:                                                  sources + `source 1: the owner "bob" of s3://logs/a is not an account id: twelve digits`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a","owner":"123456789012","role_arn":"reader"}]`:                     sources + `source 1: the role_arn "reader" of s3://logs/a is no role; write it as arn:aws:iam::ACCOUNT:role/NAME`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a","owner":"123456789012","region":"Tokyo"}]`:                        sources + `source 1: the region "Tokyo" of s3://logs/a is no region; write it as ap-northeast-1`,
		`CONFIGTRAIL_SOURCES=[{"place":"s3://logs/a","owner":"123456789012","external_id":"x"}]`:                       sources + `source 1: s3://logs/a has an external_id and no role_arn`,
	} {
		_, err := load(append(complete, set))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: told %v\nwant %s", set, err, want)
		}
	}
}

// A function with settings that lack what a task needs tells it when it is asked.
func TestTasksTellWhatTheyNeed(t *testing.T) {
	logs := &output{}
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: []string{complete[0], complete[1], complete[2], "CONFIGTRAIL_LARGE=5"}, Output: logs})
	for event, want := range map[string]string{
		`{"task":"list"}`: "invalid: settings of the task list: CONFIGTRAIL_REDACT_KEY_SECRET: name the secret with the lake's redaction key; " +
			`CONFIGTRAIL_SOURCES: say where deliveries lie, as [{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]; CONFIGTRAIL_LONG_RUN: name the CodeBuild project for objects above CONFIGTRAIL_LARGE`,
		`{"task":"daily"}`: "invalid: settings of the task daily: CONFIGTRAIL_TOPIC: name the topic for news, by its ARN; " +
			"CONFIGTRAIL_ANNOUNCED: say where it is kept what was told already, as s3://bucket/announced",
		`{"task":"monthly"}`: "invalid: settings of the task monthly: CONFIGTRAIL_TOPIC: name the topic for news, by its ARN; " +
			"CONFIGTRAIL_REPORTS: say where reports are kept, as s3://bucket/reports",
		`{"Records":[{"messageId":"1","body":"x","eventSource":"aws:sqs"}]}`: "invalid: settings of the task ingest: CONFIGTRAIL_DEAD_LETTERS: name the queue of messages that nobody could take, by its URL; " +
			"CONFIGTRAIL_REDACT_KEY_SECRET: name the secret with the lake's redaction key; CONFIGTRAIL_SOURCES: say where deliveries lie, as " +
			`[{"place":"s3://bucket/AWSLogs/","owner":"123456789012"}]; CONFIGTRAIL_LONG_RUN: name the CodeBuild project for objects above CONFIGTRAIL_LARGE`,
		`{"task":"dance"}`: `invalid: the task "dance" is none of gather, list, compact, daily, monthly`,
		`{}`:               `invalid: the task "" is none of gather, list, compact, daily, monthly`,
		`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`: "the event's records are none of a queue",
		`"x"`: "the event is no JSON object",
	} {
		if result := ask(t, f, event); !result.Failed || result.Failure().Message != want {
			t.Errorf("%s: %s\nwant %s", event, result.Failure().Message, want)
		}
	}
}

// run is the binary as a command.
func run(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	command := exec.CommandContext(t.Context(), binary(t), args...)
	command.Env, command.Stdout, command.Stderr = append([]string{}, env...), &out, &said
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), said.String()
}

func TestTheCommandTellsHowItIsUsed(t *testing.T) {
	for _, test := range []struct {
		env, args []string
		said      string
	}{
		{complete, nil, "usage: bootstrap object s3://bucket/key\nWithout arguments it is a Lambda function, and needs Lambda's runtime.\n"},
		{complete, []string{"dance"}, "usage: bootstrap object s3://bucket/key\n"},
		{nil, []string{"object", "s3://logs/x"}, "configtrail: settings: CONFIGTRAIL_LAKE: say where the lake is, as s3://bucket/lake\n" +
			"configtrail: settings: CONFIGTRAIL_DATABASE: name the Glue database with the lake's tables\n" +
			"configtrail: settings: CONFIGTRAIL_LAKE_OWNER: say which account owns the lake's bucket, as 123456789012\n"},
		{complete[:4], []string{"object", "s3://logs/x"}, "configtrail: settings: invalid: settings of the task object: CONFIGTRAIL_SOURCES: say where deliveries lie, as "},
	} {
		if code, out, said := run(t, test.env, test.args...); code != exitUsage || out != "" || !strings.HasPrefix(said, test.said) {
			t.Errorf("%v: exit %d, %s%s", test.args, code, out, said)
		}
	}
}
