package ingest

import (
	"context"
	"hash/maphash"
	"io"
	"strings"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

// knownDelivery is what the lake knows of one object, small enough for millions.
type knownDelivery struct {
	etag                  uint64
	quarantined, archived bool
}

// knownDeliveries are the objects that are in, by the hash of their URI. At ten
// million objects the chance that any two share a hash is some three in a million.
type knownDeliveries map[uint64]knownDelivery

var seed = maphash.MakeSeed()

func hashOf(text string) uint64 { return maphash.String(seed, text) }

// beforeSince is how long before the days that are wanted an object of theirs may
// have been written, as far as its row tells: where its name has no time, the row
// has that of its last capture.
const beforeSince = 31 * 24 * time.Hour

// loadDeliveries reads what the lake has of the days that are wanted of the
// sources, and the first deliveries of every account and region.
func (r *run) loadDeliveries(ctx context.Context) (err error) {
	if r.first, err = firstDeliveriesOf(ctx, r.Lake); err != nil {
		return err
	}
	var scope configtrail.Scope
	if !r.Filter.Since.IsZero() {
		scope.From = r.Filter.Since.Add(-beforeSince)
	}
	for row, err := range r.Lake.DeliveriesIn(ctx, scope) {
		if err != nil {
			return err
		}
		if !r.ofSources(row.URI) {
			continue
		}
		r.known[hashOf(row.URI)] = knownDelivery{hashOf(row.ETag), len(row.Quarantined) > 0, row.Archived}
		if len(row.Quarantined) > 0 {
			r.quarantine[row.URI] = row.Quarantined
		}
	}
	return nil
}

func (r *run) ofSources(uri string) bool {
	for _, bucket := range r.Sources {
		root := bucket.URI()
		if rest, ok := strings.CutPrefix(uri, root); ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(root, "/")) {
			return true
		}
	}
	return false
}

// firstDeliveries knows when each account and region was first delivered for:
// the earliest "written at" of its history and snapshot objects, readable or not.
type firstDeliveries struct {
	mu    sync.Mutex
	place map[[2]string]time.Time // account, region; region Global: over the account's regions
}

func newFirstDeliveries() *firstDeliveries {
	return &firstDeliveries{place: map[[2]string]time.Time{}}
}

// of is the first delivery of an account and region; zero where there is none.
func (f *firstDeliveries) of(account, region string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.place[[2]string{account, region}]
}

// firstDeliveriesOf are those that a lake knows of.
func firstDeliveriesOf(ctx context.Context, l *lake.Lake) (*firstDeliveries, error) {
	all, err := l.FirstDeliveries(ctx)
	if err != nil {
		return nil, err
	}
	f := newFirstDeliveries()
	for _, first := range all {
		f.lower(first.Account, first.Region, first.WrittenAt)
	}
	return f, nil
}

// lowered takes note of a delivery and names the groups for which it is earlier
// than any before: whether their first items are new has to be asked again.
func (f *firstDeliveries) lowered(row configtrail.Delivery) []lake.Group {
	if row.Account == "" || row.Region == "" || row.WrittenAt.IsZero() ||
		row.Kind != configtrail.KindHistory && row.Kind != configtrail.KindSnapshot {
		return nil
	}
	return f.lower(row.Account, row.Region, row.WrittenAt)
}

// lower is lowered of a delivery that was written for a place at a time.
func (f *firstDeliveries) lower(account, region string, written time.Time) []lake.Group {
	f.mu.Lock()
	defer f.mu.Unlock()
	var groups []lake.Group
	for _, region := range []string{region, configtrail.Global} {
		at := [2]string{account, region}
		if first, ok := f.place[at]; ok && !written.Before(first) {
			continue
		}
		f.place[at] = written
		groups = append(groups, lake.Group{Account: account, Region: region})
	}
	return groups
}

// countingReader tells how many bytes went through.
type countingReader struct {
	reader io.Reader
	count  func(int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.count(int64(n))
	return n, err
}
