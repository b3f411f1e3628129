package history_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

// seen is an item of a resource without much in it.
func seen(of configtrail.ResourceKey, when, hash string, status configtrail.Status) configtrail.ConfigurationItem {
	item := configtrail.ConfigurationItem{
		Key: of, Name: "q", CaptureTime: at(when), ContentHash: hash, Status: status, StateID: "5", RedactionVersion: 1, Source: source(0),
	}
	if status.Live() {
		item.Configuration = json.RawMessage(`{"state":"` + hash + `"}`)
	}
	return item
}

// happened is the change that an item shows.
func happened(of configtrail.ResourceKey, when string, kind configtrail.Kind) configtrail.Change {
	return configtrail.Change{Key: of, Time: at(when), Kind: kind, Edits: []configtrail.Edit{}, ActorStatus: configtrail.ActorNoTrail, Source: source(0)}
}

const (
	ok      = configtrail.StatusOK
	found   = configtrail.StatusResourceDiscovered
	deleted = configtrail.StatusResourceDeleted
	ended   = configtrail.StatusResourceNotRecorded
)

var (
	queue = key(dev, "us-east-1", "AWS::SQS::Queue", "https://sqs/q")
	role  = key(dev, "global", "AWS::IAM::Role", "AROA")
	other = key(prod, "us-east-1", "AWS::SQS::Queue", "https://sqs/q")
)

// lives is a queue that was there before, changed, was excluded, recorded again
// unchanged, deleted, made again; and a role that is only ever first recorded.
func lives() ledger {
	twice := seen(queue, "2024-03-01T00:00:00Z", "b", ok)
	twice.StateID, twice.ContentHash, twice.Configuration = "10", "a2", json.RawMessage(`{"state":"a2"}`) // 10 is later than 5
	text := seen(queue, "2024-03-01T00:00:00Z", "z", ok)
	text.StateID = "later" // no number: the least
	return ledger{
		items: []configtrail.ConfigurationItem{
			seen(queue, "2024-01-01T00:00:00Z", "a", found),
			seen(queue, "2024-01-01T00:00:00Z", "a", found), // let in twice
			seen(queue, "2024-01-02T00:00:00Z", "a", ok),
			seen(queue, "2024-01-03T00:00:00Z", "a", ok),
			seen(queue, "2024-03-01T00:00:00Z", "b", ok),
			twice, text,
			seen(queue, "2024-04-01T00:00:00Z", "", ended),
			seen(queue, "2024-04-02T00:00:00Z", "", ended),
			seen(queue, "2024-05-01T00:00:00Z", "a2", ok),
			seen(queue, "2024-06-01T00:00:00Z", "", deleted),
			seen(queue, "2024-06-02T00:00:00Z", "", deleted),
			seen(queue, "2024-07-01T00:00:00Z", "c", ok),
			seen(role, "2024-02-01T00:00:00Z", "r", ok),
			seen(other, "2024-02-01T00:00:00Z", "o", found),
		},
		changes: []configtrail.Change{
			happened(queue, "2024-03-01T00:00:00Z", configtrail.Updated),
			happened(queue, "2024-06-01T00:00:00Z", configtrail.Deleted),
			happened(queue, "2024-07-01T00:00:00Z", configtrail.Recreated),
			happened(other, "2024-02-01T00:00:00Z", configtrail.Created),
		},
	}
}

// line is an entry as short as a test can say it.
type line struct {
	Time      string
	Kind      configtrail.Kind
	Status    configtrail.Status
	Unchanged int64
	Last      string
	Change    bool
}

func lines(entries []history.Entry) []line {
	short := []line{}
	for _, e := range entries {
		short = append(short, line{e.Time.Format(time.DateTime), e.Kind, e.Status, e.Unchanged, e.LastSeen.Format(time.DateTime), e.Change != nil})
	}
	return short
}

