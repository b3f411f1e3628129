package analyst

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"configtrail"
)

// TestRateWaits runs by a clock of its own: what it measures is exact.
func TestRateWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(Limits{Input: 6000, Output: 600, Requests: 10}, nil)
		began := time.Now()
		take := func(input, output int64) *taken {
			t.Helper()
			held, err := r.reserve(t.Context(), input, output)
			if err != nil {
				t.Fatal(err)
			}
			return held
		}
		took := func(want time.Duration) {
			t.Helper()
			if got := time.Since(began).Round(10 * time.Millisecond); got != want {
				t.Errorf("%v have passed, want %v", got, want)
			}
		}
		first := take(6000, 100)
		took(0)
		take(3000, 100) // half of the input of a minute has to come
		took(30 * time.Second)
		first.settle(configtrail.Cost{InputTokens: 3000, OutputTokens: 100}) // half was not used
		take(3000, 100)
		took(30 * time.Second)
		take(0, 600) // full again after 30 s, less twice 100: 200 have to come, at 10 a second
		took(50 * time.Second)
	})
}

func TestRateGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(Limits{Input: 1000, Requests: 1}, nil)
		if _, err := r.reserve(t.Context(), 1001, 1); !errors.Is(err, configtrail.ErrOverBudget) {
			t.Errorf("more than a minute's tokens: %v", err)
		}
		if _, err := r.reserve(t.Context(), 1000, 1_000_000); err != nil {
			t.Errorf("output has no limit: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := r.reserve(ctx, 1, 1); !errors.Is(err, configtrail.ErrOverBudget) || time.Since(began) > 0 {
			t.Errorf("a second request within a minute: %v after %v", err, time.Since(began))
		}
		cancelled, cancel2 := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel2() }()
		if _, err := r.reserve(cancelled, 1, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled wait: %v", err)
		}
	})
}
