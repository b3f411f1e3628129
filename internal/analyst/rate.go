package analyst

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"configtrail"
)

// Limits are what a service takes a minute of one model. 0 is no limit.
type Limits struct {
	Input, Output, Requests int64
}

// Rate holds all requests of one process to one model under the limits of its
// service, so that they wait here instead of being turned away there. It fills
// evenly, a sixtieth a second, and is full at first. It is safe for concurrent use.
type Rate struct {
	limits [3]float64 // input, output, requests
	now    func() time.Time

	mu    sync.Mutex
	left  [3]float64 // may be below 0 after a settlement
	since time.Time  // when left was true
}

// NewRate makes one. A nil now is time.Now.
func NewRate(limits Limits, now func() time.Time) *Rate {
	if now == nil {
		now = time.Now
	}
	r := &Rate{now: now, since: now()}
	for i, n := range []int64{limits.Input, limits.Output, limits.Requests} {
		r.limits[i] = float64(n)
	}
	r.left = r.limits
	return r
}

// taken is a reservation.
type taken struct {
	rate *Rate
	held [3]float64
}

// reserve waits until a request fits. Where it can't before ctx's deadline, or
// never, it fails at once with configtrail.ErrOverBudget.
func (r *Rate) reserve(ctx context.Context, input, output int64) (*taken, error) {
	asked := [3]float64{float64(input), float64(output), 1}
	for {
		wait := r.take(asked)
		if wait <= 0 {
			return &taken{r, asked}, nil
		}
		if deadline, ok := ctx.Deadline(); wait == math.MaxInt64 || ok && r.now().Add(wait).After(deadline) {
			return nil, &configtrail.Problem{Key: "model.rate", Err: fmt.Errorf(
				"%w: %d tokens in and %d out do not fit into the limits a minute in time", configtrail.ErrOverBudget, input, output)}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
	}
}

// take takes what is asked and gives 0, or gives how long to wait before it is
// worth trying again.
func (r *Rate) take(asked [3]float64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	var wait float64 // minutes
	for i, limit := range r.limits {
		switch {
		case limit == 0:
		case asked[i] > limit:
			return math.MaxInt64
		default:
			wait = max(wait, (asked[i]-r.left[i])/limit)
		}
	}
	if wait > 0 {
		return max(time.Duration(wait*float64(time.Minute)), time.Millisecond)
	}
	for i := range asked {
		r.left[i] -= asked[i]
	}
	return 0
}

func (r *Rate) fill() {
	now := r.now()
	minutes := now.Sub(r.since).Minutes()
	r.since = now
	for i, limit := range r.limits {
		r.left[i] = min(limit, r.left[i]+minutes*limit)
	}
}

// settle puts what was really used in the place of what was reserved. The
// request itself counts whatever came of it.
func (t *taken) settle(cost configtrail.Cost) {
	t.rate.mu.Lock()
	defer t.rate.mu.Unlock()
	t.rate.left[0] += t.held[0] - float64(cost.InputTokens)
	t.rate.left[1] += t.held[1] - float64(cost.OutputTokens)
}
