package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/spend"
)

// site is a handler behind a real server.
type site struct {
	*testing.T
	url   string
	asked []Request // what was told, in order
	logs  *bytes.Buffer
}

// now is the time of all handlers: 1 December 2024 in Tokyo, still November in UTC.
var now = time.Date(2024, 11, 30, 15, 30, 0, 0, time.UTC)

// open serves options. Without a Tell of their own they tell which month is asked.
func open(t *testing.T, options Options) *site {
	t.Helper()
	s := &site{T: t, logs: &bytes.Buffer{}}
	if options.Tell == nil {
		options.Tell = func(_ context.Context, request Request) (Answer, error) {
			s.asked = append(s.asked, request)
			text := fmt.Sprintf("%s %s %s <&>", request.Month, request.Zone, request.Lang)
			return Answer{Text: text, Report: json.RawMessage(`{"month":"` + request.Month.String() + `"}`)}, nil
		}
	}
	if options.Now == nil {
		options.Now = func() time.Time { return now }
	}
	options.Log = slog.New(slog.NewJSONHandler(s.logs, nil))
	handler, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// got is an answer read whole.
type got struct {
	status int
	header http.Header
	body   string
}

// do sends a request with headers in pairs.
func (s *site) do(method, path, body string, headers ...string) got {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return got{response.StatusCode, response.Header, string(text)}
}

const form = "application/x-www-form-urlencoded" // what curl -d says of every body

// code is the code of a failure in the contract's form; a body that is none is shown.
func (g got) code() string {
	var f struct {
		Status string
		Error  struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal([]byte(g.body), &f); err != nil || f.Status != "FAILED" || f.Error.Message == "" || f.Error.Hint == "" ||
		strings.Contains(g.body, "⟦") {
		return "no failure: " + g.body
	}
	return f.Error.Code
}

func TestTheFirstUsersRequest(t *testing.T) {
	s := open(t, Options{})
	answer := s.do("POST", "/", `{"target_year":"2024","target_month":"11"}`, "Content-Type", form)
	want := `{"status":"SUCCEEDED","body":[{"text":"2024-11 Asia/Tokyo ja <&>","type":"text"}]}` + "\n"
	if answer.status != 200 || answer.body != want || answer.header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s %q", answer.status, answer.header.Get("Content-Type"), answer.body)
	}
}

func TestMonthsThatAreUnderstood(t *testing.T) {
	s := open(t, Options{})
	for body, want := range map[string]string{
		`{"target_year":2024,"target_month":11}`:                                            "2024-11 Asia/Tokyo ja",
		`{"target_year":"2024","target_month":"01"}`:                                        "2024-01 Asia/Tokyo ja",
		`{"target_year":" 2024 ","target_month":"1"}`:                                       "2024-01 Asia/Tokyo ja",
		`{"target_year":"２０２４","target_month":"１１"}`:                                        "2024-11 Asia/Tokyo ja",
		"\ufeff" + `{"target_month":12,"target_year":2024,"more":{"of":["it"]}}` + "\r\n\t": "2024-12 Asia/Tokyo ja", // begun in Tokyo
		`{"target_year":2024,"target_month":11,"lang":"en","tz":"UTC"}`:                     "2024-11 UTC en",
		`{"target_year":2024,"target_month":11,"lang":null,"tz":"","question":""}`:          "2024-11 Asia/Tokyo ja",
		`{"target_year":1970,"target_month":1}`:                                             "1970-01 Asia/Tokyo ja",
	} {
		for _, headers := range [][]string{{"Content-Type", "application/json"}, {"Content-Type", "Application/JSON; charset=UTF-8"}, {"Content-Type", form}, nil} {
			answer := s.do("POST", "/", body, headers...)
			if answer.status != 200 || !strings.Contains(answer.body, `"text":"`+want+" ") {
				t.Errorf("%s as %v: %d %s", body, headers, answer.status, answer.body)
			}
		}
	}
}

func TestWrongRequests(t *testing.T) {
	const good = `{"target_year":"2024","target_month":"11"}`
	s := open(t, Options{})
	for _, test := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"month 0", "POST", "/", `{"target_year":2024,"target_month":0}`, nil, 400, "invalid_month"},
		{"month 13", "POST", "/", `{"target_year":2024,"target_month":"13"}`, nil, 400, "invalid_month"},
		{"year 0", "POST", "/", `{"target_year":0,"target_month":1}`, nil, 400, "invalid_month"},
		{"a short year", "POST", "/", `{"target_year":"24","target_month":1}`, nil, 400, "invalid_month"},
		{"a long year", "POST", "/", `{"target_year":"02024","target_month":1}`, nil, 400, "invalid_month"},
		{"a negative year", "POST", "/", `{"target_year":-2024,"target_month":1}`, nil, 400, "invalid_month"},
		{"half a month", "POST", "/", `{"target_year":2024,"target_month":1.5}`, nil, 400, "invalid_month"},
		{"a huge month", "POST", "/", `{"target_year":2024,"target_month":1e99}`, nil, 400, "invalid_month"},
		{"a month that is a list", "POST", "/", `{"target_year":2024,"target_month":[11]}`, nil, 400, "invalid_month"},
		{"a month that is true", "POST", "/", `{"target_year":2024,"target_month":true}`, nil, 400, "invalid_month"},
		{"a name of a month", "POST", "/", `{"target_year":2024,"target_month":"November"}`, nil, 400, "invalid_month"},
		{"no month", "POST", "/", `{"target_year":2024}`, nil, 400, "invalid_month"},
		{"no year", "POST", "/", `{"target_month":null,"Target_Year":2024}`, nil, 400, "invalid_month"},
		{"nothing", "POST", "/", `{}`, nil, 400, "invalid_month"},
		{"a future month", "POST", "/", `{"target_year":2025,"target_month":1}`, nil, 400, "future_month"},
		{"a month not begun in its zone", "POST", "/", `{"target_year":2024,"target_month":12,"tz":"UTC"}`, nil, 400, "future_month"},
		{"no such zone", "POST", "/", `{"target_year":2024,"target_month":11,"tz":"Mars/Olympus"}`, nil, 400, "invalid_tz"},
		{"the server's zone", "POST", "/", `{"target_year":2024,"target_month":11,"tz":"Local"}`, nil, 400, "invalid_tz"},
		{"a zone that is a path", "POST", "/", `{"target_year":2024,"target_month":11,"tz":"../../etc/passwd"}`, nil, 400, "invalid_tz"},
		{"a zone that is a list", "POST", "/", `{"target_year":2024,"target_month":11,"tz":[]}`, nil, 400, "invalid_tz"},
		{"no such language", "POST", "/", `{"target_year":2024,"target_month":11,"lang":"fr"}`, nil, 400, "invalid_lang"},
		{"a question", "POST", "/", `{"target_year":2024,"target_month":11,"question":"who?"}`, nil, 400, "unsupported"},

		{"an empty body", "POST", "/", "", nil, 400, "invalid_json"},
		{"white space", "POST", "/", " \n", nil, 400, "invalid_json"},
		{"a form", "POST", "/", "target_year=2024&target_month=11", []string{"Content-Type", form}, 400, "invalid_json"},
		{"a list", "POST", "/", "[" + good + "]", nil, 400, "invalid_json"},
		{"null", "POST", "/", "null", nil, 400, "invalid_json"},
		{"cut off", "POST", "/", good[:len(good)-1], nil, 400, "invalid_json"},
		{"two objects", "POST", "/", good + good, nil, 400, "invalid_json"},
		{"a comma too many", "POST", "/", `{"target_year":2024,"target_month":11,}`, nil, 400, "invalid_json"},
		{"a key twice", "POST", "/", `{"target_year":2024,"target_month":11,"target_month":12}`, nil, 400, "invalid_json"},
		{"a key twice in other letters", "POST", "/", `{"target_year":2024,"target_month":11,"target_\u006donth":12}`, nil, 400, "invalid_json"},
		{"another encoding", "POST", "/", "\xff\xfe{\x00}\x00", nil, 400, "invalid_json"},
		{"bytes that are no UTF-8", "POST", "/", `{"target_year":"2024","target_month":"` + "\xc3" + `"}`, nil, 400, "invalid_json"},
		{"deep nesting", "POST", "/", `{"x":` + strings.Repeat("[", 30_000), nil, 400, "invalid_json"},
		{"a body above the limit", "POST", "/", `{"x":"` + strings.Repeat("x", MaxBody) + `"}`, nil, 413, "too_large"},

		{"text", "POST", "/", good, []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		{"XML", "POST", "/", good, []string{"Content-Type", "application/xml"}, 415, "unsupported_media_type"},
		{"a type that is none", "POST", "/", good, []string{"Content-Type", ";;"}, 415, "unsupported_media_type"},
		{"another charset", "POST", "/", good, []string{"Content-Type", "application/json; charset=shift_jis"}, 415, "unsupported_media_type"},
		{"a compressed body", "POST", "/", good, []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},

		{"an unknown path", "POST", "/month", good, nil, 404, "not_found"},
		{"a path below", "GET", "/healthz/", "", nil, 404, "not_found"},
		{"a doubled slash", "POST", "//", good, nil, 404, "not_found"},
		{"a report of no month", "GET", "/api/v1/report/", "", nil, 404, "not_found"},
		{"a report below a month", "GET", "/api/v1/report/2024-11/x", "", nil, 404, "not_found"},
		{"PUT", "PUT", "/", good, nil, 405, "method_not_allowed"},
		{"DELETE", "DELETE", "/api/v1/report/2024-11", "", nil, 405, "method_not_allowed"},
		{"POST where there is only GET", "POST", "/healthz", good, nil, 405, "method_not_allowed"},

		{"a report of month 13", "GET", "/api/v1/report/2024-13", "", nil, 400, "invalid_month"},
		{"a report of month 0", "GET", "/api/v1/report/2024-00", "", nil, 400, "invalid_month"},
		{"a report of year 0", "GET", "/api/v1/report/0000-01", "", nil, 400, "invalid_month"},
		{"a report of the first year", "GET", "/api/v1/report/0001-01", "", nil, 400, "invalid_month"},
		{"a report of a word", "GET", "/api/v1/report/november", "", nil, 400, "invalid_month"},
		{"a report of the future", "GET", "/api/v1/report/2025-01", "", nil, 400, "future_month"},
		{"a parameter that is none", "GET", "/api/v1/report/2024-11?accounts=111122223333", "", nil, 400, "invalid_parameter"},
		{"two zones", "GET", "/api/v1/report/2024-11?tz=UTC&tz=Asia/Tokyo", "", nil, 400, "invalid_parameter"},
		{"a broken query", "GET", "/api/v1/report/2024-11?tz=%zz", "", nil, 400, "invalid_parameter"},
		{"an unknown account", "GET", "/api/v1/report/2024-11?account=prod", "", nil, 400, "invalid_account"},
		{"an empty account", "GET", "/api/v1/report/2024-11?account=", "", nil, 400, "invalid_account"},
		{"no region", "GET", "/api/v1/report/2024-11?region=tokyo", "", nil, 400, "invalid_region"},
		{"no type", "GET", "/api/v1/report/2024-11?type=%E2%80%AE", "", nil, 400, "invalid_type"},
		{"no language", "GET", "/api/v1/report/2024-11?lang=EN", "", nil, 400, "invalid_lang"},
	} {
		for _, lang := range []string{"ja", "en"} {
			headers := append([]string{"Accept-Language", lang}, test.headers...)
			answer := s.do(test.method, test.path, test.body, headers...)
			if answer.status != test.status || answer.code() != test.code || answer.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s, want %d %s", test.name, answer.status, answer.code(), test.status, test.code)
			}
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("told all the same: %v", s.asked)
	}
}

