package web

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTenAtOnceAreOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[int]
		var runs, shared atomic.Int64
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				got, other, err := f.do(t.Context(), "k", func(context.Context) (int, error) {
					time.Sleep(time.Second) // of the test's own clock
					return int(runs.Add(1)), nil
				})
				if got != 1 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
				if other {
					shared.Add(1)
				}
			})
		}
		callers.Wait()
		if runs.Load() != 1 || shared.Load() != 9 {
			t.Errorf("%d runs, shared by %d", runs.Load(), shared.Load())
		}
		if got, other, err := f.do(t.Context(), "k", func(context.Context) (int, error) { return int(runs.Add(1)), nil }); got != 2 || other || err != nil {
			t.Errorf("afterwards: %d, %v, %v", got, other, err)
		}
	})
}

func TestTheFirstCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[string]
		work := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		first, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, _, err := f.do(first, "k", work); !errors.Is(err, context.Canceled) {
				t.Errorf("the first is told %v", err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			if got, _, err := f.do(t.Context(), "k", work); got != "done" || err != nil {
				t.Errorf("the second is told %q, %v", got, err)
			}
		})
		synctest.Wait()
		leave()
		callers.Wait()
	})
}

func TestTheLastCallerEndsTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[string]
		ended := false
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, _, err := f.do(ctx, "k", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // what it has open is closed
			ended = true
			return "", ctx.Err()
		})
		if !ended || !errors.Is(err, context.Canceled) {
			t.Errorf("left before the work had ended: %v, %v", ended, err)
		}
		if len(f.under) != 0 {
			t.Error("work that was given up can still be joined")
		}
	})
}

func TestAShorterTimeOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[string]
		work := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		var callers sync.WaitGroup
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, _, err := f.do(ctx, "k", work); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the first is told %v", err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			if got, _, err := f.do(ctx, "k", work); got != "done" || err != nil {
				t.Errorf("the second is told %q, %v", got, err)
			}
		})
		callers.Wait()
	})
}

func TestAPanicInAFlight(t *testing.T) {
	var f flights[int]
	_, _, err := f.do(t.Context(), "k", func(context.Context) (int, error) { panic("bucket-name") })
	if !errors.Is(err, errPanicked) || err.Error() != "panicked: string" {
		t.Errorf("told %v", err)
	}
}
