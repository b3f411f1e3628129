package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"configtrail/infra/settings"
)

const least = `
sources:
  - name: logs
    bucket: example-config-logs
    owner: "111122223333"
    folders: [AWSLogs]
    ways: [sqs]
`

func TestDefaults(t *testing.T) {
	s, err := settings.Parse([]byte(least))
	if err != nil {
		t.Fatal(err)
	}
	if s.Stack != "configtrail" || s.Architecture != "arm64" || s.Encryption != settings.KeyOwn || s.Lake.Database != "configtrail" ||
		s.Answer.Auth != settings.AuthIAM || s.Ingest.Receives != 5 || s.Sources[0].Access != settings.AccessOwn {
		t.Errorf("got %+v", s)
	}
}

// The commented file has the defaults in it, so that a reader sees them. What it
// sets beside them is marked in it.
func TestTheCommentedFileHasTheDefaults(t *testing.T) {
	commented, err := settings.Load(filepath.Join("..", "configtrail.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := settings.Parse([]byte(least))
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]any{
		"stack": {commented.Stack, plain.Stack}, "architecture": {commented.Architecture, plain.Architecture},
		"time_zone": {commented.TimeZone, plain.TimeZone}, "language": {commented.Language, plain.Language},
		"encryption": {commented.Encryption, plain.Encryption}, "log_days": {commented.LogDays, plain.LogDays},
		"lake": {commented.Lake, plain.Lake}, "raw.years": {commented.Raw.Years, plain.Raw.Years}, "query": {commented.Query, plain.Query},
		"answer.function": {commented.Answer.Function, plain.Answer.Function}, "answer.day": {commented.Answer.Day, plain.Answer.Day},
		"ingest": {commented.Ingest, plain.Ingest}, "schedules": {commented.Schedules, plain.Schedules},
		"alarms": {commented.Alarms.OldestMinutes, plain.Alarms.OldestMinutes},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v in the file and %v without", name, pair[0], pair[1])
		}
	}
}

// What is wrong is said with where it stands, all of it at once.
func TestWhatIsWrongIsSaid(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(least, old, new, 1) }
	for _, c := range []struct{ text, want string }{
		{"stak: x\n" + least, "line 1: field stak not found"},
		{"answer: {day: {byte: 5}}\n" + least, "field byte not found"},
		{least + "---\nstack: other\n", "a second document"},
		{"stack: Config Trail\n" + least, `stack: "Config Trail" is no name of a stack`},
		{"", "sources: name at least one bucket"},
		{change(`"111122223333"`, "111"), `sources[0].owner: "111" is no account id`},
		{change("[AWSLogs]", "[AWSLogs/]"), `sources[0].folders: "AWSLogs/" is no row of folders`},
		{change("[AWSLogs]", "[AWSLogs, AWSLogs/o-x]"), `"AWSLogs/o-x" lies in "AWSLogs"`},
		{change("[AWSLogs]", "['AWSLogs/*']"), `sources[0].folders: "AWSLogs/*" is no row`},
		{change("example-config-logs", "'*'"), `sources[0].bucket: "*" is no name of a bucket`},
		{change("[sqs]", "[]"), "sources[0].ways: say how new objects become known"},
		{change("[sqs]", "[email]"), `sources[0].ways: "email" is none of sqs, sns, eventbridge, listing`},
		{change("[sqs]", "[sns]"), "sources[0].topics: the way sns and topics go together"},
		{least + "    access: role\n", `sources[0].role_arn: "" is no ARN of the role`},
		{least + "    external_id: x-1\n", "sources[0]: role_arn and external_id belong to access: role"},
		{least + "    access: role\n    role_arn: arn:aws:iam::444455556666:role/*\n", "is no ARN of the role"},
		{least + "    tables: [{name: a, folders: other}]\n", `tables[0].folders: "other" is none of the source's: AWSLogs`},
		{least + "    tables: [{name: a, folders: AWSLogs2}]\n", `tables[0].folders: "AWSLogs2" is none of the source's: AWSLogs`},
		{least + "    tables: [{name: a, folders: AWSLogs}]\n", "raw.regions: name the regions that are recorded"},
		{least + "    tables: [{name: a, folders: AWSLogs}]\nraw: {regions: [ap-northeast-1], database: configtrail}\n", "the lake has a database of its own"},
		{"answer: {source: raw}\n" + least, "answer.source: raw needs tables"},
		{"answer: {source: raw}\nraw: {regions: [us-east-1]}\n" + least + "    access: role\n    role_arn: arn:aws:iam::444455556666:role/r\n    tables: [{name: a, folders: AWSLogs}]\n",
			"Athena can't assume a role"},
		{"answer: {callers: ['*']}\n" + least, `answer.callers: "*" is no ARN`},
		{"answer: {auth: token, callers: [arn:aws:iam::444455556666:root]}\n" + least, "leave callers out"},
		{"answer: {auth: none}\n" + least, `answer.auth: "none" is none of iam, token`},
		{"model: {name: bedrock:us.anthropic.claude-sonnet-5-5}\n" + least, "model.regions: name the regions"},
		{"model: {name: 'bedrock:anthropic.*'}\n" + least, "holds a wildcard"},
		{"model: {name: 'arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.x', regions: [us-east-1]}\n" + least, "is an ARN"},
		{"ingest: {batch: 50, window: 0}\n" + least, "a batch of more than 10 messages needs a window"},
		{"lake: {existing: {redact_key_secret: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:k-1'}}\n" + least, "lake.bucket: name the bucket of the lake that exists"},
		{"lake: {bucket: x-1, existing: {redact_key_secret: k}}\nencryption: aws\n" + least, `redact_key_secret: "k" is no ARN of a secret`},
		{"log_days: 42\n" + least, "log_days: CloudWatch keeps logs for"},
		{"time_zone: Tokyo\n" + least, `time_zone: "Tokyo" is no time zone`},
		{"schedules: {daily: noon}\n" + least, `schedules.daily: "noon" is no schedule`},
		{"alarms: {topic: arn:aws:sns:us-east-1:111122223333:x, emails: [a@example.com]}\n" + least, "subscribe them there"},
		{least + "streams: [{raw: true}]\n", "streams[0]: name a topic by arn"},
		{least + "streams: [{arn: 'arn:aws:sns:us-east-1:111122223333:x', accounts: ['444455556666']}]\n", "a topic tells of its own"},
	} {
		_, err := settings.Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v, not %s", c.text, err, c.want)
		}
	}
	_, err := settings.Parse([]byte("language: fr\nencryption: none\n" + least))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes gave %v", err)
	}
}

