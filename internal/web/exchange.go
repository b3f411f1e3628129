package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"configtrail/internal/message"
)

// exchange is one request on its way to one reply.
type exchange struct {
	*http.Request
	caller    Caller
	parameter string // of the path
	lang      message.Lang
	attrs     []slog.Attr // what the log says of it
}

// reply is a whole answer.
type reply struct {
	contentType string
	body        []byte
	header      http.Header // more headers; may be nil
}

// failure is an answer that tells what is wrong. Key names its sentence and
// its next step in the catalogue: web.error.KEY and web.hint.KEY; "": Code does.
// Where Message is set, that is the sentence, and Hint the next step.
type failure struct {
	Status        int
	Code          string // for programs
	Key           string
	Args          message.Args
	Message, Hint string
	Header        http.Header
	cause         error // for the log
}

// Caller is who asks, as the surroundings know it.
type Caller struct {
	RequestID string // "": one is made
	Principal string // an ARN, for the log
	Known     bool   // AWS let them in: no token is asked for
}

type callerKey struct{}

// WithCaller tells the handler who asks in the request's context.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	caller, _ := r.Context().Value(callerKey{}).(Caller)
	if caller.RequestID == "" {
		caller.RequestID = rand.Text()
	}
	x := &exchange{Request: r, caller: caller, lang: h.langOf(r)}
	found, parameter, others := h.find(r)
	x.parameter = parameter

	out, failed := h.safely(x, found, others)
	status := http.StatusOK
	if failed != nil {
		status = failed.Status
		out = h.failed(x.lang, failed, caller.RequestID)
	}
	write(w, r, status, out, caller.RequestID)

	path := "unknown" // what was typed may be anything, so only what is known is logged
	if found != nil {
		path = found.path
	}
	x.note(slog.String("request_id", caller.RequestID), slog.String("route", knownMethod(r.Method)+" "+path), slog.Int("status", status),
		slog.Float64("seconds", time.Since(begun).Seconds()))
	if caller.Principal != "" {
		x.note(slog.String("principal", caller.Principal))
	}
	level := slog.LevelInfo
	if failed != nil {
		x.note(slog.String("code", failed.Code))
		x.note(causes(failed.cause)...)
	}
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.options.Log.LogAttrs(r.Context(), level, "request", x.attrs...)
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

// note adds to what is logged.
func (x *exchange) note(attrs ...slog.Attr) { x.attrs = append(x.attrs, attrs...) }

// safely answers, or says why not. A panic is a failure like any other.
func (h *Handler) safely(x *exchange, found *route, others []string) (out reply, failed *failure) {
	defer func() {
		if p := recover(); p != nil {
			failed = h.explain(x.lang, panicked(p))
		}
	}()
	if found == nil || !found.open {
		if failed := h.allowed(x, found); failed != nil {
			return reply{}, failed
		}
	}
	switch {
	case found != nil:
		out, failed = found.answer(x)
		if most := h.options.MaxBytes; most > 0 && len(out.body) > most {
			return reply{}, &failure{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Key: "answer_too_large", Args: message.Args{"max": most}}
		}
		return out, failed
	case len(others) > 0:
		allow := strings.Join(others, ", ")
		return reply{}, &failure{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Args: message.Args{"allow": allow}, Header: http.Header{"Allow": {allow}}}
	}
	return reply{}, &failure{Status: http.StatusNotFound, Code: "not_found", Key: "not_found_path"}
}

// failed is a failure in the contract's form.
func (h *Handler) failed(lang message.Lang, f *failure, requestID string) reply {
	p := h.printer(lang)
	key := f.Key
	if key == "" {
		key = f.Code
	}
	said, hint := f.Message, f.Hint
	if said == "" {
		said = p.Text("web.error."+key, f.Args)
	}
	if hint == "" && p.Has("web.hint."+key) {
		hint = p.Text("web.hint."+key, f.Args)
	}
	type wrong struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Hint      string `json:"hint"`
		RequestID string `json:"request_id,omitempty"`
	}
	body := wrong{Code: f.Code, Message: said, Hint: hint}
	if f.Status >= http.StatusInternalServerError {
		body.RequestID = requestID
	}
	return jsonReply(struct {
		Status string `json:"status"`
		Error  wrong  `json:"error"`
	}{"FAILED", body}, f.Header)
}

// jsonReply is a value as JSON, readable as it is: nothing is escaped that a
// page would need escaped, since no browser takes it for a page.
func jsonReply(value any, header http.Header) reply {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings and numbers of our own structs always can be written
	}
	return reply{"application/json", []byte(text.String()), header}
}

// write sends a reply. Nothing of it may be kept by others, framed, or run.
func write(w http.ResponseWriter, r *http.Request, status int, out reply, requestID string) {
	header := w.Header()
	for name, values := range out.header {
		header[name] = values
	}
	header.Set("Content-Type", out.contentType)
	header.Set("Content-Length", strconv.Itoa(len(out.body)))
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Request-Id", requestID)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(out.body) //nolint:errcheck // a caller that has gone reads no answer
	}
}
