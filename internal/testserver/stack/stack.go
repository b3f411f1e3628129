// Package stack gives tests real servers on loopback: S3 (versitygw), a Glue
// catalog, Trino over both, and a server that speaks Athena's API and runs its
// queries on that Trino. Starting Trino takes half a minute, so they are started
// once, by the command in run, for all the tests that it runs.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"configtrail/internal/testserver/trino"
)

// Start is the servers that CONFIGTRAIL_STACK leads to. Without it the test is
// skipped.
func Start(t *testing.T) *Stack {
	t.Helper()
	path := os.Getenv(Variable)
	if path == "" {
		t.Skipf("no servers: run `make servers`, or this test under `go run ./internal/testserver/stack/run -- go test …`, which sets %s", Variable)
	}
	s, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Config is what a client of any service of the stack is made from. Every
// service has the router's address; S3 by path style.
func (s *Stack) Config(t *testing.T) aws.Config {
	t.Helper()
	return s.config()
}

func (s *Stack) config() aws.Config {
	return aws.Config{
		Region:       s.Region,
		BaseEndpoint: aws.String(s.Endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey, Source: "stack"}, nil
		}),
	}
}

// Env is the stack as the environment of a program that uses AWS's SDKs.
func (s *Stack) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.Endpoint,
		"AWS_REGION=" + s.Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_SESSION_TOKEN=",
		"AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// named counts the names given by this process.
var named atomic.Int64

// unique is a name that no other test has, of this run or of another: the
// servers outlive the processes that use them.
func unique(separator string) string {
	return fmt.Sprintf("t%s%d%s%d%s%d", separator, time.Now().UnixMicro(), separator, os.Getpid(), separator, named.Add(1))
}

// Client is a client of the S3 server itself, by path style.
func (s *Stack) Client() *s3.Client {
	return s3.NewFromConfig(s.config(), func(o *s3.Options) { o.UsePathStyle, o.BaseEndpoint = true, &s.S3 })
}

// Bucket makes a bucket, which is emptied and deleted with the test.
func (s *Stack) Bucket(t *testing.T) string {
	t.Helper()
	client, name := s.Client(), unique("-")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("make bucket %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := clear(context.Background(), client, name); err != nil {
			t.Errorf("delete bucket %s: %v", name, err)
		}
	})
	return name
}

// clear deletes a bucket with everything in it. A query that a test left running
// may write its result meanwhile, so what is not empty is emptied again.
func clear(ctx context.Context, client *s3.Client, bucket string) error {
	var err error
	for try := range 20 {
		if err = clearOnce(ctx, client, bucket); err == nil || !strings.Contains(err.Error(), "BucketNotEmpty") {
			return err
		}
		time.Sleep(time.Duration(try) * 10 * time.Millisecond) // in a cleanup, of what went wrong
	}
	return err
}

func clearOnce(ctx context.Context, client *s3.Client, bucket string) error {
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var gone []s3types.ObjectIdentifier
		for _, object := range page.Contents {
			gone = append(gone, s3types.ObjectIdentifier{Key: object.Key})
		}
		if len(gone) == 0 {
			break
		}
		if _, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: gone}}); err != nil {
			return err
		}
	}
	_, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	return err
}

// Database makes a Glue database without a location, which is deleted with the
// test.
func (s *Stack) Database(t *testing.T) string {
	t.Helper()
	client, name := glue.NewFromConfig(s.config()), unique("_")
	_, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &name}})
	Made(t, err)
	t.Cleanup(func() {
		_, err := client.DeleteDatabase(context.Background(), &glue.DeleteDatabaseInput{Name: &name})
		var gone *gluetypes.EntityNotFoundException // the test deleted it, or an answer was lost and the SDK asked again
		if err != nil && !errors.As(err, &gone) {
			t.Errorf("delete database %s: %v", name, err)
		}
	})
	return name
}

// Made fails the test unless a call made a table or database of a name that is
// used once. One that is there already was made by the same call: its answer was
// lost on the way, and the SDK asked again.
func Made(t *testing.T, err error) {
	t.Helper()
	var there *gluetypes.AlreadyExistsException
	if err != nil && !errors.As(err, &there) {
		t.Fatal(err)
	}
}

// Exec runs a statement on Trino itself and gives its rows as JSON's values,
// numbers as json.Number. Tables are named with their catalog and database.
func (s *Stack) Exec(t *testing.T, sql string) [][]any {
	t.Helper()
	_, rows, err := trino.Query{URL: s.Trino, SQL: sql}.Run(t.Context())
	if err != nil {
		t.Fatalf("run %s: %v", sql, err)
	}
	return rows
}
