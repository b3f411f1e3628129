package lake_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"configtrail/internal/testserver/awsjson"
	"configtrail/internal/testserver/glue"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// cloud is S3 and Glue in this process, with faults.
type cloud struct {
	URL  string
	Glue *glue.Catalog
	s3   http.Handler

	mu    sync.Mutex
	fault func(http.ResponseWriter, *http.Request) bool // answers in place of the servers where it gives true
	calls []string
}

const cloudKey = "testaccess"

func newAWS(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{Glue: glue.New(glue.Options{AccessKey: cloudKey})}
	c.s3 = gofakes3.New(s3mem.New()).Server()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP sends each call to its service.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := awsjson.Action(r)
	if action == "" {
		action = r.Method + " " + r.URL.Path
	}
	c.mu.Lock()
	c.calls = append(c.calls, action)
	fault := c.fault
	c.mu.Unlock()
	if fault == nil || !fault(w, r) {
		c.serve(w, r)
	}
}

// answer lets a test answer in place of the servers.
func (c *cloud) answer(fault func(http.ResponseWriter, *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = fault
}

// asked gives the calls since it was last asked.
func (c *cloud) asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	if awsjson.Action(r) != "" {
		c.Glue.ServeHTTP(w, r)
		return
	}
	c.s3.ServeHTTP(w, r)
}

// place is that of a new lake.
func (c *cloud) place(t *testing.T) place { return c.at(t, "lakes", "team/lake", "config_lake") }

func (c *cloud) at(t *testing.T, bucket, prefix, database string) place {
	t.Helper()
	p := onS3{c.URL, c.URL, cloudKey, "testsecret", "s3://" + bucket + "/" + prefix, database}
	client := s3.NewFromConfig(p.config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil && !strings.Contains(err.Error(), "BucketAlreadyExists") {
		t.Fatal(err)
	}
	return p.place(t)
}
