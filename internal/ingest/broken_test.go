package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/testorg"
)

// A source that fails is an error and no quarantine of everything in it.
func TestBrokenSourceEndsTheRun(t *testing.T) {
	bucket := newMemory("bucket")
	for hour := range 23 {
		bucket.put(historyKey(t, "1", fmt.Sprintf("2024-11-05T%02d:00:00Z", hour)), history(vpc(fmt.Sprintf("2024-11-05T%02d:30:00Z", hour), fmt.Sprint("10.", hour))))
	}
	gone := errors.New("connection refused")
	failing := func(err error, from int) blob.Bucket {
		opened := 0
		return arranged{Bucket: bucket, arrange: asListed, open: func(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
			if opened++; opened > from {
				return nil, err
			}
			return bucket.Open(ctx, object)
		}}
	}
	for name, test := range map[string]struct {
		bucket blob.Bucket
		want   error
	}{
		"the tenth object in a row can't be read": {failing(gone, 3), gone},
		"access is refused":                       {failing(configtrail.ErrRefused, 3), configtrail.ErrRefused},
		"the listing breaks":                      {brokenListing{bucket, gone}, gone},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			options := optionsFor(l, test.bucket)
			options.Workers = 1
			if _, err := ingest.Run(t.Context(), options); !errors.Is(err, test.want) {
				t.Errorf("error %v", err)
			}
			if n := rowsIn(t, l, lake.Deliveries) + rowsIn(t, l, lake.Items); n != 0 {
				t.Errorf("%d rows of what was not committed", n)
			}
			if summary := run(t, optionsFor(l, bucket)); len(summary.Quarantine) != 0 || summary.Changes != 22 {
				t.Errorf("once the source works: %+v", summary)
			}
		})
	}
	t.Run("nine in a row are quarantined", func(t *testing.T) {
		options := optionsFor(newLake(t), failing(gone, 14))
		options.Workers = 1
		if summary := run(t, options); summary.Deliveries.Quarantined != 9 || summary.Items.Read != 14 {
			t.Errorf("summary %+v", summary)
		}
	})
}

// brokenListing is a bucket whose listing breaks off behind its first objects.
type brokenListing struct {
	blob.Bucket
	err error
}

func (b brokenListing) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		n := 0
		for object, err := range b.Bucket.List(ctx, prefix) {
			if n++; n > 3 {
				yield(blob.Object{}, b.err)
				return
			}
			if !yield(object, err) {
				return
			}
		}
	}
}

// Ctrl-C ends a run within a second, wherever it waits, and leaves a good lake
// with all that was committed, from which the next run goes on.
func TestCancelStopsAtOnce(t *testing.T) {
	w := tiny(t)
	folder := openFolder(t, w.dir)
	for _, place := range []string{"list", "open", "read", "commit"} {
		t.Run(place, func(t *testing.T) {
			l := newLake(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stopped time.Time
			stop := func() { // Ctrl-C is pressed while something is slow
				stopped = time.Now()
				cancel()
			}
			slow := &slowBucket{Bucket: folder, place: place, after: int(w.truth.Objects) / 2, stop: stop}
			options := optionsFor(l, slow)
			options.CommitBytes = 1 << 20
			options.Workers = 1
			if place == "commit" {
				options.Progress = func(p ingest.Progress) {
					if p.Listed && p.Done == p.Due {
						stop()
					}
				}
			}
			_, err := ingest.Run(ctx, options)
			took := time.Since(stopped)
			if !errors.Is(err, context.Canceled) || took > time.Second {
				t.Errorf("%v, %s after the cancellation", err, took)
			}
			in := len(deliveriesOf(t, l))
			if in == 0 && place != "list" || in == int(w.truth.Objects) {
				t.Errorf("%d of %d deliveries are in", in, w.truth.Objects)
			}
			summary := run(t, optionsFor(l, folder))
			if int(summary.Deliveries.Already) != in {
				t.Errorf("%d deliveries were in, %d known", in, summary.Deliveries.Already)
			}
			checkLedger(t, l, w.truth)
		})
	}
}

// slowBucket does not answer at one place, after some objects, before its
// context is cancelled.
type slowBucket struct {
	blob.Bucket
	place string
	after int
	stop  func()
	n     int
}

func (s *slowBucket) wait(ctx context.Context, place string) error {
	if s.place != place {
		return nil
	}
	if s.n++; s.n <= s.after {
		return nil
	}
	s.stop()
	<-ctx.Done()
	return ctx.Err()
}

func (s *slowBucket) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for object, err := range s.Bucket.List(ctx, prefix) {
			if waited := s.wait(ctx, "list"); waited != nil {
				yield(blob.Object{}, waited)
				return
			}
			if !yield(object, err) {
				return
			}
		}
	}
}