func TestTimeline(t *testing.T) {
	h := over(open(t, lives()))
	h.Zone = zone(t, "Asia/Tokyo")
	got, err := h.Timeline(t.Context(), queue, configtrail.Window{})
	if err != nil {
		t.Fatal(err)
	}
	want := []line{
		{"2024-01-01 09:00:00", configtrail.FirstRecorded, found, 2, "2024-01-03 09:00:00", false},
		{"2024-03-01 09:00:00", configtrail.Updated, ok, 0, "2024-03-01 09:00:00", true},
		{"2024-04-01 09:00:00", configtrail.NotRecorded, ended, 1, "2024-04-02 09:00:00", false},
		{"2024-05-01 09:00:00", "", ok, 0, "2024-05-01 09:00:00", false},
		{"2024-06-01 09:00:00", configtrail.Deleted, deleted, 1, "2024-06-02 09:00:00", true},
		{"2024-07-01 09:00:00", configtrail.Recreated, ok, 0, "2024-07-01 09:00:00", true},
	}
	if difference := cmp.Diff(want, lines(got)); difference != "" {
		t.Error(difference)
	}
	got, err = h.Timeline(t.Context(), queue, configtrail.Window{From: at("2024-01-02T00:00:00Z"), To: at("2024-04-01T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	want = []line{
		{"2024-01-02 09:00:00", "", ok, 1, "2024-01-03 09:00:00", false},
		{"2024-03-01 09:00:00", configtrail.Updated, ok, 0, "2024-03-01 09:00:00", true},
	}
	if difference := cmp.Diff(want, lines(got)); difference != "" {
		t.Error("in a window:", difference)
	}
	got, err = h.Timeline(t.Context(), queue, configtrail.Window{From: at("2025-01-01T00:00:00Z")})
	if err != nil || len(got) != 0 {
		t.Errorf("in an empty window: %v, %v", got, err)
	}
	if _, err := h.Timeline(t.Context(), key(dev, "us-east-1", "AWS::SQS::Queue", "none"), configtrail.Window{}); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("a resource that never was: %v", err)
	}
}

// stateOf is a state as short as a test can say it.
type stateOf struct {
	Key   configtrail.ResourceKey
	Hash  string
	Kind  configtrail.Kind
	Since string
	Stale bool
}

func states(t *testing.T, h *history.History, when string, filter history.Filter) []stateOf {
	t.Helper()
	var got []stateOf
	for state, err := range h.At(t.Context(), at(when), filter) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, stateOf{state.Item.Key, state.Item.ContentHash, state.Kind, state.Since.Format(time.DateOnly), state.Stale})
	}
	return got
}

func TestAt(t *testing.T) {
	h := over(open(t, lives()))
	both := []stateOf{
		{other, "o", configtrail.Created, "2024-02-01", false},
		{role, "r", configtrail.FirstRecorded, "2024-02-01", false},
	}
	for when, of := range map[string]stateOf{
		"2024-02-28T23:59:59.999999Z": {queue, "a", configtrail.FirstRecorded, "2024-01-01", false},
		"2024-03-01T00:00:00Z":        {queue, "a2", configtrail.Updated, "2024-03-01", false},
		"2024-04-15T00:00:00Z":        {queue, "a2", configtrail.NotRecorded, "2024-04-02", true},
		"2024-05-15T00:00:00Z":        {queue, "a2", configtrail.Updated, "2024-03-01", false},
		"2024-06-15T00:00:00Z":        {}, // deleted
		"2024-08-01T00:00:00Z":        {queue, "c", configtrail.Recreated, "2024-07-01", false},
	} {
		want := []stateOf{both[0], both[1]}
		if of.Hash != "" {
			want = append(want, of)
		}
		if difference := cmp.Diff(want, states(t, h, when, history.Filter{})); difference != "" {
			t.Error(when, difference)
		}
	}
	if got := states(t, h, "2023-01-01T00:00:00Z", history.Filter{}); got != nil {
		t.Errorf("before everything: %v", got)
	}
	if got := states(t, h, "2024-08-01T00:00:00Z", history.Filter{Limit: 1}); len(got) != 1 || got[0].Key != other {
		t.Errorf("with a limit: %v", got)
	}
	if got := states(t, h, "2024-08-01T00:00:00Z", history.Filter{Types: []string{"iam"}, Contains: `E":"R"`}); len(got) != 1 || got[0].Key != role {
		t.Errorf("with text: %v", got)
	}
	for _, err := range h.At(t.Context(), clock, history.Filter{Kinds: []configtrail.Kind{configtrail.Created}}) {
		if !errors.Is(err, configtrail.ErrInvalid) {
			t.Error(err)
		}
	}
}

