package web

import (
	"context"
	"errors"
	"sync"
)

// flights lets those who ask the same at the same time wait for one answer. The
// work belongs to all who wait: it goes on when the first of them leaves, and is
// cancelled with the last, who waits until it has ended. The zero value is ready.
//
// It differs from golang.org/x/sync/singleflight in whose context the work has.
type flights[T any] struct {
	mu    sync.Mutex
	under map[string]*flight[T]
}

// flight is one piece of work.
type flight[T any] struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{} // closed once result and err are set
	result  T
	err     error
}

// do gives the result of work under a key, and whether it was begun by another
// caller. The context of the work has the values and the deadline of the caller
// who began it.
func (f *flights[T]) do(ctx context.Context, key string, work func(context.Context) (T, error)) (result T, shared bool, err error) {
	for {
		one, shared := f.join(ctx, key, work)
		select {
		case <-one.done:
			f.leave(one)
		case <-ctx.Done():
			if f.leave(one) > 0 {
				return result, shared, ctx.Err()
			}
			<-one.done
		}
		switch stopped := errors.Is(one.err, context.DeadlineExceeded) || errors.Is(one.err, context.Canceled); {
		case stopped && ctx.Err() != nil:
			return result, shared, ctx.Err()
		case stopped && shared: // the time was that of another caller, and shorter than ours
		default:
			return one.result, shared, one.err
		}
	}
}

// join takes part in a flight, or begins one.
func (f *flights[T]) join(ctx context.Context, key string, work func(context.Context) (T, error)) (one *flight[T], shared bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.under[key]; one != nil {
		one.waiting++
		return one, true
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if deadline, ok := ctx.Deadline(); ok {
		inner, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	one = &flight[T]{waiting: 1, cancel: cancel, done: make(chan struct{})}
	if f.under == nil {
		f.under = map[string]*flight[T]{}
	}
	f.under[key] = one
	go func() {
		defer close(one.done)
		defer f.land(key, one)
		defer func() {
			if p := recover(); p != nil {
				one.err = panicked(p)
			}
		}()
		one.result, one.err = work(inner)
	}()
	return one, false
}

// land makes way for the next flight under a key.
func (f *flights[T]) land(key string, one *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.under[key] == one {
		delete(f.under, key)
	}
	one.cancel()
}

// leave is called once by each who joined. The last one cancels the work, and
// nobody else joins it.
func (f *flights[T]) leave(one *flight[T]) (waiting int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.waiting--; one.waiting == 0 {
		one.cancel()
		for key, under := range f.under {
			if under == one {
				delete(f.under, key)
			}
		}
	}
	return one.waiting
}
