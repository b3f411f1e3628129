// Package awsjson serves AWS's JSON protocol, 1.1 or 1.0: a POST whose X-Amz-Target
// header names the operation and whose body is the input. The servers for tests
// that speak it differ in their operations only.
package awsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// contentType is both the request's and the answer's, unless a Server says otherwise.
const contentType = "application/x-amz-json-1.1"

// Version10 is the content type of the services that speak JSON 1.0, such as SQS.
const Version10 = "application/x-amz-json-1.0"

// maxInput is more than any operation here takes.
const maxInput = 8 << 20

// Error is an answer that says no, as AWS's SDKs read it.
type Error struct {
	Type    string // the exception's name in the service's model
	Message string
	Members map[string]string // of the exception, besides its message
	Status  int               // of HTTP; zero: 400
}

// Error reads like the log of an SDK.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Errorf is an Error with status 400.
func Errorf(kind, format string, args ...any) *Error {
	return &Error{Type: kind, Message: fmt.Sprintf(format, args...)}
}

// Operation answers one decoded request with a value that marshals to the
// operation's output.
type Operation func(ctx context.Context, input []byte) (any, error)

// Of makes an operation of a function from input to output. The input's member
// names are matched as encoding/json does.
func Of[In, Out any](act func(context.Context, *In) (Out, error)) Operation {
	return func(ctx context.Context, input []byte) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(input))
		decoder.UseNumber() // numbers kept for the caller come back as they were
		if err := decoder.Decode(&in); err != nil {
			return nil, Errorf("SerializationException", "%s", err)
		}
		return act(ctx, &in)
	}
}

// Server answers the operations of one service.
type Server struct {
	Target     string // what stands before the dot in X-Amz-Target, as AWSGlue
	SigningAs  string // the service's name in a signature's scope, as glue
	AccessKey  string // the only one that is let in; empty: any
	SecretKey  string // what calls are signed with; empty: signatures are not checked
	Operations map[string]Operation
	Faults     *Faults // nil: none

	ContentType string // "": that of JSON 1.1
}

func (s *Server) contentType() string {
	if s.ContentType == "" {
		return contentType
	}
	return s.ContentType
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	output, err := s.answer(r)
	if err != nil {
		WriteError(w, err)
		return
	}
	body, err := json.Marshal(output)
	if err != nil {
		WriteError(w, err)
		return
	}
	w.Header().Set("Content-Type", s.contentType())
	_, _ = w.Write(body) // a caller who left needs no answer
}

func (s *Server) answer(r *http.Request) (any, error) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != s.contentType() {
		return nil, Errorf("UnknownOperationException", "a call is a POST of %s", s.contentType())
	}
	input, err := io.ReadAll(io.LimitReader(r.Body, maxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the input of %s: %w", Action(r), err)
	case len(input) > maxInput:
		return nil, &Error{Type: "RequestEntityTooLargeException", Message: "the input is too large", Status: http.StatusRequestEntityTooLarge}
	}
	if err := s.admit(r, input); err != nil {
		return nil, err
	}
	name := Action(r)
	operation, ok := s.Operations[name]
	if !ok || !strings.HasPrefix(r.Header.Get("X-Amz-Target"), s.Target+".") {
		return nil, Errorf("UnknownOperationException", "%s is no operation of this server", r.Header.Get("X-Amz-Target"))
	}
	if err := s.Faults.next(name); err != nil {
		return nil, err
	}
	return operation(r.Context(), input)
}

// admit checks who calls, as a front door of AWS does before it looks at what is
// asked.
func (s *Server) admit(r *http.Request, body []byte) error {
	caller, err := readAuthorization(r.Header.Get("Authorization"))
	switch {
	case err != nil:
		return err
	case s.AccessKey != "" && caller.accessKey != s.AccessKey:
		return Errorf("UnrecognizedClientException", "The security token included in the request is invalid.")
	case caller.service != s.SigningAs:
		return Errorf("InvalidSignatureException", "Credential should be scoped to correct service: '%s'.", s.SigningAs)
	case s.SecretKey != "":
		return caller.verify(r, body, s.SecretKey)
	}
	return nil
}

// Action is the operation's name in a request, empty where there is none.
func Action(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// WriteError answers with an error as the SDKs read it; one that is no Error is
// the server's own fault.
func WriteError(w http.ResponseWriter, err error) {
	said := &Error{Type: "InternalServerException", Message: err.Error(), Status: http.StatusInternalServerError}
	errors.As(err, &said)
	status := said.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	answer := map[string]string{"__type": said.Type, "message": said.Message, "Message": said.Message}
	maps.Copy(answer, said.Members)
	body, err := json.Marshal(answer)
	if err != nil {
		body = []byte(`{"__type":"InternalServerException"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Errortype", said.Type)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Time is a timestamp in the protocol: seconds since 1970 with a fraction.
type Time time.Time

// MarshalJSON writes milliseconds, as AWS does.
func (t Time) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(t).UnixMilli())/1000), nil
}
