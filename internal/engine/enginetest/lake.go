// Package enginetest holds what the tests of engines share: a small lake whose
// rows are known, made through the front door of package lake.
package enginetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

// The parts of the lake that NewLake makes, for expectations.
const (
	Account = "111122223333"
	Other   = "444455556666"
	Tokyo   = "ap-northeast-1"
	Virgin  = "us-east-1"
	Group   = "AWS::EC2::SecurityGroup"
	Bucket  = "AWS::S3::Bucket"
)

// At is an instant of the lake: minutes after 2024-11-05 01:02:03.456 UTC.
func At(minutes int) time.Time {
	return time.Date(2024, 11, 5, 1, 2, 3, 456e6, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// hash is a content hash of the right length.
func hash(digit string) string { return strings.Repeat(digit, 64) }

// Items are the configuration items of the lake, in the order in which a file
// holds them. They span two accounts, two regions and three months.
func Items() []configtrail.ConfigurationItem {
	source := func(key string, index int64) configtrail.Source {
		return configtrail.Source{URI: "file:///bucket/" + key, Key: key, ETag: "e1", Index: index}
	}
	return []configtrail.ConfigurationItem{
		{
			Key: configtrail.ResourceKey{Account: Account, Region: Tokyo, Type: Group, ID: "sg-1"}, CaptureTime: At(0),
			Status: configtrail.StatusResourceDiscovered, Name: "web 日本語 🗾", ARN: "arn:aws:ec2:ap-northeast-1:111122223333:security-group/sg-1",
			StateID: "1730768523456", Version: "1.3", CreationTime: At(-60),
			Tags: map[string]string{"環境": "本番", "Environment": "prod", "environment": ""},
			Relationships: []configtrail.Relationship{
				{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in Vpc"},
				{ResourceType: "AWS::EC2::Instance", ResourceID: "i-1", ResourceName: "it's \"quoted\"", Name: "Is associated with "},
			},
			Configuration: json.RawMessage(`{"groupId":"sg-1","ipPermissions":[{"fromPort":443}],"big":12345678901234567890}`),
			ContentHash:   hash("1"), Source: source("a.json.gz", 0),
		},
		{
			Key: configtrail.ResourceKey{Account: Account, Region: Tokyo, Type: Group, ID: "sg-1"}, CaptureTime: At(24 * 60),
			Status: configtrail.StatusOK, Name: "web 日本語 🗾", ContentHash: hash("2"), Tags: map[string]string{},
			Configuration: json.RawMessage(`{"groupId":"sg-1","ipPermissions":[]}`), Source: source("b.json.gz", 3),
		},
		{
			Key: configtrail.ResourceKey{Account: Account, Region: configtrail.Global, Type: "AWS::IAM::Role", ID: "AROA1"}, CaptureTime: At(60 * 24 * 40),
			Status: configtrail.StatusResourceDeleted, ContentHash: hash("3"), Source: source("c.json.gz", 0),
		},
		{
			Key: configtrail.ResourceKey{Account: Other, Region: Virgin, Type: Bucket, ID: "it's; DROP \"x\" --"}, CaptureTime: At(-60 * 24 * 20),
			Status: configtrail.StatusOK, ContentHash: hash("4"), Configuration: json.RawMessage(`{}`), Source: source("d.json.gz", 1),
		},
	}
}

// Changes are the changes of the lake: one with edits, one without and without
// an item before it.
func Changes() []configtrail.Change {
	items := Items()
	return []configtrail.Change{
		{
			Key: items[1].Key, Name: items[1].Name, ARN: items[0].ARN, Tags: items[1].Tags, Time: items[1].CaptureTime, After: items[0].CaptureTime,
			Kind: configtrail.Updated, HashBefore: hash("1"), HashAfter: hash("2"), ActorStatus: configtrail.ActorNoTrail,
			Edits: []configtrail.Edit{
				{Path: "/configuration/ipPermissions/0", Op: configtrail.OpRemove, Old: json.RawMessage(`{"fromPort":443}`)},
				{Path: "/tags/環境", Op: configtrail.OpRemove, Old: json.RawMessage(`"本番"`)},
			},
			Source: items[1].Source, SourceBefore: &items[0].Source,
		},
		{
			Key: items[2].Key, Time: items[2].CaptureTime, Kind: configtrail.Deleted, HashAfter: hash("3"),
			Edits: []configtrail.Edit{}, ActorStatus: configtrail.ActorNoTrail, Source: items[2].Source,
		},
	}
}

// NewLake makes a lake in a folder of the test that holds Items and Changes, and
// neither events nor deliveries.
func NewLake(t testing.TB) *lake.Lake {
	t.Helper()
	l := NewEmptyLake(t, t.TempDir())
	ctx := t.Context()
	writer, err := l.NewWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range Items() {
		outcome, err := writer.AddItem(ctx, &item)
		if err != nil || outcome != lake.New {
			t.Fatalf("add item %s: %v, %v", item.Key, outcome, err)
		}
	}
	if err := writer.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	changes, err := l.NewChangeWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range Changes() {
		if err := changes.Add(ctx, change); err != nil {
			t.Fatalf("add change %s: %v", change.ID(), err)
		}
	}
	if err := changes.Commit(ctx, 0); err != nil {
		t.Fatal(err)
	}
	return l
}

// NewEmptyLake makes a lake without rows in dir, closed when the test ends.
func NewEmptyLake(t testing.TB, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), lake.Options{Dir: dir, RedactKeyID: "test"})
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
