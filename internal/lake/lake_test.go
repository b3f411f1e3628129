package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

const (
	prod  = "111122223333"
	audit = "444455556666"
	tokyo = "ap-northeast-1"
)

// asText compares JSON as text: cmp would look at each of five million bytes.
var asText = cmp.Comparer(func(a, b json.RawMessage) bool { return string(a) == string(b) && (a == nil) == (b == nil) })

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func create(t *testing.T, dir place) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), options(t, dir, "key-1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func writer(t *testing.T, l *lake.Lake) *lake.Writer {
	t.Helper()
	w, err := l.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// bucket is a small item; hash tells its states apart.
func bucket(account, id, captured, hash string) *configtrail.ConfigurationItem {
	return &configtrail.ConfigurationItem{
		Key:  configtrail.ResourceKey{Account: account, Region: tokyo, Type: "AWS::S3::Bucket", ID: id},
		Name: id, ARN: "arn:aws:s3:::" + id, Status: configtrail.StatusOK, StateID: "1700000000000",
		CaptureTime: at(captured), ContentHash: hash, Configuration: json.RawMessage(`{"name":"` + id + `"}`),
		Source: configtrail.Source{URI: "s3://b/k", Key: "k", ETag: "e", Index: 7},
	}
}

func addItems(t *testing.T, w *lake.Writer, items ...*configtrail.ConfigurationItem) {
	t.Helper()
	for _, item := range items {
		outcome, err := w.AddItem(t.Context(), item)
		if err != nil || outcome == lake.Duplicate {
			t.Fatalf("add %s: outcome %v, error %v", item.Key, outcome, err)
		}
	}
}

func commit(t *testing.T, w interface{ Commit(context.Context) error }) {
	t.Helper()
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func headers(t *testing.T, l *lake.Lake, scope configtrail.Scope) []lake.Header {
	t.Helper()
	var all []lake.Header
	for h, err := range l.Headers(t.Context(), scope) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

// names are id, capture time and content hash of headers, one line each.
func names(hs []lake.Header) []string {
	lines := []string{}
	for _, h := range hs {
		lines = append(lines, fmt.Sprintf("%s %s %s", h.Key.ID, h.CaptureTime.Format(time.RFC3339), h.ContentHash))
	}
	return lines
}

func TestRoundTripOfItems(t *testing.T) { everywhere(t, testRoundTripOfItems) }

func testRoundTripOfItems(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	full := &configtrail.ConfigurationItem{
		Key:  configtrail.ResourceKey{Account: prod, Region: tokyo, Type: "AWS::EC2::Instance", ID: "i/0 1:日本"},
		Name: "請求書サーバー 🗾", ARN: "arn:aws:ec2:x", AvailabilityZone: "ap-northeast-1a", Version: "1.3",
		Status: configtrail.StatusResourceDiscovered, StateID: "1730000000000",
		CaptureTime: at("2024-11-05T01:02:03.123456Z"), CreationTime: at("1970-01-01T00:00:00Z"),
		Tags: map[string]string{"環境": "本番", "Environment": "a", "environment": "b", "empty": ""},
		Relationships: []configtrail.Relationship{
			{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "},
			{ResourceName: "nur ein Name"},
		},
		Configuration:              json.RawMessage(`{"a":"` + strings.Repeat("あ", 5<<20/3) + `"}`),
		SupplementaryConfiguration: json.RawMessage(`{"😀":[1,2,null]}`),
		ContentHash:                "aa", RedactionVersion: 3,
		Source: configtrail.Source{URI: "s3://b/ключ", Key: "ключ", ETag: `"x"`, Index: 1 << 40},
	}
	bare := &configtrail.ConfigurationItem{
		Key:         configtrail.ResourceKey{Account: prod, Region: tokyo, Type: "AWS::EC2::Instance", ID: "i-bare"},
		CaptureTime: at("2024-11-30T23:59:59.999999Z"), ContentHash: "bb",
	}
	empty := &configtrail.ConfigurationItem{
		Key:         configtrail.ResourceKey{Account: prod, Region: tokyo, Type: "AWS::EC2::Instance", ID: "i-empty"},
		CaptureTime: at("2024-12-01T00:00:00Z"), ContentHash: "cc", Tags: map[string]string{},
		Relationships: []configtrail.Relationship{}, Configuration: json.RawMessage(`{}`),
		SupplementaryConfiguration: json.RawMessage(`""`),
	}
	want := []configtrail.ConfigurationItem{*bare, *empty, *full} // "i-" sorts before "i/"
	addItems(t, w, full, bare, empty)
	commit(t, w)

	var got []configtrail.ConfigurationItem
	for item, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item)
	}
	if diff := cmp.Diff(want, got, asText); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	hs := headers(t, l, configtrail.Scope{})
	loaded, err := l.Load(t.Context(), []lake.Header{hs[2], hs[0], hs[2], hs[1]})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]configtrail.ConfigurationItem{want[2], want[0], want[2], want[1]}, loaded, asText); diff != "" {
		t.Errorf("loaded items (-want +got):\n%s", diff)
	}
	head := want[2]
	head.Tags, head.Relationships, head.Configuration, head.SupplementaryConfiguration = nil, nil, nil, nil
	if diff := cmp.Diff(head, hs[2].ConfigurationItem); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestTextThatIsNoUTF8IsMended(t *testing.T) { everywhere(t, testTextThatIsNoUTF8IsMended) }

func testTextThatIsNoUTF8IsMended(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	item := bucket(prod, "a\xffb", "2024-11-05T00:00:00Z", "h")
	item.Tags = map[string]string{"k\xfe": "v\xfd"}
	item.Configuration = json.RawMessage("\"\xff\"")
	addItems(t, w, item)
	commit(t, w)
	for got, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got.Key.ID != "a�b" || got.Tags["k�"] != "v�" || string(got.Configuration) != `"�"` {
			t.Errorf("got id %q, tags %q, configuration %q", got.Key.ID, got.Tags, got.Configuration)
		}
	}
	if known, err := w.Known(t.Context(), item); err != nil || !known {
		t.Errorf("known %v, error %v; want it known", known, err)
	}
}

