package lake_test

import (
	"os"
	"path/filepath"
	"testing"

	"configtrail"
)

// A delivery says that its items are in. Rows that could not be written out are
// gone from the writer, so no later commit may take their deliveries without them.
func TestDeliveriesNeverGoInWithoutTheirItems(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	w := writer(t, l)
	first, second := bucket(prod, "a", "2024-11-05T00:00:00Z", "h1"), bucket(prod, "b", "2024-10-05T00:00:00Z", "h2")
	addItems(t, w, first, second)
	delivery := configtrail.Delivery{URI: "s3://b/k", Key: "k", ReadAt: at("2024-11-06T00:00:00Z")}
	if err := w.AddDelivery(t.Context(), delivery, nil); err != nil {
		t.Fatal(err)
	}

	data := filepath.Join(dir, "items", "data")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(data, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); err == nil {
		t.Fatal("a commit stands whose files could not be written")
	}
	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	again := w.Commit(t.Context())
	if items, deliveries := len(headers(t, l, configtrail.Scope{})), len(deliveriesOf(t, l)); deliveries > 0 && items < 2 {
		t.Errorf("commit again: %v; %d deliveries are in, with %d of 2 items", again, deliveries, items)
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	addItems(t, w, first, second)
	commit(t, w)
	if n := len(headers(t, l, configtrail.Scope{})); n != 2 {
		t.Errorf("after Abandon and another try %d items are in, want 2", n)
	}
}
