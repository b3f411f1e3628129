package ingest_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
)

// What S3 refuses is told to people and tried again; what is gone is told from
// what is forbidden, and from a bucket that is gone as a whole.
func TestS3Refusals(t *testing.T) {
	keyOf := func(name string) string { return historyKey(t, name, "2024-11-05T06:00:00Z") }
	backend, cfg := fakeS3(t, func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || strings.Contains(r.URL.RawQuery, "list-type=2") {
			return false
		}
		switch {
		case strings.Contains(r.URL.Path, "denied"):
			refuse(rw, http.StatusForbidden, "AccessDenied")
		case strings.Contains(r.URL.Path, "slow"):
			refuse(rw, http.StatusServiceUnavailable, "SlowDown")
		case strings.Contains(r.URL.Path, "archived"):
			refuse(rw, http.StatusForbidden, "InvalidObjectState")
		case strings.Contains(r.URL.Path, "broken"):
			panic(http.ErrAbortHandler)
		default:
			return false
		}
		return true
	})
	objects := map[string]blob.Object{}
	for _, name := range []string{"good", "denied", "slow", "archived", "broken"} {
		content := history(vpc("2024-11-05T01:00:00Z", "10."+name))
		if _, err := backend.PutObject("logs", keyOf(name), nil, bytes.NewReader(content), int64(len(content)), nil); err != nil {
			t.Fatal(err)
		}
	}
	at := func(place string) blob.Bucket {
		bucket, err := blob.OpenS3(cfg, place, blob.S3Options{PathStyle: true, Pause: time.Nanosecond, Attempts: 2})
		if err != nil {
			t.Fatal(err)
		}
		return bucket
	}
	logs := at("s3://logs")
	for object, err := range logs.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		objects[object.Key] = object
	}
	message := func(name string) string {
		object, ok := objects[keyOf(name)]
		if !ok {
			object = blob.Object{Key: keyOf(name), ETag: "0f343b0931126a20f133d67c2b018a3b", Size: 10}
		}
		return written("logs", object)
	}
	l := newLake(t)
	options := takeOptions(l, logs, at("s3://no-such-bucket"))
	options.Workers = 4
	taken, _ := take(t, options,
		message("good"), message("denied"), message("slow"), message("archived"), message("broken"), message("missing"),
		strings.Replace(message("missing"), `"name":"logs"`, `"name":"no-such-bucket"`, 1),
	)
	checkOutcomes(t, taken, "ingested", "failed", "failed", "archived", "failed", "gone", "failed")
	var hint *configtrail.Hint
	if err := taken[1].Err; !errors.As(err, &hint) || !strings.Contains(err.Error(), keyOf("denied")) {
		t.Errorf("a denied object says %v, and nothing to do", err)
	}
	if taken[6].Outcome == ingest.Failed && !strings.Contains(taken[6].Err.Error(), "no-such-bucket") {
		t.Errorf("a bucket that is gone says %v", taken[6].Err)
	}
	gather(t, l)
	if items := itemsOf(t, l); len(items) != 1 {
		t.Errorf("%d items", len(items))
	}
}
