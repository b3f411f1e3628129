package lake_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

// stageObject does what the product does with one object: it adds items of its
// own, one event and its delivery, and stages them.
func stageObject(ctx context.Context, l *lake.Lake, uri, read string, ids ...string) error {
	w, err := l.NewStagingWriter(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		item := bucket(prod, id, "2024-11-05T00:00:00Z", "h")
		item.Source.URI = "s3://b/" + uri
		if _, err := w.AddItem(ctx, item); err != nil {
			return err
		}
	}
	if _, err := w.AddEvent(ctx, &configtrail.Event{ID: uri, Account: prod, Region: tokyo, Time: at("2024-12-05T00:00:00Z")}); err != nil {
		return err
	}
	d := delivery(uri, read, at("2024-11-05T00:00:00Z"))
	if err := w.AddDelivery(ctx, d, []lake.Group{{Account: prod, Region: tokyo, Type: uri}}); err != nil {
		return err
	}
	return w.Stage(ctx)
}

func stage(t *testing.T, l *lake.Lake, uri string, ids ...string) {
	t.Helper()
	if err := stageObject(t.Context(), l, uri, "2024-12-01T00:00:00Z", ids...); err != nil {
		t.Fatal(err)
	}
}

func gather(t *testing.T, l *lake.Lake) lake.Gathered {
	t.Helper()
	done, err := l.Gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func staged(t *testing.T, l *lake.Lake) int64 {
	t.Helper()
	waiting, err := l.Staged(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return waiting.Notes
}

// compactAll compacts as if a long time had passed: no old state and no file
// that is left over stays.
func compactAll(t *testing.T, l *lake.Lake) {
	t.Helper()
	if _, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: 1, KeepOrphans: 1}); err != nil {
		t.Fatal(err)
	}
}

