// Package runtime runs a Lambda function on this machine: the real binary, which
// polls the Lambda Runtime API (version 2018-06-01) as it does at AWS, and before
// it an HTTP front that turns requests into the events of a Function URL.
//
// One environment is one process and has one invocation at a time, as at AWS;
// when all are busy another is started, up to a limit. A process that exits or
// runs out of time is an error of its invocation, and is not used again.
package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Options says what is run. Binary is needed; the rest may be zero.
type Options struct {
	Binary string
	Args   []string
	// Env is added to what Lambda itself sets, KEY=VALUE each. Nothing of this
	// process's own environment reaches the function.
	Env     []string
	Timeout time.Duration // of one invocation; 0: 30 s
	Most    int           // environments at once; 0: 10
	Output  io.Writer     // what the function prints; nil: nobody sees it
	IAM     *IAM          // who may ask its URL; nil: everybody, as with the type NONE
}

// InitTimeout is how long a process may take until it asks for work.
const InitTimeout = 10 * time.Second

// MaxPayload is how large an event or an answer may be, in bytes.
const MaxPayload = 6 << 20

// Result is what an invocation gave.
type Result struct {
	RequestID string
	Payload   []byte        // the answer; of a failed invocation, the error as the function told it
	Failed    bool          // the function told an error, exited, or ran out of time
	Cold      bool          // a process was started for it
	Init      time.Duration // of a cold one: from the start of the process until it asked for work
	Took      time.Duration // from the start of the process, or of a warm one from the event, to the answer
}

// Failure is the payload of a failed invocation, in Lambda's form.
type Failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Failure reads the payload of a failed invocation.
func (r Result) Failure() Failure {
	var f Failure
	_ = json.Unmarshal(r.Payload, &f) // what is no error has an empty one
	return f
}

// Function is a function that can be invoked.
type Function struct {
	options Options
	places  chan struct{} // one for each environment that may be busy

	mu     sync.Mutex
	idle   []*environment // last used last
	all    map[*environment]bool
	closed bool
	serial int
}

// New makes a function. No process is started before it is invoked.
func New(options Options) *Function {
	if options.Timeout <= 0 {
		options.Timeout = 30 * time.Second
	}
	if options.Most <= 0 {
		options.Most = 10
	}
	if options.Output == nil {
		options.Output = io.Discard
	}
	return &Function{options: options, places: make(chan struct{}, options.Most), all: map[*environment]bool{}}
}

// Invoke gives the function an event and waits for its answer. An error is one of
// ours; what goes wrong in the function is a Result that Failed.
func (f *Function) Invoke(ctx context.Context, event []byte) (Result, error) {
	if len(event) > MaxPayload {
		return Result{}, fmt.Errorf("an event of %d bytes; Lambda takes %d", len(event), MaxPayload)
	}
	select {
	case f.places <- struct{}{}:
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	defer func() { <-f.places }()
	began := time.Now()
	e, cold, err := f.environment()
	if err != nil {
		return Result{}, err
	}
	if cold {
		began = e.started
	}
	result := e.invoke(ctx, event, f.options.Timeout)
	result.Cold, result.Took = cold, time.Since(began)
	if cold {
		result.Init = e.init()
	}
	f.release(e)
	return result, ctx.Err()
}

// environment is one that is idle, or a new one.
func (f *Function) environment() (e *environment, cold bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, errors.New("the function is closed")
	}
	if n := len(f.idle); n > 0 {
		e = f.idle[n-1]
		f.idle = f.idle[:n-1]
		return e, false, nil
	}
	f.serial++
	e, err = start(f.options, f.serial)
	if err != nil {
		return nil, false, err
	}
	f.all[e] = true
	return e, true, nil
}

// release keeps an environment that still runs for the next invocation.
func (f *Function) release(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.usable() && !f.closed {
		f.idle = append(f.idle, e)
		return
	}
	delete(f.all, e)
	e.stop()
}

// Close ends all processes. No invocation may be under way.
func (f *Function) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for e := range f.all {
		e.stop()
	}
	f.idle, f.all = nil, nil
}
