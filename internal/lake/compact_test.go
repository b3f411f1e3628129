package lake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

func TestCompactionKeepsTheRows(t *testing.T) { everywhere(t, testCompactionKeepsTheRows) }

func testCompactionKeepsTheRows(t *testing.T, dir place) {
	l := create(t, dir)
	commits := 200
	if testing.Short() {
		commits = 30
	}
	w, cw := writer(t, l), changeWriter(t, l)
	for i := range commits {
		month := 1 + i%3
		addItems(t, w, bucket(prod, fmt.Sprint("b", i%7), fmt.Sprintf("2024-%02d-05T00:00:%02d.%03dZ", month, i%60, i), "h"))
		commit(t, w)
		if i%10 == 0 {
			replace(t, cw, 0, nil, []configtrail.Change{changeOf(fmt.Sprint("b", i), fmt.Sprintf("2024-%02d-05T00:00:00Z", month), "h")})
		}
	}
	// Another writer, with what it knew before, lets in what is there already.
	doubled := bucket(prod, "b0", "2024-01-05T00:00:00Z", "h")
	doubled.StateID = "1800000000000"
	addItems(t, w, doubled)
	commit(t, w)

	before, changesBefore := names(headers(t, l, configtrail.Scope{})), changesOf(t, l)
	if len(before) != commits {
		t.Fatalf("%d items before, want %d", len(before), commits)
	}
	result, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	items := result.Tables[0]
	want := lake.CompactedTable{
		Table: lake.Items, FilesBefore: int64(commits) + 1, FilesAfter: 3, RowsBefore: int64(commits) + 1, RowsAfter: int64(commits),
		BytesBefore: items.BytesBefore, BytesAfter: items.BytesAfter,
	}
	if diff := cmp.Diff(want, items); diff != "" || items.BytesAfter >= items.BytesBefore {
		t.Errorf("result; bytes %d before, %d after (-want +got):\n%s", items.BytesBefore, items.BytesAfter, diff)
	}
	hs := headers(t, l, configtrail.Scope{})
	if diff := cmp.Diff(before, names(hs)); diff != "" {
		t.Errorf("items (-before +after):\n%s", diff)
	}
	if hs[0].StateID != "1800000000000" {
		t.Errorf("of the doubled item state %s is kept, want the higher", hs[0].StateID)
	}
	if diff := cmp.Diff(changesBefore, changesOf(t, l)); diff != "" {
		t.Errorf("changes (-before +after):\n%s", diff)
	}
	if _, err := l.Load(t.Context(), hs); err != nil {
		t.Errorf("load: %v", err)
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 3 {
		t.Errorf("%d data files of items are there, want 3", n)
	}
	version, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if again, err := l.Version(t.Context()); err != nil || again != version {
		t.Errorf("compacting again committed something: %s, then %s, error %v", version, again, err)
	}
}

func TestCompactionLeavesStagedFilesAndRemovesOldOnes(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	w := writer(t, l)
	big := strings.Repeat("x", 9<<20)
	for i := range 5 { // more than a buffer: some are written out
		item := bucket(prod, fmt.Sprint(i), "2024-11-05T00:00:00Z", "h")
		item.Configuration = []byte(fmt.Sprintf(`{"n":%d,"x":%q}`, i, big))
		addItems(t, w, item)
	}
	staged := len(dataFiles(t, dir, lake.Items))
	if staged == 0 {
		t.Fatal("nothing is staged: the test tests nothing")
	}
	other := writer(t, l)
	addItems(t, other, bucket(audit, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, other)
	if _, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	commit(t, w)
	if got := len(headers(t, l, configtrail.Scope{})); got != 6 {
		t.Errorf("%d items after a compaction beside a writer, want 6", got)
	}

	// A writer that dies leaves its files; with age they go.
	dead := writer(t, l)
	for i := range 5 {
		item := bucket(prod, fmt.Sprint("dead", i), "2024-12-05T00:00:00Z", "h")
		item.Configuration = []byte(fmt.Sprintf(`{"n":%d,"x":%q}`, i, big))
		addItems(t, dead, item)
	}
	result, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Nanosecond, KeepOrphans: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != len(files) || result.Tables[0].Orphans == 0 {
		t.Errorf("%d files on disk, %d in the table, %d orphans removed", n, len(files), result.Tables[0].Orphans)
	}
}

func TestAbandonLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	w := writer(t, l)
	for i := range 5 {
		item := bucket(prod, fmt.Sprint(i), "2024-11-05T00:00:00Z", "h")
		item.Configuration = []byte(`"` + strings.Repeat("x", 9<<20) + `"`)
		addItems(t, w, item)
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 0 {
		t.Errorf("%d files are left", n)
	}
	addItems(t, w, bucket(prod, "0", "2024-11-05T00:00:00Z", "h")) // no longer known
	commit(t, w)
	if got := rowsOf(t, l)[lake.Items]; got != 1 {
		t.Errorf("%d items, want 1", got)
	}
}

// A month is written again when what came to it is worth it, not each time.
func TestWhichFilesAreMerged(t *testing.T) {
	for _, c := range []struct {
		what  string
		sizes []int64
		want  int
	}{
		{"nothing", nil, 0},
		{"one", []int64{5}, 0},
		{"equals", []int64{5, 5, 5}, 3},
		{"little beside much", []int64{1, 1, 100}, 2},
		{"as much as a third", []int64{25, 25, 100}, 3},
		{"one very small one among equals", []int64{1, 10, 10, 10}, 4},
		{"steps that are too high each", []int64{1, 10, 100}, 0},
		{"empty files", []int64{0, 0}, 2},
	} {
		if got := lake.WorthMerging(c.sizes); got != c.want {
			t.Errorf("%s: %d of %v, want %d", c.what, got, c.sizes, c.want)
		}
	}
}

// Who compacts every hour writes each row a few times, and leaves few files.
func TestHourlyCompactionIsCheap(t *testing.T) {
	var files []int64
	var added, written int64
	for range 30 * 24 {
		files = append(files, 1000)
		added += 1000
		slices.Sort(files)
		n := lake.WorthMerging(files)
		merged := int64(0)
		for _, size := range files[:n] {
			merged += size
		}
		written += merged
		if n > 0 {
			files = append(files[n:], merged)
		}
		if len(files) > 8 {
			t.Fatalf("after %d bytes there are %d files: %v", added, len(files), files)
		}
	}
	if written > 9*added {
		t.Errorf("%d bytes were added, %d written again", added, written)
	}
}
