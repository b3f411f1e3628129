package lake_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/stack"

	"github.com/google/go-cmp/cmp"
)

// older makes a lake of a configtrail that lacked some columns, with a row of
// each table, and gives the rows as they are read then.
func older(t *testing.T, dir place) (item configtrail.ConfigurationItem, change configtrail.Change, d configtrail.Delivery) {
	t.Helper()
	if err := lake.CreateOlder(t.Context(), options(t, dir, "key-1")); err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), options(t, dir, "key-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	full := bucket(prod, "old", "2024-11-05T01:02:03.123456Z", "h")
	full.Tags = map[string]string{"環境": "本番"}
	full.Relationships = []configtrail.Relationship{{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "}}
	event := &configtrail.Event{ID: "e-old", Account: prod, Region: tokyo, Time: at("2024-11-05T00:00:00Z")}
	change = changeOf("old", "2024-11-06T00:00:00Z", "h")
	d = delivery("old", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))
	if err := l.WriteOlder(t.Context(), full, event, &change, &d); err != nil {
		t.Fatal(err)
	}
	item = *full
	item.Source.ETag, item.Source.Index = "", 0
	change.Source, change.SourceBefore, change.Actor, change.ActorStatus = configtrail.Source{}, nil, nil, ""
	return item, change, d
}

func TestALakeOfAnOlderVersionEvolves(t *testing.T) { everywhere(t, testALakeOfAnOlderVersionEvolves) }

func testALakeOfAnOlderVersionEvolves(t *testing.T, dir place) {
	item, change, d := older(t, dir)
	fresh := create(t, another(t, dir))
	tables := []string{lake.Items, lake.Events, lake.Changes, lake.Deliveries}
	newest := map[string]string{lake.Items: "source_index", lake.Events: "source_index", lake.Changes: "source_before_index", lake.Deliveries: "derive"}

	// Reading needs no evolution, and makes none.
	before, err := lake.Open(t.Context(), options(t, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if diff := cmp.Diff([]string{"old 2024-11-05T01:02:03Z h"}, names(headers(t, before, configtrail.Scope{}))); diff != "" {
		t.Errorf("items before (-want +got):\n%s", diff)
	}
	if columns, err := before.Columns(t.Context(), lake.Items); err != nil || columns[len(columns)-1].Name != "source_key" {
		t.Fatalf("the lake has all columns: the test tests nothing; error %v", err)
	}

	// A newer writer that comes before the tables evolve.
	early, err := lake.Open(t.Context(), options(t, dir, "key-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	w := writer(t, early)
	addItems(t, w, bucket(prod, "early", "2024-11-07T00:00:00Z", "h"))
	commit(t, w)
	stage(t, early, "staged", "staged")

	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			l, err := lake.Create(t.Context(), options(t, dir, "key-1"))
			if err == nil {
				err = l.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	l := create(t, dir)
	for _, table := range tables {
		want, err := fresh.Columns(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Columns(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		wantIDs, gotIDs := map[string]int{}, map[string]int{}
		columnIDs(want, "", wantIDs)
		columnIDs(got, "", gotIDs)
		if diff := cmp.Diff(wantIDs, gotIDs); diff != "" {
			t.Errorf("%s: ids (-of a new lake +evolved):\n%s", table, diff)
		}
		if last := got[len(got)-1]; last.Name != newest[table] || table != lake.Deliveries && !last.Nullable {
			t.Errorf("%s: the last column is %+v; want %s, which may be null", table, last, newest[table])
		}
	}
	version, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := create(t, dir).Version(t.Context()); err != nil || again != version {
		t.Errorf("evolving again changes something, or error %v", err)
	}

	gather(t, l)
	w = writer(t, l)
	addItems(t, w, bucket(prod, "young", "2024-11-08T00:00:00Z", "h"))
	addDelivery(t, w, delivery("young", "2024-12-02T00:00:00Z", at("2024-11-05T00:00:00Z")), lake.Group{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"})
	read := func(when string) {
		t.Helper()
		want := []string{"early 2024-11-07T00:00:00Z h", "old 2024-11-05T01:02:03Z h", "staged 2024-11-05T00:00:00Z h", "young 2024-11-08T00:00:00Z h"}
		hs := headers(t, l, configtrail.Scope{})
		if diff := cmp.Diff(want, names(hs)); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", when, diff)
		}
		loaded, err := l.Load(t.Context(), hs)
		if err != nil {
			t.Fatal(err)
		}
		var all []configtrail.ConfigurationItem
		for item, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, item)
		}
		if diff := cmp.Diff(all, loaded, asText); diff != "" || len(all) != 4 {
			t.Fatalf("%s: %d items (-in order +loaded):\n%s", when, len(all), diff)
		}
		if diff := cmp.Diff(item, all[1], asText); diff != "" {
			t.Errorf("%s: the old item (-want +got):\n%s", when, diff)
		}
		if young := all[3].Source; young.Index != 7 || young.ETag != "e" || all[0].Source.Index != 7 {
			t.Errorf("%s: new items are of %+v and %+v", when, young, all[0].Source)
		}
		if diff := cmp.Diff([]configtrail.Change{change}, changesOf(t, l)); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", when, diff)
		}
		if ds := deliveriesOf(t, l); len(ds) != 3 || !cmp.Equal(ds[0], d) {
			t.Errorf("%s: deliveries (-want +got):\n%s", when, cmp.Diff(d, ds[0]))
		}
		groups, _ := pending(t, l)
		wantGroups := []lake.Group{{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"}, {Account: prod, Region: tokyo, Type: "staged"}, {Account: prod, Region: "eu-west-1"}}
		if diff := cmp.Diff(wantGroups, groups); diff != "" {
			t.Errorf("%s: pending (-want +got):\n%s", when, diff)
		}
		events := writer(t, l)
		if added, err := events.AddEvent(t.Context(), &configtrail.Event{ID: "e-old", Account: prod, Region: tokyo, Time: at("2024-11-05T00:00:00Z")}); err != nil || added {
			t.Errorf("%s: the old event is not known: added %v, error %v", when, added, err)
		}
	}
	read("evolved")
	compactAll(t, l)
	read("compacted")
}

// Trino reads a lake that evolved: null where an old file has no column.
func TestTrinoReadsALakeThatEvolved(t *testing.T) {
	servers := stack.Start(t)
	here := onStack(t)
	place, _ := remote(here)
	older(t, here)
	l := create(t, here)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "young", "2024-11-08T00:00:00Z", "h"))
	commit(t, w)
	for _, test := range []struct {
		sql  string
		want [][]any
	}{
		{"SELECT resource_id, source_key, source_etag, CAST(source_index AS varchar) FROM {items} ORDER BY 1", [][]any{{"old", "k", nil, nil}, {"young", "k", "e", "7"}}},
		{"SELECT event_id, source_uri, CAST(cardinality(resources) AS varchar) FROM {events}", [][]any{{"e-old", nil, nil}}},
		{"SELECT resource_id, source_before_uri FROM {changes}", [][]any{{"old", nil}}},
		{"SELECT key, derive[1].region, derive[1].resource_type FROM {deliveries}", [][]any{{"old", "eu-west-1", nil}}},
	} {
		got := servers.Exec(t, inTrino(servers, place.Database, test.sql))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.sql, diff)
		}
	}
}

// What somebody else added stays, and no compaction loses it.
func TestColumnsOfOthers(t *testing.T) { everywhere(t, testColumnsOfOthers) }

func testColumnsOfOthers(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	for _, id := range []string{"a", "b"} {
		addItems(t, w, bucket(prod, id, "2024-11-05T00:00:00Z", "1"))
		addDelivery(t, w, delivery(id, "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z")))
	}
	if err := l.AddColumn(t.Context(), lake.Items, "owner"); err != nil {
		t.Fatal(err)
	}
	l = create(t, dir)
	columns, err := l.Columns(t.Context(), lake.Items)
	if err != nil || columns[len(columns)-1].Name != "owner" {
		t.Errorf("columns %v, error %v", columns, err)
	}
	result, err := l.Compact(t.Context(), lake.CompactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, done := range result.Tables {
		switch done.Table {
		case lake.Items:
			if !done.Newer || done.FilesAfter != 2 {
				t.Errorf("items, with a column that is not known: %+v; want its files left as they are", done)
			}
		case lake.Deliveries:
			if done.Newer || done.FilesAfter != 1 {
				t.Errorf("deliveries: %+v", done)
			}
		}
	}
	w = writer(t, l)
	addItems(t, w, bucket(prod, "c", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	wantRows(t, l, 3, 0, 2)
}

// A column of somebody else's that has the number or the name of one of ours.
func TestAColumnInTheWay(t *testing.T) {
	for column, want := range map[string]string{
		"owner":        "it has or had a column owner with the number 28, which is that of configtrail's column source_etag",
		"source_index": "it has or had a column source_index",
	} {
		t.Run(column, func(t *testing.T) {
			dir := t.TempDir()
			older(t, dir)
			l, err := lake.Open(t.Context(), lake.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(l.AddColumn(t.Context(), lake.Items, column), l.Close()); err != nil {
				t.Fatal(err)
			}
			_, err = lake.Create(t.Context(), options(t, dir, "key-1"))
			var hint *configtrail.Hint
			if !errors.Is(err, configtrail.ErrConflict) || !errors.As(err, &hint) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v; want %s", err, want)
			}
		})
	}
}
