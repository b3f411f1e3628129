package lake_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func snapshots(t *testing.T, l *lake.Lake) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{lake.Items, lake.Events, lake.Deliveries} {
		n, err := l.Snapshots(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// stageMany stages as many notes, of two items each.
func stageMany(t *testing.T, l *lake.Lake, notes int) {
	t.Helper()
	var staging errgroup.Group
	staging.SetLimit(8)
	for i := range notes {
		staging.Go(func() error {
			return stageObject(t.Context(), l, fmt.Sprint("object ", i), "2024-12-01T00:00:00Z", fmt.Sprint("a", i), fmt.Sprint("b", i))
		})
	}
	if err := staging.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestManyNotesAreOneCommitATable(t *testing.T) {
	everywhere(t, testManyNotesAreOneCommitATable)
}

func testManyNotesAreOneCommitATable(t *testing.T, dir place) {
	l := create(t, dir)
	notes := 200
	if testing.Short() {
		notes = 20
	}
	stageMany(t, l, notes)
	n := int64(notes)
	if done := gather(t, l); done.Notes != n || done.Files != 2*n || done.Deliveries != n || len(done.Left) != 0 {
		t.Errorf("gathered %+v, want %d notes with as many deliveries and two files each", done, n)
	}
	if diff := cmp.Diff(map[string]int{lake.Items: 1, lake.Events: 1, lake.Deliveries: 1}, snapshots(t, l)); diff != "" {
		t.Errorf("commits (-want +got):\n%s", diff)
	}
	wantRows(t, l, 2*n, n, n)
	groups, through := pending(t, l)
	if int64(len(groups)) != n || through != 1 {
		t.Errorf("%d groups through batch %d, want %d through 1", len(groups), through, n)
	}
	if waiting := staged(t, l); waiting != 0 {
		t.Errorf("%d notes are left", waiting)
	}
	// No key is needed to gather, and what is too much at once comes in several commits.
	for i := range 5 {
		stage(t, l, fmt.Sprint("another ", i), fmt.Sprint("z", i))
	}
	opened, err := lake.Open(t.Context(), options(t, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	opened.GatherBytes(1)
	if done := gather(t, opened); done.Notes != 5 || done.Deliveries != 5 {
		t.Errorf("gathered %+v, want five notes", done)
	}
	if diff := cmp.Diff(map[string]int{lake.Items: 6, lake.Events: 6, lake.Deliveries: 6}, snapshots(t, l)); diff != "" {
		t.Errorf("commits (-want +got):\n%s", diff)
	}
	wantRows(t, l, 2*n+5, n+5, n+5)
	if _, through := pending(t, l); through != 6 {
		t.Errorf("the last batch is number %d, want 6", through)
	}
}

// Fifty writers read the same and different objects, and several Gathers and a
// Compact run beside them.
func TestManyStageAndGatherAtOnce(t *testing.T) { everywhere(t, testManyStageAndGatherAtOnce) }

func testManyStageAndGatherAtOnce(t *testing.T, dir place) {
	const writers, objects, gatherers = 50, 20, 4
	lakes := make([]*lake.Lake, 5) // as many processes
	for i := range lakes {
		lakes[i] = create(t, dir)
	}
	var deliveries atomic.Int64
	var writing, gathering sync.WaitGroup
	errs := make(chan error, writers+gatherers+1)
	for i := range writers {
		writing.Go(func() {
			object := i % objects
			ids := []string{"shared", fmt.Sprint("a", object), fmt.Sprint("b", object)}
			errs <- stageObject(t.Context(), lakes[i%len(lakes)], fmt.Sprint("object ", object), fmt.Sprintf("2024-12-01T00:00:%02dZ", i), ids...)
		})
	}
	over := make(chan struct{})
	again := func(work func() error) {
		gathering.Go(func() {
			for {
				if err := work(); err != nil {
					errs <- err
					return
				}
				select {
				case <-over:
					errs <- nil
					return
				default:
				}
			}
		})
	}
	for i := range gatherers {
		again(func() error {
			done, err := lakes[i].Gather(t.Context())
			deliveries.Add(done.Deliveries)
			for _, left := range done.Left {
				err = errors.Join(err, left.Err)
			}
			return err
		})
	}
	again(func() error {
		_, err := lakes[len(lakes)-1].Compact(t.Context(), lake.CompactOptions{})
		return err
	})
	writing.Wait()
	close(over)
	gathering.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	l := create(t, dir)
	deliveries.Add(gather(t, l).Deliveries)
	if n := staged(t, l); n != 0 {
		t.Errorf("%d notes are left", n)
	}
	if n := deliveries.Load(); n != writers {
		t.Errorf("%d rows of deliveries were added, want %d", n, writers)
	}
	if _, through := pending(t, l); through == 0 {
		t.Error("nothing is pending")
	}
	compactAll(t, l)
	wantRows(t, l, 1+2*objects, objects, objects)
	for _, d := range deliveriesOf(t, l) {
		var object int
		if _, err := fmt.Sscanf(d.Key, "object %d", &object); err != nil {
			t.Fatal(err)
		}
		newest := object + objects
		if newest+objects < writers {
			newest += objects
		}
		if want := at(fmt.Sprintf("2024-12-01T00:00:%02dZ", newest)); !d.ReadAt.Equal(want) {
			t.Errorf("%s was read at %v, want the newest, %v", d.Key, d.ReadAt, want)
		}
	}
	if n := len(dataFiles(t, dir, lake.Items)); n != 1 {
		t.Errorf("%d files of items are there after a compaction, want one", n)
	}
}

// notesVariable sets how many notes TestWhatAGatherAsksFor stages.
const notesVariable = "CONFIGTRAIL_LAKE_TEST_NOTES"

// What a gather costs beside its notes does not grow with them.
func TestWhatAGatherAsksFor(t *testing.T) {
	notes := 60
	if text := os.Getenv(notesVariable); text != "" {
		var err error
		if notes, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	c := newAWS(t)
	here := c.place(t)
	l := create(t, here)
	stageMany(t, l, notes)
	bytes := 0
	for _, note := range readNotes(t, here) {
		bytes += len(note)
	}
	opened, err := lake.Open(t.Context(), options(t, here, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	c.asked()
	begun := time.Now()
	gather(t, opened)
	calls := map[string]int{}
	for _, call := range c.asked() {
		switch {
		case call == "GET /lakes":
			calls["LIST"]++
		case strings.HasPrefix(call, "GET /lakes/team/lake/staged/"):
			calls["GET of notes"]++
		case call == "POST /lakes":
			calls["DELETE of up to 1000"]++
		default:
			calls[strings.SplitN(call, " ", 2)[0]]++
		}
	}
	t.Logf("%d notes of %d bytes on average in %v: %v", notes, bytes/notes, time.Since(begun).Round(time.Millisecond), calls)
	want := map[string]int{
		// One of notes, one more in each of the three commits, and one of each month's data files.
		"LIST": 6, "GET of notes": notes, "DELETE of up to 1000": 1,
		// Of each commit its base, its requirements, the version that it replaces and
		// how many old states there are; and the table that the deliveries are written for.
		"GetTable": 13, "UpdateTable": 3,
		// Metadata, a manifest and a list of manifests of each commit, and the file of deliveries.
		"PUT": 10,
	}
	if notes >= 1000 {
		delete(want, "LIST") // they have more pages
		delete(calls, "LIST")
		want["DELETE of up to 1000"] = (notes + 999) / 1000
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
