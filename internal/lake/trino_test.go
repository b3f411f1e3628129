package lake_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/stack"

	"github.com/google/go-cmp/cmp"
)

// A lake on S3 is read by Trino through Glue as it was written, with no step between.
func TestTrinoReadsTheLake(t *testing.T) {
	servers := stack.Start(t)
	here := onStack(t)
	place, _ := remote(here)
	l := create(t, here)
	ctx := t.Context()

	w := writer(t, l)
	full := bucket(prod, "i/0 1:日本", "2024-11-05T01:02:03.123456Z", "aa")
	full.Tags = map[string]string{"環境": "本番", "Environment": "a", "empty": ""}
	full.Relationships = []configtrail.Relationship{{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "}}
	full.CreationTime = at("1970-01-01T00:00:00Z")
	full.Configuration = json.RawMessage(`{"a":[1,2,"三"]}`)
	bare := bucket(audit, "bare", "2024-12-01T00:00:00Z", "bb")
	bare.Configuration, bare.Name = nil, ""
	empty := bucket(audit, "empty", "2024-12-31T23:59:59.999999Z", "cc")
	empty.Tags, empty.Relationships = map[string]string{}, []configtrail.Relationship{}
	addItems(t, w, full, bare, empty)
	if _, err := w.AddEvent(ctx, &configtrail.Event{
		ID: "e-1", Account: prod, Region: "us-east-1", Time: at("2024-11-05T00:59:00Z"), Name: "CreateBucket", ActorName: "花子",
		Resources: []configtrail.EventResource{{ARN: "arn:aws:s3:::b", Account: prod, Type: "AWS::S3::Bucket"}},
		Request:   json.RawMessage(`{"bucketName":"b"}`),
	}); err != nil {
		t.Fatal(err)
	}
	d := delivery("記録.json.gz", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))
	d.Quarantined = []configtrail.Quarantined{{Key: "記録.json.gz", Index: 2, Offset: 1 << 40, Code: "bad_item", Reason: "no \"type\""}}
	addDelivery(t, w, d, lake.Group{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"})
	commit(t, w)
	cw := changeWriter(t, l)
	change := changeOf("i/0 1:日本", "2024-11-06T00:00:00.5Z", "h2")
	change.Edits = []configtrail.Edit{
		{Path: "/tags/環境", Op: "replace", Old: json.RawMessage(`"開発"`), New: json.RawMessage(`"本番"`)},
		{Path: "/configuration/x", Op: "add", New: json.RawMessage(`null`)},
		{Path: "/configuration/y", Op: "remove", Old: json.RawMessage(`{"z":1}`)},
	}
	change.After = at("2024-11-05T01:02:03.123456Z")
	none := changeOf("bare", "2024-12-01T00:00:00Z", "h1")
	none.Edits = []configtrail.Edit{}
	replace(t, cw, 1, nil, []configtrail.Change{change, none})

	number := func(n int) any { return json.Number(fmt.Sprint(n)) }
	for _, test := range []struct {
		sql  string
		want [][]any
	}{
		{"SELECT (SELECT count(*) FROM {items}), (SELECT count(*) FROM {changes}), (SELECT count(*) FROM {events}), (SELECT count(*) FROM {deliveries})",
			[][]any{{number(3), number(2), number(1), number(1)}}},
		{"SELECT resource_id, tags, capture_time, creation_time, configuration, relationships FROM {items} ORDER BY capture_time", [][]any{
			{"i/0 1:日本", map[string]any{"環境": "本番", "Environment": "a", "empty": ""}, "2024-11-05 01:02:03.123456 UTC", "1970-01-01 00:00:00.000000 UTC",
				`{"a":[1,2,"三"]}`, []any{[]any{"AWS::EC2::VPC", "vpc-1", "", "Is contained in "}}},
			{"bare", nil, "2024-12-01 00:00:00.000000 UTC", nil, nil, nil},
			{"empty", map[string]any{}, "2024-12-31 23:59:59.999999 UTC", nil, `{"name":"empty"}`, []any{}},
		}},
		{"SELECT CAST(capture_time AT TIME ZONE 'Asia/Tokyo' AS varchar) FROM {items} WHERE account = '" + audit + "' AND capture_time >= TIMESTAMP '2024-12-31 00:00:00 UTC'",
			[][]any{{"2025-01-01 08:59:59.999999 Asia/Tokyo"}}},
		{"SELECT resource_id, capture_time, previous_capture_time, edits FROM {changes} ORDER BY capture_time", [][]any{
			{"i/0 1:日本", "2024-11-06 00:00:00.500000 UTC", "2024-11-05 01:02:03.123456 UTC", []any{
				[]any{"/tags/環境", "replace", `"開発"`, `"本番"`}, []any{"/configuration/x", "add", nil, "null"}, []any{"/configuration/y", "remove", `{"z":1}`, nil},
			}},
			{"bare", "2024-12-01 00:00:00.000000 UTC", nil, []any{}},
		}},
		{"SELECT event_id, event_time, event_name, actor_name, resources, request, response FROM {events}", [][]any{
			{"e-1", "2024-11-05 00:59:00.000000 UTC", "CreateBucket", "花子", []any{[]any{"arn:aws:s3:::b", prod, "AWS::S3::Bucket"}}, `{"bucketName":"b"}`, nil},
		}},
		{"SELECT uri, written_at, batch, quarantined, derive FROM {deliveries}", [][]any{
			{"s3://b/記録.json.gz", "2024-11-05 00:00:00.000000 UTC", number(1),
				[]any{[]any{number(2), number(1 << 40), "bad_item", `no "type"`}}, []any{[]any{prod, tokyo, "AWS::S3::Bucket"}}},
		}},
	} {
		got := servers.Exec(t, inTrino(servers, place.Database, test.sql))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.sql, diff)
		}
	}

	// Trino and this package read what a compaction left, too.
	addItems(t, w, bucket(prod, "z", "2024-11-07T00:00:00Z", "1"))
	commit(t, w)
	if _, err := l.Compact(ctx, lake.CompactOptions{KeepSnapshots: 1}); err != nil {
		t.Fatal(err)
	}
	got := servers.Exec(t, inTrino(servers, place.Database, "SELECT count(*), count(DISTINCT \"$path\") FROM {items} WHERE account = '"+prod+"'"))
	if diff := cmp.Diff([][]any{{number(2), number(1)}}, got); diff != "" {
		t.Errorf("items and files after a compaction (-want +got):\n%s", diff)
	}
}

// inTrino names the tables of a lake as Trino knows them.
func inTrino(servers *stack.Stack, database, sql string) string {
	for _, table := range []string{lake.Items, lake.Changes, lake.Events, lake.Deliveries} {
		sql = strings.ReplaceAll(sql, "{"+table+"}", fmt.Sprintf("%q.%q.%q", servers.LakeCatalog, database, table))
	}
	return sql
}
