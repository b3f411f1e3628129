package raw

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
)

// lister puts together what several listings tell. It is safe for concurrent use.
type lister struct {
	mu        sync.Mutex
	objects   int64
	bytes     int64
	oversized int64
	archived  []Archived
	places    map[[2]string]*hours
	digests   map[string][]byte // of each prefix; nil while it is listed
}

// hours are the times at which a place was written for, thinned out.
type hours struct {
	written   map[int64][2]time.Time // by hours since 1970: the first and the last
	snapshots map[time.Time]bool
}

// folder lists one prefix, once: several tables may lie over the same folders.
func (l *lister) folder(ctx context.Context, bucket blob.Bucket, prefix string) error {
	name := bucket.URI() + " " + prefix
	l.mu.Lock()
	_, known := l.digests[name]
	if !known {
		l.digests[name] = nil
	}
	l.mu.Unlock()
	if known {
		return nil
	}
	sum := sha256.New()
	for object, err := range bucket.List(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("list %s/%s: %w", strings.TrimSuffix(bucket.URI(), "/"), prefix, err)
		}
		fmt.Fprintf(sum, "%q %q %t\n", object.Key, object.ETag, object.Archived)
		l.add(object)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.digests[name] = sum.Sum(nil)
	return nil
}

func (l *lister) add(object blob.Object) {
	key := delivery.ParseKey(object.Key)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects++
	l.bytes += object.Size
	if object.Archived {
		l.archived = append(l.archived, Archived{object.URI, object.Key})
	}
	switch key.Kind {
	case configtrail.KindOversized:
		l.oversized++
		return
	case configtrail.KindHistory, configtrail.KindSnapshot:
	default:
		return
	}
	if key.Account == "" || key.Region == "" || key.WrittenAt.IsZero() {
		return
	}
	at := [2]string{key.Account, key.Region}
	h := l.places[at]
	if h == nil {
		h = &hours{written: map[int64][2]time.Time{}, snapshots: map[time.Time]bool{}}
		l.places[at] = h
	}
	hour := key.WrittenAt.Unix() / 3600
	ends, known := h.written[hour]
	if !known || key.WrittenAt.Before(ends[0]) {
		ends[0] = key.WrittenAt
	}
	if !known || key.WrittenAt.After(ends[1]) {
		ends[1] = key.WrittenAt
	}
	h.written[hour] = ends
	if key.Kind == configtrail.KindSnapshot {
		h.snapshots[key.WrittenAt] = true
	}
}

// listing is what was told, in order.
func (l *lister) listing() *Listing {
	listing := &Listing{Objects: l.objects, Bytes: l.bytes, Oversized: l.oversized, Archived: l.archived}
	for at, h := range l.places {
		place := PlaceListing{Account: at[0], Region: at[1]}
		for _, ends := range h.written {
			place.Written = append(place.Written, ends[0], ends[1])
		}
		slices.SortFunc(place.Written, time.Time.Compare)
		place.Written = slices.Compact(place.Written)
		for snapshot := range h.snapshots {
			place.Snapshots = append(place.Snapshots, snapshot)
		}
		slices.SortFunc(place.Snapshots, time.Time.Compare)
		listing.Places = append(listing.Places, place)
	}
	slices.SortFunc(listing.Places, func(a, b PlaceListing) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region))
	})
	slices.SortFunc(listing.Archived, func(a, b Archived) int { return strings.Compare(a.URI, b.URI) })
	return listing
}

// sum adds what every prefix holds to a hash, in the order of prefixes.
func (l *lister) sum(into hash.Hash) {
	var names []string
	for name := range l.digests {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		io.WriteString(into, name+"\n") //nolint:errcheck // a hash takes everything
		into.Write(l.digests[name])
	}
}
