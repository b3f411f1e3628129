// Package messages is a server that speaks Anthropic's Messages API, and the
// part of Amazon Bedrock's that carries it, for tests. It refuses what the
// published description of the API does not allow, answers by a script, and
// keeps every request. It shares no code with the client.
package messages

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Request is one request as it came, with its answer's status.
type Request struct {
	Path   string
	Header http.Header
	Body   string
	Status int      // 0 until the answer begins
	Wrong  []string // what the API would refuse in it
}

// Server is a running server, or only the handler of one.
type Server struct {
	URL string
	Key string // the only API key that is accepted

	// Log is told of every request once it is answered; nil: nobody.
	Log func(Request)

	script Script
	spec   *spec

	mu       sync.Mutex
	requests []Request
}

// New is a server that follows a script, without a listener.
func New(script Script, key string) (*Server, error) {
	if _, ok := scripts[script]; !ok {
		return nil, fmt.Errorf("there is no script %q; there are %v", script, Scripts())
	}
	spec, err := loadSpec()
	if err != nil {
		return nil, err
	}
	return &Server{Key: key, script: script, spec: spec}, nil
}

// Start runs one on a free port of this machine until the test ends. A request
// that the API would refuse fails the test.
func Start(t testing.TB, script Script) *Server {
	t.Helper()
	s, err := New(script, "key-of-"+rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	s.URL = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		for _, r := range s.Requests() {
			if len(r.Wrong) > 0 {
				t.Errorf("%s: the API refuses: %s", r.Path, strings.Join(r.Wrong, "; "))
			}
		}
	})
	return s
}

// Requests are all requests so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// bedrockPath is the path of a request to Bedrock; the model's id is escaped in it.
var bedrockPath = regexp.MustCompile(`^/model/([^/]+)/invoke$`)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" { // for whoever waits for the server to be up
		fmt.Fprintln(w, "ok")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, "request_too_large", "Request exceeds the maximum size")
		return
	}
	seen := Request{Path: r.URL.EscapedPath(), Header: r.Header.Clone(), Body: string(body)}
	s.mu.Lock()
	place := len(s.requests)
	s.requests = append(s.requests, seen)
	s.mu.Unlock()
	counted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	seen.Wrong = s.answer(counted, r, body)
	seen.Status = counted.status
	s.mu.Lock()
	s.requests[place] = seen
	s.mu.Unlock()
	if s.Log != nil {
		s.Log(seen)
	}
}

// answer answers one request, and says what is wrong with it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte) []string {
	path, model := r.URL.Path, ""
	onBedrock := bedrockPath.FindStringSubmatch(r.URL.EscapedPath())
	if onBedrock != nil {
		path = "/v1/messages"
		model, _ = url.PathUnescape(onBedrock[1])
	}
	if s.spec.bodies[path] == nil {
		problem(w, http.StatusNotFound, "not_found_error", "Not found")
		return []string{"there is no " + path}
	}
	if r.Method != http.MethodPost {
		problem(w, http.StatusMethodNotAllowed, "invalid_request_error", "Method Not Allowed")
		return []string{"the method is " + r.Method}
	}
	if onBedrock == nil && r.Header.Get("x-api-key") != s.Key {
		problem(w, http.StatusUnauthorized, "authentication_error", "invalid x-api-key")
		return nil // a wrong key is a test of its own
	}
	value, err := decode(body)
	object, isObject := value.(map[string]any)
	if err != nil || !isObject {
		problem(w, http.StatusBadRequest, "invalid_request_error", "The request body is not valid JSON")
		return []string{fmt.Sprintf("the body is no JSON object: %v", err)}
	}
	wrong := headers(r)
	if onBedrock != nil {
		wrong = unwrap(r, object, model)
	}
	if wrong = append(wrong, s.spec.complaints(path, object)...); len(wrong) > 0 {
		problem(w, http.StatusBadRequest, "invalid_request_error", strings.Join(wrong, "; "))
		return wrong
	}
	if path == "/v1/messages/count_tokens" {
		writeJSON(w, http.StatusOK, map[string]any{"input_tokens": len(body) / 4})
		return nil
	}
	s.follow(w, r, newConversation(object, len(body)))
	return nil
}

// headers is what is wrong with the headers of a request to Anthropic.
func headers(r *http.Request) []string {
	var wrong []string
	if version := r.Header.Get("anthropic-version"); version != "2023-06-01" {
		wrong = append(wrong, fmt.Sprintf("anthropic-version: %q is not a valid version", version))
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		wrong = append(wrong, fmt.Sprintf("content-type: %q is not application/json", kind))
	}
	return wrong
}

var signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/]+/[0-9]{8}/[a-z0-9-]+/bedrock/aws4_request, SignedHeaders=[a-z0-9;-]*\bhost\b[a-z0-9;-]*, Signature=[0-9a-f]{64}$`)

// unwrap makes a request to Bedrock one to Anthropic, and is what is wrong with
// it: the version goes with the body, the model with the path.
func unwrap(r *http.Request, object map[string]any, model string) []string {
	var wrong []string
	if object["anthropic_version"] != "bedrock-2023-05-31" {
		wrong = append(wrong, "anthropic_version: Field required")
	}
	for _, name := range []string{"model", "stream"} {
		if _, ok := object[name]; ok {
			wrong = append(wrong, name+": Extra inputs are not permitted")
		}
	}
	if !signature.MatchString(r.Header.Get("Authorization")) {
		wrong = append(wrong, "the request is not signed for bedrock")
	}
	if r.Header.Get("x-api-key") != "" {
		wrong = append(wrong, "a key of Anthropic was sent to AWS")
	}
	delete(object, "anthropic_version")
	object["model"] = model
	return wrong
}

// problem answers with an error in the API's form.
func problem(w http.ResponseWriter, status int, kind, text string) {
	id := "req_" + rand.Text()
	w.Header().Set("request-id", id)
	writeJSON(w, status, map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": text}, "request_id": id})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller that has gone misses nothing
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