func TestAgainIsNothing(t *testing.T) { everywhere(t, testAgainIsNothing) }

func testAgainIsNothing(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	event := &configtrail.Event{ID: "e-1", Account: prod, Region: tokyo, Time: at("2024-11-05T00:00:00Z")}
	if added, err := w.AddEvent(t.Context(), event); err != nil || !added {
		t.Fatalf("added %v, error %v", added, err)
	}
	again := func(when string, w *lake.Writer) {
		t.Helper()
		if outcome, err := w.AddItem(t.Context(), bucket(prod, "a", "2024-11-05T00:00:00Z", "1")); err != nil || outcome != lake.Duplicate {
			t.Errorf("%s: item's outcome %v, error %v; want it known", when, outcome, err)
		}
		if added, err := w.AddEvent(t.Context(), event); err != nil || added {
			t.Errorf("%s: event added %v, error %v; want it known", when, added, err)
		}
	}
	again("before the commit", w)
	commit(t, w)
	again("after it", w)
	before, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := writer(t, create(t, dir))
	again("by another writer", other)
	commit(t, other)
	if after, err := l.Version(t.Context()); err != nil || after != before {
		t.Errorf("version %s became %s (error %v) by a commit of nothing", before, after, err)
	}
}

func TestTheHighestRankCounts(t *testing.T) { everywhere(t, testTheHighestRankCounts) }

func testTheHighestRankCounts(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	item := func(state string) *configtrail.ConfigurationItem {
		i := bucket(prod, "a", "2024-11-05T00:00:00Z", "1")
		i.StateID = state
		return i
	}
	steps := []struct {
		state string
		want  lake.Outcome
	}{{"99", lake.New}, {"98", lake.Duplicate}, {"99", lake.Duplicate}, {"100", lake.Better}, {"9", lake.Duplicate}}
	for _, step := range steps {
		outcome, err := w.AddItem(t.Context(), item(step.state))
		if err != nil || outcome != step.want {
			t.Fatalf("state %s: outcome %v, error %v; want %v", step.state, outcome, err, step.want)
		}
		commit(t, w)
	}
	hs := headers(t, l, configtrail.Scope{})
	if len(hs) != 1 || hs[0].StateID != "100" {
		t.Errorf("headers %v; want one of state 100", hs)
	}
}

func TestHeadersAreOfTheScopeAndInOrder(t *testing.T) {
	everywhere(t, testHeadersAreOfTheScopeAndInOrder)
}

