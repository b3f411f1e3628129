package blob_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"configtrail/internal/aws"
	"configtrail/internal/blob"
)

// store is an S3 server in this process, with one bucket "logs", whose answers
// a test may replace by faults.
type store struct {
	t       *testing.T
	backend *s3mem.Backend
	fake    http.Handler
	cfg     sdk.Config

	mu       sync.Mutex
	fault    func(http.ResponseWriter, *http.Request) bool
	requests []string
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := &store{t: t, backend: s3mem.New()}
	if err := s.backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	s.fake = gofakes3.New(s.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.String())
		fault := s.fault
		s.mu.Unlock()
		if fault != nil && fault(w, r) {
			return
		}
		if s.outdated(r) {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the preconditions you specified did not hold.")
			return
		}
		s.fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.cfg = sdk.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("KEY", "secret", ""),
		// As patient as the program, without its pauses.
		Retryer: func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = aws.Attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
	return s
}

// outdated is the If-Match of S3, which the server does not know for reading.
func (s *store) outdated(r *http.Request) bool {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	match := r.Header.Get("If-Match")
	if match == "" || r.Method != http.MethodGet {
		return false
	}
	object, err := s.backend.HeadObject(bucket, key)
	return err == nil && match != fmt.Sprintf(`"%x"`, object.Hash)
}

// put stores an object and gives it as a listing would.
func (s *store) put(key, content string) blob.Object {
	s.t.Helper()
	if _, err := s.backend.PutObject("logs", key, nil, strings.NewReader(content), int64(len(content)), nil); err != nil {
		s.t.Fatal(err)
	}
	object, err := s.backend.HeadObject("logs", key)
	if err != nil {
		s.t.Fatal(err)
	}
	return blob.Object{Key: key, ETag: fmt.Sprintf("%x", object.Hash), Size: object.Size}
}

// answer lets a test answer in place of the server where it gives true.
func (s *store) answer(fault func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// count is the number of requests whose line holds text.
func (s *store) count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, request := range s.requests {
		if strings.Contains(request, text) {
			n++
		}
	}
	return n
}

func (s *store) open(url string, options blob.S3Options) *blob.S3 {
	s.t.Helper()
	options.PathStyle = true
	bucket, err := blob.OpenS3(s.cfg, url, options)
	if err != nil {
		s.t.Fatal(err)
	}
	return bucket
}

// refuse answers as S3 refuses.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>R</RequestId><HostId>H</HostId></Error>`, code, message)
}

// begin answers with the object from an offset on and writes only n bytes of it.
func begin(w http.ResponseWriter, etag, whole string, offset, n int) {
	if etag != "" {
		w.Header().Set("ETag", `"`+etag+`"`)
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(whole)-offset))
	if offset > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", offset, len(whole)-1, len(whole)))
		w.WriteHeader(http.StatusPartialContent)
	}
	io.WriteString(w, whole[offset:offset+n])
	http.NewResponseController(w).Flush()
}

// cut is begin with a connection that then breaks.
func cut(w http.ResponseWriter, etag, whole string, offset, n int) {
	begin(w, etag, whole, offset, n)
	panic(http.ErrAbortHandler)
}
