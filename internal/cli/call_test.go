package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"configtrail/internal/cli"
)

// called is what a run of call printed, and its exit code.
type called struct {
	code        int
	out, errors string
}

// call runs the command with an environment of its own.
func call(ctx context.Context, t *testing.T, env map[string]string, args ...string) called {
	t.Helper()
	home := t.TempDir()
	var out, said bytes.Buffer
	code := cli.Main(ctx, cli.Environment{
		Args: append([]string{"call"}, args...), Stdin: strings.NewReader("t0ken\n"), Stdout: &out, Stderr: &said, Now: time.Now, Version: "v1",
		Getenv: func(name string) string {
			if name == "HOME" {
				return home
			}
			return env[name]
		},
	})
	return called{code, out.String(), said.String()}
}

// asked is what a server was asked.
type asked struct {
	header http.Header
	body   string
	path   string
}

// answering is a server of one answer that keeps the last question.
func answering(t *testing.T, status int, body string, header ...string) (*httptest.Server, *atomic.Pointer[asked]) {
	t.Helper()
	var last atomic.Pointer[asked]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		last.Store(&asked{r.Header, string(text), r.Method + " " + r.URL.Path})
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server, &last
}

const good = `{"status":"SUCCEEDED","body":[{"text":"AWS変更レポート 2024年11月\n\n概要","type":"text"}]}`

func TestCallPrintsTheText(t *testing.T) {
	server, last := answering(t, 200, good)
	got := call(t.Context(), t, nil, server.URL, "2024-11")
	if got.code != 0 || got.out != "AWS変更レポート 2024年11月\n\n概要\n" || got.errors != "" {
		t.Errorf("%+v", got)
	}
	q := last.Load()
	if q.path != "POST /" || q.body != `{"target_month":"11","target_year":"2024"}` || q.header.Get("Content-Type") != "application/json" ||
		q.header["Authorization"] != nil || q.header.Get("User-Agent") != "configtrail/v1" {
		t.Errorf("asked %+v", q)
	}
	got = call(t.Context(), t, nil, server.URL+"/stage/", "2024-01", "--format", "json", "--lang", "en", "--tz", "Europe/Berlin")
	if got.code != 0 || got.out != good+"\n" {
		t.Errorf("%+v", got)
	}
	if q = last.Load(); q.path != "POST /stage/" || q.body != `{"lang":"en","target_month":"1","target_year":"2024","tz":"Europe/Berlin"}` {
		t.Errorf("asked %+v", q)
	}
	call(t.Context(), t, map[string]string{"CONFIGTRAIL_TZ": "UTC", "LANG": "ja_JP.UTF-8"}, server.URL, "2024-01")
	if q = last.Load(); q.body != `{"target_month":"1","target_year":"2024","tz":"UTC"}` { // LANG is that of our own messages
		t.Errorf("asked %+v", q)
	}
}

func TestCallMakesHostileTextVisible(t *testing.T) {
	server, _ := answering(t, 200, `{"status":"SUCCEEDED","body":[{"text":"a\u001b]0;x\u0007\n\u202eb\r\nc\u200b","type":"text"}]}`)
	got := call(t.Context(), t, nil, server.URL, "2024-11")
	if want := "a\\x1b]0;x\\x07\n\\u202eb\\r\nc\\u200b\n"; got.code != 0 || got.out != want {
		t.Errorf("%q, want %q", got.out, want)
	}
	server, _ = answering(t, 200, `{"status":"SUCCEEDED","body":[{"text":"`+"\u202e\u007f"+`","type":"text"}]}`)
	if got = call(t.Context(), t, nil, server.URL, "2024-11", "--format", "json"); got.out != `{"status":"SUCCEEDED","body":[{"text":"\u202e\u007f","type":"text"}]}`+"\n" {
		t.Errorf("%q", got.out)
	}
	server, _ = answering(t, 400, `{"status":"FAILED","error":{"code":"invalid","message":"m\u001b[2J\nconfigtrail: x","hint":"h\u202e"}}`)
	if got = call(t.Context(), t, nil, server.URL, "2024-11"); got.errors != "configtrail: m\\x1b[2J\\nconfigtrail: x\n  → h\\u202e\n" {
		t.Errorf("%q", got.errors)
	}
}

