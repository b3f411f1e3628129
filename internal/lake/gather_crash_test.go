package lake_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

var errKilled = errors.New("killed")

// killedAt makes a lake's work end at the nth step, as a kill would: nothing is
// tidied up. It tells whether it came to that.
func killedAt(l *lake.Lake, n int) (killed *bool) {
	step := 0
	killed = new(bool)
	l.Interrupt(func(string) error {
		if step++; step == n {
			*killed = true
		}
		if *killed {
			return errKilled
		}
		return nil
	})
	return killed
}

func TestAKillAtAnyStepOfStagingAndGathering(t *testing.T) {
	everywhere(t, testAKillAtAnyStepOfStagingAndGathering)
}

func testAKillAtAnyStepOfStagingAndGathering(t *testing.T, dir place) {
	read := func(l *lake.Lake) error {
		for _, object := range []string{"one", "two"} {
			if err := stageObject(t.Context(), l, object, "2024-12-01T00:00:00Z", "shared", object); err != nil {
				return err
			}
		}
		_, err := l.Gather(t.Context())
		return err
	}
	steps := 0
	for step := 1; ; step++ {
		dir := another(t, dir)
		l := create(t, dir)
		killed := killedAt(l, step)
		if err := read(l); err != nil && !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", step, err)
		}
		if !*killed {
			break
		}
		steps++
		// Another process goes on, half of the times after a compaction.
		l = create(t, dir)
		if step%2 == 0 {
			compactAll(t, l)
		}
		gather(t, l)
		before := rowsOf(t, l)
		gather(t, l)
		if diff := cmp.Diff(before, rowsOf(t, l)); diff != "" {
			t.Errorf("step %d: a second gather changes rows (-before +after):\n%s", step, diff)
		}
		if n := before[lake.Items]; n > 4 || before[lake.Deliveries] > 2 {
			t.Errorf("step %d: rows are doubled: %v", step, before)
		}
		// The queue delivers the messages again.
		if err := read(l); err != nil {
			t.Fatal(err)
		}
		if n := staged(t, l); n != 0 {
			t.Errorf("step %d: %d notes are left", step, n)
		}
		compactAll(t, l)
		wantRows(t, l, 3, 2, 2)
		for _, table := range []string{lake.Items, lake.Events} {
			files, err := l.Plan(t.Context(), table, configtrail.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(dataFiles(t, dir, table)); n != len(files) {
				t.Errorf("step %d: %d files of %s are there, %d in the table", step, n, table, len(files))
			}
		}
	}
	if steps < 13 {
		t.Errorf("only %d steps: two of each Stage, two around each of three commits, two before files and one before the notes go were expected", steps)
	}
}

// A Gather that was killed is made whole by one that finds its files merged and
// the old ones gone; and one that was merely slow notices the same.
func TestCompactionWhileANoteIsGathered(t *testing.T) {
	everywhere(t, testCompactionWhileANoteIsGathered)
}

func testCompactionWhileANoteIsGathered(t *testing.T, dir place) {
	for _, step := range []string{
		"look for files of items", "commit items", "committed items", "look for files of events", "commit events", "committed events",
		"commit deliveries", "committed deliveries", "gathered",
	} {
		t.Run(step, func(t *testing.T) {
			dir := another(t, dir)
			l := create(t, dir)
			for i := range 3 {
				stage(t, l, fmt.Sprint("object ", i), fmt.Sprint(i))
			}
			compactAll(t, l) // spares what is staged
			if n := len(dataFiles(t, dir, lake.Items)); n != 3 {
				t.Fatalf("%d files of items after a compaction before the gather, want 3", n)
			}
			slow := create(t, dir)
			var once sync.Once
			slow.Interrupt(func(s string) error {
				var err error
				if s == step {
					once.Do(func() {
						_, err = l.Gather(t.Context())
						if err == nil {
							compactAll(t, l)
						}
					})
				}
				return err
			})
			if done := gather(t, slow); len(done.Left) != 0 {
				t.Errorf("the slow gather left %v", done.Left)
			}
			wantRows(t, l, 3, 3, 3)

			for i := range 3 {
				stage(t, l, fmt.Sprint("later ", i), fmt.Sprint("later ", i))
			}
			dying := create(t, dir)
			dying.Interrupt(func(s string) error {
				if s == step {
					return errKilled
				}
				return nil
			})
			if _, err := dying.Gather(t.Context()); !errors.Is(err, errKilled) {
				t.Fatalf("error %v", err)
			}
			compactAll(t, l)
			if done := gather(t, l); len(done.Left) != 0 {
				t.Errorf("after the kill: left %v", done.Left)
			}
			wantRows(t, l, 6, 6, 6)
			if _, err := l.Load(t.Context(), headers(t, l, configtrail.Scope{})); err != nil {
				t.Error(err)
			}
		})
	}
}

