package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
	"configtrail/internal/report"
	"configtrail/internal/testorg"
	"configtrail/internal/testserver/messages"
	"configtrail/internal/testserver/rawtables"
	"configtrail/internal/testserver/runtime"
	"configtrail/internal/testserver/stack"
)

// organisation is small, and has two months.
func organisation() testorg.Options {
	return testorg.Options{Seed: 11, Months: 2, Resources: 6, Accounts: 2, Regions: []string{"ap-northeast-1"}}
}

// month is the second of them.
var month = configtrail.Month{Year: 2024, Month: time.September}

// world is the organisation twice on a stack: as a lake and as raw tables.
type world struct {
	*stack.Stack
	bucket, database string
	lake             *lake.Lake
}

func newWorld(t *testing.T, s *stack.Stack) *world {
	t.Helper()
	dir := t.TempDir()
	if _, err := testorg.WriteFolder(t.Context(), dir, organisation()); err != nil {
		t.Fatal(err)
	}
	w := &world{Stack: s, bucket: s.Bucket(t), database: s.Database(t)}
	store, err := blob.OpenS3(s.Config(t), "s3://"+w.bucket+"/lake", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := redact.NewKey([]byte("an example of thirty-two bytes.."))
	if err != nil {
		t.Fatal(err)
	}
	w.lake, err = lake.Create(t.Context(), lake.Options{S3: &lake.S3{Bucket: store, Glue: s.Config(t), Database: w.database}, RedactKeyID: key.ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.lake.Close() })
	source, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: w.lake, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes()), Workers: 1,
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

// env is that of a function that answers from the lake.
func (w *world) env(more ...string) []string {
	return append(append(w.Env(),
		"CONFIGTRAIL_DATABASE="+w.database, "CONFIGTRAIL_OUTPUT=s3://"+w.bucket+"/results/", "CONFIGTRAIL_PATH_STYLE=true"), more...)
}

// told is the text of a good answer.
func told(t *testing.T, a answered) string {
	t.Helper()
	var good struct {
		Status string
		Body   []struct{ Text, Type string }
	}
	if err := json.Unmarshal([]byte(a.body), &good); err != nil || a.status != 200 || good.Status != "SUCCEEDED" || len(good.Body) != 1 || good.Body[0].Type != "text" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return good.Body[0].Text
}

func body(m configtrail.Month) string {
	return fmt.Sprintf(`{"target_year":"%d","target_month":"%d"}`, m.Year, m.Month)
}

// queries counts the results that Athena has written for a world.
func (w *world) queries(t *testing.T) int {
	t.Helper()
	prefix := "results/"
	out, err := w.Client().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &w.bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, object := range out.Contents {
		if strings.HasSuffix(*object.Key, ".csv") {
			n++
		}
	}
	return n
}

func TestTheFunctionTellsALake(t *testing.T) {
	s := stack.Start(t)
	w := newWorld(t, s)
	logs := &output{}
	env := w.env("CONFIGTRAIL_SPEND=s3://"+w.bucket+"/spend", "CONFIGTRAIL_DAY_BYTES=1TB", "CONFIGTRAIL_MAX_BYTES=1GB")
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Env: env, Timeout: 2 * time.Minute, Output: logs})

	// The same figures as an engine of another kind over the same lake.
	e, err := duckdb.New(w.lake, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	printer, err := message.New("ja")
	if err != nil {
		t.Fatal(err)
	}
	want, err := report.Make(t.Context(), &history.History{Engine: e, Zone: tokyo}, report.Options{Month: month, Printer: printer})
	if err != nil {
		t.Fatal(err)
	}

	// Ten at once, in as many processes as it takes.
	var callers sync.WaitGroup
	texts := make([]string, 4)
	for i := range texts {
		callers.Go(func() { texts[i] = told(t, ask(t, "POST", f.URL+"/", body(month), "Content-Type", curl)) })
	}
	callers.Wait()
	for _, text := range texts {
		for line := range strings.Lines(want.Text) {
			if !strings.Contains(text, strings.TrimSpace(line)) {
				t.Errorf("the answer lacks %q", line)
			}
		}
	}
	before := w.queries(t)
	if before == 0 {
		t.Error("Athena was not asked")
	}
	again := ask(t, "POST", f.URL+"/", body(month), "Content-Type", curl)
	if text := told(t, again); text != texts[0] && text != texts[1] && text != texts[2] && text != texts[3] {
		t.Errorf("told differently the second time:\n%s", text)
	}
	fresh := runtime.Start(t, runtime.Options{Binary: binary(t), Env: env, Timeout: 2 * time.Minute, Output: logs})
	told(t, ask(t, "POST", fresh.URL+"/", body(month), "Content-Type", curl))
	if after := w.queries(t); after != before {
		t.Errorf("the same question ran %d more queries", after-before)
	}

	var r struct {
		Month  string
		Lake   string `json:"lake_snapshot"`
		Totals history.Totals
		Cost   configtrail.Cost
	}
	a := ask(t, "GET", fresh.URL+"/api/v1/report/"+month.String()+"?lang=ja", "")
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	version, err := w.lake.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Totals != want.Totals || r.Month != month.String() || r.Lake != version || r.Cost.Bytes <= 0 {
		t.Errorf("the report has %+v, want %+v of %s", r, want.Totals, version)
	}
	if text := logs.String(); strings.Contains(text, "arn:aws") || !strings.Contains(text, `"kept":true`) {
		t.Errorf("logged: %s", text)
	}

	t.Run("an empty month", func(t *testing.T) {
		text := told(t, ask(t, "POST", fresh.URL+"/", `{"target_year":2020,"target_month":5}`, "Content-Type", curl))
		if !strings.Contains(text, "2020年5月") {
			t.Error(text)
		}
		t.Log(text)
	})
	t.Run("no bytes left", func(t *testing.T) {
		poor := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: time.Minute,
			Env: w.env("CONFIGTRAIL_SPEND=s3://"+w.bucket+"/poor", "CONFIGTRAIL_DAY_BYTES=5GB", "CONFIGTRAIL_MAX_BYTES=1GB")})
		before := w.queries(t)
		a := ask(t, "POST", poor.URL+"/", body(month), "Content-Type", curl)
		if a.status != 429 || a.code() != "over_budget" || a.header.Get("Retry-After") != "" || w.queries(t) != before { // no day would do
			t.Errorf("%d %s %v", a.status, a.body, a.header)
		}
		t.Log(a.body)
	})
	t.Run("no tokens left", func(t *testing.T) {
		model := messages.Start(t, "right")
		poor := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: time.Minute, Env: w.env(
			"CONFIGTRAIL_SPEND=s3://"+w.bucket+"/spend", "CONFIGTRAIL_DAY_TOKENS=100", "CONFIGTRAIL_MODEL=claude-sonnet-5-5",
			"ANTHROPIC_API_KEY="+model.Key, "ANTHROPIC_BASE_URL="+model.URL)})
		text := told(t, ask(t, "POST", poor.URL+"/", body(month), "Content-Type", curl))
		if len(model.Requests()) != 0 {
			t.Error("the model was asked")
		}
		t.Log(text)
	})
	t.Run("a model that never ends", func(t *testing.T) {
		model := messages.Start(t, "endless")
		slow := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 25 * time.Second, Env: w.env(
			"CONFIGTRAIL_MODEL=claude-sonnet-5-5", "ANTHROPIC_API_KEY="+model.Key, "ANTHROPIC_BASE_URL="+model.URL)})
		text := told(t, ask(t, "POST", slow.URL+"/", body(month), "Content-Type", curl))
		if !strings.Contains(text, "この文章はモデルを使わずに作成しました") || !strings.Contains(text, "2024年9月は、") {
			t.Error(text)
		}
		t.Log(text[:300])
	})
	t.Run("told by a model", func(t *testing.T) {
		model := messages.Start(t, "right")
		rich := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: time.Minute, Env: w.env(
			"CONFIGTRAIL_SPEND=s3://"+w.bucket+"/spend", "CONFIGTRAIL_DAY_TOKENS=1000000", "CONFIGTRAIL_MODEL=claude-sonnet-5-5",
			"ANTHROPIC_API_KEY="+model.Key, "ANTHROPIC_BASE_URL="+model.URL)})
		text := told(t, ask(t, "POST", rich.URL+"/", body(month), "Content-Type", curl))
		told(t, ask(t, "POST", rich.URL+"/", body(month), "Content-Type", curl))
		if n := len(model.Requests()); n != 1 {
			t.Errorf("the model was asked %d times", n)
		}
		t.Log(text)
	})
}