func TestFailuresAreToldInTheLanguageAskedFor(t *testing.T) {
	s := open(t, Options{})
	body := `{"target_year":2024,"target_month":13,"lang":"en"}`
	want := `{"status":"FAILED","error":{"code":"invalid_month","message":"target_month 13 is no month","hint":"name the month, 1 to 12"}}` + "\n"
	if answer := s.do("POST", "/", body); answer.body != want {
		t.Errorf("got %s", answer.body)
	}
	body = `{"target_year":2024,"target_month":13}`
	want = `{"status":"FAILED","error":{"code":"invalid_month","message":"target_month に 13 は指定できません","hint":"1から12の数で指定してください"}}` + "\n"
	if answer := s.do("POST", "/", body, "Accept-Language", "en"); answer.body != want {
		t.Errorf("got %s", answer.body)
	}
	if answer := s.do("GET", "/nowhere?lang=en", ""); !strings.Contains(answer.body, "there is nothing at this address") {
		t.Errorf("got %s", answer.body)
	}
	hostile := `{"target_year":2024,"target_month":"` + "\u202e\\u001b[31m" + `"}`
	if answer := s.do("POST", "/", hostile); strings.ContainsAny(answer.body, "\u202e\x1b") || answer.code() != "invalid_month" {
		t.Errorf("what was typed comes back as it is: %q", answer.body)
	}
}

