package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"configtrail/internal/cli"
	"configtrail/internal/testserver/queue"
	"configtrail/internal/testserver/versity"
)

// cloud is S3 and SQS at one address, on the noon of 1 December 2024.
type cloud struct {
	t       *testing.T
	address string
	backend *s3mem.Backend
	queue   *queue.Queue
	home    string

	lifecycle string // XML of the rules; "": none are set; "refused": nobody may look

	mu    sync.Mutex
	reads map[string]int // of objects
}

var noon = time.Date(2024, 12, 1, 12, 0, 0, 0, time.UTC)

func newCloud(t *testing.T) *cloud {
	t.Helper()
	// Everything was written twenty days before.
	written := gofakes3.FixedTimeSource(noon.AddDate(0, 0, -20))
	c := &cloud{t: t, backend: s3mem.New(s3mem.WithTimeSource(written)), home: t.TempDir(), reads: map[string]int{}}
	if err := c.backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	store := gofakes3.New(c.backend, gofakes3.WithTimeSource(gofakes3.FixedTimeSource(time.Now())), gofakes3.WithTimeSkewLimit(0)).Server()
	queues := queue.New()
	c.queue = queues.Make("ingest", queue.Options{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rules := r.URL.Query()["lifecycle"]
		switch {
		case r.Header.Get("X-Amz-Target") != "":
			queues.ServeHTTP(w, r)
		case rules:
			c.rules(w)
		default:
			if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") > 1 {
				c.mu.Lock()
				c.reads[r.URL.Path]++
				c.mu.Unlock()
			}
			store.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	c.address = server.URL
	return c
}

// rules answers as GetBucketLifecycleConfiguration does.
func (c *cloud) rules(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/xml")
	switch c.lifecycle {
	case "":
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Code>NoSuchLifecycleConfiguration</Code><Message>…</Message></Error>`)
	case "refused":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
	default:
		fmt.Fprint(w, `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+c.lifecycle+`</LifecycleConfiguration>`)
	}
}

func (c *cloud) put(key, content string) {
	c.t.Helper()
	if _, err := c.backend.PutObject("logs", key, nil, strings.NewReader(content), int64(len(content)), nil); err != nil {
		c.t.Fatal(err)
	}
}

// run runs the command, in English unless it says otherwise.
func (c *cloud) run(args ...string) called {
	c.t.Helper()
	env := map[string]string{
		"HOME": c.home, "CONFIGTRAIL_LAKE": filepath.Join(c.home, "lake"), "CONFIGTRAIL_TZ": "UTC", "CONFIGTRAIL_LANG": "en",
		"CONFIGTRAIL_ENDPOINT_URL": c.address, "CONFIGTRAIL_PATH_STYLE": "true", "CONFIGTRAIL_AWS_REGION": "us-east-1",
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		c.t.Setenv(name, value)
	}
	var out, said bytes.Buffer
	code := cli.Main(c.t.Context(), cli.Environment{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, Now: func() time.Time { return noon },
		Getenv: func(name string) string { return env[name] },
	})
	return called{code, out.String(), said.String()}
}

// key is one of an object of a history that holds nothing.
func key(account, region, day, kind string) string {
	at, err := time.Parse("2006/1/2", day)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("AWSLogs/%s/Config/%s/%s/ConfigHistory/%s_Config_%s_ConfigHistory_%s_%sT000000Z_%sT060000Z_1.json.gz",
		account, region, day, account, region, kind, at.Format("20060102"), at.Format("20060102"))
}

const empty = `{"configurationItems":[]}`

// dry is what a dry run prints as JSON, as far as the tests look.
type dry struct {
	DryRun  bool `json:"dry_run"`
	Objects struct{ Seen, New, Already, Ignored, Archived int }
	Bytes   struct{ New int }
	By      struct {
		Place []struct {
			Account, Region string
			Objects, Bytes  int
		}
		Month []struct {
			Month          string
			Objects, Bytes int
		}
	}
	Sources []struct {
		Source, Region string
		Lifecycle      *struct {
			Known   bool
			Why     string
			Actions []map[string]any
		}
		Here      struct{ Lines []dryLine }
		Functions *struct {
			Messages int
			Lines    []dryLine
		}
	}
}

type dryLine struct {
	Key      string
	Quantity float64
	USD      *float64
}

func (c *cloud) dry(args ...string) dry {
	c.t.Helper()
	got := c.run(append([]string{"ingest", "--dry-run", "--format", "json"}, args...)...)
	if got.code != 0 || got.errors != "" {
		c.t.Fatalf("dry run: exit code %d, %s", got.code, got.errors)
	}
	var d dry
	if err := json.Unmarshal([]byte(got.out), &d); err != nil {
		c.t.Fatalf("dry run: %v in %s", err, got.out)
	}
	return d
}

// A dry run counts what an ingest would read, and reads and writes nothing.
func TestDryRunOfABucket(t *testing.T) {
	c := newCloud(t)
	for _, k := range []string{
		key("111122223333", "us-east-1", "2024/10/31", "AWS::SNS::Topic"), key("111122223333", "us-east-1", "2024/11/1", "AWS::SNS::Topic"),
		key("111122223333", "ap-northeast-1", "2024/11/1", "AWS::SNS::Topic"), key("444455556666", "us-east-1", "2024/11/30", "AWS::SNS::Topic"),
	} {
		c.put(k, empty)
	}
	c.put("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", "")
	d := c.dry("s3://logs")
	if !d.DryRun || d.Objects.Seen != 5 || d.Objects.New != 4 || d.Objects.Ignored != 1 || d.Objects.Already != 0 || d.Bytes.New != 4*len(empty) {
		t.Errorf("counts %+v, %+v", d.Objects, d.Bytes)
	}
	var parts []string
	for _, p := range d.By.Place {
		parts = append(parts, fmt.Sprint(p.Account, " ", p.Region, " ", p.Objects, " ", p.Bytes))
	}
	for _, m := range d.By.Month {
		parts = append(parts, fmt.Sprint(m.Month, " ", m.Objects))
	}
	want := []string{"111122223333 ap-northeast-1 1 25", "111122223333 us-east-1 2 50", "444455556666 us-east-1 1 25", "2024-10 1", "2024-11 3"}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	s := d.Sources[0]
	if s.Source != "s3://logs" || s.Region != "us-east-1" || s.Functions.Messages != 3 {
		t.Errorf("source %+v", s)
	}
	for _, l := range s.Here.Lines {
		switch {
		case l.Key == "load.transfer" && l.USD != nil, l.Key == "load.list" && l.Quantity != 1, l.Key == "load.read" && l.Quantity != 4:
			t.Errorf("line %+v", l)
		}
	}
	if len(c.reads) > 0 {
		t.Errorf("objects were read: %v", c.reads)
	}
	if _, err := os.Stat(filepath.Join(c.home, "lake")); !os.IsNotExist(err) {
		t.Errorf("a lake was made: %v", err)
	}

	// What is in counts no more; --since narrows as it does for the ingest itself.
	if got := c.run("ingest", "s3://logs/AWSLogs/444455556666", "--format", "json"); got.code != 0 {
		t.Fatalf("ingest: %+v", got)
	}
	if d := c.dry("s3://logs"); d.Objects.New != 3 || d.Objects.Already != 1 {
		t.Errorf("after a part is in: %+v", d.Objects)
	}
	if d := c.dry("s3://logs", "--since", "2024-11-01", "--account", "111122223333"); d.Objects.New != 2 {
		t.Errorf("narrowed: %+v", d.Objects)
	}
}

const lifecycleRules = `
<Rule><ID>year</ID><Filter><Prefix>AWSLogs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>45</Days></Expiration></Rule>
<Rule><ID>cold</ID><Filter><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan></Filter><Status>Enabled</Status><Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
<Rule><ID>cheap</ID><Filter><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition></Rule>
<Rule><ID>tagged</ID><Filter><Tag><Key>keep</Key><Value>no</Value></Tag></Filter><Status>Enabled</Status><Expiration><Date>2024-12-24T00:00:00Z</Date></Expiration></Rule>
<Rule><ID>elsewhere</ID><Filter><Prefix>other/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>`

// The bucket's own rules are told, as far as they meet what was listed.
func TestDryRunTellsTheLifecycle(t *testing.T) {
	c := newCloud(t)
	c.put(key("111122223333", "us-east-1", "2024/11/1", "AWS::SNS::Topic"), empty)
	c.put(key("444455556666", "us-east-1", "2024/11/1", "AWS::SNS::Topic"), empty)
	c.put("other/README.txt", "not ours")
	c.lifecycle = lifecycleRules
	if got := c.run("ingest", "s3://logs/AWSLogs/111122223333"); got.code != 0 {
		t.Fatalf("ingest: %+v", got)
	}
	// Written on 11 November at noon: 45 days later is 26 December at noon, so it is midnight after that.
	want := []map[string]any{
		{"rule": "year", "action": "delete", "days": 45.0, "objects": 2.0, "objects_30_days": 2.0, "new_objects_30_days": 1.0, "first": "2024-12-27T00:00:00.000Z"},
		{"rule": "cold", "action": "archive", "class": "GLACIER", "days": 90.0, "objects": 2.0, "objects_30_days": 0.0, "new_objects_30_days": 0.0, "first": "2025-02-10T00:00:00.000Z"},
		{"rule": "tagged", "action": "delete", "date": "2024-12-24T00:00:00.000Z", "tags": map[string]any{"keep": "no"}, "objects": 2.0, "objects_30_days": 2.0, "new_objects_30_days": 1.0, "first": "2024-12-24T00:00:00.000Z"},
	}
	l := c.dry("s3://logs").Sources[0].Lifecycle
	if diff := cmp.Diff(want, l.Actions); diff != "" || !l.Known {
		t.Errorf("known %v, actions (-want +got):\n%s", l.Known, diff)
	}
	for lang, lines := range map[string][]string{
		"en": {
			"! The bucket deletes objects older than 45 days (rule year): 2 of the 2 listed by it within 30 days, 1 of them not in the lake yet; the first on 2024-12-27\n",
			"! The bucket moves objects older than 90 days to GLACIER, where they can't be read without a restore (rule cold): none of the 2 listed within 30 days; the first on 2025-02-10\n",
			"! The bucket deletes objects on 2024-12-24, whatever their age (rule tagged): 2 of the 2 listed by it within 30 days, 1 of them not in the lake yet; the first on 2024-12-24 (at most: only objects with the tag keep=no, which a listing does not tell)\n",
		},
		"ja": {"！ バケットは作成から45日を過ぎたものを削除します（ルール year）。一覧にある対象2個のうち2個が30日以内で、そのうち1個はまだ取り込まれていません。最初は2024-12-27です\n"},
	} {
		got := c.run("ingest", "s3://logs", "--dry-run", "--lang", lang)
		for _, line := range lines {
			if !strings.Contains(got.out, line) {
				t.Errorf("%s: no line %q in\n%s%s", lang, line, got.out, got.errors)
			}
		}
	}

	c.lifecycle = "refused"
	got := c.run("ingest", "s3://logs", "--dry-run")
	if want := "! What the bucket's lifecycle will delete or archive is not known: read the lifecycle of s3://logs: access denied: s3:GetLifecycleConfiguration\n"; got.code != 0 || !strings.Contains(got.out, want) {
		t.Errorf("refused: %+v", got)
	}
	if l := c.dry("s3://logs").Sources[0].Lifecycle; l.Known || !strings.Contains(l.Why, "s3:GetLifecycleConfiguration") {
		t.Errorf("refused: %+v", l)
	}
	c.lifecycle = ""
	if got := c.run("ingest", "s3://logs", "--dry-run"); strings.Contains(got.out, "!") {
		t.Errorf("without rules: %s", got.out)
	}
}

// A first load of some size begins with its estimate, on standard error; a small
// one, a second one and a quiet one do not. The files are holes, which are broken
// from their first byte on.
func TestFirstLoadBeginsWithItsEstimate(t *testing.T) {
	c := newCloud(t)
	folder := filepath.Join(c.home, "bucket")
	put := func(day string, bytes int64) {
		path := filepath.Join(folder, filepath.FromSlash(key("111122223333", "us-east-1", day, "AWS::SNS::Topic")))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, bytes); err != nil {
			t.Fatal(err)
		}
	}
	put("2024/11/1", 999_999_999)
	if got := c.run("ingest", folder, "--lake", filepath.Join(c.home, "small")); got.code != 3 || got.errors != "" {
		t.Errorf("a small first load: %+v", got)
	}
	put("2024/11/1", 1_000_000_000)
	if got := c.run("ingest", folder, "--quiet", "--lake", filepath.Join(c.home, "quiet")); got.code != 3 || got.errors != "" || got.out != "" {
		t.Errorf("a quiet first load: %+v", got)
	}
	got := c.run("ingest", folder)
	if got.code != 3 || !strings.HasPrefix(got.errors, "1 object listed: 1 new (1.0 GB), 0 in already, 0 ignored, 0 archived\n") ||
		!strings.Contains(got.errors, "\nRead by this machine: about ") || !strings.HasPrefix(got.out, "deliveries: 1 seen, 1 read,") {
		t.Errorf("a first load: %+v", got)
	}
	put("2024/11/2", 2_000_000_000)
	if got := c.run("ingest", folder); got.code != 3 || got.errors != "" || !strings.HasPrefix(got.out, "deliveries: 2 seen, 1 read, 1 in already") {
		t.Errorf("a second load: %+v", got)
	}
}

// A real server that checks signatures: its bucket is listed and not read, and
// that it has no lifecycle stops nothing.
func TestDryRunOfARealServer(t *testing.T) {
	server := versity.Start(t)
	for _, variable := range server.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	client := s3.New(s3.Options{
		Region: server.Region, BaseEndpoint: &server.Endpoint, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	name, k := "logs", key("111122223333", "us-east-1", "2024/11/1", "AWS::SNS::Topic")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &k, Body: strings.NewReader(empty)}); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	var out, said bytes.Buffer
	code := cli.Main(t.Context(), cli.Environment{
		Args: []string{"ingest", "s3://logs", "--dry-run", "--path-style", "--lang", "en"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, Now: func() time.Time { return noon },
		Getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
	})
	if code != 0 || said.Len() > 0 || !strings.HasPrefix(out.String(), "1 object listed: 1 new (25 B), 0 in already, 0 ignored, 0 archived\n") ||
		!strings.Contains(out.String(), "\ns3://logs ("+server.Region+")\n") ||
		!strings.Contains(out.String(), "\n! What the bucket's lifecycle will delete or archive is not known: read the lifecycle of s3://logs: the server knows no lifecycle\n") {
		t.Errorf("exit code %d: %s%s", code, &said, &out)
	}
}
