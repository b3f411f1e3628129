package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
)

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// remembering gives memories of invocations that share one object.
func remembering(t *testing.T) (store blob.Store, c *clock, run func(string) announced) {
	t.Helper()
	store, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c = &clock{now: time.Date(2024, 11, 5, 0, 0, 0, 0, time.UTC)}
	return store, c, func(name string) announced { return announced{store, "daily.json", name, c.Now} }
}

// claimed are the ids that a run may tell.
func claimed(t *testing.T, a announced, ids ...string) string {
	t.Helper()
	got, err := a.claim(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s told %d awaited %d", strings.Join(got.ids, ","), got.told, got.awaited)
}

func tells(t *testing.T, a announced, ids ...string) {
	t.Helper()
	if err := a.tell(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasToldIsNotToldAgain(t *testing.T) {
	_, c, run := remembering(t)
	is := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	is(claimed(t, run("a"), "f_1", "g_1"), "f_1,g_1 told 0 awaited 0")
	tells(t, run("a"), "f_1", "g_1")
	c.pass(24 * time.Hour)
	is(claimed(t, run("b"), "f_1", "f_2", "g_1"), "f_2 told 2 awaited 0")

	// b is killed. Another leaves its claim alone while it may be at work; b itself,
	// tried again, takes it up, and so does another after that.
	c.pass(10 * time.Minute)
	is(claimed(t, run("c"), "f_1", "f_2"), " told 1 awaited 1")
	is(claimed(t, run("b"), "f_1", "f_2"), "f_2 told 1 awaited 0")
	c.pass(21 * time.Minute)
	is(claimed(t, run("d"), "f_1", "f_2"), "f_2 told 1 awaited 0")
	tells(t, run("d"), "f_2")
	is(claimed(t, run("e"), "f_2"), " told 1 awaited 0")

	// What is seen is remembered for good, what is not for sixty days.
	for range 10 {
		c.pass(20 * 24 * time.Hour)
		is(claimed(t, run("f"), "g_1"), " told 1 awaited 0")
	}
	is(claimed(t, run("g"), "f_1"), "f_1 told 0 awaited 0")
}

func TestManyAtOnceTellEachOnce(t *testing.T) {
	store, c, run := remembering(t)
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprint("f_", i))
	}
	var told []string
	var mu sync.Mutex
	var runs sync.WaitGroup
	for i := range 20 {
		runs.Go(func() {
			a := announced{store, "daily.json", fmt.Sprint("run ", i), c.Now}
			got, err := a.claim(t.Context(), ids[i:100+5*i])
			if err == nil {
				err = a.tell(t.Context(), got.ids)
			}
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			told = append(told, got.ids...)
		})
	}
	runs.Wait()
	slices.Sort(told)
	want := slices.Sorted(slices.Values(ids[:195]))
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want once +told):\n%s", diff)
	}
	if got := claimed(t, run("later"), ids...); got != "f_195,f_196,f_197,f_198,f_199 told 195 awaited 0" {
		t.Error(got)
	}
}

// A memory that can't be read or written must not be taken for an empty one:
// everything would be told again each day.
func TestAMemoryThatIsBrokenTellsNothing(t *testing.T) {
	store, _, run := remembering(t)
	if _, err := store.Swap(t.Context(), "daily.json", []byte(`{"announced":`), ""); err != nil {
		t.Fatal(err)
	}
	if got, err := run("a").claim(t.Context(), []string{"f_1"}); err == nil || len(got.ids) > 0 {
		t.Errorf("claimed %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := run("a").claim(ctx, []string{"f_1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run claimed: %v", err)
	}
}