// Tokens come from where only their owner sees them.
func TestCallShowsAToken(t *testing.T) {
	server, last := answering(t, 200, good)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := map[string]string{"CONFIGTRAIL_TOKEN": "from-env"}
	for _, test := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{token, nil, "Bearer from-env"},
		{token, []string{"--token-file", file}, "Bearer from-file"},
		{nil, []string{"--token-file", "-"}, "Bearer t0ken"},
		{map[string]string{"CONFIGTRAIL_TOKEN_FILE": file}, nil, "Bearer from-file"},
		{token, []string{"--auth", "none"}, ""},
		{map[string]string{"CONFIGTRAIL_AUTH": "none", "CONFIGTRAIL_TOKEN": "x"}, nil, ""},
	} {
		got := call(t.Context(), t, test.env, append([]string{server.URL, "2024-11"}, test.args...)...)
		if sent := last.Load().header.Get("Authorization"); got.code != 0 || sent != test.want {
			t.Errorf("%v %v: sent %q, %+v", test.env, test.args, sent, got)
		}
	}
	for name, test := range map[string]struct {
		env   map[string]string
		args  []string
		code  int
		holds string
	}{
		"two flags":     {nil, []string{"--token-file", file, "--token-secret", "x"}, 2, "more than one token is named"},
		"two variables": {map[string]string{"CONFIGTRAIL_TOKEN": "x", "CONFIGTRAIL_TOKEN_SECRET": "y"}, nil, 2, "more than one token is named"},
		"two proofs":    {nil, []string{"--token-file", file, "--auth", "iam"}, 2, "--auth iam sends no token"},
		"none":          {nil, []string{"--auth", "token"}, 2, "there is no token to send"},
		"no file":       {nil, []string{"--token-file", file + "2"}, 4, "there is no token at"},
		"two lines":     {map[string]string{"CONFIGTRAIL_TOKEN": "a\nHost: b"}, nil, 2, "the token is none"},
		"too long":      {map[string]string{"CONFIGTRAIL_TOKEN": strings.Repeat("x", 9000)}, nil, 2, "the token is none"},
		"another way":   {nil, []string{"--auth", "basic"}, 2, "--auth does not take basic"},
	} {
		last.Store(nil)
		got := call(t.Context(), t, test.env, append([]string{server.URL, "2024-11"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.errors, test.holds) || !strings.Contains(got.errors, "\n  → ") || last.Load() != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCallTellsWhatWentWrong(t *testing.T) {
	noProfile(t)
	failed := func(code string) string {
		return `{"status":"FAILED","error":{"code":"` + code + `","message":"what happened","hint":"what to do","request_id":"r-1"}}`
	}
	const unknown, forbidden = "UnrecognizedClientException", "AccessDeniedException"
	iam := []string{"--auth", "iam", "--aws-region", "ap-northeast-1"}
	for _, test := range []struct {
		name   string
		status int
		body   string
		header []string
		args   []string
		code   int
		said   string // begins with
	}{
		{"a wrong month", 400, `{"status":"FAILED","error":{"code":"invalid_month","message":"what happened","hint":"what to do"}}`, nil, nil, 2, "what happened\n  → what to do\n"},
		{"no lake", 404, failed("not_found"), nil, nil, 4, "what happened (request r-1)\n  → what to do\n"},
		{"no budget", 429, failed("over_budget"), nil, nil, 5, "what happened (request r-1)\n  → what to do\n"},
		{"its fault", 500, failed("internal"), nil, nil, 1, "what happened (request r-1)\n  → what to do\n"},
		{"late", 504, failed("deadline"), nil, nil, 1, "what happened (request r-1)\n  → what to do\n"},
		{"no token", 401, failed("unauthorized"), nil, nil, 1, "the function at HOST asks for a token\n  → name it with --token-file"},
		{"a wrong token", 401, failed("unauthorized"), nil, []string{"--token-file", "-"}, 1, "the token is not that of the function at HOST\n  → name the right token with --token-file"},
		{"another host", 403, failed("forbidden"), nil, nil, 1, "what happened (request r-1)\n  → what to do\n"},
		{"not allowed", 403, `{"Message":"Forbidden"}`, []string{"X-Amzn-Errortype", forbidden}, iam, 1, "the function at HOST may not be called with these credentials\n  → allow lambda:InvokeFunctionUrl, and lambda:InvokeFunction with the condition lambda:InvokedViaFunctionUrl"},
		{"not allowed, in newer words", 403, `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/x"}`, nil, iam, 1, "the function at HOST may not be called with these credentials\n"},
		{"unknown keys", 403, `{"message":"The security token included in the request is invalid."}`, []string{"X-Amzn-Errortype", unknown + ":http://internal"}, iam, 1, "AWS: AWS does not know these credentials (from the AWS_… variables)\n  → set fresh AWS_ACCESS_KEY_ID"},
		{"ended keys", 403, `{"message":"The security token included in the request is expired"}`, []string{"X-Amzn-Errortype", "ExpiredTokenException"}, iam, 1, "AWS: the AWS credentials have expired"},
		{"a wrong clock", 403, `{"message":"Signature expired: 20241101T000000Z is now earlier than 20241101T001000Z"}`, []string{"X-Amzn-Errortype", "InvalidSignatureException"}, iam, 1, "AWS: this machine's clock differs too much from AWS's\n"},
		{"a wrong secret", 403, `{"message":"The request signature we calculated does not match the signature you provided."}`, []string{"X-Amzn-Errortype", "InvalidSignatureException"}, iam, 1, "AWS: the secret access key does not belong to the access key id"},
		{"another region", 403, `{"message":"Credential should be scoped to a valid region."}`, []string{"X-Amzn-Errortype", "InvalidSignatureException"}, iam, 1, "HOST answered with status 403: Credential should be scoped to a valid region.\n  → check the URL, and --aws-region"},
		{"unsigned", 403, `{"Message":"Forbidden"}`, []string{"X-Amzn-Errortype", forbidden}, nil, 1, "Lambda did not let the request through to the function at HOST: Forbidden\n  → sign the request with --auth iam"},
		{"a firewall", 403, `<html>blocked</html>`, nil, iam, 1, "HOST answered with status 403: <html>blocked</html>\n"},
		{"throttled", 429, `{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}`, nil, nil, 1, "HOST has no place free for a request: Rate Exceeded.\n"},
		{"broken", 502, `Internal Server Error`, nil, nil, 1, "the function behind HOST gave no answer (status 502): Internal Server Error\n"},
		{"nobody", 404, `{"Message":"Not Found"}`, nil, nil, 4, "there is no function at HOST (status 404): Not Found\n"},
		{"a page", 200, `<html>`, nil, nil, 1, "HOST answers, but not as a configtrail function does\n"},
		{"nothing in it", 200, `{"status":"SUCCEEDED","body":[]}`, nil, nil, 1, "HOST answers, but not as a configtrail function does\n"},
		{"a teapot", 418, strings.Repeat("tea ", 1000), nil, nil, 1, "HOST answered with status 418: tea tea"},
	} {
		server, _ := answering(t, test.status, test.body, test.header...)
		got := call(t.Context(), t, nil, append([]string{server.URL, "2024-11"}, test.args...)...)
		want := "configtrail: " + strings.ReplaceAll(test.said, "HOST", server.Listener.Addr().String())
		if got.code != test.code || !strings.HasPrefix(got.errors, want) || got.out != "" || len(got.errors) > 2000 || !strings.Contains(got.errors, "\n  → ") {
			t.Errorf("%s: %+v, want code %d and %q", test.name, got, test.code, want)
		}
	}
}

// noProfile gives keys by the environment, and hides the files of this machine.
func noProfile(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestCallSigns(t *testing.T) {
	noProfile(t)
	server, last := answering(t, 200, good)
	got := call(t.Context(), t, map[string]string{"CONFIGTRAIL_TOKEN": "t0ken"}, server.URL, "2024-11", "--auth", "iam", "--aws-region", "eu-west-1")
	q := last.Load()
	if got.code != 0 || !strings.HasPrefix(q.header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIATEST/") ||
		!strings.Contains(q.header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") || strings.Contains(q.header.Get("Authorization"), "t0ken") {
		t.Errorf("%+v, sent %v", got, q.header)
	}
	t.Setenv("AWS_SESSION_TOKEN", "session")
	if call(t.Context(), t, nil, server.URL, "2024-11", "--auth", "iam", "--aws-region", "eu-west-1"); last.Load().header.Get("X-Amz-Security-Token") != "session" {
		t.Errorf("sent %v", last.Load().header)
	}
	last.Store(nil)
	if got = call(t.Context(), t, nil, server.URL, "2024-11", "--auth", "iam"); got.code == 0 || !strings.Contains(got.errors, "no AWS region is set") || last.Load() != nil {
		t.Errorf("without a region: %+v", got)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	got = call(t.Context(), t, nil, server.URL, "2024-11", "--auth", "iam", "--aws-region", "eu-west-1")
	if got.code != 1 || !strings.HasPrefix(got.errors, "configtrail: AWS: sign the request: no AWS credentials found") || last.Load() != nil {
		t.Errorf("without credentials: %+v", got)
	}
}

func TestCallFollowsNoRedirect(t *testing.T) {
	other, there := answering(t, 200, good)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server, _ := answering(t, status, "", "Location", other.URL+"/x")
		got := call(t.Context(), t, map[string]string{"CONFIGTRAIL_TOKEN": "t0ken"}, server.URL, "2024-11")
		if got.code != 1 || !strings.Contains(got.errors, "sends callers on to "+other.Listener.Addr().String()) || there.Load() != nil {
			t.Errorf("%d: %+v", status, got)
		}
	}
}

func TestCallWithoutAnAnswer(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 9 {
			w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
	}))
	defer endless.Close()
	if got := call(t.Context(), t, nil, endless.URL, "2024-11"); got.code != 1 || !strings.HasPrefix(got.errors, "configtrail: the answer is larger than 8 MB\n  → ") {
		t.Errorf("an endless answer: %+v", got)
	}

	arrived := make(chan struct{}, 2)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // so that the server sees the caller leave
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer silent.Close()
	got := call(t.Context(), t, nil, silent.URL, "2024-11", "--timeout", "100ms")
	if got.code != 1 || !strings.HasPrefix(got.errors, "configtrail: "+silent.Listener.Addr().String()+" did not answer within 100ms\n  → ") {
		t.Errorf("a silent one: %+v", got)
	}
	<-arrived
	ctx, interrupt := context.WithCancel(t.Context())
	go func() { <-arrived; interrupt() }()
	if got = call(ctx, t, nil, silent.URL, "2024-11"); got.code != 1 || !strings.HasPrefix(got.errors, "configtrail: stopped") {
		t.Errorf("interrupted: %+v", got)
	}

	secure := httptest.NewTLSServer(http.NotFoundHandler()) // by nobody that this machine trusts
	got = call(t.Context(), t, map[string]string{"CONFIGTRAIL_TOKEN": "t0ken"}, secure.URL, "2024-11")
	if got.code != 1 || !strings.Contains(got.errors, "no answer from "+secure.Listener.Addr().String()) || !strings.Contains(got.errors, "certificate") {
		t.Errorf("a certificate of nobody: %+v", got)
	}
	gone := secure.URL
	secure.Close()
	if got = call(t.Context(), t, nil, gone, "2024-11", "--auth", "none"); got.code != 1 || !strings.Contains(got.errors, "connection refused") {
		t.Errorf("nobody there: %+v", got)
	}
}
