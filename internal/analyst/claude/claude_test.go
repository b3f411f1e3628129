package claude

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/analyst"
	"configtrail/internal/message"
	"configtrail/internal/testserver/messages"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, region, want string
		bedrock            bool
	}{
		{"claude-sonnet-5-5", "", "claude-sonnet-5-5", false},
		{"claude-haiku-4-5-20251001", "ap-northeast-1", "claude-haiku-4-5-20251001", false},
		{"bedrock:anthropic.claude-sonnet-5-5", "ap-northeast-1", "jp.anthropic.claude-sonnet-5-5", true},
		{"bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0", "ap-northeast-3", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", true},
		{"anthropic.claude-sonnet-5-5", "us-east-1", "anthropic.claude-sonnet-5-5", true},
		{"bedrock:us.anthropic.claude-sonnet-5-5", "ap-northeast-1", "us.anthropic.claude-sonnet-5-5", true},
		{"bedrock:global.anthropic.claude-sonnet-5-5", "ap-northeast-1", "global.anthropic.claude-sonnet-5-5", true},
		{"bedrock:arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/abc123", "ap-northeast-1",
			"arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/abc123", true},
		{"gpt-4", "", "", false},
		{"", "", "", false},
		{"claude-sonnet-5-5\nx-api-key: x", "", "", false},
		{"bedrock:claude-sonnet-5-5", "", "", false},
		{"bedrock:meta.llama3", "", "", false},
		{"anthropic.claude-x/../../secret", "", "", false},
	} {
		got, bedrock, err := parse(c.name, c.region)
		if got != c.want || bedrock != c.bedrock || (err != nil) != (c.want == "") {
			t.Errorf("%q in %s is %q, %v, %v", c.name, c.region, got, bedrock, err)
		}
		if err != nil && !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%q: %v", c.name, err)
		}
		if OnBedrock(c.name) != c.bedrock {
			t.Errorf("OnBedrock(%q) is %v", c.name, !c.bedrock)
		}
	}
}

func TestPrices(t *testing.T) {
	at := func(p Prices, model string) *float64 {
		t.Helper()
		price, err := p.find(model)
		if err != nil {
			t.Fatal(err)
		}
		return price.of(1_000_000, 1_000_000, 1_000_000, 1_000_000)
	}
	for model, want := range map[string]float64{
		"claude-sonnet-5-5":          2 + 2.5 + 0.2 + 10,
		"claude-sonnet-5-5-20260929": 2 + 2.5 + 0.2 + 10,
		"claude-opus-5-5":            4 + 5 + 0.4 + 20, // the cache by the usual factors
	} {
		if got := at(nil, model); got == nil || *got < want-1e-9 || *got > want+1e-9 {
			t.Errorf("%s costs %v, want %v", model, got, want)
		}
	}
	for _, model := range []string{"claude-haiku-5-5", "claude-next-9", "jp.anthropic.claude-sonnet-5-5"} {
		if got := at(nil, model); got != nil {
			t.Errorf("the price of %s is not known, and is said to be %v", model, *got)
		}
	}
	if got := at(Prices{"claude-next-9": {Input: 1, Output: 2, CacheWrite: 3, CacheRead: 4}}, "claude-next-9"); got == nil || *got != 10 {
		t.Errorf("a price that is given is not used: %v", got)
	}
	if got := at(Prices{"claude-sonnet-5-5": nil}, "claude-sonnet-5-5"); got != nil {
		t.Error("a price that is taken back is used")
	}
	if _, err := (Prices{"x": {Input: -1}}).find("x"); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a price below 0: %v", err)
	}
}

