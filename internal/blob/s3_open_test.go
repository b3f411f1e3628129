package blob_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
)

// blocks is content that is big enough to be cut, and never the same twice in a row.
func blocks(size int) string {
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return string(data)
}

func TestS3ContinuesBrokenBodies(t *testing.T) {
	const size = 3 << 20
	want := blocks(size)
	store := newStore(t)
	object := store.put("big", want)
	var gets atomic.Int32
	var ranges []string
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Path != "/logs/big" {
			return false
		}
		ranges = append(ranges, r.Header.Get("Range"))
		if got := r.Header.Get("If-Match"); got != `"`+object.ETag+`"` {
			t.Errorf("request %d has If-Match %s", gets.Load()+1, got)
		}
		switch gets.Add(1) {
		case 1: // the connection is cut after 1 MiB
			cut(w, object.ETag, want, 0, 1<<20)
		case 2: // and again before a byte of the body
			cut(w, object.ETag, want, 1<<20, 0)
		case 3: // and falls silent at 2 MiB
			begin(w, object.ETag, want, 1<<20, 1<<20)
			<-r.Context().Done()
		default:
			return false
		}
		return true
	})
	bucket := store.open("s3://logs", blob.S3Options{Pause: time.Millisecond, Stall: 100 * time.Millisecond})
	got := content(t, bucket, object)
	if sha256.Sum256([]byte(got)) != sha256.Sum256([]byte(want)) {
		t.Errorf("%d bytes that are not the object's %d", len(got), size)
	}
	if diff := cmp.Diff([]string{"", "bytes=1048576-", "bytes=1048576-", "bytes=2097152-"}, ranges); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestS3GivesUp(t *testing.T) {
	store := newStore(t)
	want := blocks(1 << 16)
	object := store.put("big", want)
	var gets atomic.Int32
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Path != "/logs/big" {
			return false
		}
		if gets.Add(1) == 1 {
			cut(w, object.ETag, want, 0, 1000)
		} else {
			cut(w, object.ETag, want, 1000, 0)
		}
		return true
	})
	bucket := store.open("s3://logs", blob.S3Options{Attempts: 3, Pause: time.Millisecond})
	reader, err := bucket.Open(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := io.ReadAll(reader)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "read s3://logs/big: broken off at byte 1000 of 65536, 3 times in a row") {
		t.Errorf("%v", err)
	}
	if string(got) != want[:1000] {
		t.Errorf("%d bytes before the error", len(got))
	}
	if _, again := reader.Read(make([]byte, 1)); !errors.Is(again, err) {
		t.Errorf("read again: %v", again)
	}
	if gets.Load() != 3 {
		t.Errorf("%d requests", gets.Load())
	}

	// A long pause ends with the context.
	gets.Store(1)
	ctx, cancel := context.WithCancel(t.Context())
	bucket = store.open("s3://logs", blob.S3Options{Pause: time.Hour})
	reader, err = bucket.Open(ctx, blob.Object{Key: "big", ETag: object.ETag})
	if err == nil {
		defer reader.Close()
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err = io.ReadAll(reader)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in a pause: %v", err)
	}
	cancel()
}

func TestS3ChangedMidway(t *testing.T) {
	want := blocks(1 << 16)
	for _, test := range []struct {
		name   string
		second func(w http.ResponseWriter)
	}{
		{"refused", func(w http.ResponseWriter) {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the preconditions you specified did not hold.")
		}},
		{"If-Match overlooked", func(w http.ResponseWriter) { begin(w, "other", want, 1000, 64_000) }},
		{"another size", func(w http.ResponseWriter) { begin(w, "", want[:50_000], 1000, 40_000) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t)
			object := store.put("big", want)
			var gets atomic.Int32
			store.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if gets.Add(1) == 1 {
					cut(w, object.ETag, want, 0, 1000)
				} else {
					test.second(w)
				}
				return true
			})
			bucket := store.open("s3://logs", blob.S3Options{Pause: time.Millisecond})
			reader, err := bucket.Open(t.Context(), object)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if _, err := io.ReadAll(reader); !errors.Is(err, blob.ErrChanged) || !strings.HasPrefix(err.Error(), "read s3://logs/big: ") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestS3RangeOverlooked(t *testing.T) {
	want := blocks(1 << 16)
	store := newStore(t)
	object := store.put("big", want)
	var gets atomic.Int32
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if gets.Add(1) == 1 {
			cut(w, object.ETag, want, 0, 1000)
			return true
		}
		r.Header.Del("Range") // the whole object again
		return false
	})
	bucket := store.open("s3://logs", blob.S3Options{Pause: time.Millisecond})
	reader, err := bucket.Open(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := io.ReadAll(reader)
	if err == nil || len(got) != 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
