package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"configtrail/internal/blob"
	"configtrail/internal/lake"
	"configtrail/internal/testserver/stack"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// A place is where a test's lake is, as text that other processes can be given:
// a folder, or what onS3 says as JSON.
type place = string

// onS3 is a lake on an S3 server with a Glue catalog.
type onS3 struct {
	Endpoint  string // of S3
	Catalog   string // endpoint of Glue
	AccessKey string
	SecretKey string
	URL       string // s3://bucket/prefix
	Database  string
}

// everywhere runs a test with a lake in a folder, with one on servers in this
// process, and with one on the servers of the stack where it runs.
func everywhere(t *testing.T, test func(*testing.T, place)) {
	t.Run("folder", func(t *testing.T) { test(t, t.TempDir()) })
	t.Run("s3", func(t *testing.T) { test(t, newAWS(t).place(t)) })
	t.Run("stack", func(t *testing.T) { test(t, onStack(t)) })
}

func onStack(t *testing.T) place {
	t.Helper()
	servers := stack.Start(t)
	return onS3{servers.S3, servers.Glue, servers.AccessKey, servers.SecretKey,
		"s3://" + servers.Bucket(t) + "/team/lake_1", servers.Database(t)}.place(t)
}

func (p onS3) place(t *testing.T) place {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// remote tells a place on S3 from a folder.
func remote(at place) (p onS3, ok bool) {
	return p, strings.HasPrefix(at, "{") && json.Unmarshal([]byte(at), &p) == nil
}

func (p onS3) config() sdk.Config { return p.configFor(p.Endpoint) }

func (p onS3) glue() sdk.Config { return p.configFor(p.Catalog) }

func (p onS3) configFor(endpoint string) sdk.Config {
	return sdk.Config{
		Region: "ap-northeast-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(p.AccessKey, p.SecretKey, ""),
		Retryer: func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 5
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
			})
		},
	}
}

func (p onS3) bucket() (*blob.S3, error) {
	return blob.OpenS3(p.config(), p.URL, blob.S3Options{PathStyle: true, Pause: time.Millisecond})
}

// optionsFor are those of a lake at a place.
func optionsFor(at place, key string) (lake.Options, error) {
	p, ok := remote(at)
	if !ok {
		return lake.Options{Dir: at, RedactKeyID: key}, nil
	}
	bucket, err := p.bucket()
	return lake.Options{S3: &lake.S3{Bucket: bucket, Glue: p.glue(), Database: p.Database}, RedactKeyID: key}, err
}

// options are optionsFor, in a test.
func options(t *testing.T, at place, key string) lake.Options {
	t.Helper()
	o, err := optionsFor(at, key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// dataFiles are the Parquet files of a table's folder, in the table or not.
func dataFiles(t *testing.T, at place, table string) []string {
	t.Helper()
	var bucket blob.Bucket
	var err error
	below := table + "/"
	if p, ok := remote(at); ok {
		var objects *blob.S3
		if objects, err = p.bucket(); err == nil {
			bucket, below = objects, objects.Key(below)
		}
	} else {
		bucket, err = blob.OpenFolder(at)
	}
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for object, err := range bucket.List(t.Context(), below) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(object.Key, ".parquet") {
			found = append(found, object.Key)
		}
	}
	return found
}

// another is a new place of the same kind.
func another(t *testing.T, at place) place {
	t.Helper()
	p, ok := remote(at)
	if !ok {
		return t.TempDir()
	}
	p.URL, p.Database = fmt.Sprint(p.URL, "-", made.Add(1)), fmt.Sprint(p.Database, "_", made.Load())
	t.Cleanup(func() {
		client := awsglue.NewFromConfig(p.glue())
		_, err := client.DeleteDatabase(context.Background(), &awsglue.DeleteDatabaseInput{Name: &p.Database})
		if err != nil && !errors.As(err, new(*types.EntityNotFoundException)) {
			t.Error(err)
		}
	})
	return p.place(t)
}

// made counts the places of another.
var made atomic.Int64

// removeFile removes a file of a lake by its path as Plan gives it.
func removeFile(t *testing.T, at place, path string) {
	t.Helper()
	p, ok := remote(at)
	if !ok {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	bucket, err := p.bucket()
	if err != nil {
		t.Fatal(err)
	}
	place, err := blob.ParseURL(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket.Delete(t.Context(), place.Prefix); err != nil {
		t.Fatal(err)
	}
}
