package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/delivery"
)

// Whatever the bytes are: no panic, no error without I/O, an end, offsets inside
// the document, and state that is JSON.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		s3Form, apiForm, item, event, `{"Records":[` + event + `,null]}`, "[" + bare + "]", "{}", "[[", `{"Message":"{\"detail\":{}}"}`,
		`{"configurationItem":[` + item + `],"configurationItems":[` + item + `]}`, `{"Results":["{}",1]}`, head + item + ",",
		`{"Messages":[{"Body":"{}"}]} ` + item, `{"configurationItemSummary":{"ARN":"arn:aws:a:b:c:d"}}`, "\xef\xbb\xbf{", `{"a":"\ud83d\ude0`,
		`{"tags":[{"key":"a","value":{}}],"relationships":[[]],"resourceId":1}`,
	} {
		f.Add([]byte(seed))
		f.Add(gz(f, seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tally delivery.Tally
		doc := delivery.Document{Limits: delivery.Limits{ItemBytes: 1 << 20}, Tally: &tally}
		next, last := int64(0), int64(0)
		var records []delivery.Record
		for record, err := range delivery.Decode(context.Background(), bytes.NewReader(data), doc) {
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
			if record.Index >= 0 {
				if record.Index < next {
					t.Fatalf("index %d after %d", record.Index, next)
				}
				next = record.Index + 1
			}
			if record.Offset < last {
				t.Fatalf("offset %d after %d", record.Offset, last)
			}
			last = record.Offset
			if found := record.Item; found != nil {
				checkItem(t, found)
			}
		}
		if last > tally.Bytes {
			t.Fatalf("offset %d in %d bytes", last, tally.Bytes)
		}
		if len(records) == 0 && len(data) == 0 {
			t.Fatal("nothing said of an empty object")
		}
	})
}

func checkItem(t *testing.T, found *configtrail.ConfigurationItem) {
	t.Helper()
	for _, raw := range []json.RawMessage{found.Configuration, found.SupplementaryConfiguration} {
		if raw != nil && (!json.Valid(raw) || !utf8.Valid(raw)) {
			t.Fatalf("state is no JSON: %q", raw)
		}
	}
	if !configtrail.IsAccountID(found.Key.Account) || found.Key.Region == "" || found.Key.Type == "" || found.Key.ID == "" || found.CaptureTime.IsZero() {
		t.Fatalf("an item without a place: %+v", found)
	}
}
