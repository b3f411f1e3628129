package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"configtrail/internal/testserver/runtime"
)

// services is AWS as the function sees it: each operation with its answer. One
// that is not there waits until the caller gives up.
type services struct {
	URL   string
	asked atomic.Int64
}

func serveAWS(t *testing.T, answers map[string]string) *services {
	t.Helper()
	s := &services{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		io.Copy(io.Discard, r.Body) // so that the server sees the caller leave
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer, ok := answers[operation]
		if !ok {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.Contains(answer, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// env is the environment of a function that reaches these services.
func (s *services) env(more ...string) []string {
	return append([]string{
		"AWS_ENDPOINT_URL=" + s.URL, "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1",
		"CONFIGTRAIL_DATABASE=lake", "CONFIGTRAIL_OUTPUT=s3://results/",
	}, more...)
}

type answered struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, method, url, body string, headers ...string) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{response.StatusCode, response.Header, string(text)}
}

// code is that of the contract's failure.
func (a answered) code() string { return codeOf([]byte(a.body)) }

func codeOf(body []byte) string {
	var f struct {
		Status string
		Error  struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal(body, &f); err != nil || f.Status != "FAILED" || f.Error.Message == "" || f.Error.Hint == "" {
		return "no failure: " + string(body)
	}
	return f.Error.Code
}

const curl = "application/x-www-form-urlencoded" // which a Function URL hands on in base64

func TestFunctionURL(t *testing.T) {
	aws := serveAWS(t, nil)
	logs, ids := &output{}, map[string]string{}
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: aws.env(), Output: logs})
	for _, test := range []struct {
		name, method, path, body, kind string
		status                         int
		holds                          string
	}{
		{"health", "GET", "/healthz", "", "", 200, `"status":"ok"`},
		{"description", "GET", "/", "", "", 200, "configtrail"},
		{"document", "GET", "/api/v1/openapi.json", "", "", 200, `"openapi": "3.1.0"`},
		{"month 13 in base64", "POST", "/", `{"target_year":"2024","target_month":"13"}`, curl, 400, `"invalid_month"`},
		{"month 13 as text", "POST", "/", `{"target_year":"2024","target_month":"13"}`, "application/json", 400, `"invalid_month"`},
		{"month 0", "POST", "/", `{"target_year":2024,"target_month":0}`, "", 400, `"invalid_month"`},
		{"a future month", "POST", "/", `{"target_year":2999,"target_month":1}`, curl, 400, `"future_month"`},
		{"no body", "POST", "/", "", "", 400, `"invalid_json"`},
		{"a form", "POST", "/", "target_year=2024", curl, 400, `"invalid_json"`},
		{"a large body", "POST", "/", `{"x":"` + strings.Repeat("x", 70_000) + `"}`, "application/json", 413, `"too_large"`},
		{"another type", "POST", "/", "<x/>", "application/xml", 415, `"unsupported_media_type"`},
		{"another method", "PUT", "/", "", "", 405, `"method_not_allowed"`},
		{"another path", "GET", "/nowhere", "", "", 404, `"not_found"`},
		{"an escaped path", "GET", "/api/v1/report/2024%2D13", "", "", 400, `"invalid_month"`},
		{"two of one parameter", "GET", "/api/v1/report/2024-11?account=x&account=y", "", "", 400, `"invalid_account"`},
	} {
		var headers []string
		if test.kind != "" {
			headers = []string{"Content-Type", test.kind}
		}
		a := ask(t, test.method, f.URL+test.path, test.body, headers...)
		if a.status != test.status || !strings.Contains(a.body, test.holds) {
			t.Errorf("%s: %d %s", test.name, a.status, a.body)
		}
		if a.header.Get("X-Request-Id") != a.header.Get("X-Amzn-Requestid") || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", test.name, a.header)
		}
		ids[test.name] = a.header.Get("X-Request-Id")
	}
	f.Close() // what a function prints comes by another way than its answers
	for name, id := range ids {
		if !strings.Contains(logs.String(), `"request_id":"`+id+`"`) {
			t.Errorf("%s is not logged under Lambda's request id: %s", name, logs)
		}
	}
	if n := aws.asked.Load(); n != 0 {
		t.Errorf("AWS was asked %d times for nothing", n)
	}
}

