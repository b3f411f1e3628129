package messages

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const right = `{"model":"claude-sonnet-5-5","max_tokens":100,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Language: English"}]}]}`

// post sends a body with the headers of a right request, changed as asked.
func post(t *testing.T, s *Server, path, body string, change func(http.Header)) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header = http.Header{"X-Api-Key": {s.Key}, "Anthropic-Version": {"2023-06-01"}, "Content-Type": {"application/json"}}
	if change != nil {
		change(r.Header)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer)
}

func server(t *testing.T, script Script) *Server {
	t.Helper()
	s, err := New(script, "key")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRefusesWhatTheAPIRefuses changes one thing of a right request at a time.
func TestRefusesWhatTheAPIRefuses(t *testing.T) {
	s := server(t, Right)
	if status, answer := post(t, s, "/v1/messages", right, nil); status != http.StatusOK || !strings.Contains(answer, `"stop_reason":"end_turn"`) {
		t.Fatalf("a right request: %d %s", status, answer)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"no model":            {`"model":"claude-sonnet-5-5",`, ``, "model: Field required"},
		"no max_tokens":       {`"max_tokens":100,`, ``, "max_tokens: Field required"},
		"max_tokens a text":   {`100`, `"100"`, "max_tokens: Input should be of type integer"},
		"max_tokens a half":   {`100`, `1.5`, "max_tokens"},
		"max_tokens below 0":  {`100`, `-1`, "max_tokens"},
		"no messages":         {`"messages":[{"role":"user","content":[{"type":"text","text":"Language: English"}]}]`, `"stream":false`, "messages: Field required"},
		"an unknown member":   {`"max_tokens"`, `"max_token":1,"max_tokens"`, "max_token: Extra inputs"},
		"an unknown role":     {`"role":"user"`, `"role":"tool"`, "messages.0.role"},
		"an unknown block":    {`[{"type":"text","text":"Language`, `[{"type":"prose","text":"Language`, "messages.0.content"},
		"no text":             {`"text":"Language: English"`, `"text":""`, "messages.0"},
		"blanks for text":     {`"text":"Language: English"`, `"text":"  "`, "non-whitespace"},
		"a member too many":   {`"text":"s"`, `"text":"s","colour":"red"`, "system"},
		"an unknown lifetime": {`"ephemeral"`, `"ephemeral","ttl":"2d"`, "ttl"},
		"a temperature":       {`"max_tokens"`, `"temperature":0,"max_tokens"`, "temperature"},
		"a member twice":      {`"max_tokens"`, `"max_tokens":1,"max_tokens"`, "not valid JSON"},
		"half a body":         {`}]}]}`, ``, "not valid JSON"},
		"a prefill":           {`English"}]}]`, `English"}]},{"role":"assistant","content":"I"}]`, "prefill"},
	} {
		body := strings.Replace(right, c.old, c.new, 1)
		if body == right {
			t.Fatalf("%s changes nothing", name)
		}
		if status, answer := post(t, s, "/v1/messages", body, nil); status != http.StatusBadRequest || !strings.Contains(answer, c.says) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"a wrong key":     {"X-Api-Key", "another", http.StatusUnauthorized},
		"no key":          {"X-Api-Key", "", http.StatusUnauthorized},
		"no version":      {"Anthropic-Version", "", http.StatusBadRequest},
		"another version": {"Anthropic-Version", "2020-01-01", http.StatusBadRequest},
		"a form":          {"Content-Type", "application/x-www-form-urlencoded", http.StatusBadRequest},
	} {
		if status, answer := post(t, s, "/v1/messages", right, func(h http.Header) { h.Set(c.header, c.value) }); status != c.status {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if status, _ := post(t, s, "/v1/complete", right, nil); status != http.StatusNotFound {
		t.Errorf("another path: %d", status)
	}
	count := strings.Replace(right, `"max_tokens":100,`, ``, 1)
	if status, answer := post(t, s, "/v1/messages/count_tokens", count, nil); status != http.StatusOK || !strings.Contains(answer, `"input_tokens":`) {
		t.Errorf("count_tokens: %d %s", status, answer)
	}
	if status, _ := post(t, s, "/v1/messages/count_tokens", right, nil); status != http.StatusBadRequest {
		t.Errorf("count_tokens takes max_tokens: %d", status)
	}
}

func TestBedrockWantsItsOwnForm(t *testing.T) {
	s := server(t, Right)
	body := strings.Replace(right, `"model":"claude-sonnet-5-5"`, `"anthropic_version":"bedrock-2023-05-31"`, 1)
	signed := func(h http.Header) {
		h.Del("X-Api-Key")
		h.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20241202/ap-northeast-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="+strings.Repeat("a", 64))
	}
	const path = "/model/jp.anthropic.claude-sonnet-5-5/invoke"
	if status, answer := post(t, s, path, body, signed); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	for name, c := range map[string]struct {
		body   string
		change func(http.Header)
	}{
		"a model":     {strings.Replace(right, `{"model"`, `{"anthropic_version":"bedrock-2023-05-31","model"`, 1), signed},
		"no version":  {strings.Replace(right, `"model":"claude-sonnet-5-5",`, ``, 1), signed},
		"unsigned":    {body, nil},
		"both proofs": {body, func(h http.Header) { key := h.Get("X-Api-Key"); signed(h); h.Set("X-Api-Key", key) }},
	} {
		if status, _ := post(t, s, path, c.body, c.change); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// TestSchemaRefusesWhatItDoesNotCheck holds that no keyword is passed over in silence.
func TestSchemaRefusesWhatItDoesNotCheck(t *testing.T) {
	s := schema{map[string]any{}}
	if wrong := s.check(map[string]any{"dependentRequired": map[string]any{}}, map[string]any{}, "x"); len(wrong) != 1 {
		t.Errorf("an unknown keyword passes: %v", wrong)
	}
	if wrong := s.check(map[string]any{"$ref": "#/components/nothing"}, 1.0, "x"); len(wrong) != 1 {
		t.Errorf("a reference to nothing passes: %v", wrong)
	}
}

func TestKeepsRequests(t *testing.T) {
	s := server(t, Unauthorized)
	var told []Request
	s.Log = func(r Request) { told = append(told, r) }
	post(t, s, "/v1/messages", right, nil)
	post(t, s, "/v1/messages", `{}`, nil)
	all := s.Requests()
	if len(all) != 2 || len(told) != 2 || all[0].Body != right || all[0].Status != 401 || len(all[0].Wrong) > 0 || len(all[1].Wrong) == 0 {
		t.Errorf("%+v", all)
	}
	if _, err := New("no such script", ""); err == nil {
		t.Error("an unknown script is taken")
	}
}
