package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/raw"
	"configtrail/internal/history"
)

// script is an engine that answers raw questions with rows written by hand. It
// breaks on objects as real engines do.
type script struct {
	rows   [][]any
	broken []string // objects that break a query which does not leave them out
	asked  []engine.Query
}

func (s *script) Query(_ context.Context, q engine.Query) (engine.Result, error) {
	s.asked = append(s.asked, q)
	for _, uri := range s.broken {
		if !slices.Contains(q.Args, any(uri)) {
			dollar := 0.5
			return engine.Result{}, &engine.Spent{
				Cost: configtrail.Cost{Bytes: 10, USD: &dollar},
				Err:  fmt.Errorf("query: %w", &engine.BadObject{URI: uri, Reason: "not a valid JSON object"}),
			}
		}
	}
	return engine.Result{
		Rows: func(yield func([]any, error) bool) {
			for _, row := range s.rows {
				if !yield(row, nil) {
					return
				}
			}
		},
		Cost: func() configtrail.Cost { dollar := 1.0; return configtrail.Cost{Bytes: 100, USD: &dollar} },
	}, nil
}

func (s *script) Version(context.Context, configtrail.Scope) (string, error) { return "", nil }
func (s *script) Dialect() engine.Dialect                                    { return engine.Trino }
func (s *script) Close() error                                               { return nil }

// rawSeen is an item as a raw table tells it.
type rawSeen struct {
	id, at, status string // id "": counts of other items
	created        string
	before         string // capture of the item just before, in object "before"
	stateID        int64
	configuration  string
	tags           string
	records        int64
	captures       int64
}

// row is the item as a row of the question of candidates.
func (s rawSeen) row() []any {
	optional := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	instant := func(text string) any {
		if text == "" {
			return nil
		}
		return at(text)
	}
	if s.id == "" {
		row := make([]any, 28)
		row[0], row[1], row[2], row[5], row[7], row[8] = prod, tokyo, sg, "", s.records, s.captures
		return row
	}
	var beforeURI, beforeIndex any
	if s.before != "" {
		beforeURI, beforeIndex = "s3://logs/before", int64(7)
	}
	return []any{
		prod, tokyo, sg, s.id, instant(s.at), "", nil, max(s.records, 1), max(s.captures, 1), s.at, instant(s.before), optional(s.before),
		s.status, "web", "arn:aws:ec2:" + s.id, "a", "1.3", s.stateID, instant(s.created), optional(s.configuration), nil, nil, optional(s.tags),
		"s3://logs/at/" + s.at, int64(3), beforeURI, beforeIndex, nil,
	}
}

func flawed(uri, code string, items, index int64) []any {
	row := make([]any, 28)
	row[5], row[6], row[7], row[8], row[27] = code, uri, items, int64(0), index
	return row
}

const sg = "AWS::EC2::SecurityGroup"

// rawTable is the first user's table, or one with state.
func rawTable(content bool) types.Table {
	members, serde := plainMembers, hcatalog
	if content {
		members, serde = stateMembers, openX
	}
	definition := types.Table{
		DatabaseName: sdk.String("logs"), Name: sdk.String("config"),
		Parameters: map[string]string{
			"projection.enabled": "true", "storage.location.template": "s3://logs/AWSLogs/${account_id}/Config/${region}/${year}/${month}/${day}/",
			"projection.account_id.type": "injected", "projection.region.type": "enum", "projection.region.values": tokyo,
			"projection.year.type": "integer", "projection.month.type": "integer", "projection.day.type": "integer",
		},
		StorageDescriptor: &types.StorageDescriptor{
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: &serde},
			Columns:   []types.Column{{Name: sdk.String("configurationitems"), Type: sdk.String("array<struct<" + members + ">>")}},
		},
	}
	for _, name := range []string{"account_id", "region", "year", "month", "day"} {
		definition.PartitionKeys = append(definition.PartitionKeys, types.Column{Name: &name, Type: sdk.String("string")})
	}
	return definition
}