func (s *slowBucket) Open(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
	if err := s.wait(ctx, "open"); err != nil {
		return nil, err
	}
	body, err := s.Bucket.Open(ctx, object)
	return &slowBody{body, ctx, s}, err
}

type slowBody struct {
	io.ReadCloser
	ctx    context.Context // of the request, as an HTTP body has one
	bucket *slowBucket
}

func (b *slowBody) Read(p []byte) (int, error) {
	if err := b.bucket.wait(b.ctx, "read"); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// An object that breaks off midway keeps the items read until then, also where
// several goroutines share its items, and is read whole when it is tried again.
func TestLargeObjectBreaksMidway(t *testing.T) {
	var content bytes.Buffer
	truth, err := testorg.Big(&content, testorg.BigOptions{Bytes: 40 << 20, Item: 200 << 10})
	if err != nil {
		t.Fatal(err)
	}
	bucket, l := newMemory("bucket"), newLake(t)
	bucket.put("snapshot.json.gz", content.Bytes())
	bucket.put(historyKey(t, "1", "2024-11-05T06:00:00Z"), history(vpc("2024-11-05T01:00:00Z", "10.0")))
	reset := errors.New("connection reset")
	options := optionsFor(l, arranged{Bucket: bucket, arrange: asListed, open: func(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
		body, err := bucket.Open(ctx, object)
		if object.Key == "snapshot.json.gz" {
			body = io.NopCloser(io.MultiReader(io.LimitReader(body, int64(content.Len()/2)), failingReader{reset}))
		}
		return body, err
	}})
	options.Workers = 3
	summary := run(t, options)
	if len(summary.Quarantine) != 1 || summary.Quarantine[0].Code != configtrail.CodeUnreadable || !strings.Contains(summary.Quarantine[0].Reason, "connection reset") {
		t.Errorf("quarantine %+v", summary.Quarantine)
	}
	if n := summary.Items.Added; n < truth.Items/4 || n > truth.Items*3/4 {
		t.Errorf("%d of %d items from half of the object", n, truth.Items)
	}
	options = optionsFor(l, bucket)
	options.Retry, options.Workers = true, 3
	if again := run(t, options); again.Items.Read != truth.Items || summary.Items.Added+again.Items.Added != truth.Items+1 || len(again.Quarantine) != 0 {
		t.Errorf("the retry: %+v of %+v, then %+v", again.Items, truth, again.Quarantine)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// A lake that can't be read is an error of the run; it is not held against the
// deliveries that were on their way into it.
func TestBrokenLakeEndsTheRun(t *testing.T) {
	bucket, l := newMemory("bucket"), newLake(t)
	deliver(t, l, bucket, "2024-11-05T06:00:00Z", vpc("2024-11-05T01:00:00Z", "10.0"))
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v: %v", files, err)
	}
	if err := os.Truncate(files[0].Path, 100); err != nil {
		t.Fatal(err)
	}
	before := versionOf(t, l)
	bucket.put(historyKey(t, "1", "2024-11-05T12:00:00Z"), history(vpc("2024-11-05T07:00:00Z", "10.1")))
	summary, err := ingest.Run(t.Context(), optionsFor(l, bucket))
	if err == nil || len(summary.Quarantine) != 0 || versionOf(t, l) != before {
		t.Errorf("error %v, quarantined %v", err, summary.Quarantine)
	}
}
