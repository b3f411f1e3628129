package lake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

// The test binary runs itself as another process when roleVariable says as what.
const (
	roleVariable = "CONFIGTRAIL_LAKE_TEST_ROLE"
	dirVariable  = "CONFIGTRAIL_LAKE_TEST_DIR"
	stepVariable = "CONFIGTRAIL_LAKE_TEST_STEP"
)

func TestMain(m *testing.M) {
	var err error
	ctx, dir := context.Background(), os.Getenv(dirVariable)
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "ingest":
		var step int
		if step, err = strconv.Atoi(os.Getenv(stepVariable)); err == nil {
			err = ingest(ctx, dir, step)
		}
	case "large":
		var megabytes int
		if megabytes, err = strconv.Atoi(os.Getenv(stepVariable)); err == nil {
			err = writeLarge(ctx, dir, megabytes)
		}
	case "reader":
		err = readWithoutWriting(ctx, dir)
	case "writer":
		err = writeMany(ctx, dir, "process "+os.Getenv(stepVariable), manyEach)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, role, dir string, step int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir, stepVariable+"="+strconv.Itoa(step))
	return cmd
}

// ingest does what the product does with one object of three items and an
// event, and kills its own process at the given step of the commits; 0: never.
func ingest(ctx context.Context, dir string, killAt int) (err error) {
	o, err := optionsFor(dir, "key-1")
	if err != nil {
		return err
	}
	l, err := lake.Create(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	step := 0
	l.Interrupt(func(string) error {
		if step++; step != killAt {
			return nil
		}
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := self.Kill(); err != nil {
			return err
		}
		select {} // until the signal arrives
	})
	if err := read(ctx, l); err != nil {
		return err
	}
	return derive(ctx, l)
}

func read(ctx context.Context, l *lake.Lake) error {
	d := delivery("object", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))
	for known, err := range l.DeliveriesRead(ctx) {
		if err != nil || known.URI == d.URI {
			return err
		}
	}
	w, err := l.NewWriter(ctx)
	if err != nil {
		return err
	}
	groups := map[lake.Group]bool{}
	for i := range 3 {
		item := bucket(prod, strconv.Itoa(i), fmt.Sprintf("2024-1%d-05T00:00:00Z", i), "h")
		item.Source.URI = d.URI
		outcome, err := w.AddItem(ctx, item)
		if err != nil {
			return err
		}
		if outcome != lake.Duplicate {
			groups[lake.Group{Account: prod, Region: tokyo, Type: item.Key.Type}] = true
		}
	}
	if _, err := w.AddEvent(ctx, &configtrail.Event{ID: "e", Account: prod, Time: at("2024-11-05T00:00:00Z")}); err != nil {
		return err
	}
	var derive []lake.Group
	for g := range groups {
		derive = append(derive, g)
	}
	if err := w.AddDelivery(ctx, d, derive); err != nil {
		return err
	}
	return w.Commit(ctx)
}

// derive makes a change of each item of the groups that are pending.
func derive(ctx context.Context, l *lake.Lake) error {
	groups, through, err := l.Pending(ctx)
	if err != nil {
		return err
	}
	w, err := l.NewChangeWriter(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		scope := configtrail.Scope{Accounts: []string{g.Account}, Regions: []string{g.Region}, Types: []string{g.Type}}
		there := map[string]bool{}
		for change, err := range l.ChangesInOrder(ctx, scope) {
			if err != nil {
				return err
			}
			there[change.ID()] = true
		}
		for h, err := range l.Headers(ctx, scope) {
			if err != nil {
				return err
			}
			change := configtrail.Change{Key: h.Key, Time: h.CaptureTime, Kind: configtrail.Created, Edits: []configtrail.Edit{}}
			if !there[change.ID()] {
				if err := w.Add(ctx, change); err != nil {
					return err
				}
			}
		}
	}
	return w.Commit(ctx, through)
}

func rowsOf(t *testing.T, l *lake.Lake) map[string]int64 {
	t.Helper()
	rows := map[string]int64{}
	for _, table := range []string{lake.Items, lake.Events, lake.Deliveries, lake.Changes} {
		files, err := l.Plan(t.Context(), table, configtrail.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			rows[table] += f.Rows
		}
	}
	return rows
}

func TestKilledAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	everywhere(t, testKilledAtAnyStepLosesAndDoublesNothing)
}