// daySnapshots lays a snapshot at noon of every day into a folder.
func daySnapshots(t *testing.T, dir, from, to string) {
	t.Helper()
	for day := at(from); day.Before(at(to)); day = day.AddDate(0, 0, 1) {
		noon := day.Add(12 * time.Hour)
		key := fmt.Sprintf("AWSLogs/%s/Config/%s/%s/ConfigSnapshot/%s_Config_%s_ConfigSnapshot_%s_5d2b8a39-0d27-4c3a-9c39-0d2b8a395d2b.json.gz",
			prod, tokyo, day.Format("2006/1/2"), prod, tokyo, noon.Format("20060102T150405Z"))
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scripted is a Raw over rows written by hand, and snapshots from 29 October to
// 4 December.
func scripted(t *testing.T, content bool, items ...rawSeen) (*history.Raw, *script) {
	t.Helper()
	e := &script{}
	for _, item := range items {
		e.rows = append(e.rows, item.row())
	}
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-10-29T00:00:00Z", "2024-12-04T00:00:00Z")
	return rawOver(t, dir, e, rawTable(content)), e
}

func rawOver(t *testing.T, dir string, e *script, definition types.Table) *history.Raw {
	t.Helper()
	tables, err := raw.New([]types.Table{definition}, func(string) (blob.Bucket, error) { return blob.OpenFolder(dir) }, raw.Options{Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	return &history.Raw{Tables: tables, Now: func() time.Time { return at("2024-12-10T00:00:00Z") }}
}

var rawMonth = configtrail.Month{Year: 2024, Month: time.November}

func wholeNovember() history.Filter {
	return history.Filter{Window: rawMonth.Window(time.UTC), Noise: history.NoiseInclude, Order: history.Ascending}
}

func rawLines(changes []configtrail.Change) []string {
	var all []string
	for _, c := range changes {
		after := "-"
		if !c.After.IsZero() {
			after = c.After.Format("02T15")
		}
		edits := ""
		for _, e := range c.Edits {
			edits += " " + e.Op + e.Path
		}
		all = append(all, fmt.Sprintf("%s %s %s after %s%s", c.Time.Format("02T15"), c.Key.ID, c.Kind, after, edits))
	}
	return all
}

// The kinds are those of the rules of truth. Items before the month are the state
// that its first changes are held against; changes of other months are not told.
func TestRawChangesFollowTheRulesOfTruth(t *testing.T) {
	r, _ := scripted(t, true,
		rawSeen{id: "a-updated", at: "2024-10-20T00:00:00Z", status: "OK", configuration: `{"port":22,"none":[]}`},
		rawSeen{id: "a-updated", at: "2024-11-05T00:00:00Z", status: "OK", configuration: `{"port":23}`, before: "2024-11-04T00:00:00Z"},
		rawSeen{id: "b-spelled-anew", at: "2024-10-20T00:00:00Z", status: "OK", configuration: `{"a":1,"b":[],"c":null}`},
		rawSeen{id: "b-spelled-anew", at: "2024-11-05T00:00:00Z", status: "OK", configuration: `{"c":"","a":1.0}`, before: "2024-10-20T00:00:00Z"},
		rawSeen{id: "c-created", at: "2024-11-06T01:00:00Z", created: "2024-11-06T00:00:00Z", status: "ResourceDiscovered", configuration: `{}`},
		rawSeen{id: "d-first-recorded", at: "2024-11-06T01:00:00Z", created: "2020-11-06T00:00:00Z", status: "ResourceDiscovered", configuration: `{}`},
		rawSeen{id: "e-two-lives", at: "2024-11-07T00:00:00Z", status: "ResourceDeleted"},
		rawSeen{id: "e-two-lives", at: "2024-11-08T00:00:00Z", status: "OK", configuration: `{"a":1}`, before: "2024-11-07T00:00:00Z"},
		rawSeen{id: "e-two-lives", at: "2024-11-09T00:00:00Z", status: "ResourceDeletedNotRecorded", before: "2024-11-08T00:00:00Z"},
		rawSeen{id: "f-not-recorded", at: "2024-11-01T00:00:00Z", status: "OK", configuration: `{"a":1}`},
		rawSeen{id: "f-not-recorded", at: "2024-11-02T00:00:00Z", status: "ResourceNotRecorded", before: "2024-11-01T00:00:00Z"},
		rawSeen{id: "f-not-recorded", at: "2024-11-03T00:00:00Z", status: "OK", configuration: `{"a":2}`, before: "2024-11-02T00:00:00Z"},
		rawSeen{id: "g-two-states", at: "2024-11-01T00:00:00Z", status: "OK", configuration: `{"a":1}`, stateID: 1},
		rawSeen{id: "g-two-states", at: "2024-11-04T00:00:00Z", status: "OK", configuration: `{"a":1}`, stateID: 9, before: "2024-11-01T00:00:00Z"},
		rawSeen{id: "g-two-states", at: "2024-11-04T00:00:00Z", status: "OK", configuration: `{"a":3}`, stateID: 10, before: "2024-11-04T00:00:00Z"},
		rawSeen{id: "h-earlier", at: "2024-10-29T00:00:00Z", status: "OK", configuration: `{"a":1}`},
		rawSeen{id: "h-earlier", at: "2024-10-30T00:00:00Z", status: "OK", configuration: `{"a":2}`, before: "2024-10-29T00:00:00Z"},
		rawSeen{id: "i-no-creation-time", at: "2024-11-06T01:00:00Z", status: "ResourceDiscovered", configuration: `{}`},
		rawSeen{id: "", records: 40, captures: 4},
	)
	page, err := r.Changes(t.Context(), wholeNovember())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"03T00 f-not-recorded updated after 02T00 replace/configuration/a",
		"04T00 g-two-states updated after 01T00 replace/configuration/a",
		"05T00 a-updated updated after 04T00 replace/configuration/port",
		"06T01 c-created created after -",
		"06T01 i-no-creation-time created after -",
		"07T00 e-two-lives deleted after -",
		"08T00 e-two-lives recreated after 07T00",
		"09T00 e-two-lives deleted after 08T00",
	}
	if difference := cmp.Diff(want, rawLines(page.Changes)); difference != "" {
		t.Error(difference)
	}
	updated := page.Changes[2]
	if updated.Source != (configtrail.Source{URI: "s3://logs/at/2024-11-05T00:00:00Z", Key: "at/2024-11-05T00:00:00Z", Index: 3}) {
		t.Errorf("source %+v", updated.Source)
	}
	if updated.SourceBefore == nil || *updated.SourceBefore != (configtrail.Source{URI: "s3://logs/before", Key: "before", Index: 7}) {
		t.Errorf("source before %+v: the last item before the change tells its state", updated.SourceBefore)
	}
	if updated.HashBefore != "" || updated.HashAfter != "" || updated.ActorStatus != configtrail.ActorNoTrail {
		t.Errorf("a hash that secrets can be guessed against, or an actor: %+v", updated)
	}
}

// Without state columns nothing is called updated, and the answer says why.
func TestRawWithoutContentTellsLivesAndCaptures(t *testing.T) {
	r, e := scripted(t, false,
		rawSeen{id: "a", at: "2024-11-06T01:00:00Z", created: "2024-11-06T00:00:00Z", status: "ResourceDiscovered", records: 3},
		rawSeen{id: "a", at: "2024-11-07T00:00:00Z", status: "ResourceDeleted", before: "2024-11-06T18:00:00Z", records: 2},
		rawSeen{id: "a", at: "2024-11-08T00:00:00Z", status: "OK", before: "2024-11-07T00:00:00Z", tags: `{"not":"compared"}`},
		rawSeen{id: "", records: 40, captures: 4},
	)
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	totals := history.Totals{Changes: 3, Created: 1, Deleted: 1, Recreated: 1, Resources: 1, Accounts: 1}
	if difference := cmp.Diff(totals, month.Summary.Totals); difference != "" {
		t.Error(difference)
	}
	answer := month.Raw
	if answer.Content || answer.Records != 46 || answer.Captures != 7 {
		t.Errorf("%+v", answer)
	}
	if difference := cmp.Diff([]string{"configuration", "supplementaryConfiguration", "relationships", "tags"}, answer.NotCompared); difference != "" {
		t.Error(difference)
	}
	if difference := cmp.Diff([]history.RawNote{history.NoteWindow, history.NoteContent}, answer.Notes); difference != "" {
		t.Error(difference)
	}
	if difference := cmp.Diff([]history.RawCount{{Account: prod, Region: tokyo, Type: sg, Records: 46, Captures: 7}}, answer.By); difference != "" {
		t.Error(difference)
	}
	if month.Summary.Previous != nil || month.Earlier != nil || len(e.asked) != 1 {
		t.Errorf("a month before that nobody asked for: %v, %v, %d queries", month.Summary.Previous, month.Earlier, len(e.asked))
	}
	if month.Cost.Bytes != 100 || month.Cost.USD == nil || *month.Cost.USD != 1 {
		t.Errorf("cost %+v", month.Cost)
	}
}

// Columns that are there besides the configuration are compared, others named.
func TestRawNamesWhatIsNotCompared(t *testing.T) {
	definition := rawTable(true)
	members := strings.Replace(stateMembers, ",relationships:string", "", 1)
	definition.StorageDescriptor.Columns[0].Type = sdk.String("array<struct<" + members + ">>")
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-10-29T00:00:00Z", "2024-12-04T00:00:00Z")
	month, err := rawOver(t, dir, &script{}, definition).Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	if !month.Raw.Content || !slices.Equal(month.Raw.NotCompared, []string{"relationships"}) || !slices.Contains(month.Raw.Notes, history.NoteComparison) {
		t.Errorf("%+v", month.Raw)
	}
}

func TestRawHidesSecrets(t *testing.T) {
	const secret = "hunter2-Xk29fLq0Zr81"
	r, _ := scripted(t, true,
		rawSeen{id: "a", at: "2024-10-20T00:00:00Z", status: "OK", configuration: `{"masterUserPassword":"before-` + secret + `","a":1}`},
		rawSeen{id: "a", at: "2024-11-05T00:00:00Z", status: "OK", configuration: `{"masterUserPassword":"` + secret + `","a":1}`, before: "2024-10-20T00:00:00Z"},
	)
	page, err := r.Changes(t.Context(), wholeNovember())
	if err != nil || len(page.Changes) != 1 {
		t.Fatal(page, err)
	}
	edit := page.Changes[0].Edits[0]
	if edit.Path != "/configuration/masterUserPassword" || strings.Contains(string(edit.Old)+string(edit.New), "hunter2") || string(edit.Old) == string(edit.New) {
		t.Errorf("%s: %s, %s", edit.Path, edit.Old, edit.New)
	}
}

// An object that breaks the query is left out and named, and left out at once the
// next time.
func TestRawLeavesOutWhatBreaksTheQuery(t *testing.T) {
	r, e := scripted(t, true, rawSeen{id: "a", at: "2024-11-07T00:00:00Z", status: "ResourceDeleted"})
	const key = "AWSLogs/111122223333/Config/" + tokyo + "/2024/11/5/ConfigHistory/111122223333_Config_" + tokyo + "_ConfigHistory_AWS::EC2::VPC_20241105T010203Z_20241105T070203Z_1.json.gz"
	e.broken = []string{"s3://logs/it's", "s3://logs/" + key}
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	want := []history.LeftOut{{URI: "s3://logs/it's", Reason: "not a valid JSON object"}, {URI: "s3://logs/" + key, Reason: "not a valid JSON object"}}
	if difference := cmp.Diff(want, month.Raw.LeftOut); difference != "" {
		t.Error(difference)
	}
	if month.Summary.Totals.Deleted != 1 || month.Coverage.Quarantined != 2 || !slices.Contains(month.Raw.Notes, history.NoteLeftOut) || len(e.asked) != 3 {
		t.Errorf("%+v, %d quarantined, %v, %d queries", month.Summary.Totals, month.Coverage.Quarantined, month.Raw.Notes, len(e.asked))
	}
	if month.Cost.Bytes != 120 || *month.Cost.USD != 2 {
		t.Errorf("cost %+v: what failed costs too", month.Cost)
	}
	told := false
	for _, warning := range month.Warnings {
		told = told || warning.Kind == history.WarnQuarantine && warning.Key == key && slices.Equal(warning.Types, []string{"AWS::EC2::VPC"})
	}
	if !told {
		t.Errorf("no warning of %s: %+v", key, month.Warnings)
	}
	if _, err := r.Changes(t.Context(), wholeNovember()); err != nil || len(e.asked) != 4 {
		t.Errorf("%d queries, %v", len(e.asked), err)
	}
	if objects, err := r.Quarantine(t.Context(), wholeNovember()); err != nil || len(objects) != 2 || len(e.asked) != 4 {
		t.Error(objects, err)
	}
}

func TestRawGivesUpOnATableThatBreaksOnEverything(t *testing.T) {
	for _, n := range []int{10, 11} {
		r, e := scripted(t, true)
		for i := range n {
			e.broken = append(e.broken, fmt.Sprintf("s3://logs/%d", i))
		}
		_, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth})
		var problem *configtrail.Problem
		if refused := errors.As(err, &problem) && problem.Key == "raw_broken" && problem.Args["uri"] == "s3://logs/10"; refused != (n > 10) {
			t.Errorf("%d broken objects: %v", n, err)
		}
		if len(e.asked) != 11 {
			t.Errorf("%d queries", len(e.asked))
		}
	}
}

// Items that can't be placed are counted in quarantine, each once.
func TestRawCountsWhatCanNotBePlaced(t *testing.T) {
	r, e := scripted(t, true, rawSeen{id: "broken", at: "2024-11-05T00:00:00Z", status: "OK", configuration: `{"a":`})
	const key = "s3://logs/AWSLogs/" + prod + "/Config/" + tokyo + "/2024/11/5/ConfigSnapshot/" + prod + "_Config_" + tokyo + "_ConfigSnapshot_20241105T120000Z_x.json.gz"
	e.rows = append(e.rows, flawed(key, "account_mismatch", 2, 5), flawed(key, "bad_item", 1, 9))
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	if month.Coverage.Quarantined != 4 || len(month.Troubled) != 2 {
		t.Fatalf("%d quarantined in %+v", month.Coverage.Quarantined, month.Troubled)
	}
	object := month.Troubled[0]
	if object.URI != key || object.Account != prod || object.Kind != configtrail.KindSnapshot || object.Quarantined[0].Code != configtrail.CodeAccountMismatch ||
		object.Quarantined[0].Index != 5 || object.Quarantined[2].Code != configtrail.CodeBadItem {
		t.Errorf("%+v", object)
	}
	if month.Raw.Records != 1 {
		t.Errorf("%d records", month.Raw.Records)
	}
}
