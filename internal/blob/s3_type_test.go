package blob_test

import (
	"bytes"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail/internal/blob"
)

// What people open is opened by a browser, and not saved as bytes.
func TestS3TellsBrowsersWhatAnObjectIs(t *testing.T) {
	server := newStore(t)
	bucket := server.open("s3://logs/reports", blob.S3Options{})
	client := s3.NewFromConfig(server.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	for name, want := range map[string]string{
		"2024/11/report.html": "text/html; charset=utf-8",
		"2024/11/report.md":   "text/markdown; charset=utf-8",
		"2024/11/report.json": "application/json",
		"large.html":          "text/html; charset=utf-8", // sent in parts
		"data/1.parquet":      "application/octet-stream",
	} {
		size := 10
		if name == "large.html" {
			size = 17 << 20
		}
		key := bucket.Key(name)
		if _, err := bucket.Put(t.Context(), key, bytes.NewReader(pattern(size)), int64(size)); err != nil {
			t.Fatal(err)
		}
		head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String("logs"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if got := sdk.ToString(head.ContentType); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
