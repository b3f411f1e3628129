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

// loadDeliveries reads what the lake has of the sources, and the first
// deliveries of every account and region.
func (r *run) loadDeliveries(ctx context.Context) error {
	for row, err := range r.Lake.DeliveriesRead(ctx) {
		if err != nil {
			return err
		}
		r.first.stored(row)
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

func (f *firstDeliveries) stored(row configtrail.Delivery) { f.lowered(row) }

// lowered takes note of a delivery and names the groups for which it is earlier
// than any before: whether their first items are new has to be asked again.
func (f *firstDeliveries) lowered(row configtrail.Delivery) []lake.Group {
	if row.Account == "" || row.Region == "" || row.WrittenAt.IsZero() ||
		row.Kind != configtrail.KindHistory && row.Kind != configtrail.KindSnapshot {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var groups []lake.Group
	for _, region := range []string{row.Region, configtrail.Global} {
		at := [2]string{row.Account, region}
		if first, ok := f.place[at]; ok && !row.WrittenAt.Before(first) {
			continue
		}
		f.place[at] = row.WrittenAt
		groups = append(groups, lake.Group{Account: row.Account, Region: region})
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