func TestMethodsThatAreAllowed(t *testing.T) {
	s := open(t, Options{})
	for path, want := range map[string]string{"/": "GET, HEAD, POST", "/healthz": "GET, HEAD", "/api/v1/report/2024-11": "GET, HEAD"} {
		if answer := s.do("PATCH", path, ""); answer.header.Get("Allow") != want {
			t.Errorf("%s allows %q, want %q", path, answer.header.Get("Allow"), want)
		}
	}
}

func TestReportParameters(t *testing.T) {
	s := open(t, Options{Accounts: []configtrail.Account{{ID: "111122223333", Name: "Prod", Groups: []string{"web"}}}})
	answer := s.do("GET", "/api/v1/report/2024-11?lang=en&tz=UTC&account=prod&account=222233334444&account=web&region=global&region=eu-west-1&type=ec2", "")
	if answer.status != 200 || answer.body != `{"month":"2024-11"}`+"\n" {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	one := s.asked[0]
	got := []any{one.Month.String(), one.Zone.String(), string(one.Lang), one.Filter.Accounts, one.Filter.Regions, one.Filter.Types}
	want := []any{"2024-11", "UTC", "en", []string{"prod", "222233334444", "web"}, []string{"global", "eu-west-1"}, []string{"ec2"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDescription(t *testing.T) {
	s := open(t, Options{Version: "1.2.3"})
	for _, test := range []struct{ path, accept, lang string }{
		{"/", "", "ja"}, {"/", "en-GB, ja;q=0.5", "en"}, {"/", "fr, de;q=0.9, ja;q=0.1, en;q=0", "ja"}, {"/", "zh", "ja"},
		{"/?lang=ja", "en", "ja"}, {"/?lang=xx", "en", "en"}, {"/", "en;q=x, ja;q=0.2", "ja"},
	} {
		answer := s.do("GET", test.path, "", "Accept-Language", test.accept)
		words := map[string]string{"ja": "configtrail 1.2.3 は", "en": "configtrail 1.2.3 tells"}
		if answer.status != 200 || answer.header.Get("Content-Language") != test.lang || !strings.Contains(answer.body, words[test.lang]) ||
			!strings.Contains(answer.body, `'{"target_year":"2024","target_month":"11"}'`) {
			t.Errorf("%s for %q: %d %s %s", test.path, test.accept, answer.status, answer.header.Get("Content-Language"), answer.body)
		}
	}
}

func TestHead(t *testing.T) {
	s := open(t, Options{})
	for _, path := range []string{"/", "/healthz", "/api/v1/report/2024-11", "/nowhere"} {
		whole, head := s.do("GET", path, ""), s.do("HEAD", path, "")
		if head.body != "" || head.status != whole.status || head.header.Get("Content-Length") != fmt.Sprint(len(whole.body)) {
			t.Errorf("%s: %d %q, length %s of %d", path, head.status, head.body, head.header.Get("Content-Length"), len(whole.body))
		}
	}
}

func TestEveryAnswerIsSafeInABrowser(t *testing.T) {
	s := open(t, Options{})
	for _, path := range []string{"/", "/healthz", "/nowhere", "/api/v1/openapi.json"} {
		header := s.do("GET", path, "").header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
	}
}

func TestErrorsAreMappedOnce(t *testing.T) {
	over := &configtrail.Problem{Key: "spend.bytes", Args: map[string]any{"cap": int64(10), "taken": int64(9), "asked": int64(2), "until": "2024-12-01 00:00 UTC"},
		Err: &spend.Over{Kind: spend.Bytes, Cap: 10, Taken: 9, Asked: 2, Until: time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)}}
	for _, test := range []struct {
		err    error
		status int
		code   string
		says   string
	}{
		{fmt.Errorf("ask: %w", configtrail.ErrNotFound), 404, "not_found", "not found: ask: not found"},
		{configtrail.WithHint(fmt.Errorf("%w: account", configtrail.ErrInvalid), "do this"), 400, "invalid", `"hint":"do this"`},
		{configtrail.ErrRefused, 400, "invalid", "refused"},
		{configtrail.ErrTooLarge, 413, "too_large", "too large"},
		{fmt.Errorf("report: %w", over), 429, "over_budget", "the day's budget of 10 bytes does not suffice: 9 are spent or held, and this answer may need 2"},
		{fmt.Errorf("query: %w", configtrail.ErrOverBudget), 429, "over_budget", "over budget"},
		{fmt.Errorf("query: %w", context.DeadlineExceeded), 504, "deadline", "not ready in time"},
		{context.Canceled, 503, "stopped", "stopping"},
		{errors.New("athena \x1b[31msays no"), 502, "upstream", `athena \\x1b[31msays no`},
	} {
		s := open(t, Options{Tell: func(context.Context, Request) (Answer, error) { return Answer{}, test.err }})
		answer := s.do("POST", "/", `{"target_year":2024,"target_month":11,"lang":"en"}`)
		if answer.status != test.status || answer.code() != test.code || !strings.Contains(answer.body, test.says) {
			t.Errorf("%v: %d %s", test.err, answer.status, answer.body)
		}
		if errors.Is(test.err, over) && answer.header.Get("Retry-After") != "30600" { // from 15:30 to midnight
			t.Errorf("retry after %q", answer.header.Get("Retry-After"))
		}
	}
}

func TestPanicsAreFailures(t *testing.T) {
	s := open(t, Options{Tell: func(context.Context, Request) (Answer, error) { panic("secret-name-of-a-bucket") }})
	answer := s.do("POST", "/", `{"target_year":2024,"target_month":11}`)
	id := answer.header.Get("X-Request-Id")
	if answer.status != 500 || answer.code() != "internal" || id == "" || !strings.Contains(answer.body, `"request_id":"`+id+`"`) {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	if strings.Contains(answer.body+s.logs.String(), "secret-name") || strings.Contains(answer.body, "goroutine") {
		t.Errorf("what panicked is told: %s\n%s", answer.body, s.logs)
	}
	if !strings.Contains(s.logs.String(), "web_test.go") || !strings.Contains(s.logs.String(), id) {
		t.Errorf("the log does not tell where: %s", s.logs)
	}
}

func TestAnswersAboveALimit(t *testing.T) {
	s := open(t, Options{MaxBytes: 100, Tell: func(context.Context, Request) (Answer, error) {
		return Answer{Text: strings.Repeat("x", 101)}, nil
	}})
	if answer := s.do("POST", "/", `{"target_year":2024,"target_month":11}`); answer.status != 413 || answer.code() != "too_large" {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}

func TestALimitOfTime(t *testing.T) {
	s := open(t, Options{Limit: time.Millisecond, Tell: func(ctx context.Context, _ Request) (Answer, error) {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}})
	if answer := s.do("POST", "/", `{"target_year":2024,"target_month":11}`); answer.status != 504 || answer.code() != "deadline" {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}

func TestOptionsThatCantBe(t *testing.T) {
	if _, err := New(Options{Lang: message.Lang("fr")}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("%v", err)
	}
}
