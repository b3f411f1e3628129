package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/stack"
)

// called is what a run of `configtrail call` gave.
type called struct {
	code        int
	out, errors string
}

// call runs the command line as a person with some variables set and nothing else.
func call(t *testing.T, env []string, args ...string) called {
	t.Helper()
	path, err := built.command()
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	command := exec.CommandContext(t.Context(), path, append([]string{"call"}, args...)...)
	command.Env = append([]string{
		"HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}, env...)
	command.Stdout, command.Stderr = &out, &said
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return called{command.ProcessState.ExitCode(), out.String(), said.String()}
}

// credentials are the variables of a key.
func credentials(key runtime.Key) []string {
	return []string{"AWS_ACCESS_KEY_ID=" + key.Access, "AWS_SECRET_ACCESS_KEY=" + key.Secret, "AWS_SESSION_TOKEN=" + key.Session}
}

// The callers of a URL with the type AWS_IAM.
var (
	user  = runtime.Key{Access: "AKIAUSER", Secret: "user/secret", ARN: "arn:aws:iam::111122223333:user/kenji"}
	role  = runtime.Key{Access: "ASIAROLE", Secret: "role/secret", Session: "session/token==", ARN: "arn:aws:sts::111122223333:assumed-role/reader/kenji"}
	guest = runtime.Key{Access: "AKIAGUEST", Secret: "guest/secret", ARN: "arn:aws:iam::111122223333:user/guest", Denied: true}
)

// serveRole is STS for whoever may assume the role.
func serveRole(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+user.Access+"/") || r.PostFormValue("Action") != "AssumeRole" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId>
			<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			role.Access, role.Secret, role.Session)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestCallersSign asks for a month that is to come, which the function refuses
// without asking anybody: a refusal of its own shows that the request has reached it.
func TestCallersSign(t *testing.T) {
	aws, logs := serveAWS(t, nil), &output{}
	f := runtime.Start(t, runtime.Options{
		Binary: binary(t), Env: aws.env("CONFIGTRAIL_TOKEN_SECRET=never-read"), Output: logs, IAM: &runtime.IAM{Keys: []runtime.Key{user, role, guest}},
	})
	iam := []string{f.URL, "2999-01", "--auth", "iam", "--aws-region", "ap-northeast-1", "--lang", "en"}
	profile := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(profile, []byte("[profile kenji]\naws_access_key_id = "+user.Access+"\naws_secret_access_key = "+user.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const reached = "configtrail: 2999-01 has not begun"
	for _, test := range []struct {
		name string
		env  []string
		args []string
		code int
		said string
		arn  string // in the function's log; "": it was not reached
	}{
		{"unsigned", nil, []string{f.URL, "2999-01"}, 1, "configtrail: Lambda did not let the request through to the function at ", ""},
		{"a token", []string{"CONFIGTRAIL_TOKEN=t0ken"}, []string{f.URL, "2999-01"}, 1, "configtrail: Lambda did not let the request through to the function at ", ""},
		{"another secret", credentials(runtime.Key{Access: user.Access, Secret: "x"}), iam, 1, "configtrail: AWS: the secret access key does not belong to the access key id", ""},
		{"an unknown key", credentials(runtime.Key{Access: "AKIANOBODY", Secret: "x"}), iam, 1, "configtrail: AWS: AWS does not know these credentials", ""},
		{"a role without its token", credentials(runtime.Key{Access: role.Access, Secret: role.Secret}), iam, 1, "configtrail: AWS: AWS does not know these credentials", ""},
		{"no permission", credentials(guest), iam, 1, "configtrail: the function at ", ""},
		{"another region", credentials(user), append(iam, "--aws-region", "us-east-1"), 1, "configtrail: 127.0.0.1", ""},
		{"a user", credentials(user), iam, 2, reached, user.ARN},
		{"a role", credentials(role), iam, 2, reached, role.ARN},
		{"a role that is assumed", append(credentials(user), "AWS_ENDPOINT_URL_STS="+serveRole(t)), append(iam, "--role-arn", "arn:aws:iam::111122223333:role/reader"), 2, reached, role.ARN},
		{"a profile", []string{"AWS_CONFIG_FILE=" + profile}, append(iam, "--profile", "kenji"), 2, reached, user.ARN},
	} {
		before := len(logs.String())
		got := call(t, test.env, test.args...)
		if got.code != test.code || !strings.HasPrefix(got.errors, test.said) || got.out != "" {
			t.Errorf("%s: %+v", test.name, got)
		}
		if test.arn == "" && len(logs.String()) != before {
			t.Errorf("%s: the function was asked", test.name)
		}
		t.Logf("%s:\n%s", test.name, got.errors)
	}
	f.Close() // what a function prints comes by another way than its answers
	for _, key := range []runtime.Key{user, role} {
		if n := strings.Count(logs.String(), key.ARN); n != 2 {
			t.Errorf("%s is logged %d times: %s", key.ARN, n, logs)
		}
	}
	if aws.asked.Load() != 0 {
		t.Errorf("AWS was asked %d times", aws.asked.Load())
	}
}

// watch sees the calls that a function makes, and can hold one of a kind up.
type watch struct {
	mu      sync.Mutex
	calls   []string
	hold    string        // calls that have this in their name wait
	waiting chan string   // each that waits
	release chan struct{} // lets one go on
}

func newWatch() *watch {
	return &watch{waiting: make(chan string, 100), release: make(chan struct{}, 100)}
}

func (w *watch) see(r *http.Request) {
	name := r.Header.Get("X-Amz-Target")
	if name == "" {
		name = r.Method + " " + r.URL.Path
	}
	w.mu.Lock()
	w.calls = append(w.calls, name)
	wait := w.hold != "" && strings.Contains(name, w.hold)
	if wait {
		w.hold = ""
	}
	w.mu.Unlock()
	if wait {
		w.waiting <- name
		<-w.release
	}
}

// holdUp makes the next call of a kind wait.
func (w *watch) holdUp(kind string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = kind
}

// count is how many calls of a kind there were since the last time it was asked.
func (w *watch) count(kind string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range w.calls {
		if strings.Contains(name, kind) {
			n++
		}
	}
	w.calls = nil
	return n
}

const startQuery = "AmazonAthena.StartQueryExecution"

// TestCallersGetAnswers asks a function over a lake in both ways.
func TestCallersGetAnswers(t *testing.T) {
	s, watch := stack.Start(t), newWatch()
	front := s.Front(t, stack.FrontOptions{Watch: watch.see})
	w := newWorld(t, &front.Stack)
	secrets := serveAWS(t, map[string]string{"GetSecretValue": `{"SecretString":"t0ken-of-the-callers"}`})
	spend := "CONFIGTRAIL_SPEND=s3://" + w.bucket + "/spend"
	open := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 2 * time.Minute, Output: io.Discard,
		Env: w.env(spend, "CONFIGTRAIL_TOKEN_SECRET=configtrail/token", "AWS_ENDPOINT_URL_SECRETS_MANAGER="+secrets.URL)})
	watch.count("")

	for said, env := range map[string][]string{
		"configtrail: the function at 127.0.0.1:": nil, "configtrail: the token is not that of the function": {"CONFIGTRAIL_TOKEN=t0ken-of-nobody"},
	} {
		got := call(t, env, open.URL, month.String())
		if got.code != 1 || !strings.HasPrefix(got.errors, said) || got.out != "" {
			t.Errorf("%v: %+v", env, got)
		}
		t.Log(got.errors)
	}
	if n := watch.count(""); n != 0 {
		t.Errorf("%d calls were made for callers without the token", n)
	}
	byToken := call(t, []string{"CONFIGTRAIL_TOKEN=t0ken-of-the-callers"}, open.URL, month.String())
	if byToken.code != 0 || !strings.HasPrefix(byToken.out, "AWS変更レポート 2024年9月（Asia/Tokyo）\n") || byToken.errors != "" {
		t.Fatalf("with the token: %+v", byToken)
	}
	if watch.count(startQuery) == 0 {
		t.Error("Athena was not asked for the right token")
	}

	closed := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 2 * time.Minute, Output: io.Discard, Env: w.env(spend), IAM: &runtime.IAM{Keys: []runtime.Key{role}}})
	if got := call(t, nil, closed.URL, month.String()); got.code != 1 || watch.count("") != 0 {
		t.Errorf("unsigned: %+v", got)
	}
	signed := call(t, credentials(role), closed.URL, month.String(), "--auth", "iam", "--aws-region", "ap-northeast-1")
	if signed != byToken { // kept by the first, read by the second
		t.Errorf("signed: %+v", signed)
	}
	english := call(t, credentials(role), closed.URL, month.String(), "--auth", "iam", "--aws-region", "ap-northeast-1", "--lang", "en", "--tz", "UTC", "--format", "json")
	if text := told(t, answered{status: 200, body: english.out}); !strings.Contains(text, "September 2024 (UTC)") {
		t.Errorf("in English: %+v", english)
	}
}

