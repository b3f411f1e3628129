package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail"
	"configtrail/internal/blob"
)

// pattern is content of any size that differs from part to part.
func pattern(size int) []byte {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i*7 + i>>16)
	}
	return content
}

func TestS3PutsAndReadsParts(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *blob.S3{
		"in process": func(t *testing.T) *blob.S3 { return newStore(t).open("s3://logs/lake", blob.S3Options{}) },
		"real":       func(t *testing.T) *blob.S3 { return realBucket(t, "s3://stores/lake", "") },
	} {
		t.Run(name, func(t *testing.T) {
			bucket, ctx := open(t), t.Context()
			for _, size := range []int{0, 1, 16 << 20, 16<<20 + 1, 40 << 20} {
				want := pattern(size)
				key := bucket.Key(fmt.Sprintf("data/%d", size))
				put, err := bucket.Put(ctx, key, bytes.NewReader(want), int64(size))
				if err != nil {
					t.Fatal(err)
				}
				found, err := bucket.Stat(ctx, key)
				if name == "in process" {
					put.ETag = found.ETag // that server gives uploads in parts two
				}
				if err != nil || found.Size != int64(size) || found.ETag != put.ETag || found.Modified.IsZero() {
					t.Errorf("%d bytes: stat %+v, %v; put %+v", size, found, err, put)
				}
				r, err := bucket.Open(ctx, found)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes: read %d, %v", size, len(got), err)
				}
				r.Close()
				for _, part := range [][2]int{{0, 1}, {size - 1, 1}, {size / 2, size / 3}} {
					if part[0] < 0 || part[0]+part[1] > size {
						continue
					}
					got := make([]byte, part[1])
					if err := bucket.ReadAt(ctx, found, got, int64(part[0])); err != nil || !bytes.Equal(got, want[part[0]:part[0]+part[1]]) {
						t.Errorf("%d bytes at %d of %d: %v", part[1], part[0], size, err)
					}
				}
			}
			short := make([]byte, 10)
			found, err := bucket.Stat(ctx, bucket.Key("data/1"))
			if err != nil {
				t.Fatal(err)
			}
			if err := bucket.ReadAt(ctx, found, short, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("more than there is: %v", err)
			}
			found.ETag = "0123456789abcdef0123456789abcdef"
			if err := bucket.ReadAt(ctx, found, short[:1], 0); !errors.Is(err, blob.ErrChanged) {
				t.Errorf("of another object: %v", err)
			}
			if err := bucket.Delete(ctx, bucket.Key("data/1"), bucket.Key("never")); err != nil {
				t.Error(err)
			}
			if _, err := bucket.Stat(ctx, bucket.Key("data/1")); !errors.Is(err, configtrail.ErrNotFound) {
				t.Errorf("removed: %v", err)
			}
			if _, err := bucket.Put(ctx, "elsewhere", bytes.NewReader(nil), 0); !errors.Is(err, configtrail.ErrInvalid) {
				t.Errorf("outside the place: %v", err)
			}
			if err := bucket.Delete(ctx, "elsewhere"); !errors.Is(err, configtrail.ErrInvalid) {
				t.Errorf("outside the place: %v", err)
			}
		})
	}
}

// A range whose connection breaks goes on where it broke.
func TestS3ReadAtContinues(t *testing.T) {
	s := newStore(t)
	bucket := s.open("s3://logs", blob.S3Options{Pause: time.Millisecond})
	text := string(pattern(1000))
	object := s.put("k", text)
	var gets atomic.Int32
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || gets.Add(1) > 1 {
			return false
		}
		w.Header().Set("ETag", `"`+object.ETag+`"`)
		w.Header().Set("Content-Length", "500")
		w.Header().Set("Content-Range", "bytes 100-599/1000")
		w.WriteHeader(http.StatusPartialContent)
		io.WriteString(w, text[100:350])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	got := make([]byte, 500)
	if err := bucket.ReadAt(t.Context(), object, got, 100); err != nil || string(got) != text[100:600] || gets.Load() != 2 {
		t.Errorf("%d requests, %v, right: %v", gets.Load(), err, string(got) == text[100:600])
	}
	// A server that overlooks Range gives no bytes of the wrong place.
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		begin(w, object.ETag, text, 0, len(text))
		return true
	})
	if err := bucket.ReadAt(t.Context(), object, got, 100); err == nil {
		t.Error("a whole object was taken for a part")
	}
}

// What is left of an upload that fails would be paid for without being seen.
func TestS3PutGivesUpAnUpload(t *testing.T) {
	s := newStore(t)
	bucket := s.open("s3://logs", blob.S3Options{Pause: time.Millisecond})
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") != "2" {
			return false
		}
		refuse(w, http.StatusForbidden, "AccessDenied", "Access Denied")
		return true
	})
	content := pattern(40 << 20)
	if _, err := bucket.Put(t.Context(), "k", bytes.NewReader(content), int64(len(content))); err == nil {
		t.Error("an upload without its second part")
	}
	if n := s.count("DELETE "); n != 1 {
		t.Errorf("%d uploads given up", n)
	}
	s.answer(nil)
	if _, err := bucket.Stat(t.Context(), "k"); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("half an object: %v", err)
	}
	client := s3.NewFromConfig(s.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	logs := "logs"
	left, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &logs})
	if err != nil || len(left.Uploads) != 0 {
		t.Errorf("%d uploads are left, %v", len(left.Uploads), err)
	}
}

// What somebody else removes at the same time is removed.
func TestS3DeletesWhatIsGone(t *testing.T) {
	s := newStore(t)
	bucket := s.open("s3://logs", blob.S3Options{Pause: time.Millisecond})
	code := "NoSuchKey"
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !r.URL.Query().Has("delete") {
			return false
		}
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><DeleteResult><Error><Key>a</Key><Code>NoSuchKey</Code><Message>gone</Message></Error>`+
			`<Error><Key>b</Key><Code>%s</Code><Message>told</Message></Error></DeleteResult>`, code)
		return true
	})
	if err := bucket.Delete(t.Context(), "a", "b"); err != nil {
		t.Error(err)
	}
	code = "AccessDenied"
	if err := bucket.Delete(t.Context(), "a", "b"); err == nil || err.Error() != "remove s3://logs/b: AccessDenied: told (and 0 more)" {
		t.Errorf("what may not be removed: %v", err)
	}
}
