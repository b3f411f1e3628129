package delivery_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/delivery"
)

// result is everything that one document gave.
type result struct {
	items   []*configtrail.ConfigurationItem
	events  []*configtrail.Event
	notices []*delivery.Notice
	bad     []configtrail.Quarantined
	records []delivery.Record
	tally   delivery.Tally
	err     error
}

func decode(t testing.TB, r io.Reader, doc delivery.Document) result {
	t.Helper()
	var got result
	doc.Tally = &got.tally
	for record, err := range delivery.Decode(context.Background(), r, doc) {
		if err != nil {
			got.err = err
			continue
		}
		set := 0
		if record.Item != nil {
			set++
			got.items = append(got.items, record.Item)
		}
		if record.Event != nil {
			set++
			got.events = append(got.events, record.Event)
		}
		if record.Notice != nil {
			set++
			got.notices = append(got.notices, record.Notice)
		}
		if record.Quarantined != nil {
			set++
			got.bad = append(got.bad, *record.Quarantined)
		}
		if set != 1 {
			t.Errorf("record %d has %d pointers set", record.Index, set)
		}
		got.records = append(got.records, record)
	}
	return got
}

// decodeText decodes a document without a key.
func decodeText(t testing.TB, text string) result {
	t.Helper()
	return decode(t, strings.NewReader(text), delivery.Document{Source: configtrail.Source{Key: "k"}})
}

// one gives the only item of a document.
func one(t *testing.T, text string) *configtrail.ConfigurationItem {
	t.Helper()
	got := decodeText(t, text)
	if got.err != nil || len(got.items) != 1 || len(got.bad) != 0 {
		t.Fatalf("want one item, got %d items, %+v, %v", len(got.items), got.bad, got.err)
	}
	return got.items[0]
}

// codes are the codes of what was quarantined, in order.
func (r result) codes() []string {
	var codes []string
	for _, bad := range r.bad {
		codes = append(codes, bad.Code)
	}
	return codes
}

func gz(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shared is the folder of samples beside the project, and skips where it is absent.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Skip("not inside the project")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared samples are not beside the project: %v", err)
	}
	return path
}

// item is a small configuration item in the form of S3.
const item = `{"configuration":{"a":1},"tags":{},"configurationItemVersion":"1.3","configurationItemCaptureTime":"2024-11-05T01:02:03.456Z","configurationStateId":1730768523456,"awsAccountId":"111122223333","configurationItemStatus":"OK","resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","awsRegion":"us-east-1"}`
