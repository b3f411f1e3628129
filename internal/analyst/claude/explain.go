package claude

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"

	"configtrail"
)

// attempts is how often one request is sent.
const attempts = 4

// failure is why an attempt gave no answer.
type failure struct {
	problem *configtrail.Problem
	again   bool          // it may help to ask again
	unsure  bool          // the request may have been carried out
	after   time.Duration // as the service asked for; below 0: it did not
}

// pause is how long to wait before the next attempt: as the service says, else
// 1 s, 2 s, 4 s.
func (f failure) pause(attempt int) time.Duration {
	if f.after >= 0 {
		return f.after
	}
	return time.Second << (attempt - 1)
}

// wait reports whether the pause ends before ctx does, after having waited.
func (c *Client) wait(ctx context.Context, pause time.Duration) bool {
	const longest = 5 * time.Minute // also where ctx has no end
	if deadline, ok := ctx.Deadline(); pause > longest || ok && c.options.Now().Add(pause).After(deadline) {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// failing says, by HTTP status, what happened and whether it may help to ask
// again. 529 is Anthropic's for a service that has more to do than it can.
var failing = map[int]struct {
	key   string
	again bool
	kind  error
}{
	http.StatusUnauthorized:          {"model.key", false, configtrail.ErrRefused},
	http.StatusPaymentRequired:       {"model.billing", false, configtrail.ErrOverBudget},
	http.StatusForbidden:             {"model.forbidden", false, configtrail.ErrRefused},
	http.StatusNotFound:              {"model.unknown", false, configtrail.ErrNotFound},
	http.StatusRequestTimeout:        {"model.failed", true, nil},
	http.StatusConflict:              {"model.failed", true, nil},
	http.StatusRequestEntityTooLarge: {"model.too_large", false, configtrail.ErrTooLarge},
	http.StatusTooManyRequests:       {"model.busy", true, configtrail.ErrOverBudget},
	529:                              {"model.overloaded", true, nil},
}

// explain turns an error of the SDK into what people and the retry need. Of what
// the service answered only the status and the id of the request are kept: a
// body may repeat what was sent.
func (c *Client) explain(ctx context.Context, err error, answered bool) failure {
	var api *anthropic.Error
	var network net.Error
	switch {
	case errors.As(err, &api):
		return c.status(api)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failure{unsure: true, problem: c.problem("model.slow", fmt.Errorf("ask %s: %w", c.model, cause(ctx)))}
	case errors.Is(err, errTooLong):
		return failure{unsure: true, problem: c.problem("model.endless", fmt.Errorf("ask %s: %w", c.model, errTooLong))}
	case answered:
		return failure{unsure: true, problem: c.problem("model.garbled", fmt.Errorf("the answer of %s can't be read", c.model))}
	}
	return failure{problem: c.problem("model.unreachable", fmt.Errorf("ask %s: %s", c.model, c.connection(err))), again: true, after: -1}
}

// cause is why a context ended, a deadline where it has not.
func cause(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.DeadlineExceeded
}

// connection is the last part of an error of the network, without the address.
func (c *Client) connection(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "no address is known of its host"
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	}
	return "the connection failed"
}

func (c *Client) status(api *anthropic.Error) failure {
	f, known := failing[api.StatusCode]
	switch {
	case api.StatusCode == http.StatusBadRequest && strings.Contains(string(api.Type()), "billing"):
		f = failing[http.StatusPaymentRequired]
	case known:
	case api.StatusCode >= 500:
		f.key, f.again = "model.service", true
	default:
		f.key, f.kind = "model.rejected", configtrail.ErrInvalid
	}
	if c.bedrock && (api.StatusCode == http.StatusUnauthorized || api.StatusCode == http.StatusForbidden) {
		f.key = "model.aws_refused"
	}
	what := fmt.Sprintf("ask %s: status %d", c.model, api.StatusCode)
	if id := requestID(api); id != "" {
		what += ", request " + id
	}
	err := errors.New(what)
	if f.kind != nil {
		err = fmt.Errorf("%w: %s", f.kind, what)
	}
	after := time.Duration(-1)
	if api.Response != nil {
		after = retryAfter(api.Response.Header, c.options.Now())
	}
	problem := c.problem(f.key, err)
	problem.Args["status"] = strconv.Itoa(api.StatusCode)
	return failure{problem: problem, again: f.again, after: after}
}

// requestID is the id by which the service's owner finds a request, as far as it
// has the form of one.
func requestID(api *anthropic.Error) string {
	id := api.RequestID
	if id == "" && api.Response != nil {
		id = api.Response.Header.Get("x-amzn-requestid")
	}
	if len(id) > 80 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return ""
	}
	return id
}

// retryAfter is how long a service asks to wait, in milliseconds, seconds or up
// to a date; below 0 where it does not say.
func retryAfter(header http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(header.Get("retry-after-ms"), 64); err == nil && ms >= 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	text := header.Get("retry-after")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return -1
}

// mostBytes is how long an answer may be. The longest that a model is asked for
// here has some ten thousand bytes.
const mostBytes = 4 << 20

var errTooLong = errors.New("the answer does not end")

// bounded is a transport whose answers end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err == nil && response.Body != nil {
		response.Body = &boundedBody{response.Body, mostBytes}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