func wantRows(t *testing.T, l *lake.Lake, items, events, deliveries int64) {
	t.Helper()
	want := map[string]int64{}
	for table, n := range map[string]int64{lake.Items: items, lake.Events: events, lake.Deliveries: deliveries} {
		if n > 0 {
			want[table] = n
		}
	}
	if diff := cmp.Diff(want, rowsOf(t, l)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if n := int64(len(headers(t, l, configtrail.Scope{}))); n != items {
		t.Errorf("%d distinct items, want %d", n, items)
	}
}

func TestStagedRowsComeWithGather(t *testing.T) { everywhere(t, testStagedRowsComeWithGather) }

func testStagedRowsComeWithGather(t *testing.T, dir place) {
	o := options(t, dir, "key-1")
	now := at("2025-01-02T03:04:05.678Z")
	o.Now = func() time.Time { return now }
	l, err := lake.Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.NewStagingWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Stage(t.Context()); err != nil || staged(t, l) != 0 {
		t.Fatalf("nothing was added: error %v, %d notes", err, staged(t, l))
	}

	full := bucket(prod, "a", "2024-11-05T01:02:03.123456Z", "1")
	full.Tags = map[string]string{"環境": "本番"}
	addItems(t, w, full, bucket(audit, "b", "2024-12-05T00:00:00Z", "2"))
	event := configtrail.Event{ID: "e-1", Account: prod, Region: tokyo, Time: at("2024-11-05T00:00:00Z"), Resources: []configtrail.EventResource{}}
	if _, err := w.AddEvent(t.Context(), &event); err != nil {
		t.Fatal(err)
	}
	d := delivery("記録", "2024-12-06T00:00:00.000001Z", at("2024-11-05T00:00:00Z"))
	d.FirstCapture, d.LastCapture, d.Archived = at("2024-11-01T00:00:00Z"), at("2024-11-30T00:00:00Z"), true
	d.Quarantined = []configtrail.Quarantined{{Key: "記録", Index: 2, Offset: 1 << 60, Code: "bad_item", Reason: "no \"type\" <\u2028>"}}
	undated := delivery("undated", "2024-12-06T00:00:00Z", time.Time{})
	buckets := lake.Group{Account: prod, Region: tokyo, Type: "AWS::S3::Bucket"}
	for _, d := range []configtrail.Delivery{d, undated} {
		if err := w.AddDelivery(t.Context(), d, []lake.Group{buckets}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Stage(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRows(t, l, 0, 0, 0)
	waiting, err := l.Staged(t.Context())
	if diff := cmp.Diff(lake.Staged{Notes: 1, Oldest: now}, waiting); err != nil || diff != "" {
		t.Errorf("staged, error %v (-want +got):\n%s", err, diff)
	}
	if outcome, err := w.AddItem(t.Context(), full); err != nil || outcome != lake.Duplicate {
		t.Errorf("the writer has forgotten what it staged: outcome %v, error %v", outcome, err)
	}
	if err := w.Stage(t.Context()); err != nil || staged(t, l) != 1 {
		t.Errorf("a duplicate is staged, or error %v", err)
	}

	done := gather(t, l)
	if diff := cmp.Diff(lake.Gathered{Notes: 1, Files: 3, Deliveries: 2, Oldest: now}, done); diff != "" {
		t.Errorf("gathered (-want +got):\n%s", diff)
	}
	wantRows(t, l, 2, 1, 2)
	for item, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{Accounts: []string{prod}}) {
		if diff := cmp.Diff(*full, item, asText); err != nil || diff != "" {
			t.Errorf("item, error %v (-want +got):\n%s", err, diff)
		}
	}
	if diff := cmp.Diff([]configtrail.Delivery{undated, d}, deliveriesOf(t, l)); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	groups, through := pending(t, l)
	if diff := cmp.Diff([]lake.Group{buckets}, groups); diff != "" || through != 1 {
		t.Errorf("pending through batch %d (-want +got):\n%s", through, diff)
	}
	// What a plan leaves out goes by what the note told of the files.
	for account, want := range map[string]int{prod: 1, audit: 1, "999999999999": 0} {
		files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{Accounts: []string{account}})
		if err != nil || len(files) != want {
			t.Errorf("%d files of items of %s, want %d; error %v", len(files), account, want, err)
		}
	}
	version, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lake.Gathered{}, gather(t, l)); diff != "" {
		t.Errorf("gathered again (-want +got):\n%s", diff)
	}
	if again, err := l.Version(t.Context()); err != nil || again != version {
		t.Errorf("gathering nothing committed something, or error %v", err)
	}
	if other, err := l.NewStagingWriter(t.Context()); err != nil {
		t.Error(err)
	} else if outcome, err := other.AddItem(t.Context(), full); err != nil || outcome != lake.Duplicate {
		t.Errorf("what is gathered is not known to another writer: outcome %v, error %v", outcome, err)
	}
}

func TestAWriterStagesOrCommits(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	if err := writer(t, l).Stage(t.Context()); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("Stage of a writer that commits: %v", err)
	}
	w, err := l.NewStagingWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("Commit of a writer that stages: %v", err)
	}
	reader, err := lake.Open(t.Context(), lake.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.NewStagingWriter(t.Context()); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a staging writer of a lake that was opened for reading: %v", err)
	}
}

// Staging asks Glue for nothing but tables: it works without the right to change one.
func TestStagingChangesNoTable(t *testing.T) {
	c := newAWS(t)
	here := c.place(t)
	l := create(t, here)
	c.asked()
	stage(t, l, "object", "a", "b")
	for _, call := range c.asked() {
		if !strings.HasPrefix(call, "GET ") && !strings.HasPrefix(call, "PUT /lakes/team/lake/items/data/2024-11/") &&
			!strings.HasPrefix(call, "PUT /lakes/team/lake/events/data/2024-12/") && !strings.HasPrefix(call, "PUT /lakes/team/lake/staged/") && call != "GetTable" {
			t.Errorf("staging asked for %s", call)
		}
	}
	c.Glue.Faults.Deny("glue", "UpdateTable")
	if _, err := l.Gather(t.Context()); err == nil || staged(t, l) != 1 {
		t.Errorf("a gather without the right to commit: error %v, %d notes left", err, staged(t, l))
	}
	c.Glue.Faults.Always("UpdateTable", nil)
	gather(t, l)
	wantRows(t, l, 2, 1, 1)
	c.asked()
	gather(t, l)
	if calls := c.asked(); len(calls) != 1 || !strings.HasPrefix(calls[0], "GET /lakes") {
		t.Errorf("gathering nothing asked for %v, want one listing", calls)
	}
}