// A bucket may hold accounts in AWSLogs and in AWSLogs/o-…: one folder that is
// read, and two tables.
func TestTablesLieInTheFoldersThatAreRead(t *testing.T) {
	text := least + "    tables: [{name: a, folders: AWSLogs}, {name: b, folders: AWSLogs/o-exampleorgid}]\nraw: {regions: [ap-northeast-1]}\n"
	if _, err := settings.Parse([]byte(text)); err != nil {
		t.Error(err)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("language: fr\n"+least), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := settings.Load(file); err == nil || !strings.Contains(err.Error(), "mine.yaml:\nlanguage:") {
		t.Errorf("got %v", err)
	}
}

func TestModels(t *testing.T) {
	for name, want := range map[string]string{
		"claude-sonnet-5-5":                      "",
		"bedrock:jp.anthropic.claude-sonnet-5-5": "jp.anthropic.claude-sonnet-5-5",
		"anthropic.claude-sonnet-5-5":            "anthropic.claude-sonnet-5-5",
	} {
		if got := (settings.Model{Name: name}).Bedrock(); got != want {
			t.Errorf("%s is %q on Bedrock", name, got)
		}
	}
	model, profile := settings.Model{Name: "bedrock:jp.anthropic.claude-sonnet-5-5"}.Profile()
	if model != "anthropic.claude-sonnet-5-5" || !profile {
		t.Errorf("the profile runs %s, %v", model, profile)
	}
}

func TestWhenGatheringIsLate(t *testing.T) {
	for schedule, want := range map[string]int{
		"rate(5 minutes)": 30, "rate(1 minute)": 30, "rate(20 minutes)": 60, "rate(1 hour)": 180, "rate(2 hours)": 360,
		"rate(1 day)": 1440, "rate(12 hours)": 1440, "cron(0 9 * * ? *)": 1440,
	} {
		if got := (settings.Schedules{Gather: schedule}).GatherLate(); got != want {
			t.Errorf("%s: %d minutes, want %d", schedule, got, want)
		}
	}
}
