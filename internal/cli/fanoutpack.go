package cli

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"configtrail/internal/delivery"
	"configtrail/internal/ingest"
)

// What one message holds at most. A function reads all objects of a batch of
// messages before its time is over, so a message is small work too.
const (
	packObjects  = 10
	packBytes    = 8 << 20  // of objects, compressed; one larger object is a message of its own
	packText     = 24 << 10 // of the message: ten of them fit into one call to SQS
	packTogether = 100      // messages that wait for each other before they are sent
)

// packKey is what a message is about: one account and one day, so that a function
// writes few files, each of one month.
type packKey struct {
	account string
	day     time.Time
}

func keyOf(object ingest.Listed) packKey { return packKey{object.Key.Account, dayOf(object.Key)} }

// dayOf is the day of a delivery in UTC; zero where its key does not tell.
func dayOf(key delivery.Key) time.Time {
	if !key.Day.IsZero() {
		return key.Day
	}
	return key.WrittenAt.Truncate(24 * time.Hour)
}

// packer puts objects of one bucket into messages as S3 itself writes them. Listings
// come account by account, so it holds the open messages of one account at a time.
type packer struct {
	bucket string
	now    string
	send   func(bodies []string) error

	account string
	open    map[packKey]*pack
	full    []string

	messages, objects, bytes int64 // sent, or about to be
}

// pack is a message in the making.
type pack struct {
	records []json.RawMessage
	text    int
	bytes   int64
}

func newPacker(bucket string, now time.Time, send func([]string) error) *packer {
	return &packer{bucket: bucket, now: now.UTC().Format("2006-01-02T15:04:05.000Z"), send: send, open: map[packKey]*pack{}}
}

// add puts an object into a message, and sends messages that are full.
func (p *packer) add(object ingest.Listed) error {
	key := keyOf(object)
	if key.account != p.account {
		if err := p.close(); err != nil {
			return err
		}
		p.account = key.account
	}
	record, err := p.record(object)
	if err != nil {
		return err
	}
	in := p.open[key]
	if in != nil && (in.text+len(record) > packText || in.bytes+object.Object.Size > packBytes) {
		if err := p.seal(key); err != nil {
			return err
		}
		in = nil
	}
	if in == nil {
		in = &pack{}
		p.open[key] = in
	}
	in.records = append(in.records, record)
	in.text += len(record) + 1
	in.bytes += object.Object.Size
	p.objects++
	p.bytes += object.Object.Size
	if len(in.records) == packObjects {
		return p.seal(key)
	}
	return nil
}

// seal closes one message.
func (p *packer) seal(key packKey) error {
	body, err := json.Marshal(map[string]any{"Records": p.open[key].records})
	if err != nil {
		return err
	}
	delete(p.open, key)
	p.full = append(p.full, string(body))
	p.messages++
	if len(p.full) < packTogether {
		return nil
	}
	return p.away()
}

func (p *packer) away() error {
	if len(p.full) == 0 {
		return nil
	}
	err := p.send(p.full)
	if err != nil {
		p.messages -= int64(len(p.full))
	}
	p.full = nil
	return err
}

// close seals what is open, in order of days.
func (p *packer) close() error {
	keys := slices.SortedFunc(maps.Keys(p.open), func(a, b packKey) int { return a.day.Compare(b.day) })
	for _, key := range keys {
		if err := p.seal(key); err != nil {
			return err
		}
	}
	return nil
}

// flush sends all that is left.
func (p *packer) flush() error {
	if err := p.close(); err != nil {
		return err
	}
	return p.away()
}

// configuration is what S3 calls the setting that sends an event; here it says
// that it was no event of S3's own.
const configuration = "configtrail-ingest"

// record is one object as S3 tells of it:
// docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func (p *packer) record(object ingest.Listed) (json.RawMessage, error) {
	type members = map[string]any
	return json.Marshal(members{
		"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": p.now, "eventName": "ObjectCreated:Put",
		"s3": members{
			"s3SchemaVersion": "1.0", "configurationId": configuration,
			"bucket": members{"name": p.bucket, "arn": "arn:aws:s3:::" + p.bucket},
			"object": members{"key": eventKey(object.Object.Key), "size": object.Object.Size, "eTag": object.Object.ETag},
		},
	})
}

// eventKey encodes a key as S3's events do: as a form's value, but for slashes.
func eventKey(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }
