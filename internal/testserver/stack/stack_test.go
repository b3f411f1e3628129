package stack_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail/internal/testserver/stack"
)

// routed is an S3 client that goes through the router.
func routed(t *testing.T, s *stack.Stack) *s3.Client {
	return s3.NewFromConfig(s.Config(t), func(o *s3.Options) { o.UsePathStyle = true })
}

// Keys that an encoder on the way would change, and with them the signature.
func TestObjectsThroughTheRouter(t *testing.T) {
	s := stack.Start(t)
	bucket, client := s.Bucket(t), routed(t, s)
	for _, key := range []string{"plain", "a=b/c+d e", "日本/表.json", "per%25cent/%2F", "tilde~!*'()", "year=2024/x&y;z?.gz"} {
		want := strings.Repeat(key, 1000)
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(want)}); err != nil {
			t.Errorf("put %s: %v", key, err)
			continue
		}
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Errorf("get %s: %v", key, err)
			continue
		}
		got, err := io.ReadAll(object.Body)
		object.Body.Close()
		if err != nil || string(got) != want {
			t.Errorf("object %s came back with %d bytes of %d, %v", key, len(got), len(want), err)
		}
	}
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("a=b/"), MaxKeys: aws.Int32(10)})
	if err != nil || len(listed.Contents) != 1 || aws.ToString(listed.Contents[0].Key) != "a=b/c+d e" {
		t.Errorf("listing a=b/: %v, %v", listed, err)
	}
}

func TestAWrongSecretIsRefusedThroughTheRouter(t *testing.T) {
	s := *stack.Start(t)
	bucket := s.Bucket(t)
	s.SecretKey = "another"
	_, err := routed(t, &s).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	var refused interface{ HTTPStatusCode() int }
	if !errors.As(err, &refused) || refused.HTTPStatusCode() != http.StatusForbidden {
		t.Errorf("a wrong secret gave %v, want 403", err)
	}
}

// Trino sees what the SDK puts into Glue and S3, and the raw catalog leads to
// the lake's tables.
func TestTrinoReadsGlueAndS3(t *testing.T) {
	s := stack.Start(t)
	bucket, database := s.Bucket(t), s.Database(t)
	body := []byte("one\ntwo\n")
	if _, err := s.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("lines/x.txt"), Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
	_, err := glue.NewFromConfig(s.Config(t)).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &database, TableInput: &gluetypes.TableInput{
		Name: aws.String("lines"), TableType: aws.String("EXTERNAL_TABLE"),
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns:      []gluetypes.Column{{Name: aws.String("line"), Type: aws.String("string")}},
			Location:     aws.String("s3://" + bucket + "/lines/"),
			InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe")},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "CREATE TABLE lake."+database+".kept WITH (location = 's3://"+bucket+"/kept/') AS SELECT line FROM raw."+database+".lines")
	got := s.Exec(t, "SELECT k.line FROM raw."+database+".kept k JOIN raw."+database+".lines l ON k.line = l.line ORDER BY 1")
	if len(got) != 2 || got[0][0] != "one" || got[1][0] != "two" {
		t.Errorf("the join of a lake table with a raw one gave %v, want one and two", got)
	}
}
