package ingest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"configtrail/internal/ingest"
)

// A process that is killed, wherever it stands, leaves a lake that the next one
// goes on with; in the end nothing is missing and nothing is in twice.
func TestKilledAnywhereAndFinishedLater(t *testing.T) {
	w := small(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))

	whole := newLake(t)
	start := time.Now()
	run(t, optionsFor(whole, openFolder(t, w.dir)))
	want, took := rowsOf(t, whole), time.Since(start)

	dir := t.TempDir()
	do := task{Source: w.dir, Lake: dir, CommitBytes: 1 << 20}
	killed := 0
	objects := int(w.truth.Objects)
	for range 4 { // while it reads
		c := startChild(t, do)
		c.wait(saysOpened, objects/8+rng.IntN(objects/8))
		if c.kill(t) {
			killed++
		}
	}
	if killed < 4 {
		t.Errorf("%d of 4 children were killed while they read: the others were done", killed)
	}
	l := openLake(t, dir)
	if n := len(deliveriesOf(t, l)); n == 0 || n == objects {
		t.Errorf("%d of %d deliveries are in: no kill fell between two commits", n, objects)
	}
	for range 4 { // while it commits the rest or derives
		c := startChild(t, do)
		if _, said := c.wait(saysRead, 1); said {
			<-time.After(time.Duration(rng.Int64N(int64(took) / 4)))
		}
		if c.kill(t) {
			killed++
		}
	}
	t.Logf("killed %d of 8 children", killed)

	startChild(t, do).result(t)
	checkLedger(t, l, w.truth)
	checkRows(t, want, rowsOf(t, l))
	before := versionOf(t, l)
	if written, err := ingest.Derive(t.Context(), l); written != 0 || err != nil {
		t.Errorf("deriving again wrote %d rows: %v", written, err)
	}
	startChild(t, do).result(t)
	if after := versionOf(t, l); after != before {
		t.Errorf("version %s became %s although nothing was new", before, after)
	}
}