func TestToken(t *testing.T) {
	aws := serveAWS(t, map[string]string{"GetSecretValue": `{"SecretString":"{\"token\":\"t0ken\"}"}`})
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: aws.env("CONFIGTRAIL_TOKEN_SECRET=function#token"), Timeout: 5 * time.Second})
	if a := ask(t, "GET", f.URL+"/healthz", ""); a.status != 200 || aws.asked.Load() != 0 {
		t.Errorf("/healthz: %d, and AWS was asked %d times", a.status, aws.asked.Load())
	}
	for _, given := range []string{"", "Bearer", "Bearer token", "Basic t0ken"} {
		if a := ask(t, "POST", f.URL+"/", `{"target_year":2024,"target_month":11}`, "Authorization", given); a.status != 401 || a.code() != "unauthorized" {
			t.Errorf("%q: %d %s", given, a.status, a.body)
		}
	}
	if a := ask(t, "GET", f.URL+"/", "", "Authorization", "Bearer t0ken"); a.status != 200 {
		t.Errorf("with the token: %d %s", a.status, a.body)
	}
	if n := aws.asked.Load(); n != 1 {
		t.Errorf("AWS was asked %d times, once for the secret", n)
	}
	// Who may invoke the function directly needs no token.
	result, err := f.Invoke(t.Context(), []byte(`{"target_year":2024,"target_month":13}`))
	if err != nil || result.Failed || codeOf(result.Payload) != "invalid_month" {
		t.Errorf("directly: %v %s", err, result.Payload)
	}
	// Nor do requests whose signature Lambda has checked.
	event := `{"version":"2.0","rawPath":"/","headers":{},"requestContext":{"domainName":"x.lambda-url.on.aws","http":{"method":"GET","path":"/"},
		"authorizer":{"iam":{"userArn":"arn:aws:iam::111122223333:user/k"}}}}`
	result, err = f.Invoke(t.Context(), []byte(event))
	if err != nil || !strings.Contains(string(result.Payload), `"statusCode":200`) {
		t.Errorf("signed: %v %s", err, result.Payload)
	}
}

func TestASecretThatIsNotThere(t *testing.T) {
	aws := serveAWS(t, map[string]string{"GetSecretValue": `{"__type":"ResourceNotFoundException","Message":"x"}`})
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: aws.env("CONFIGTRAIL_TOKEN_SECRET=gone", "CONFIGTRAIL_LANG=en"), Timeout: 5 * time.Second})
	a := ask(t, "GET", f.URL+"/", "", "Authorization", "Bearer x")
	if a.status == 200 || !strings.Contains(a.body, "read the secret gone: there is none of this name in ap-northeast-1") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestDirectAndScheduled(t *testing.T) {
	aws := serveAWS(t, map[string]string{"GetTable": `{"__type":"EntityNotFoundException","Message":"no table"}`})
	logs := &output{}
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: aws.env(), Timeout: 5 * time.Second, Output: logs})
	for name, test := range map[string]struct{ event, code string }{
		"a month":        {`{"target_year":"2024","target_month":"11"}`, "not_found"}, // there is no lake
		"a wrong month":  {`{"target_year":"2024","target_month":"13"}`, "invalid_month"},
		"nothing":        {`{}`, "invalid_month"},
		"a text":         {`"2024-11"`, "invalid_json"},
		"null":           {`null`, "invalid_json"},
		"another source": {`{"source":"aws.s3"}`, "invalid_month"},
	} {
		result, err := f.Invoke(t.Context(), []byte(test.event))
		if err != nil || result.Failed || codeOf(result.Payload) != test.code {
			t.Errorf("%s: %v %v %s", name, err, result.Failed, result.Payload)
		}
	}
	for name, test := range map[string]struct{ event, month string }{
		"EventBridge Scheduler": {`{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.scheduler","account":"111122223333",
			"time":"2024-12-01T00:00:00Z","region":"ap-northeast-1","resources":["arn:aws:scheduler:x"],"detail":"{}"}`, "2024-11"},
		"an EventBridge rule":     {`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","time":"2025-01-01T00:00:00Z","detail":{}}`, "2024-12"},
		"the month of its zone":   {`{"source":"aws.scheduler","time":"2024-11-30T15:30:00Z"}`, "2024-11"},
		"the month of its own":    {`{"source":"aws.scheduler","time":"2024-11-30T15:30:00Z","tz":"UTC","lang":"en"}`, "2024-10"},
		"a time that is not told": {`{"source":"aws.scheduler"}`, time.Now().AddDate(0, 0, -time.Now().Day()).Format("2006-01")},
	} {
		result, err := f.Invoke(t.Context(), []byte(test.event))
		if err != nil || !result.Failed || !strings.HasPrefix(result.Failure().Message, "tell "+test.month+": status 404: {") {
			t.Errorf("%s: %v %s", name, err, result.Payload)
		}
	}
	result, err := f.Invoke(t.Context(), []byte(`{"source":"aws.scheduler","tz":"Mars"}`))
	if err != nil || !strings.Contains(result.Failure().Message, "invalid_tz") {
		t.Errorf("a schedule with a wrong zone: %v %s", err, result.Payload)
	}
	result, err = f.Invoke(t.Context(), []byte(`{"requestContext":{"elb":{}}}`))
	if err != nil || !result.Failed || !strings.Contains(result.Failure().Message, "none of a Function URL") {
		t.Errorf("an event of a load balancer: %v %s", err, result.Payload)
	}
	if strings.Contains(logs.String(), "panic") {
		t.Errorf("logged: %s", logs)
	}
}

// TestTheAnswerComesBeforeTheTimeEnds asks an AWS that never answers.
func TestTheAnswerComesBeforeTheTimeEnds(t *testing.T) {
	aws := serveAWS(t, nil)
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: aws.env(), Timeout: 3 * time.Second})
	a := ask(t, "POST", f.URL+"/", `{"target_year":2024,"target_month":11}`, "Content-Type", curl)
	if a.status != 504 || a.code() != "deadline" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask(t, "GET", f.URL+"/healthz", ""); a.status != 200 || a.header.Get("X-Configtrail-Init") != "" {
		t.Errorf("the process did not live on: %d %v", a.status, a.header)
	}
}