// A note whose writing was not told of is there or not. Its files stay for it.
func TestANoteInDoubt(t *testing.T) {
	for _, test := range []struct {
		name    string
		written bool
	}{{"written", true}, {"not written", false}} {
		t.Run(test.name, func(t *testing.T) {
			c := newAWS(t)
			l := create(t, c.place(t))
			c.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/staged/") {
					return false
				}
				if test.written {
					c.serve(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			})
			w, err := l.NewStagingWriter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
			if err := w.AddDelivery(t.Context(), delivery("object", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z")), nil); err != nil {
				t.Fatal(err)
			}
			first := w.Stage(t.Context())
			if again := w.Stage(t.Context()); first == nil || again == nil {
				t.Fatalf("errors %v, then %v; want the writer to be of no more use", first, again)
			}
			if err := w.Abandon(); err != nil {
				t.Fatal(err)
			}
			c.answer(nil)
			// The object is delivered again.
			addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
			if err := w.AddDelivery(t.Context(), delivery("object", "2024-12-01T00:05:00Z", at("2024-11-05T00:00:00Z")), nil); err != nil {
				t.Fatal(err)
			}
			if err := w.Stage(t.Context()); err != nil {
				t.Fatal(err)
			}
			if done := gather(t, l); len(done.Left) != 0 {
				t.Errorf("left: %v", done.Left)
			}
			compactAll(t, l)
			wantRows(t, l, 1, 0, 1)
			if read := deliveriesOf(t, l)[0].ReadAt; !read.Equal(at("2024-12-01T00:05:00Z")) {
				t.Errorf("read at %v, want the second time", read)
			}
		})
	}
}

func TestAbandonedBeforeItIsStaged(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	broken := errors.New("broken")
	l.Interrupt(func(step string) error {
		if step == "published files" {
			return broken
		}
		return nil
	})
	w, err := l.NewStagingWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	if err := w.Stage(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 1 {
		t.Fatalf("%d files: the test tests nothing", n)
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 0 {
		t.Errorf("%d files are left", n)
	}
	l.Interrupt(nil)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1")) // no longer known
	if err := w.Stage(t.Context()); err != nil {
		t.Fatal(err)
	}
	gather(t, l)
	wantRows(t, l, 1, 0, 0)
}

// More rows than are held go out in files before the note, and come in as one.
func TestStagingMoreThanIsHeld(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	l.FreshEntries(40)
	w, err := l.NewStagingWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		addItems(t, w, bucket(prod, fmt.Sprint(i), "2024-11-05T00:00:00Z", "h"))
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 2 {
		t.Fatalf("%d files before the note, want two of 40 rows", n)
	}
	wantRows(t, l, 0, 0, 0)
	if n := staged(t, l); n != 0 {
		t.Fatalf("%d notes before the end", n)
	}
	compacted, err := l.Compact(t.Context(), lake.CompactOptions{})
	if err != nil || compacted.Tables[0].Orphans != 0 {
		t.Fatalf("compaction %v, error %v", compacted, err)
	}
	for i := range 100 {
		if outcome, err := w.AddItem(t.Context(), bucket(prod, fmt.Sprint(i), "2024-11-05T00:00:00Z", "h")); err != nil || outcome != lake.Duplicate {
			t.Fatalf("item %d: outcome %v, error %v; want it known", i, outcome, err)
		}
	}
	if err := w.Stage(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done := gather(t, l); done.Notes != 1 || done.Files != 3 {
		t.Errorf("gathered %+v, want one note of three files", done)
	}
	wantRows(t, l, 100, 0, 0)
}

// A note is given its name when all of it is on disk, so half of one is none.
func TestHalfANoteInAFolder(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	stage(t, l, "object", "a")
	half := filepath.Join(dir, "staged", "20250101T000000.000Z-AAAAAAAAAAAAAAAA.json.part")
	if err := os.WriteFile(half, []byte(`{"format":1,"items":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := staged(t, l); n != 1 {
		t.Errorf("%d notes, want one", n)
	}
	if done := gather(t, l); done.Notes != 1 || len(done.Left) != 0 {
		t.Errorf("gathered %+v", done)
	}
	compactAll(t, l)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a note stays when it is old: %v", err)
	}
}