func testKilledAtAnyStepLosesAndDoublesNothing(t *testing.T, dir place) {
	want := map[string]int64{lake.Items: 3, lake.Events: 1, lake.Deliveries: 1, lake.Changes: 3}
	survived := false
	for step := 1; !survived; step++ {
		if step > 50 {
			t.Fatal("the child is killed at every step")
		}
		dir := another(t, dir)
		cmd := child(t, "ingest", dir, step)
		out, err := cmd.CombinedOutput()
		survived = err == nil
		if err != nil && cmd.ProcessState.Exited() {
			t.Fatalf("step %d: the child was not killed but ended: %v\n%s", step, err, out)
		}
		if err := ingest(t.Context(), dir, 0); err != nil {
			t.Fatalf("step %d: run again: %v", step, err)
		}
		l := create(t, dir)
		if diff := cmp.Diff(want, rowsOf(t, l)); diff != "" {
			t.Errorf("killed at step %d, then run again: rows (-want +got):\n%s", step, diff)
		}
		before, err := l.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := ingest(t.Context(), dir, 0); err != nil {
			t.Fatal(err)
		}
		if after, err := l.Version(t.Context()); err != nil || before != after {
			t.Errorf("step %d: a third run commits something: version %s, then %s, error %v", step, before, after, err)
		}
		if survived && step < 9 {
			t.Errorf("only %d steps: two around each of four commits were expected", step-1)
		}
	}
}

func TestAnErrorWhoseOutcomeIsUnknownIsNotDoubled(t *testing.T) {
	everywhere(t, testAnErrorWhoseOutcomeIsUnknownIsNotDoubled)
}

func testAnErrorWhoseOutcomeIsUnknownIsNotDoubled(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	lost := errors.New("the answer got lost")
	for _, step := range []string{"committed items", "committed deliveries"} {
		l.Interrupt(func(s string) error {
			if s == step {
				return lost
			}
			return nil
		})
		if err := w.AddDelivery(t.Context(), delivery(step, "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z")), nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(t.Context()); !errors.Is(err, lost) {
			t.Fatalf("%s: error %v", step, err)
		}
	}
	l.Interrupt(nil)
	commit(t, w)
	want := map[string]int64{lake.Items: 1, lake.Deliveries: 2}
	if diff := cmp.Diff(want, rowsOf(t, l)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := len(headers(t, l, configtrail.Scope{})); got != 1 {
		t.Errorf("%d items, want 1", got)
	}
}

const manyEach = 6 // commits of each writer

func writeMany(ctx context.Context, dir, name string, commits int) (err error) {
	o, err := optionsFor(dir, "key-1")
	if err != nil {
		return err
	}
	l, err := lake.Create(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return writeManyTo(ctx, l, name, commits)
}

func writeManyTo(ctx context.Context, l *lake.Lake, name string, commits int) error {
	w, err := l.NewWriter(ctx)
	if err != nil {
		return err
	}
	for i := range commits {
		if _, err := w.AddItem(ctx, bucket(prod, fmt.Sprint(name, "-", i), "2024-11-05T00:00:00Z", "1")); err != nil {
			return err
		}
		d := delivery(fmt.Sprint(name, "-", i), "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))
		if err := w.AddDelivery(ctx, d, []lake.Group{{Account: name, Region: strconv.Itoa(i)}}); err != nil {
			return err
		}
		if err := w.Commit(ctx); err != nil {
			return fmt.Errorf("%s, commit %d: %w", name, i, err)
		}
	}
	return nil
}

func TestManyWritersInSeveralProcesses(t *testing.T) {
	everywhere(t, testManyWritersInSeveralProcesses)
}

func testManyWritersInSeveralProcesses(t *testing.T, dir place) {
	const routines, processes = 20, 2
	commits := manyEach
	if testing.Short() {
		commits = 2
	}
	var children []*exec.Cmd
	for i := range processes {
		cmd := child(t, "writer", dir, i)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, cmd)
	}
	l := create(t, dir)
	var wg sync.WaitGroup
	errs := make([]error, routines)
	for i := range routines {
		wg.Go(func() { errs[i] = writeManyTo(t.Context(), l, fmt.Sprint("goroutine ", i), commits) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	for _, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	}
	want := int64(routines*commits + processes*manyEach)
	rows := rowsOf(t, l)
	if rows[lake.Items] != want || rows[lake.Deliveries] != want {
		t.Errorf("rows %v; want %d items and deliveries", rows, want)
	}
	if got := int64(len(headers(t, l, configtrail.Scope{}))); got != want {
		t.Errorf("%d distinct items, want %d", got, want)
	}
	groups, through := pending(t, l)
	if int64(len(groups)) != want || through != want {
		t.Errorf("%d groups through batch %d; want %d of each: every batch has its own number", len(groups), through, want)
	}
}