func TestAtGivesTheWholeItem(t *testing.T) {
	item := configtrail.ConfigurationItem{
		Key: role, Name: "デプロイ", ARN: "arn:aws:iam::444455556666:role/deploy", AvailabilityZone: "Regional", Version: "1.3",
		Status: found, StateID: "1730000000001", CaptureTime: at("2024-11-05T01:02:03.456Z"), CreationTime: at("2020-01-01T00:00:00Z"),
		Tags:                       map[string]string{"Env": "a", "env": "b"},
		Relationships:              []configtrail.Relationship{{ResourceType: "AWS::IAM::Policy", ResourceID: "ANPA", Name: "Is attached to "}},
		Configuration:              json.RawMessage(`{"path":"/"}`),
		SupplementaryConfiguration: json.RawMessage(`{"x":[]}`), ContentHash: "h", RedactionVersion: 3, Source: source(9),
	}
	for state, err := range over(open(t, ledger{items: []configtrail.ConfigurationItem{item}})).At(t.Context(), clock, history.Filter{Tags: map[string]string{"env": "b"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(item, state.Item); difference != "" {
			t.Error(difference)
		}
		return
	}
	t.Error("the resource is missing")
}

func TestDiff(t *testing.T) {
	h := over(open(t, lives()))
	for name, test := range map[string]struct {
		from, to      string
		before, after string // hashes; "-": nothing known
		edits         []configtrail.Edit
	}{
		"two states": {"2024-01-15T00:00:00Z", "2024-03-01T00:00:00Z", "a", "a2", []configtrail.Edit{
			{Path: "/configuration/state", Op: configtrail.OpReplace, Old: json.RawMessage(`"a"`), New: json.RawMessage(`"a2"`)},
		}},
		"one state":               {"2024-01-01T00:00:00Z", "2024-01-15T00:00:00Z", "a", "a", []configtrail.Edit{}},
		"nothing known before":    {"2023-12-31T23:59:59Z", "2024-03-01T00:00:00Z", "-", "a2", []configtrail.Edit{}},
		"deleted meanwhile":       {"2024-05-01T00:00:00Z", "2024-06-15T00:00:00Z", "a2", "", []configtrail.Edit{}},
		"not recorded meanwhile":  {"2024-03-01T00:00:00Z", "2024-04-15T00:00:00Z", "a2", "a2", []configtrail.Edit{}},
		"over a deletion":         {"2024-05-01T00:00:00Z", "2024-08-01T00:00:00Z", "a2", "c", []configtrail.Edit{{Path: "/configuration/state", Op: configtrail.OpReplace, Old: json.RawMessage(`"a2"`), New: json.RawMessage(`"c"`)}}},
		"the same instant, twice": {"2024-08-01T00:00:00Z", "2024-08-01T00:00:00Z", "c", "c", []configtrail.Edit{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := h.Diff(t.Context(), queue, at(test.from), at(test.to))
			if err != nil {
				t.Fatal(err)
			}
			hash := func(s *history.State) string {
				if s == nil {
					return "-"
				}
				return s.Item.ContentHash
			}
			if hash(got.Before) != test.before || hash(got.After) != test.after {
				t.Errorf("from %q to %q", hash(got.Before), hash(got.After))
			}
			if difference := cmp.Diff(test.edits, got.Edits); difference != "" {
				t.Error(difference)
			}
		})
	}
	if _, err := h.Diff(t.Context(), queue, at("2024-02-01T00:00:00Z"), at("2024-01-01T00:00:00Z")); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("backwards: %v", err)
	}
	if _, err := h.Diff(t.Context(), queue, at("2022-02-01T00:00:00Z"), at("2023-01-01T00:00:00Z")); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("before everything: %v", err)
	}
}

