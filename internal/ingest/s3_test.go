package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/sync/errgroup"

	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/testserver/versity"
)

// eachFile gives every file of a folder by its key.
func eachFile(t *testing.T, dir string, each func(key string, content []byte) error) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return each(filepath.ToSlash(key), content)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The same organisation gives the same ledger from a folder and from a real S3 server.
func TestS3RealServerAndFolderAgree(t *testing.T) {
	server := versity.Start(t)
	w := tiny(t)
	cfg := sdk.Config{
		Region: server.Region, BaseEndpoint: &server.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	name := "config-logs"
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	eachFile(t, w.dir, func(key string, content []byte) error {
		group.Go(func() error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(content)})
			return err
		})
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.OpenS3(cfg, "s3://"+name, blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}

	folder, stored := newLake(t), newLake(t)
	run(t, optionsFor(folder, openFolder(t, w.dir)))
	summary := run(t, optionsFor(stored, bucket))
	if summary.Deliveries.Seen != w.truth.Objects {
		t.Errorf("%d objects seen of %d", summary.Deliveries.Seen, w.truth.Objects)
	}
	checkLedger(t, stored, w.truth)
	checkRows(t, rowsOf(t, folder), rowsOf(t, stored))
	for _, c := range ledgerOf(t, stored)[:1] {
		if !strings.HasPrefix(c.Source.URI, "s3://"+name+"/") || strings.TrimPrefix(c.Source.URI, "s3://"+name+"/") != c.Source.Key {
			t.Errorf("a source is %+v", c.Source)
		}
	}
	before := versionOf(t, stored)
	if again := run(t, optionsFor(stored, bucket)); again.Deliveries.Ingested != 0 || versionOf(t, stored) != before {
		t.Errorf("the second run did something: %+v", again.Deliveries)
	}
}

// fakeS3 is an S3 server in this process with one bucket "logs", before which
// fault may answer.
func fakeS3(t *testing.T, fault func(http.ResponseWriter, *http.Request) bool) (*s3mem.Backend, sdk.Config) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fault(w, r) {
			fake.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return backend, sdk.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("KEY", "secret", ""),
		// As patient as the program, without its pauses.
		Retryer: func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = aws.Attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				o.RateLimiter = unlimited{}
			})
		},
	}
}

// unlimited lets every retry pass: here every third request fails for hours.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>Please try again.</Message><RequestId>R</RequestId></Error>`, code)
}

// A bucket that throttles, breaks connections and lets tokens expire midway is
// read whole.
func TestS3FaultsAreSurvived(t *testing.T) {
	w := tiny(t)
	var requests, slowed, broken, expired atomic.Int64
	backend, cfg := fakeS3(t, func(rw http.ResponseWriter, r *http.Request) bool {
		n := requests.Add(1)
		switch {
		case n > 200 && strings.Contains(r.Header.Get("Authorization"), "Credential=KEY1/"):
			expired.Add(1)
			refuse(rw, http.StatusBadRequest, "ExpiredToken")
		case n%3 == 0:
			slowed.Add(1)
			refuse(rw, http.StatusServiceUnavailable, "SlowDown")
		case n%50 == 1:
			broken.Add(1)
			panic(http.ErrAbortHandler) // the connection breaks
		default:
			return false
		}
		return true
	})
	var fetched atomic.Int64
	cfg.Credentials = sdk.NewCredentialsCache(sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		return sdk.Credentials{AccessKeyID: fmt.Sprintf("KEY%d", fetched.Add(1)), SecretAccessKey: "secret", SessionToken: "token"}, nil
	}))
	eachFile(t, w.dir, func(key string, content []byte) error {
		_, err := backend.PutObject("logs", key, nil, bytes.NewReader(content), int64(len(content)), nil)
		return err
	})
	bucket, err := blob.OpenS3(cfg, "s3://logs", blob.S3Options{PathStyle: true, Pause: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	l := newLake(t)
	summary := run(t, optionsFor(l, bucket))
	checkLedger(t, l, w.truth)
	if len(w.truth.Bad) != int(summary.Deliveries.Quarantined) {
		t.Errorf("%d objects quarantined, %d are bad: %+v", summary.Deliveries.Quarantined, len(w.truth.Bad), summary.Quarantine)
	}
	if slowed.Load() < 100 || broken.Load() < 10 || expired.Load() == 0 || fetched.Load() < 2 {
		t.Errorf("throttled %d times, broken %d times, expired %d times, credentials fetched %d times",
			slowed.Load(), broken.Load(), expired.Load(), fetched.Load())
	}
}

// A listing of more pages than one is read to its end, and what is no delivery
// costs no request.
func TestS3ManyObjects(t *testing.T) {
	var opened atomic.Int64
	backend, cfg := fakeS3(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.RawQuery, "list-type=2") {
			opened.Add(1)
		}
		return false
	})
	put := func(key string, content []byte) {
		if _, err := backend.PutObject("logs", key, nil, bytes.NewReader(content), int64(len(content)), nil); err != nil {
			t.Fatal(err)
		}
	}
	const digests = 10_400
	for i := range digests {
		put(fmt.Sprintf("AWSLogs/%s/CloudTrail-Digest/%s/2024/11/05/%s_CloudTrail-Digest_%s_trail_%05d_20241105T010203Z.json.gz",
			account, region, account, region, i), []byte("digest"))
	}
	put(historyKey(t, "1", "2024-11-05T06:00:00Z"), history(vpc("2024-11-05T01:00:00Z", "10.0")))
	put("zz/"+historyKey(t, "1", "2024-11-05T12:00:00Z"), history(vpc("2024-11-05T07:00:00Z", "10.1")))
	bucket, err := blob.OpenS3(cfg, "s3://logs", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	l := newLake(t)
	summary := run(t, optionsFor(l, bucket))
	d := summary.Deliveries
	if d.Seen != digests+2 || d.Ignored != digests || d.Ingested != 2 || opened.Load() != 2 {
		t.Errorf("%+v, %d objects opened", d, opened.Load())
	}
	checkTold(t, l, `vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0"→"10.1"`)
	surveys, err := ingest.Examine(t.Context(), l, []blob.Bucket{bucket})
	if err != nil {
		t.Fatal(err)
	}
	if s := surveys[0]; s.Seen != digests+2 || s.In != 2 || s.New != 0 || s.Ignored != digests || s.Unknown != 0 {
		t.Errorf("survey %+v", s)
	}
}