// TestEnvironmentsShareTheDay keeps one environment busy while the other asks.
func TestEnvironmentsShareTheDay(t *testing.T) {
	s, watch := stack.Start(t), newWatch()
	front := s.Front(t, stack.FrontOptions{Watch: watch.see})
	w := newWorld(t, &front.Stack)
	// A report holds six times what one query may read, which is the day but for a byte.
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 2 * time.Minute, Most: 2, Output: io.Discard,
		Env: w.env("CONFIGTRAIL_SPEND=s3://"+w.bucket+"/spend", "CONFIGTRAIL_MAX_BYTES=1000000000", "CONFIGTRAIL_DAY_BYTES=6000000001")})
	overBudget := func(name string, got called) {
		t.Helper()
		if got.code != 5 || !strings.Contains(got.errors, "\n  → ") || got.out != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}

	watch.holdUp(startQuery)
	first := make(chan called, 1)
	go func() { first <- call(t, nil, f.URL, month.String()) }()
	<-watch.waiting // one environment holds the day, and is at its first query
	other := call(t, nil, f.URL, month.Add(-1).String())
	overBudget("while the other holds the day", other)
	t.Log(other.errors)
	watch.release <- struct{}{}
	if got := <-first; got.code != 0 {
		t.Fatalf("the first: %+v", got)
	}

	// What it did read is less than it held, and more than the byte that is left: now
	// there is no day for any report. Both environments are busy and say so.
	watch.count("")
	watch.holdUp("/spend/days/")
	held := make(chan called, 1)
	go func() { held <- call(t, nil, f.URL, month.Add(-1).String()) }()
	<-watch.waiting
	second := ask(t, "POST", f.URL+"/", body(month.Add(-1)), "Content-Type", curl)
	if second.status != 429 || second.code() != "over_budget" || second.header.Get("Retry-After") == "" || second.header.Get("X-Configtrail-Init") != "" {
		t.Errorf("the second environment: %d %s %v", second.status, second.body, second.header)
	}
	watch.release <- struct{}{}
	overBudget("the first environment", <-held)
	if n := watch.count(startQuery); n != 0 {
		t.Errorf("%d queries were begun after the day was spent", n)
	}
	// Asked again, what was paid for is told without a query.
	if got := call(t, nil, f.URL, month.String()); got.code != 0 || watch.count(startQuery) != 0 {
		t.Errorf("a kept answer: %+v", got)
	}
}