func TestResolve(t *testing.T) {
	item := func(k configtrail.ResourceKey, name, arn, when string) configtrail.ConfigurationItem {
		return configtrail.ConfigurationItem{Key: k, Name: name, ARN: arn, CaptureTime: at(when), Status: ok}
	}
	vpc := key(prod, "us-east-1", "AWS::EC2::VPC", "vpc-1")
	group := key(prod, "us-east-1", "AWS::EC2::SecurityGroup", "sg-1")
	bucket := key(dev, "us-east-1", "AWS::S3::Bucket", "web")
	odd := key(dev, "us-east-1", "AWS::SSM::Parameter", `/a/%_'"/日本`)
	h := over(open(t, ledger{items: []configtrail.ConfigurationItem{
		item(vpc, "Main", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", "2024-01-01T00:00:00Z"),
		item(vpc, "main-renamed", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", "2024-02-01T00:00:00Z"),
		item(group, "web", "", "2024-01-01T00:00:00Z"),
		item(bucket, "web", "arn:aws:s3:::web", "2024-01-01T00:00:00Z"),
		item(odd, "", "arn:aws:ssm:us-east-1:999999999999:parameter/shared", "2024-01-01T00:00:00Z"),
	}}))
	main := history.Candidate{Key: vpc, Name: "main-renamed", ARN: "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", LastSeen: at("2024-02-01T00:00:00Z")}
	web := history.Candidate{Key: bucket, Name: "web", ARN: "arn:aws:s3:::web", LastSeen: at("2024-01-01T00:00:00Z")}
	sg := history.Candidate{Key: group, Name: "web", LastSeen: at("2024-01-01T00:00:00Z")}
	param := history.Candidate{Key: odd, ARN: "arn:aws:ssm:us-east-1:999999999999:parameter/shared", LastSeen: at("2024-01-01T00:00:00Z")}
	for name, test := range map[string]struct {
		text   string
		filter history.Filter
		want   []history.Candidate
		err    error
		hint   string
	}{
		"id":                       {text: "vpc-1", want: []history.Candidate{main}},
		"former name":              {text: "Main", want: []history.Candidate{main}},
		"another case":             {text: "MAIN", want: []history.Candidate{main}},
		"ARN":                      {text: "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", want: []history.Candidate{main}},
		"ARN without an account":   {text: "arn:aws:s3:::web", want: []history.Candidate{web}},
		"ARN of another account":   {text: "arn:aws:ssm:us-east-1:999999999999:parameter/shared", want: []history.Candidate{param}},
		"full key":                 {text: odd.String(), want: []history.Candidate{param}},
		"hostile id":               {text: odd.ID, want: []history.Candidate{param}},
		"several":                  {text: "web", want: []history.Candidate{sg, web}, err: configtrail.ErrInvalid, hint: "name it as account/region/type/id"},
		"several, narrowed":        {text: "web", filter: history.Filter{Types: []string{"s3"}}, want: []history.Candidate{web}},
		"key outside the filter":   {text: vpc.String(), filter: history.Filter{Accounts: []string{dev}}, err: configtrail.ErrNotFound, hint: "look with: configtrail changes --contains TEXT --noise include"},
		"part":                     {text: "pc-", want: []history.Candidate{main}, err: configtrail.ErrNotFound, hint: "did you mean " + vpc.String() + "?"},
		"% is no wildcard":         {text: "%", want: []history.Candidate{param}, err: configtrail.ErrNotFound, hint: "did you mean " + odd.String() + "?"},
		"nothing like it":          {text: "' OR ''='", err: configtrail.ErrNotFound, hint: "look with: configtrail changes --contains TEXT --noise include"},
		"nothing":                  {text: "", err: configtrail.ErrInvalid},
		"not a text":               {text: "\xff", err: configtrail.ErrInvalid},
		"an account nobody knows":  {text: "x", filter: history.Filter{Accounts: []string{"nobody"}}, err: configtrail.ErrInvalid, hint: "name the account by its twelve digits, or give it a name in the settings file"},
		"resources narrow nothing": {text: "vpc-1", filter: history.Filter{Resources: []string{"web"}}, want: []history.Candidate{main}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := h.Resolve(t.Context(), test.text, test.filter)
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			var hint *configtrail.Hint
			if errors.As(err, &hint) {
				if hint.Next != test.hint {
					t.Errorf("hint %q, want %q", hint.Next, test.hint)
				}
			} else if test.hint != "" {
				t.Error("no hint")
			}
			if difference := cmp.Diff(test.want, got); difference != "" {
				t.Error(difference)
			}
		})
	}
	_, err := h.Resolve(t.Context(), "web", history.Filter{})
	var ambiguous *history.Ambiguous
	if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Errorf("%v", err)
	}
}
