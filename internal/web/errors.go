package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/spend"
)

// kind is how one of the errors that surfaces tell apart is answered.
type kind struct {
	is     error
	status int
	code   string
}

// kinds maps errors to the contract, once for this surface, most telling first.
// What is none of them went wrong behind us.
func kinds() []kind {
	return []kind{
		{errPanicked, http.StatusInternalServerError, "internal"},
		{context.Canceled, http.StatusServiceUnavailable, "stopped"},
		{configtrail.ErrOverBudget, http.StatusTooManyRequests, "over_budget"},
		{context.DeadlineExceeded, http.StatusGatewayTimeout, "deadline"},
		{configtrail.ErrNotFound, http.StatusNotFound, "not_found"},
		{configtrail.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
		{configtrail.ErrInvalid, http.StatusBadRequest, "invalid"},
		{configtrail.ErrRefused, http.StatusBadRequest, "invalid"},
	}
}

// explain makes a failure of an error, in a person's language.
func (h *Handler) explain(lang message.Lang, err error) *failure {
	f := &failure{Status: http.StatusBadGateway, Code: "upstream", cause: err}
	for _, k := range kinds() {
		if errors.Is(err, k.is) {
			f.Status, f.Code = k.status, k.code
			break
		}
	}
	p := h.printer(lang)
	var problem *configtrail.Problem
	var hint *configtrail.Hint
	if errors.As(err, &problem) && p.Has("error."+problem.Key) {
		args := message.Args{}
		for name, value := range problem.Args {
			args[name] = visible(value)
		}
		f.Message = p.Text("error."+problem.Key, args)
		if p.Has("hint." + problem.Key) {
			f.Hint = p.Text("hint."+problem.Key, args)
		}
	}
	if f.Hint == "" && errors.As(err, &hint) {
		f.Hint = configtrail.Visible(hint.Next)
	}
	if f.Code != "internal" { // a panic may say anything
		f.Args = message.Args{"what": message.Clip(configtrail.Visible(err.Error()), 400)}
	}
	var over *spend.Over
	if errors.As(err, &over) && !over.Never() {
		wait := max(int64(over.Until.Sub(h.options.Now())/time.Second), 1)
		f.Header = http.Header{"Retry-After": {strconv.FormatInt(wait, 10)}}
	}
	return f
}

// visible makes an argument of a message safe to show.
func visible(value any) any {
	switch v := value.(type) {
	case string:
		return configtrail.Visible(v)
	case []string:
		lines := make([]string, len(v))
		for i := range v {
			lines[i] = configtrail.Visible(v[i])
		}
		return strings.Join(lines, "; ")
	}
	return value
}

// errPanicked is in the error of whatever panicked.
var errPanicked = errors.New("panicked")

// panicError is a panic as an error. Its text says only what Go's runtime says,
// as any other value may hold data.
type panicError struct {
	what  string
	stack []byte
}

func panicked(value any) error {
	what := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	return &panicError{what, debug.Stack()}
}

func (e *panicError) Error() string { return "panicked: " + e.what }

func (e *panicError) Unwrap() error { return errPanicked }

// causes tells a log what an error is, without its text, which may hold names
// and values of the data: the problem's key, the code of the service that
// refused, a panic's place.
func causes(err error) []slog.Attr {
	var attrs []slog.Attr
	var problem *configtrail.Problem
	if errors.As(err, &problem) {
		attrs = append(attrs, slog.String("problem", problem.Key))
	}
	var service interface{ ErrorCode() string }
	if errors.As(err, &service) {
		attrs = append(attrs, slog.String("service_error", service.ErrorCode()))
	}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("panic", p.what), slog.String("stack", string(p.stack)))
	}
	return attrs
}