func TestTheFunctionTellsRawTables(t *testing.T) {
	s := stack.Start(t)
	b := rawtables.New(t, s, func(put func(string, []byte) error) error {
		_, err := testorg.Generate(context.Background(), organisation(), put)
		return err
	})
	results := s.Bucket(t)
	f := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 3 * time.Minute, Env: append(s.Env(),
		"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_RAW_TABLE="+strings.Join(b.Tables(t, "state_", rawtables.WithState()), ","),
		"CONFIGTRAIL_OUTPUT=s3://"+results+"/", "CONFIGTRAIL_PATH_STYLE=true")})
	text := told(t, ask(t, "POST", f.URL+"/", body(month), "Content-Type", curl))
	if !strings.Contains(text, "2024年9月は、2アカウント") {
		t.Error(text)
	}

	// The first tables had no state, so nothing is called updated.
	var accounts []string
	for _, key := range b.Keys {
		before, _, _ := strings.Cut(key, "/Config/")
		if account := path.Base(before); !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
	}
	first := runtime.Start(t, runtime.Options{Binary: binary(t), Timeout: 3 * time.Minute, Env: append(s.Env(),
		"CONFIGTRAIL_SOURCE=raw", "CONFIGTRAIL_RAW_TABLE="+strings.Join(b.Tables(t, "first_", rawtables.First(accounts...)), ","),
		"CONFIGTRAIL_OUTPUT=s3://"+results+"/", "CONFIGTRAIL_PATH_STYLE=true")})
	var r struct {
		Totals history.Totals
		Raw    struct{ Content *bool }
	}
	a := ask(t, "GET", first.URL+"/api/v1/report/"+month.String(), "")
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if r.Totals.Updated != 0 || r.Totals.Created == 0 || r.Raw.Content == nil || *r.Raw.Content {
		t.Errorf("%+v", r)
	}
	if text := told(t, ask(t, "POST", first.URL+"/", body(month), "Content-Type", curl)); strings.Contains(text, "更新1") {
		t.Error(text)
	}
}
