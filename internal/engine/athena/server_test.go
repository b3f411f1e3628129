package athena_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
)

// answer is what a scripted server says to one request: a document, or an error.
type answer struct {
	body  map[string]any
	code  string // of an error
	text  string // of an error
	after func() // called before it is sent
}

// server speaks as much of Athena's protocol as a script needs, and gives out
// files as S3 does. What it is sent is kept.
type server struct {
	t      *testing.T
	mu     sync.Mutex
	script map[string][]answer // by operation; the last one is said for ever
	files  map[string]string   // by /bucket/key
	sent   []request
	url    string
}

type request struct {
	operation string
	body      map[string]any
}

func serve(t *testing.T, script map[string][]answer) *server {
	t.Helper()
	s := &server{t: t, script: script, files: map[string]string{}}
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		s.serveFile(w, r)
		return
	}
	operation := strings.TrimPrefix(target, "AmazonAthena.")
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.t.Errorf("%s: %v", operation, err)
	}
	s.mu.Lock()
	s.sent = append(s.sent, request{operation, body})
	queue := s.script[operation]
	if len(queue) == 0 {
		s.mu.Unlock()
		s.t.Errorf("nobody wrote an answer to %s", operation)
		http.Error(w, "{}", http.StatusNotImplemented)
		return
	}
	said := queue[0]
	if len(queue) > 1 {
		s.script[operation] = queue[1:]
	}
	s.mu.Unlock()
	if said.after != nil {
		said.after()
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if said.code != "" {
		w.WriteHeader(http.StatusBadRequest)
		said.body = map[string]any{"__type": said.code, "message": said.text, "Message": said.text}
	}
	if said.body == nil {
		said.body = map[string]any{}
	}
	if err := json.NewEncoder(w).Encode(said.body); err != nil {
		s.t.Error(err)
	}
}

func (s *server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.sent = append(s.sent, request{operation: "S3 " + r.Method + " " + r.URL.Path})
	content, found := s.files[r.URL.Path]
	s.mu.Unlock()
	if !found {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
		return
	}
	w.Header().Set("ETag", `"e1"`)
	fmt.Fprint(w, content)
}

// said lists the operations that were asked for.
func (s *server) operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.sent {
		all = append(all, r.operation)
	}
	return all
}

// bodies are the requests of one operation.
func (s *server) bodies(operation string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []map[string]any
	for _, r := range s.sent {
		if r.operation == operation {
			all = append(all, r.body)
		}
	}
	return all
}

// engine is one that asks the server, whose pauses take no time and are kept.
func (s *server) engine(options athena.Options) (*athena.Engine, *[]time.Duration) {
	s.t.Helper()
	var pauses []time.Duration
	if options.Config.Region == "" {
		options.Config.Region = "ap-northeast-1"
	}
	options.Config.BaseEndpoint = &s.url
	if options.Config.Credentials == nil {
		options.Config.Credentials = sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
			return sdk.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		})
	}
	if options.Database == "" {
		options.Database = "lake"
	}
	options.S3 = blob.S3Options{PathStyle: true}
	options.Wait = func(ctx context.Context, pause time.Duration) error {
		pauses = append(pauses, pause)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	e, err := athena.New(options)
	if err != nil {
		s.t.Fatal(err)
	}
	return e, &pauses
}

// all reads a result to its end.
func all(t *testing.T, result engine.Result) [][]any {
	t.Helper()
	var rows [][]any
	for row, err := range result.Rows {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func started(id string) answer {
	return answer{body: map[string]any{"QueryExecutionId": id}}
}

// status is an execution in a state; change may add to it.
func status(state string, scanned int64, change ...func(execution map[string]any)) answer {
	execution := map[string]any{
		"QueryExecutionId": "q1", "StatementType": "DML",
		"Status":     map[string]any{"State": state},
		"Statistics": map[string]any{"DataScannedInBytes": scanned},
	}
	for _, c := range change {
		c(execution)
	}
	return answer{body: map[string]any{"QueryExecution": execution}}
}

func because(reason string) func(map[string]any) {
	return func(execution map[string]any) {
		execution["Status"].(map[string]any)["StateChangeReason"] = reason
	}
}

func writtenTo(location string) func(map[string]any) {
	return func(execution map[string]any) {
		execution["ResultConfiguration"] = map[string]any{"OutputLocation": location}
	}
}

// null stands for a value that is absent in a row.
const null = "\x00null"

// page is a page of results: columns as "name type", rows of texts.
func page(next string, columns []string, rows ...[]string) answer {
	var info, list []any
	for _, column := range columns {
		name, typ, _ := strings.Cut(column, " ")
		info = append(info, map[string]any{"Name": name, "Label": name, "Type": typ, "Nullable": "UNKNOWN"})
	}
	for _, row := range rows {
		var data []any
		for _, text := range row {
			datum := map[string]any{}
			if text != null {
				datum["VarCharValue"] = text
			}
			data = append(data, datum)
		}
		list = append(list, map[string]any{"Data": data})
	}
	body := map[string]any{"ResultSet": map[string]any{"ResultSetMetadata": map[string]any{"ColumnInfo": info}, "Rows": list}}
	if next != "" {
		body["NextToken"] = next
	}
	return answer{body: body}
}
