package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/testserver/versity"
)

// The whole way over a real server: settings from the environment, signatures
// that are checked, keys that are encoded on the wire, many pages.
func TestS3RealServer(t *testing.T) {
	server := versity.Start(t)
	for _, variable := range server.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	configure := func(ctx context.Context) (sdk.Config, error) { return aws.Config(ctx, aws.Options{}) }
	sources := blob.Sources{Config: configure, S3: blob.S3Options{PathStyle: true}}
	upload := uploader(t, server.Endpoint)

	want := []string{
		"AWSLogs/a+b c/%41.json", "AWSLogs/dir-1/x", "AWSLogs/dir/AWS::EC2::Instance_1.json.gz", "AWSLogs/dir/AWS::EC2::VPC_1.json.gz",
	}
	const many = 2_300
	for i := range many {
		want = append(want, fmt.Sprintf("AWSLogs/many/%05d", i))
	}
	want = append(want, "AWSLogs/日本語/設定.json")
	upload("logs", append(want, "other")...)

	bucket, err := blob.Open(t.Context(), "s3://logs/AWSLogs", sources)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]blob.Object{}
	var got []string
	for object, err := range bucket.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed[object.Key] = object
		got = append(got, object.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range []string{want[0], want[2], want[len(want)-1]} {
		if text := content(t, bucket, listed[key]); text != "content of "+key {
			t.Errorf("%q holds %q", key, text)
		}
	}
	folders, objects := levels(t, bucket.Level(t.Context(), "AWSLogs/"))
	if diff := cmp.Diff([]string{"AWSLogs/a+b c/", "AWSLogs/dir-1/", "AWSLogs/dir/", "AWSLogs/many/", "AWSLogs/日本語/"}, folders); diff != "" || objects != nil {
		t.Errorf("level (-want +got):\n%s\nobjects %q", diff, objects)
	}

	// If-Match is the server's to check.
	stale := listed[want[0]]
	stale.ETag = "0123456789abcdef0123456789abcdef"
	if _, err := bucket.Open(t.Context(), stale); !errors.Is(err, blob.ErrChanged) {
		t.Errorf("an ETag that is no longer: %v", err)
	}
	if _, err := bucket.Open(t.Context(), blob.Object{Key: "AWSLogs/none"}); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("no such key: %v", err)
	}
	missing, err := blob.Open(t.Context(), "s3://missing", sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range missing.List(t.Context(), "") {
		if !errors.Is(err, configtrail.ErrNotFound) {
			t.Errorf("no such bucket: %v", err)
		}
	}

	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	bucket, err = blob.Open(t.Context(), "s3://logs", sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range bucket.List(t.Context(), "") {
		const refused = "list s3://logs: the secret access key does not belong to the access key id (from the AWS_… variables)"
		if err == nil || err.Error() != refused {
			t.Errorf("a wrong secret: %v", err)
		}
	}
}

// A body that breaks is continued by a request whose Range and If-Match the
// server has to find signed and true.
func TestS3RealServerContinues(t *testing.T) {
	server := versity.Start(t)
	for _, variable := range server.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	key := strings.Repeat("long/", 100) + "x" // its content is as long as that
	uploader(t, server.Endpoint)("logs", key)

	var cuts atomic.Int32
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorLog: log.New(io.Discard, "", 0),
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodGet && r.ContentLength > 100 && cuts.Add(1) <= 3 {
				r.Body = io.NopCloser(io.LimitReader(r.Body, 100)) // under a Content-Length that says more
			}
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	defer front.Close()
	cfg, err := aws.Config(t.Context(), aws.Options{EndpointURL: front.URL})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.OpenS3(cfg, "s3://logs", blob.S3Options{PathStyle: true, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, bucket, blob.Object{Key: key}); got != "content of "+key || cuts.Load() < 3 {
		t.Errorf("%d bytes after %d cuts", len(got), cuts.Load())
	}
}

// uploader makes a bucket and fills it, with the credentials of the environment.
func uploader(t *testing.T, endpoint string) func(bucket string, keys ...string) {
	t.Helper()
	cfg, err := aws.Config(t.Context(), aws.Options{EndpointURL: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return func(bucket string, keys ...string) {
		t.Helper()
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
		group, ctx := errgroup.WithContext(t.Context())
		group.SetLimit(8)
		for _, key := range keys {
			group.Go(func() error {
				_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("content of " + key)})
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
