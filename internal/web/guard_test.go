package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"configtrail"
)

func TestToken(t *testing.T) {
	s := open(t, Options{Token: Token("t0ken")})
	const good = `{"target_year":2024,"target_month":11}`
	for _, headers := range [][]string{
		nil, {"Authorization", "Bearer"}, {"Authorization", "Bearer t0ken2"}, {"Authorization", "Bearer T0ken"}, {"Authorization", "Basic t0ken"},
		{"Authorization", "t0ken"}, {"Authorization", ""}, {"Authorization", "Bearer "},
	} {
		for _, path := range []string{"/", "/nowhere", "/api/v1/openapi.json"} {
			answer := s.do("POST", path, good, headers...)
			if answer.status != 401 || answer.code() != "unauthorized" || !strings.HasPrefix(answer.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%v at %s: %d %s", headers, path, answer.status, answer.body)
			}
		}
	}
	if len(s.asked) != 0 {
		t.Error("told without a token")
	}
	for _, scheme := range []string{"Bearer", "bearer"} {
		if answer := s.do("POST", "/", good, "Authorization", scheme+" t0ken"); answer.status != 200 {
			t.Errorf("with the token: %d %s", answer.status, answer.body)
		}
	}
	if answer := s.do("GET", "/healthz", ""); answer.status != 200 {
		t.Errorf("/healthz: %d", answer.status)
	}
}

func TestNobodyIsLetInWithoutAToken(t *testing.T) {
	for name, token := range map[string]func(context.Context) (string, error){
		"an empty one": Token(""),
		"none":         func(context.Context) (string, error) { return "", errors.New("no secret") },
	} {
		s := open(t, Options{Token: token})
		answer := s.do("POST", "/", `{"target_year":2024,"target_month":11}`, "Authorization", "Bearer ")
		if answer.status != 401 && answer.status != 502 || len(s.asked) != 0 {
			t.Errorf("%s: %d %s", name, answer.status, answer.body)
		}
	}
}

func TestWhomAWSLetInNeedsNoToken(t *testing.T) {
	handler, err := New(Options{Token: Token("t0ken")})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), Caller{Known: true})))
	if w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestHostsAndOrigins(t *testing.T) {
	s := open(t, Options{Hosts: []string{"localhost", "::1"}, Origins: []string{"https://intranet.example.com"}})
	for _, test := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"its own name", []string{"Host", "localhost:8080"}, 200},
		{"capitals", []string{"Host", "LOCALHOST"}, 200},
		{"an address", []string{"Host", "[::1]:80"}, 200},
		{"another name that points here", []string{"Host", "evil.example.com:8080"}, 403},
		{"its own page", []string{"Host", "localhost:8080", "Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-origin"}, 200},
		{"its own page in an old browser", []string{"Host", "localhost:8080", "Origin", "http://localhost:8080"}, 200},
		{"a person", []string{"Host", "localhost", "Sec-Fetch-Site", "none"}, 200},
		{"another site", []string{"Host", "localhost", "Sec-Fetch-Site", "cross-site"}, 403},
		{"another site by form", []string{"Host", "localhost", "Origin", "https://evil.example.com"}, 403},
		{"another port", []string{"Host", "localhost:8080", "Origin", "http://localhost:9090", "Sec-Fetch-Site", "same-site"}, 403},
		{"a sandbox", []string{"Host", "localhost", "Origin", "null"}, 403},
		{"a site that is allowed", []string{"Host", "localhost", "Origin", "https://intranet.example.com", "Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if answer := s.do("GET", "/api/v1/report/2024-11", "", test.headers...); answer.status != test.status {
			t.Errorf("%s: %d %s", test.name, answer.status, answer.body)
		}
	}
	if answer := s.do("GET", "/", "", "Host", "localhost", "Sec-Fetch-Site", "cross-site"); answer.status != 200 {
		t.Errorf("a link on another site: %d %s", answer.status, answer.body)
	}
}

func TestLogsHoldNoData(t *testing.T) {
	s := open(t, Options{Tell: func(context.Context, Request) (Answer, error) {
		usd := 0.5
		return Answer{Text: "bucket-name", Report: json.RawMessage(`{"x":"bucket-name"}`), Changes: 7, ToldBy: "code", Reason: "model.slow",
			Cost: configtrail.Cost{Bytes: 1234, InputTokens: 5, OutputTokens: 6, USD: &usd}}, nil
	}})
	s.do("POST", "/", `{"target_year":2024,"target_month":11}`)
	s.do("GET", "/bucket-name?bucket-name", "", "User-Agent", "bucket-name", "X-Request-Id", "bucket-name")
	s.do("BUCKET-NAME", "/", "")
	if strings.Contains(strings.ToLower(s.logs.String()), "bucket-name") {
		t.Errorf("a name is logged: %s", s.logs)
	}
	var line map[string]any
	if err := json.Unmarshal(bytes.SplitN(s.logs.Bytes(), []byte("\n"), 2)[0], &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "request", "route": "POST /", "status": 200.0, "month": "2024-11", "tz": "Asia/Tokyo", "changes": 7.0, "bytes": 1234.0,
		"input_tokens": 5.0, "output_tokens": 6.0, "told_by": "code", "kept": false, "model_not_used": "model.slow",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if line["request_id"] == "" || line["seconds"] == nil {
		t.Errorf("logged: %v", line)
	}
}

func TestCallersAreLogged(t *testing.T) {
	var logs bytes.Buffer
	handler, err := New(Options{Log: slog.New(slog.NewJSONHandler(&logs, nil))})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), Caller{RequestID: "id-1", Principal: "arn:aws:iam::111122223333:user/k"})))
	if w.Header().Get("X-Request-Id") != "id-1" || !strings.Contains(logs.String(), `"request_id":"id-1"`) || !strings.Contains(logs.String(), "user/k") {
		t.Errorf("%v %s", w.Header(), logs.String())
	}
}
