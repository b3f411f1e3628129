package lake_test

import (
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

func TestAView(t *testing.T) { everywhere(t, testAView) }

// A view goes by what it saw for ten minutes; a reading of its own sees everything.
func testAView(t *testing.T, dir place) {
	create(t, dir)
	now := at("2026-01-01T00:00:00Z")
	options := options(t, dir, "key-1")
	options.Now = func() time.Time { return now }
	reader, err := lake.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	view := reader.View()
	seen := func() int {
		n := 0
		for _, err := range view.Headers(t.Context(), configtrail.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := seen(); n != 0 {
		t.Fatalf("%d items of an empty lake", n)
	}
	w := writer(t, create(t, dir)) // as another process would
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "h"))
	commit(t, w)
	if n := len(headers(t, reader, configtrail.Scope{})); n != 1 {
		t.Errorf("the lake has %d items", n)
	}
	now = now.Add(9 * time.Minute)
	if n := seen(); n != 0 {
		t.Errorf("after nine minutes the view has %d items, though it goes by what it saw", n)
	}
	now = now.Add(time.Minute)
	if n := seen(); n != 1 {
		t.Errorf("after ten minutes the view has %d items, want 1", n)
	}
}

func TestAWriterLooksAgainAfterItsCommit(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, create(t, dir))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "h"))
	other := writer(t, create(t, dir))
	theirs := bucket(audit, "b", "2024-11-05T00:00:00Z", "h")
	addItems(t, other, theirs)
	commit(t, other)
	commit(t, w)
	if known, err := w.Known(t.Context(), theirs); !known || err != nil {
		t.Errorf("a place that was read after the commit: known %t, error %v", known, err)
	}
}
