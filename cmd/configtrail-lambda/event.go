package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"configtrail"
	"configtrail/internal/web"
)

// maxAnswer keeps an answer below the 6 MiB that Lambda hands on, in JSON once more.
const maxAnswer = 4 << 20

// margin is kept free at the end of an invocation, so that its answer gets out:
// a tenth of its time, and no more than this.
const margin = 3 * time.Second

// invoke answers one event: of a Function URL, of a schedule, or the body of the
// month endpoint itself.
func (f *function) invoke(ctx context.Context, event json.RawMessage) (any, error) {
	if deadline, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithDeadline(ctx, deadline.Add(-min(margin, time.Until(deadline)/10)))
		defer cancel()
		ctx = limited
	}
	caller := web.Caller{Known: true}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		caller.RequestID = lc.AwsRequestID
	}
	var kind struct {
		Version        string          `json:"version"`
		RequestContext json.RawMessage `json:"requestContext"`
		Source         string          `json:"source"`
	}
	_ = json.Unmarshal(event, &kind) // what is no object is told by the endpoint
	switch {
	case len(kind.RequestContext) > 0:
		return f.request(ctx, event, caller)
	case kind.Source == "aws.scheduler" || kind.Source == "aws.events":
		return f.schedule(ctx, event, caller)
	}
	return f.direct(ctx, event, caller), nil
}

// request answers an event of a Function URL (payload format 2.0).
func (f *function) request(ctx context.Context, event []byte, caller web.Caller) (any, error) {
	var e events.LambdaFunctionURLRequest
	if err := json.Unmarshal(event, &e); err != nil || e.RequestContext.HTTP.Method == "" {
		return nil, errors.New("the event is none of a Function URL with payload format 2.0")
	}
	caller.Known = false
	if a := e.RequestContext.Authorizer; a != nil && a.IAM != nil { // the URL is set to AWS_IAM, and has checked the signature
		caller.Known, caller.Principal = true, a.IAM.UserARN
	}
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return nil, fmt.Errorf("decode the body of the event: %w", err)
		}
		body = decoded
	}
	path := e.RawPath
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	r := newRequest(e.RequestContext.HTTP.Method, &url.URL{Path: path, RawQuery: e.RawQueryString}, body)
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Host, r.RemoteAddr = e.RequestContext.DomainName, e.RequestContext.HTTP.SourceIP
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	w := f.serve(ctx, r, caller)
	headers := map[string]string{}
	for name, values := range w.header {
		headers[name] = strings.Join(values, ", ")
	}
	return events.LambdaFunctionURLResponse{StatusCode: w.status, Headers: headers, Body: w.body.String()}, nil
}

// direct answers the body of the month endpoint with the body of its answer.
func (f *function) direct(ctx context.Context, event []byte, caller web.Caller) json.RawMessage {
	return f.serve(ctx, newRequest(http.MethodPost, &url.URL{Path: "/"}, event), caller).body.Bytes()
}

// schedule tells the month before the one in which the event was due. What went
// wrong is an error of the invocation, so that Lambda's alarms see it.
func (f *function) schedule(ctx context.Context, event []byte, caller web.Caller) (any, error) {
	var e struct {
		Time string `json:"time"`
		Lang string `json:"lang"`
		TZ   string `json:"tz"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("read the schedule's event: %w", err)
	}
	zone := f.zone
	if named, err := time.LoadLocation(e.TZ); err == nil && e.TZ != "" { // one that is wrong is told by the endpoint
		zone = named
	}
	due, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		due = f.now()
	}
	month := configtrail.MonthOf(due, zone).Add(-1)
	body, err := json.Marshal(map[string]any{"target_year": month.Year, "target_month": int(month.Month), "lang": e.Lang, "tz": e.TZ})
	if err != nil {
		return nil, err
	}
	w := f.serve(ctx, newRequest(http.MethodPost, &url.URL{Path: "/"}, body), caller)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("tell %s: status %d: %s", month, w.status, strings.TrimSpace(w.body.String()))
	}
	return json.RawMessage(w.body.Bytes()), nil
}

func newRequest(method string, target *url.URL, body []byte) *http.Request {
	return &http.Request{
		Method: method, URL: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: nopCloser{bytes.NewReader(body)}, ContentLength: int64(len(body)),
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// serve runs the handler.
func (f *function) serve(ctx context.Context, r *http.Request, caller web.Caller) *written {
	w := &written{header: http.Header{}}
	f.handler.ServeHTTP(w, r.WithContext(web.WithCaller(ctx, caller)))
	return w
}

// written is a http.ResponseWriter that holds an answer whole.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header         { return w.header }
func (w *written) WriteHeader(status int)      { w.status = status }
func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }
