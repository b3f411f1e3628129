package runtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is the function itself in a process that has a Runtime API: a loop
// over plain HTTP, with nothing of a client library.
func TestMain(m *testing.M) {
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" {
		if err := function("http://" + api + "/2018-06-01/runtime/"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// function does what events tell it to: "echo", "fail", "exit", "sleep", "large".
func function(api string) error {
	if os.Getenv("BROKEN") != "" {
		if _, err := http.Post(api+"init/error", "application/json", strings.NewReader(`{"errorMessage":"no settings","errorType":"Settings"}`)); err != nil {
			return err
		}
		return errors.New("broken")
	}
	for {
		response, err := http.Get(api + "invocation/next")
		if err != nil {
			return err
		}
		event, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		response.Body.Close()
		header := response.Header
		id := header.Get("Lambda-Runtime-Aws-Request-Id")
		kind, answer := "response", event
		switch strings.Trim(string(event), `"`) {
		case "fail":
			kind, answer = "error", []byte(`{"errorMessage":"as asked","errorType":"Asked"}`)
		case "exit":
			return errors.New("asked to exit")
		case "sleep":
			time.Sleep(time.Minute)
		case "large":
			answer = bytes.Repeat([]byte("x"), MaxPayload+1)
		case "headers":
			answer, err = json.Marshal(map[string]string{
				"deadline": header.Get("Lambda-Runtime-Deadline-Ms"), "trace": header.Get("Lambda-Runtime-Trace-Id"),
				"arn": header.Get("Lambda-Runtime-Invoked-Function-Arn"), "id": id, "home": os.Getenv("HOME"), "mine": os.Getenv("MINE"),
			})
			if err != nil {
				return err
			}
		}
		posted, err := http.Post(api+"invocation/"+id+"/"+kind, "application/json", bytes.NewReader(answer))
		if err != nil {
			return err
		}
		posted.Body.Close()
		if again, err := http.Post(api+"invocation/"+id+"/response", "application/json", nil); err != nil || again.StatusCode != http.StatusBadRequest {
			return fmt.Errorf("a second answer: %v %w", again, err)
		}
	}
}

// self runs this test binary as the function.
func self(t *testing.T, options Options) *Started {
	t.Helper()
	options.Binary = os.Args[0]
	return Start(t, options)
}

func invoke(t *testing.T, f *Started, event string) Result {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestInvoke(t *testing.T) {
	f := self(t, Options{Env: []string{"MINE=1"}, Timeout: 20 * time.Second})
	cold := invoke(t, f, `{"a":1}`)
	if string(cold.Payload) != `{"a":1}` || cold.Failed || !cold.Cold || cold.Init <= 0 || cold.Took < cold.Init {
		t.Errorf("%+v", cold)
	}
	warm := invoke(t, f, `"headers"`)
	var headers map[string]string
	if err := json.Unmarshal(warm.Payload, &headers); err != nil || warm.Cold {
		t.Fatalf("%s %v", warm.Payload, err)
	}
	if headers["id"] != warm.RequestID || headers["home"] != "" || headers["mine"] != "1" || !strings.HasPrefix(headers["trace"], "Root=1-") ||
		!strings.HasPrefix(headers["arn"], "arn:aws:lambda:") || len(headers["deadline"]) != 13 {
		t.Errorf("%v", headers)
	}
	if failed := invoke(t, f, `"fail"`); !failed.Failed || failed.Failure() != (Failure{"as asked", "Asked"}) || failed.Cold {
		t.Errorf("%+v", failed)
	}
	if large := invoke(t, f, `"large"`); !large.Failed || large.Failure().Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("%+v", large.Failure())
	}
	exit := invoke(t, f, `"exit"`)
	if !exit.Failed || exit.Failure().Type != "Runtime.ExitError" || !strings.Contains(exit.Failure().Message, "exit status 3") {
		t.Errorf("%+v", exit.Failure())
	}
	if next := invoke(t, f, `1`); !next.Cold || next.Failed {
		t.Errorf("after an exit: %+v", next)
	}
}

func TestAnInvocationThatTakesTooLong(t *testing.T) {
	f := self(t, Options{Timeout: 300 * time.Millisecond})
	if late := invoke(t, f, `"sleep"`); !late.Failed || late.Failure().Type != "Sandbox.Timedout" || !strings.Contains(late.Failure().Message, "timed out after 0.30 seconds") {
		t.Errorf("%+v", late.Failure())
	}
	if next := invoke(t, f, `1`); !next.Cold || next.Failed {
		t.Errorf("the process that ran out of time is used again: %+v", next)
	}
}

func TestAFunctionThatCantStart(t *testing.T) {
	f := self(t, Options{Env: []string{"BROKEN=1"}})
	if broken := invoke(t, f, `1`); !broken.Failed || broken.Failure() != (Failure{"no settings", "Settings"}) {
		t.Errorf("%+v", broken.Failure())
	}
	none := Start(t, Options{Binary: "/nowhere"})
	if _, err := none.Invoke(t.Context(), nil); err == nil {
		t.Error("a binary that is not there runs")
	}
}

func TestOneEnvironmentHasOneInvocationAtATime(t *testing.T) {
	f := self(t, Options{Most: 2})
	var callers sync.WaitGroup
	for range 6 {
		callers.Go(func() {
			if result, err := f.Invoke(t.Context(), []byte(`1`)); err != nil || result.Failed {
				t.Errorf("%+v %v", result, err)
			}
		})
	}
	callers.Wait()
	if f.serial > 2 {
		t.Errorf("%d processes were started for 2 at once", f.serial)
	}
}

func TestFunctionURL(t *testing.T) {
	f := self(t, Options{})
	send := func(kind, body string) (event map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL+"/a%20b/?x=1&x=2", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Add("X-Two", "1")
		r.Header.Add("X-Two", "2")
		r.AddCookie(&http.Cookie{Name: "c", Value: "v"})
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		// The function echoes the event, which has no status and so is the body.
		if err := json.NewDecoder(response.Body).Decode(&event); err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%d %v", response.StatusCode, err)
		}
		return event
	}
	form := send("application/x-www-form-urlencoded", `{"a":1}`)
	if form["isBase64Encoded"] != true || form["body"] != base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)) {
		t.Errorf("a form: %v", form)
	}
	text := send("application/json", `{"a":1}`)
	headers := text["headers"].(map[string]any)
	if text["isBase64Encoded"] != false || text["body"] != `{"a":1}` || text["version"] != "2.0" || text["rawPath"] != "/a%20b/" ||
		text["rawQueryString"] != "x=1&x=2" || headers["x-two"] != "1,2" || text["cookies"].([]any)[0] != "c=v" {
		t.Errorf("text: %v", text)
	}
}

func TestAnswersOfAFunctionURL(t *testing.T) {
	for _, test := range []struct {
		payload string
		failed  bool
		status  int
		body    string
	}{
		{`{"statusCode":201,"headers":{"A":"b"},"body":"x"}`, false, 201, "x"},
		{`{"statusCode":200,"body":"eA==","isBase64Encoded":true}`, false, 200, "x"},
		{`{"statusCode":200,"body":"!","isBase64Encoded":true}`, false, 0, ""},
		{`{"statusCode":9,"body":"x"}`, false, 0, ""},
		{`"plain"`, false, 200, `"plain"`},
		{`no JSON`, false, 0, ""},
		{`{"errorMessage":"x"}`, true, 0, ""},
	} {
		status, body, ok := answerTo(http.Header{}, Result{Payload: []byte(test.payload), Failed: test.failed})
		if status != test.status || string(body) != test.body || ok != (test.status != 0) {
			t.Errorf("%s: %d %q %v", test.payload, status, body, ok)
		}
	}
}