// A note that comes again, from a backup or because its writer's client sent it
// twice, doubles nothing.
func TestANoteThatComesAgain(t *testing.T) { everywhere(t, testANoteThatComesAgain) }

func testANoteThatComesAgain(t *testing.T, dir place) {
	now := time.Now()
	o := options(t, dir, "key-1")
	o.Now = func() time.Time { return now }
	l, err := lake.Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stage(t, l, "object", "a")
	notes := readNotes(t, dir)
	gather(t, l)
	stage(t, l, "other", "b")
	gather(t, l)
	compactAll(t, l) // its files are merged and gone
	writeNotes(t, dir, notes)
	if done := gather(t, l); len(done.Left) != 0 || done.Files+done.Deliveries != 0 || staged(t, l) != 0 {
		t.Errorf("soon after: gathered %+v", done)
	}
	wantRows(t, l, 2, 2, 2)

	// A day later its name is forgotten with the next commit. Its files are in
	// the table by their paths, or are not there.
	stage(t, l, "object of the day", "c")
	notes = readNotes(t, dir)
	gather(t, l)
	now = now.Add(24 * time.Hour)
	stage(t, l, "object of the next day", "d")
	gather(t, l)
	writeNotes(t, dir, notes)
	if done := gather(t, l); len(done.Left) != 0 || done.Files != 0 {
		t.Errorf("a day later: gathered %+v", done)
	}
	if rows := rowsOf(t, l); rows[lake.Items] != 4 || rows[lake.Events] != 4 {
		t.Errorf("a day later: rows %v, want 4 of items and events", rows)
	}
	stage(t, l, "object of the third day", "e")
	now = now.Add(24 * time.Hour)
	gather(t, l)
	compactAll(t, l)
	writeNotes(t, dir, notes)
	if done := gather(t, l); len(done.Left) != 1 || done.Notes+done.Files+done.Deliveries != 0 || !strings.Contains(done.Left[0].Err.Error(), "is missing") {
		t.Errorf("when its files are gone: gathered %+v", done)
	}
	wantRows(t, l, 5, 5, 5)
}

// A Gather that sleeps through all of it, until the table has forgotten the
// note, commits nothing of it.
func TestAGatherThatSleeps(t *testing.T) { everywhere(t, testAGatherThatSleeps) }

func testAGatherThatSleeps(t *testing.T, dir place) {
	var late atomic.Bool
	o := options(t, dir, "key-1")
	o.Now = func() time.Time {
		if late.Load() {
			return time.Now().Add(24 * time.Hour)
		}
		return time.Now()
	}
	l, err := lake.Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stage(t, l, "object", "a")
	sleeping := create(t, dir)
	slept := false
	sleeping.Interrupt(func(string) error {
		if slept {
			return nil
		}
		slept = true
		gather(t, l)
		late.Store(true)
		stage(t, l, "other", "b")
		gather(t, l)
		compactAll(t, l)
		for _, table := range []string{lake.Items, lake.Events, lake.Deliveries} {
			if told, err := l.Told(t.Context(), table); err != nil || told != 1 {
				t.Errorf("%s tells of %d notes: the test tests nothing; error %v", table, told, err)
			}
		}
		return nil
	})
	if done := gather(t, sleeping); done.Notes != 0 || done.Files != 0 || done.Deliveries != 0 || len(done.Left) != 0 || !slept {
		t.Errorf("gathered %+v", done)
	}
	wantRows(t, l, 2, 2, 2)
}

// A name is kept only while its note may come again: the property stays short.
func TestNamesOfNotesAreForgotten(t *testing.T) {
	now := time.Now()
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: "key-1", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 10 {
		stage(t, l, fmt.Sprint(i), fmt.Sprint(i))
		gather(t, l)
		now = now.Add(5 * time.Minute)
	}
	for _, table := range []string{lake.Items, lake.Events, lake.Deliveries} {
		told, err := l.Told(t.Context(), table)
		if err != nil || told < 1 || told > 4 {
			t.Errorf("%s tells of %d notes, want those of a quarter of an hour; error %v", table, told, err)
		}
	}
	wantRows(t, l, 10, 10, 10)
}
