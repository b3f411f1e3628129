package ingest_test

import (
	"os"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// Many small ingests and a compaction leave the rows of one ingest, in as few
// files. How fast they are then is measured in bench.
func TestCompactedAfterManyIngests(t *testing.T) {
	w := tiny(t)
	folder := openFolder(t, w.dir)
	one := newLake(t)
	run(t, optionsFor(one, folder))
	want := rowsOf(t, one)

	ingests := 12
	if os.Getenv(large) != "" {
		ingests = 200
	}
	many := newLake(t)
	for i := range ingests {
		run(t, optionsFor(many, arranged{Bucket: folder, arrange: part(i, ingests)}))
	}
	checkRows(t, want, rowsOf(t, many))
	if _, err := many.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	checkRows(t, want, rowsOf(t, many))
	checkLedger(t, many, w.truth)
	for _, table := range []string{lake.Items, lake.Changes, lake.Events, lake.Deliveries} {
		if got, want := filesIn(t, many, table), filesIn(t, one, table); got > want {
			t.Errorf("%s lies in %d files, after one ingest in %d", table, got, want)
		}
	}
	version := versionOf(t, many)
	if summary := run(t, optionsFor(many, folder)); summary.Deliveries.Ingested != 0 || versionOf(t, many) != version {
		t.Errorf("after compaction something was new: %+v", summary.Deliveries)
	}
	if written, err := ingest.Derive(t.Context(), many); written != 0 || err != nil {
		t.Errorf("deriving again wrote %d rows: %v", written, err)
	}
}

func filesIn(t *testing.T, l *lake.Lake, table string) int {
	t.Helper()
	files, err := l.Plan(t.Context(), table, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
