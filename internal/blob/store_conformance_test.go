package blob_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/testserver/versity"
)

// stores are the places that a Store may be.
func stores() map[string]func(*testing.T) blob.Store {
	return map[string]func(*testing.T) blob.Store{
		"folder": func(t *testing.T) blob.Store { return openFolder(t, t.TempDir()) },
		"s3 in process": func(t *testing.T) blob.Store {
			return newStore(t).open("s3://logs/spend", blob.S3Options{Pause: time.Millisecond})
		},
		"s3": func(t *testing.T) blob.Store { return realBucket(t, "s3://stores/spend", "") },
	}
}

// realBucket is a bucket on a real server, asked at front where that is not "".
func realBucket(t *testing.T, url, front string) *blob.S3 {
	t.Helper()
	server := versity.Start(t)
	for _, variable := range server.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	uploader(t, server.Endpoint)("stores")
	if front == "" {
		front = server.Endpoint
	}
	cfg, err := aws.Config(t.Context(), aws.Options{EndpointURL: front})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.OpenS3(cfg, url, blob.S3Options{PathStyle: true, Pause: 20 * time.Millisecond, Attempts: 10})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func TestStoreSwaps(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			store, ctx := open(t), t.Context()
			const key = "day/2024-11-25.json"
			if _, _, err := store.Read(ctx, key); !errors.Is(err, configtrail.ErrNotFound) {
				t.Errorf("before the first write: %v", err)
			}
			if _, err := store.Swap(ctx, key, []byte("x"), "0123456789abcdef0123456789abcdef"); !errors.Is(err, configtrail.ErrConflict) {
				t.Errorf("replace what is not there: %v", err)
			}
			first, err := store.Swap(ctx, key, []byte("one"), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.Swap(ctx, key, []byte("other"), ""); !errors.Is(err, configtrail.ErrConflict) {
				t.Errorf("create what is there: %v", err)
			}
			second, err := store.Swap(ctx, key, []byte("two"), first)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.Swap(ctx, key, []byte("other"), first); !errors.Is(err, configtrail.ErrConflict) {
				t.Errorf("replace what was replaced: %v", err)
			}
			data, etag, err := store.Read(ctx, key)
			if err != nil || string(data) != "two" || etag != second {
				t.Errorf("read %q, %q, %v; want two, %q", data, etag, err, second)
			}
			if _, err := store.Swap(ctx, key, nil, second); err != nil {
				t.Errorf("nothing in place of something: %v", err)
			}
			if data, _, err = store.Read(ctx, key); err != nil || len(data) != 0 {
				t.Errorf("read %q, %v; want nothing", data, err)
			}
			for _, bad := range []string{"", "a//b", "../a", "a/..", "a/", "/a", ".configtrail.lock", "a/.b"} {
				if _, err := store.Swap(ctx, bad, nil, ""); !errors.Is(err, configtrail.ErrInvalid) {
					t.Errorf("key %q: %v", bad, err)
				}
				if _, _, err := store.Read(ctx, bad); !errors.Is(err, configtrail.ErrInvalid) {
					t.Errorf("key %q: %v", bad, err)
				}
			}
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := store.Swap(cancelled, "never", nil, ""); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
}

func TestStoreRefusesWhatIsTooLarge(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			if _, err := store.Swap(t.Context(), "large", make([]byte, 16<<20+1), ""); err != nil {
				t.Fatal(err)
			}
			if _, _, err := store.Read(t.Context(), "large"); !errors.Is(err, configtrail.ErrTooLarge) {
				t.Errorf("16 MiB and a byte: %v", err)
			}
		})
	}
}

// count adds n to the number in an object, as often as others come first.
func count(ctx context.Context, store blob.Store, n int) error {
	for done := 0; done < n; {
		data, etag, err := store.Read(ctx, "counter")
		if err != nil && !errors.Is(err, configtrail.ErrNotFound) {
			return err
		}
		now := 0
		if len(data) > 0 {
			if now, err = strconv.Atoi(string(data)); err != nil {
				return fmt.Errorf("half an object: %w", err)
			}
		}
		_, err = store.Swap(ctx, "counter", []byte(strconv.Itoa(now+1)), etag)
		switch {
		case err == nil:
			done++
		case !errors.Is(err, configtrail.ErrConflict):
			return err
		}
	}
	return nil
}

