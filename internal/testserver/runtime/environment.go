package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// environment is one process and the Runtime API that it polls.
type environment struct {
	command *exec.Cmd
	server  *http.Server
	started time.Time

	work   chan *invocation // handed to a poll
	exited chan struct{}    // closed when the process has ended
	how    error            // how it ended

	mu     sync.Mutex
	polled time.Time           // of the first poll
	under  *invocation         // between its poll and its answer
	broken bool                // told an error at its start, or was killed
	failed chan initialization // an error at its start, told by the function
}

// initialization is an error before the first poll.
type initialization struct{ payload []byte }

// invocation is one event on its way.
type invocation struct {
	id       string
	event    []byte
	timeout  time.Duration
	answered chan answer // has room for one
}

type answer struct {
	payload []byte
	failed  bool
}

// start runs the function and serves it the Runtime API.
func start(options Options, serial int) (*environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime: %w", err)
	}
	e := &environment{work: make(chan *invocation), exited: make(chan struct{}), failed: make(chan initialization, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { e.answer(w, r, false) })
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { e.answer(w, r, true) })
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initError)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go e.server.Serve(listener) //nolint:errcheck // it ends with Close

	e.command = exec.Command(options.Binary, options.Args...)
	e.command.Env = append(lambdaEnv(listener.Addr().String(), serial), options.Env...)
	e.command.Stdout, e.command.Stderr = options.Output, options.Output
	e.started = time.Now()
	if err := e.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the function: %w", err), e.server.Close())
	}
	go func() {
		e.how = e.command.Wait()
		close(e.exited)
	}()
	return e, nil
}

// lambdaEnv is what Lambda sets for a function of its own runtime. HOME is not in it.
func lambdaEnv(api string, serial int) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=configtrail",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/configtrail",
		"AWS_LAMBDA_LOG_STREAM_NAME=2024/12/01/[$LATEST]" + strconv.Itoa(serial),
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=ap-northeast-1", "AWS_DEFAULT_REGION=ap-northeast-1",
		"LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime", "_HANDLER=bootstrap",
		"LANG=en_US.UTF-8", "TZ=:UTC", "PATH=/usr/local/bin:/usr/bin/:/bin",
	}
}

// next is a poll: it waits for an event.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	if e.polled.IsZero() {
		e.polled = time.Now()
	}
	e.mu.Unlock()
	var one *invocation
	select {
	case one = <-e.work:
	case <-r.Context().Done():
		return
	}
	e.mu.Lock()
	e.under = one
	e.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", one.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(one.timeout).UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:ap-northeast-1:111122223333:function:configtrail")
	header.Set("Lambda-Runtime-Trace-Id", "Root=1-"+one.id[:8]+"-"+strings.ReplaceAll(one.id, "-", "")[8:32]+";Sampled=0")
	w.Write(one.event) //nolint:errcheck // a function that has gone is seen by its exit
}

// answer takes the answer or the error of the invocation under way.
func (e *environment) answer(w http.ResponseWriter, r *http.Request, failed bool) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	e.mu.Lock()
	one := e.under
	if one != nil && one.id == r.PathValue("id") {
		e.under = nil
	} else {
		one = nil
	}
	e.mu.Unlock()
	switch {
	case one == nil:
		tell(w, http.StatusBadRequest, Failure{"Invalid request ID", "InvalidRequestID"})
	case err != nil:
		one.answered <- answer{told(Failure{err.Error(), "Runtime.TruncatedResponse"}), true}
	case len(payload) > MaxPayload:
		one.answered <- answer{told(Failure{fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload), "Function.ResponseSizeTooLarge"}), true}
		tell(w, http.StatusRequestEntityTooLarge, Failure{"Exceeded maximum allowed payload size", "RequestEntityTooLarge"})
	default:
		one.answered <- answer{payload, failed}
		tell(w, http.StatusAccepted, map[string]string{"status": "OK"})
	}
}

// initError takes what went wrong before the first poll.
func (e *environment) initError(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload))
	e.mu.Lock()
	first := !e.broken && e.polled.IsZero()
	e.broken = true
	e.mu.Unlock()
	if err != nil || !first {
		tell(w, http.StatusForbidden, Failure{"State transition is not allowed", "InvalidStateTransition"})
		return
	}
	e.failed <- initialization{payload}
	tell(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

// invoke hands over one event and waits for what becomes of it.
func (e *environment) invoke(ctx context.Context, event []byte, timeout time.Duration) Result {
	one := &invocation{id: requestID(), event: event, timeout: timeout, answered: make(chan answer, 1)}
	failed := func(kind, message string) Result {
		e.kill()
		return Result{RequestID: one.id, Failed: true, Payload: told(Failure{message, kind})}
	}
	exited := func() Result {
		return failed("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %v", one.id, e.how))
	}
	starting := time.NewTimer(InitTimeout)
	defer starting.Stop()
	select {
	case e.work <- one:
	case problem := <-e.failed:
		e.kill()
		return Result{RequestID: one.id, Failed: true, Payload: problem.payload}
	case <-e.exited:
		select { // the error that it told first says more
		case problem := <-e.failed:
			return Result{RequestID: one.id, Failed: true, Payload: problem.payload}
		default:
			return exited()
		}
	case <-starting.C:
		return failed("Sandbox.Timedout", "The function did not ask for work in time")
	case <-ctx.Done():
		return failed("Sandbox.Cancelled", "The caller has gone")
	}
	running := time.NewTimer(timeout)
	defer running.Stop()
	select {
	case a := <-one.answered:
		return Result{RequestID: one.id, Payload: a.payload, Failed: a.failed}
	case <-e.exited:
		return exited()
	case <-running.C:
		return failed("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", one.id, timeout.Seconds()))
	case <-ctx.Done():
		return failed("Sandbox.Cancelled", "The caller has gone")
	}
}

// init is how long the process took until its first poll.
func (e *environment) init() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.polled.IsZero() {
		return 0
	}
	return e.polled.Sub(e.started)
}

func (e *environment) usable() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.exited:
		return false
	default:
		return !e.broken
	}
}

func (e *environment) kill() {
	e.mu.Lock()
	e.broken = true
	e.mu.Unlock()
	e.command.Process.Kill() //nolint:errcheck // it may have ended by itself
}

// stop ends the process and waits until it has.
func (e *environment) stop() {
	e.kill()
	<-e.exited
	e.server.Close() //nolint:errcheck // nobody asks it any more
}

func tell(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(told(value)) //nolint:errcheck // as above
}

func told(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own structs can always be written
	}
	return text
}