func TestAKeyIsNotSentInTheClear(t *testing.T) {
	for address, allowed := range map[string]bool{
		"": true, "https://example.com": true, "http://127.0.0.1:8080": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://example.com": false, "http://127.0.0.1.example.com": false, "ftp://example.com": false, "example.com": false, "https://user:pw@example.com": false,
	} {
		if _, err := New(Options{Model: "claude-sonnet-5-5", BaseURL: address}); (err == nil) != allowed {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 12, 2, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{http.Header{"Retry-After": {"0"}}, 0},
		{http.Header{"Retry-After-Ms": {"250"}, "Retry-After": {"7"}}, 250 * time.Millisecond},
		{http.Header{"Retry-After": {"Mon, 02 Dec 2024 03:00:30 GMT"}}, 30 * time.Second},
		{http.Header{"Retry-After": {"Mon, 02 Dec 2024 02:00:00 GMT"}}, 0},
		{http.Header{"Retry-After": {"-5"}}, -1},
		{http.Header{"Retry-After": {"soon"}}, -1},
		{http.Header{"Retry-After": {"1e300"}}, -1},
		{http.Header{}, -1},
	} {
		if got := retryAfter(c.header, now); got != c.want {
			t.Errorf("%v is %v, want %v", c.header, got, c.want)
		}
	}
}

// TestEveryStatusIsExplained answers with each status, the key in the body, and
// holds what people are told of it in both languages.
func TestEveryStatusIsExplained(t *testing.T) {
	for status, want := range map[int]struct {
		key  string
		kind error
	}{
		400: {"model.rejected", configtrail.ErrInvalid}, 401: {"model.key", configtrail.ErrRefused}, 402: {"model.billing", configtrail.ErrOverBudget},
		403: {"model.forbidden", configtrail.ErrRefused}, 404: {"model.unknown", configtrail.ErrNotFound}, 413: {"model.too_large", configtrail.ErrTooLarge},
		422: {"model.rejected", configtrail.ErrInvalid}, 429: {"model.busy", configtrail.ErrOverBudget}, 500: {"model.service", nil},
		503: {"model.service", nil}, 529: {"model.overloaded", nil},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("retry-after", "3600")
			w.Header().Set("request-id", "req_1")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"type":"error","error":{"type":"x","message":"` + r.Header.Get("x-api-key") + `"}}`))
		}))
		c, err := New(Options{Model: "claude-sonnet-5-5", BaseURL: server.URL, Key: func(context.Context) (string, error) { return "sk-secret", nil }})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := c.Reply(t.Context(), request())
		server.Close()
		var problem *configtrail.Problem
		if !errors.As(err, &problem) || problem.Key != want.key || want.kind != nil && !errors.Is(err, want.kind) {
			t.Errorf("%d: %v", status, err)
			continue
		}
		if reply.Unsure || reply.Cost.USD == nil || *reply.Cost.USD != 0 {
			t.Errorf("%d: an answer that is an error costs %+v", status, reply)
		}
		if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "req_1") {
			t.Errorf("%d: %v", status, err)
		}
		for _, lang := range message.Langs {
			p, err := message.New(string(lang))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{p.Text("error."+problem.Key, problem.Args), p.Text("hint."+problem.Key, problem.Args)} {
				if strings.Contains(text, "⟦") {
					t.Errorf("%d: %s", status, text)
				}
			}
		}
	}
}

func TestWithoutAKey(t *testing.T) {
	failed := errors.New("the secret can't be read")
	for name, c := range map[string]struct {
		key  func(context.Context) (string, error)
		want error
	}{
		"none":   {nil, configtrail.ErrInvalid},
		"empty":  {func(context.Context) (string, error) { return "", nil }, configtrail.ErrInvalid},
		"failed": {func(context.Context) (string, error) { return "", failed }, failed},
	} {
		client, err := New(Options{Model: "claude-sonnet-5-5", Key: c.key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Reply(t.Context(), request()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func request() analyst.Request {
	return analyst.Request{System: "You word reports.", MaxTokens: 300, Turns: []analyst.Turn{
		{Role: analyst.User, Text: "Month: 2024-11\nLanguage: English.\n⟦b1⟧\ttotal\tchanges\tvalue=7 changes\n"},
		{Role: analyst.Assistant, Text: "The month saw seven changes."},
		{Role: analyst.User, Text: "Cite the line."},
	}}
}

// loud fails a test when anything is sent.
type loud struct{ t *testing.T }

func (l loud) RoundTrip(*http.Request) (*http.Response, error) {
	l.t.Error("something was sent")
	return nil, errors.New("not allowed")
}

// TestShowRequestShowsWhatIsSent compares it with what a server receives.
func TestShowRequestShowsWhatIsSent(t *testing.T) {
	server := messages.Start(t, messages.Right)
	o := Options{Model: "claude-sonnet-5-5", BaseURL: server.URL, Key: func(context.Context) (string, error) { return server.Key, nil }}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reply(t.Context(), request()); err != nil {
		t.Fatal(err)
	}
	o.Transport, o.Key = loud{t}, nil
	quiet, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := quiet.ShowRequest(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(shown, "\n\n")
	if diff := cmp.Diff(decoded(t, server.Requests()[0].Body), decoded(t, body)); diff != "" {
		t.Errorf("what is shown differs from what is sent: %s", diff)
	}
	if !strings.HasPrefix(head, "POST "+server.URL+"/v1/messages\n") || !strings.Contains(head, "X-Api-Key: …") || !strings.Contains(strings.ToLower(head), "anthropic-version: 2023-06-01") {
		t.Errorf("the head is\n%s", head)
	}
	want := decoded(t, `{"model":"claude-sonnet-5-5","max_tokens":300,
		"system":[{"type":"text","text":"You word reports.","cache_control":{"type":"ephemeral"}}],
		"messages":[{"role":"user","content":[{"type":"text","text":"Month: 2024-11\nLanguage: English.\n⟦b1⟧\ttotal\tchanges\tvalue=7 changes\n"}]},
			{"role":"assistant","content":[{"type":"text","text":"The month saw seven changes."}]},
			{"role":"user","content":[{"type":"text","text":"Cite the line."}]}]}`)
	if diff := cmp.Diff(want, decoded(t, body)); diff != "" {
		t.Error(diff)
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestBedrock(t *testing.T) {
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "aws-secret"}, nil
	})
	server := messages.Start(t, messages.Right)
	c, err := New(Options{Model: "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0", BaseURL: server.URL,
		AWS: aws.Config{Region: "ap-northeast-1", Credentials: credentials}})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.Reply(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	if reply.Stop != analyst.StopEnd || reply.Text == "" || reply.Cost.InputTokens == 0 || reply.Cost.USD != nil {
		t.Errorf("%+v", reply)
	}
	if got := server.Requests()[0].Path; got != "/model/jp.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke" {
		t.Errorf("asked at %s", got)
	}
	shown, err := c.ShowRequest(t.Context(), request())
	if err != nil || strings.Contains(shown, "aws-secret") || strings.Contains(shown, "AKIDEXAMPLE") || !strings.Contains(shown, `"anthropic_version": "bedrock-2023-05-31"`) {
		t.Errorf("%v\n%s", err, shown)
	}
	bare, err := New(Options{Model: "bedrock:anthropic.claude-sonnet-5-5"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Reply(t.Context(), request()); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("without a region and credentials: %v", err)
	}
	if shown, err := bare.ShowRequest(t.Context(), request()); err != nil || !strings.Contains(shown, "https://bedrock-runtime.REGION.amazonaws.com/model/") {
		t.Errorf("without a region: %v\n%s", err, shown)
	}
}

func TestAnAnswerThatNeverEndsIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write([]byte(strings.Repeat(" ", 1<<16))); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	c, err := New(Options{Model: "claude-sonnet-5-5", BaseURL: server.URL, Key: func(context.Context) (string, error) { return "k", nil }})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.Reply(t.Context(), request())
	var problem *configtrail.Problem
	if !errors.As(err, &problem) || problem.Key != "model.endless" || !reply.Unsure {
		t.Errorf("%+v, %v", reply, err)
	}
}