func testHeadersAreOfTheScopeAndInOrder(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w,
		bucket(prod, "b", "2024-12-01T00:00:00Z", "3"),
		bucket(prod, "b", "2024-11-05T00:00:00Z", "1"),
		bucket(audit, "a", "2024-11-06T00:00:00Z", "1"))
	commit(t, w)
	addItems(t, w,
		bucket(prod, "a", "2024-11-30T23:59:59Z", "1"),
		bucket(prod, "b", "2024-11-07T00:00:00Z", "2"),
		bucket(prod, "c", "2025-01-01T00:00:00Z", "1"))
	commit(t, w)

	tests := []struct {
		name  string
		scope configtrail.Scope
		want  []string
	}{
		{"all", configtrail.Scope{}, []string{
			"a 2024-11-30T23:59:59Z 1", "b 2024-11-05T00:00:00Z 1", "b 2024-11-07T00:00:00Z 2",
			"b 2024-12-01T00:00:00Z 3", "c 2025-01-01T00:00:00Z 1", "a 2024-11-06T00:00:00Z 1"}},
		{"account", configtrail.Scope{Accounts: []string{audit}}, []string{"a 2024-11-06T00:00:00Z 1"}},
		{"resource", configtrail.Scope{Resources: []string{"c", "zz"}}, []string{"c 2025-01-01T00:00:00Z 1"}},
		{"window", configtrail.Scope{Window: configtrail.Window{From: at("2024-11-07T00:00:00Z"), To: at("2024-12-01T00:00:00Z")}},
			[]string{"a 2024-11-30T23:59:59Z 1", "b 2024-11-07T00:00:00Z 2"}},
		{"other region", configtrail.Scope{Regions: []string{"us-east-1"}}, []string{}},
		{"other type", configtrail.Scope{Types: []string{"AWS::EC2::VPC"}}, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, names(headers(t, l, test.scope))); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanListsOnlyWhatMatches(t *testing.T) { everywhere(t, testPlanListsOnlyWhatMatches) }

func testPlanListsOnlyWhatMatches(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	for _, item := range []*configtrail.ConfigurationItem{
		bucket(prod, "a", "2024-11-05T00:00:00Z", "1"), bucket(audit, "a", "2024-11-05T00:00:00Z", "1"),
		bucket(prod, "a", "2024-12-05T00:00:00Z", "2"), bucket(prod, "long-"+strings.Repeat("語", 100), "2025-01-05T00:00:00Z", "2"),
	} {
		addItems(t, w, item)
		commit(t, w) // a file each
	}
	november := configtrail.Month{Year: 2024, Month: time.November}.Window(time.UTC)
	tests := []struct {
		name  string
		scope configtrail.Scope
		want  int
	}{
		{"all", configtrail.Scope{}, 4},
		{"month", configtrail.Scope{Window: november}, 2},
		{"month and account", configtrail.Scope{Window: november, Accounts: []string{audit}}, 1},
		{"open at its end", configtrail.Scope{Window: configtrail.Window{From: at("2024-12-01T00:00:00Z")}}, 2},
		{"a text above the bound's length", configtrail.Scope{Resources: []string{"long-" + strings.Repeat("語", 100)}}, 1},
		{"a resource nobody has", configtrail.Scope{Resources: []string{"zzz"}}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, err := l.Plan(t.Context(), lake.Items, test.scope)
			if err != nil {
				t.Fatal(err)
			}
			if len(files) != test.want {
				t.Errorf("%d files, want %d: %v", len(files), test.want, files)
			}
			local, err := l.Fetch(t.Context(), files)
			if err != nil || len(local) != len(files) {
				t.Fatalf("%d of %d files fetched, error %v", len(local), len(files), err)
			}
			for _, f := range local {
				info, err := os.Stat(f.Path)
				if err != nil || info.Size() != f.Bytes || f.Rows != 1 {
					t.Errorf("file %v: on disk %v, error %v", f, info, err)
				}
			}
		})
	}
}

func TestOpen(t *testing.T) { everywhere(t, testOpen) }

func testOpen(t *testing.T, dir place) {
	if _, err := lake.Open(t.Context(), options(t, another(t, dir), "")); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("no lake: %v; want ErrNotFound", err)
	}
	w := writer(t, create(t, dir))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)

	_, err := lake.Create(t.Context(), options(t, dir, "key-2"))
	var hint *configtrail.Hint
	if !errors.Is(err, configtrail.ErrConflict) || !errors.As(err, &hint) || !strings.Contains(err.Error(), "key-1") || !strings.Contains(err.Error(), "key-2") {
		t.Errorf("other key: %v; want ErrConflict that names both keys, with a hint", err)
	}
	reader, err := lake.Open(t.Context(), options(t, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if id := reader.RedactKeyID(); id != "key-1" {
		t.Errorf("the lake's key is %q, want key-1", id)
	}
	if _, err := reader.NewWriter(t.Context()); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("writing without a key: %v; want ErrInvalid", err)
	}
	if got := names(headers(t, reader, configtrail.Scope{})); len(got) != 1 {
		t.Errorf("headers %v; want one", got)
	}
}

func TestAMovedLakeStillWorks(t *testing.T) {
	parent := t.TempDir()
	old, moved := filepath.Join(parent, "old place % 100"), filepath.Join(parent, "新しい場所")
	l := create(t, old)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, moved); err != nil {
		t.Fatal(err)
	}
	l = create(t, moved)
	w = writer(t, l)
	if known, err := w.Known(t.Context(), bucket(prod, "a", "2024-11-05T00:00:00Z", "1")); err != nil || !known {
		t.Errorf("known %v, error %v; want the item from before the move known", known, err)
	}
	addItems(t, w, bucket(prod, "b", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	if got := len(headers(t, l, configtrail.Scope{})); got != 2 {
		t.Errorf("%d items after the move, want 2", got)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old place is written to: %v", err)
	}
}

func TestDamage(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files[0].Path); err != nil {
		t.Fatal(err)
	}
	for _, err := range l.Headers(t.Context(), configtrail.Scope{}) {
		if err == nil || !strings.Contains(err.Error(), files[0].Path) {
			t.Errorf("error %v; want one that names %s", err, files[0].Path)
		}
	}
	l.Close()
	if err := os.WriteFile(filepath.Join(dir, "catalog.db"), []byte("no database, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lake.Open(t.Context(), lake.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "catalog.db") {
		t.Errorf("error %v; want one that names catalog.db", err)
	}
}