func TestStoreLosesNoWrite(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			group, ctx := errgroup.WithContext(t.Context())
			for range 4 {
				group.Go(func() error { return count(ctx, store, 10) })
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			if data, _, err := store.Read(t.Context(), "counter"); err != nil || string(data) != "40" {
				t.Errorf("counted %s, %v; want 40", data, err)
			}
		})
	}
}

// Four processes count in one folder.
func TestFolderLosesNoWriteOfOtherProcesses(t *testing.T) {
	const variable = "CONFIGTRAIL_TEST_COUNT_IN"
	if dir := os.Getenv(variable); dir != "" {
		if err := count(t.Context(), openFolder(t, dir), 25); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := t.TempDir()
	group, ctx := errgroup.WithContext(t.Context())
	for range 4 {
		group.Go(func() error {
			command := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestFolderLosesNoWriteOfOtherProcesses$")
			command.Env = append(os.Environ(), variable+"="+dir)
			if out, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "counter")); err != nil || string(data) != "100" {
		t.Errorf("counted %s, %v; want 100", data, err)
	}
}

func TestFolderStoreLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	store := openFolder(t, dir)
	tree(t, dir, "day/.a.new") // of a process that was killed
	etag := ""
	for _, text := range []string{"longer than what comes", "short"} {
		var err error
		if etag, err = store.Swap(t.Context(), "day/a", []byte(text), etag); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for object, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, object.Key)
	}
	if got := strings.Join(names, " "); got != ".configtrail.lock day/a" {
		t.Errorf("the folder holds %s", got)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "day", "a")); err != nil || string(data) != "short" {
		t.Errorf("read %q, %v", data, err)
	}
	tree(t, dir, "file")
	single := openFolder(t, filepath.Join(dir, "file"))
	if _, err := single.Swap(t.Context(), "file", nil, ""); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a place that is a file: %v", err)
	}
}

// A write whose answer got lost is found, and one that was not done is done.
func TestS3SwapFindsWhatItWrote(t *testing.T) {
	s := newStore(t)
	bucket := s.open("s3://logs/spend", blob.S3Options{Pause: time.Millisecond})
	etag, err := bucket.Swap(t.Context(), "a", []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, carryOut func()) // of the first write
	}{
		{"the answer is lost", func(_ http.ResponseWriter, _ *http.Request, carryOut func()) {
			carryOut()
			panic(http.ErrAbortHandler)
		}},
		{"the answer is an error", func(w http.ResponseWriter, _ *http.Request, carryOut func()) {
			carryOut()
			refuse(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
		}},
		{"it was not done", func(w http.ResponseWriter, _ *http.Request, _ func()) {
			refuse(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
		}},
		{"another write is under way", func(w http.ResponseWriter, _ *http.Request, _ func()) {
			refuse(w, http.StatusConflict, "ConditionalRequestConflict", "A conflicting operation occurred.")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var done atomic.Bool
			s.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || !done.CompareAndSwap(false, true) {
					return false
				}
				test.fault(w, r, func() { s.fake.ServeHTTP(httptest.NewRecorder(), r) })
				return true
			})
			text := "written although " + test.name
			now, err := bucket.Swap(t.Context(), "a", []byte(text), etag)
			if err != nil {
				t.Fatal(err)
			}
			s.answer(nil)
			data, found, err := bucket.Read(t.Context(), "a")
			if err != nil || string(data) != text || found != now {
				t.Errorf("read %q, %q, %v; the write gave %q", data, found, err, now)
			}
			etag = now
		})
	}
	// A refusal that will not change is not tried again.
	before := s.count("PUT ")
	s.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, http.StatusForbidden, "AccessDenied", "Access Denied")
		return true
	})
	if _, err := bucket.Swap(t.Context(), "a", nil, etag); err == nil || errors.Is(err, configtrail.ErrConflict) {
		t.Errorf("denied: %v", err)
	}
	if n := s.count("PUT ") - before; n != 1 {
		t.Errorf("asked %d times for what is denied", n)
	}
}
