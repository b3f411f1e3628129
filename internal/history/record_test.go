package history_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

// The JSON that people script against.
func TestRecords(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	item := seen(role, "2024-11-05T01:02:03.456Z", "r", ok)
	state := history.State{Item: item, Kind: configtrail.FirstRecorded, Since: at("2024-11-05T01:02:03.456Z"), Stale: true}
	const stateJSON = `{"account":"444455556666","account_name":"開発","region":"global","type":"AWS::IAM::Role","resource_id":"AROA","name":"q","arn":"",` +
		`"availability_zone":"","time":"2024-11-05T10:02:03.456+09:00","status":"OK","kind":"first_recorded","since":"2024-11-05T10:02:03.456+09:00",` +
		`"stale":true,"creation_time":null,"tags":{},"relationships":[],"configuration":{"state":"r"},"supplementary_configuration":null,` +
		`"source":{"uri":"s3://b/k.json.gz","key":"k.json.gz","etag":"\"e\"","index":0}}`
	entry := history.Entry{Time: at("2024-04-01T00:00:00Z"), Status: ended, Kind: configtrail.NotRecorded, Name: "q", Unchanged: 1, LastSeen: at("2024-04-02T00:00:00Z")}
	difference := history.Difference{Key: role, From: at("2024-01-01T00:00:00Z"), To: at("2024-12-01T00:00:00Z"), After: &state, Edits: []configtrail.Edit{}}
	for want, record := range map[string]any{
		stateJSON: state.Record(tokyo, "開発"),
		`{"time":"2024-04-01T00:00:00.000Z","kind":"not_recorded","status":"ResourceNotRecorded","name":"q","arn":"","unchanged":1,` +
			`"last_seen":"2024-04-02T00:00:00.000Z","change":null,"source":{"uri":"","key":"","etag":"","index":0}}`: entry.Record(time.UTC, ""),
		`{"account":"444455556666","account_name":"開発","region":"global","type":"AWS::IAM::Role","resource_id":"AROA",` +
			`"from":"2024-01-01T09:00:00.000+09:00","to":"2024-12-01T09:00:00.000+09:00","before":null,"after":` + stateJSON + `,"edits":[]}`: difference.Record(tokyo, "開発"),
	} {
		got, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(want, string(got)); difference != "" {
			t.Error(difference)
		}
	}
}
