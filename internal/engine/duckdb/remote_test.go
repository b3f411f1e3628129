package duckdb

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/glue"
)

// remoteLake is the lake of enginetest on S3 and Glue servers in this process.
// Reads counts the data files that are read whole.
func remoteLake(t *testing.T) (l *lake.Lake, reads *atomic.Int64) {
	t.Helper()
	reads = new(atomic.Int64)
	catalog, memory := glue.New(glue.Options{AccessKey: "key"}), s3mem.New()
	if err := memory.CreateBucket("lakes"); err != nil {
		t.Fatal(err)
	}
	objects := gofakes3.New(memory).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if awsjson.Action(r) != "" {
			catalog.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".parquet") && r.Header.Get("Range") == "" {
			reads.Add(1)
		}
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cfg := sdk.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}
	bucket, err := blob.OpenS3(cfg, "s3://lakes/one", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	l, err = lake.Create(ctx, lake.Options{RedactKeyID: "test", S3: &lake.S3{Bucket: bucket, Glue: cfg, Database: "one", Copies: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w, err := l.NewWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range enginetest.Items() {
		if _, err := w.AddItem(ctx, &item); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	changes, err := l.NewChangeWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range enginetest.Changes() {
		if err := changes.Add(ctx, change); err != nil {
			t.Fatal(err)
		}
	}
	if err := changes.Commit(ctx, 0); err != nil {
		t.Fatal(err)
	}
	return l, reads
}

// A lake on S3 answers as the same lake in a folder, from copies of the files
// that a question needs, each brought here once.
func TestEngineReadsALakeOnS3(t *testing.T) {
	remote, reads := remoteLake(t)
	there, here := newTestEngine(t, remote, Options{}), newTestEngine(t, enginetest.NewLake(t), Options{})
	november := configtrail.Scope{Window: configtrail.Window{From: enginetest.At(0), To: enginetest.At(1)}}
	for _, q := range []engine.Query{
		{Name: "one month", SQL: `SELECT resource_id, tags FROM items WHERE capture_time = ?`, Args: []any{enginetest.At(0)}, Scope: november},
		{Name: "items", SQL: `SELECT * FROM items ORDER BY account, region, resource_type, resource_id, capture_time`},
		{Name: "changes", SQL: `SELECT * FROM changes ORDER BY id`},
		{Name: "no rows", SQL: `SELECT count(*) FROM events, deliveries`},
	} {
		want, err := here.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := there.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(collect(t, want.Rows), collect(t, got.Rows)); diff != "" {
			t.Errorf("%s (-folder +s3):\n%s", q.Name, diff)
		}
		if q.Name == "one month" && reads.Load() != 1 {
			t.Errorf("a month of one file read %d files", reads.Load())
		}
	}
	before := reads.Load()
	answer, err := there.RunGuarded(t.Context(), testChild(t), GuardedQuery{SQL: "SELECT count(*) FROM items"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(len(enginetest.Items()))}}, collect(t, answer.Rows)); diff != "" {
		t.Errorf("free SQL (-want +got):\n%s", diff)
	}
	if again := reads.Load() - before; again != 0 {
		t.Errorf("%d files were brought here again", again)
	}
	if _, err := there.Query(t.Context(), engine.Query{SQL: "SELECT count(*) FROM changes", ByteBudget: 1}); err == nil {
		t.Error("a query beyond its budget")
	}
}
