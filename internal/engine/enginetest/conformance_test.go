package enginetest_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/engine/trino"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
	"configtrail/internal/testorg"
	"configtrail/internal/testserver/stack"
)

// The same rows give the same answers: from DuckDB over a folder, and from Trino
// and Athena over a lake on S3 with its tables in Glue.
func TestEnginesAgreeOnTheGeneratedOrganisation(t *testing.T) {
	s := stack.Start(t)
	dir := t.TempDir()
	if _, err := testorg.WriteFolder(t.Context(), dir, testorg.Options{Seed: 7, Months: 2, Resources: 8}); err != nil {
		t.Fatal(err)
	}
	conform(t, s, dir, "trino", "athena")
}

func TestEnginesAgreeOnABucketMadeElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("this takes minutes; the generated organisation asks the same questions")
	}
	s := stack.Start(t)
	dir := t.TempDir()
	unpack(t, shared(t, "world/bucket.tar.gz"), dir)
	engines := []string{"trino"} // which the server that speaks Athena's API runs its statements on too
	if os.Getenv("CONFIGTRAIL_LARGE") != "" {
		engines = append(engines, "athena")
	}
	conform(t, s, dir, engines...)
}

func conform(t *testing.T, s *stack.Stack, dir string, engines ...string) {
	t.Helper()
	here := create(t, lake.Options{Dir: filepath.Join(t.TempDir(), "lake")}, dir)
	reference, err := duckdb.New(here, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reference.Close() })

	bucket, database := s.Bucket(t), s.Database(t)
	store, err := blob.OpenS3(s.Config(t), "s3://"+bucket+"/lake", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	create(t, lake.Options{S3: &lake.S3{Bucket: store, Glue: s.Config(t), Database: database}}, dir)
	remote, err := trino.New(trino.Options{
		URL: strings.Replace(s.Trino, "http://", "http://test@", 1) + "?catalog=" + s.LakeCatalog + "&schema=" + database,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remote.Close() })
	service, err := athena.New(athena.Options{
		Config: s.Config(t), Database: database, Output: "s3://" + bucket + "/results", S3: blob.S3Options{PathStyle: true},
		Wait: hurry,
	})
	if err != nil {
		t.Fatal(err)
	}
	others := map[string]engine.Engine{"trino": remote, "athena": service}
	for _, name := range engines {
		other := others[name]
		t.Run(name, func(t *testing.T) {
			costs(t, other)
			enginetest.Conform(t, reference, other)
		})
	}
}

// costs checks that an engine tells what it reads and that a budget binds it.
func costs(t *testing.T, e engine.Engine) {
	t.Helper()
	ask := func(budget int64) (configtrail.Cost, error) {
		result, err := e.Query(t.Context(), engine.Query{Name: "sum", SQL: "SELECT count(DISTINCT configuration) AS n FROM items", ByteBudget: budget})
		if err != nil {
			return engine.CostOf(err), err
		}
		for row, err := range result.Rows {
			if err != nil {
				return engine.CostOf(err), err
			}
			if n, ok := row[0].(int64); !ok || n < 10 {
				t.Errorf("%v states", row[0])
			}
		}
		return result.Cost(), nil
	}
	cost, err := ask(0)
	if err != nil || cost.Bytes < 1000 {
		t.Fatalf("%d bytes, %v", cost.Bytes, err)
	}
	if _, err := ask(2 * cost.Bytes); err != nil {
		t.Errorf("a budget of twice what it reads: %v", err)
	}
	if _, err := ask(cost.Bytes / 4); !errors.Is(err, configtrail.ErrOverBudget) {
		t.Errorf("a quarter of what it reads is enough: %v", err)
	}
}

// hurry waits a tenth of what it is asked to: the server is on this machine.
func hurry(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause / 10):
		return nil
	}
}

// create makes a lake of a folder's deliveries, one after the other, so that two
// lakes of one folder have the same rows.
func create(t *testing.T, options lake.Options, dir string) *lake.Lake {
	t.Helper()
	key, err := redact.NewKey([]byte("an example of thirty-two bytes.."))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC) }
	options.RedactKeyID, options.Now = key.ID, now
	l, err := lake.Create(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	source, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ingest.Run(t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: l, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes()), Workers: 1, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// shared finds a file of the material that lies beside the project.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		file := filepath.Join(dir, "shared", name)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	t.Skipf("no shared/%s above this package", name)
	return ""
}

// unpack writes the files of a compressed archive below dir.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.FromSlash(entry.Name)
		if entry.Typeflag != tar.TypeReg || !filepath.IsLocal(path) {
			continue
		}
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, r); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
