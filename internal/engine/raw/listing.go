package raw

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
)

// Listing is what lies in the folders of a reading, by the names of the objects.
type Listing struct {
	Places []PlaceListing // by account and region

	// Unread are folders of regions that lie in the bucket and that no table
	// reaches, as its list of regions lacks them.
	Unread []configtrail.Place

	Objects   int64
	Bytes     int64 // of the objects, which is what a query over them reads
	Oversized int64 // notifications of items too large for a delivery, which tables can't read
	Archived  []Archived

	// Version names the state of the objects and of the tables' definitions: equal
	// versions give equal answers.
	Version string
}

// PlaceListing is what was delivered of one account and region.
type PlaceListing struct {
	Account, Region string
	// Written are the times at which histories and snapshots were written, sorted:
	// the first and the last of each hour.
	Written   []time.Time
	Snapshots []time.Time // of the snapshots among them, all of them, sorted, each once
}

// Archived is an object in a storage class that a query skips.
type Archived struct {
	URI, Key string
}

// keep is how long a listing is taken to be what is there. One answer asks for
// it several times.
const keep = time.Minute

// kept is a listing that was made lately.
type kept struct {
	listing *Listing
	made    time.Time
}

// List lists the folders. What was listed less than a minute ago is not listed
// again.
func (r *Reading) List(ctx context.Context) (*Listing, error) {
	t := r.tables
	name := r.From.Format(time.DateOnly) + " " + r.To.Format(time.DateOnly) + "\n" + strings.Join(r.Predicates(), "\n")
	now := t.options.Now()
	t.mu.Lock()
	for other, k := range t.listings {
		if now.Sub(k.made) >= keep {
			delete(t.listings, other)
		}
	}
	have := t.listings[name]
	t.mu.Unlock()
	if have != nil {
		return have.listing, nil
	}
	listing, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listings[name] = &kept{listing, now}
	return listing, nil
}

// Version names the state of the data around a bounded scope.
func (t *Tables) Version(ctx context.Context, scope configtrail.Scope) (string, error) {
	r, err := t.Around(ctx, scope)
	if err != nil {
		return "", err
	}
	listing, err := r.List(ctx)
	if err != nil {
		return "", err
	}
	return listing.Version, nil
}

// list lists the folders of every account and region side by side.
func (r *Reading) list(ctx context.Context) (*Listing, error) {
	l := &lister{places: map[[2]string]*hours{}, digests: map[string][]byte{}}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	unread := map[configtrail.Place]bool{}
	reached := map[configtrail.Place]bool{}
	for i := range r.parts {
		p := &r.parts[i]
		fmt.Fprintf(sum, "%s %s %s\n", p.table.Name(), p.table.version, p.where)
		folders, err := p.regionFolders(ctx)
		if err != nil {
			return nil, err
		}
		group, within := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for _, folder := range folders {
			place := configtrail.Place{Account: folder.account, Region: folder.region}
			if !slices.Contains(p.regions, folder.region) {
				unread[place] = unread[place] || p.table.layout.region.column.kind == "enum" && !slices.Contains(p.table.layout.region.column.values, folder.region)
				continue
			}
			reached[place] = true
			for _, prefix := range p.table.layout.under(folder.prefix, r.From, r.To) {
				group.Go(func() error { return l.folder(within, p.bucket, prefix) })
			}
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
	}
	listing := l.listing()
	for place, is := range unread {
		if is && !reached[place] {
			listing.Unread = append(listing.Unread, place)
		}
	}
	slices.SortFunc(listing.Unread, func(a, b configtrail.Place) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region))
	})
	l.sum(sum)
	listing.Version = hex.EncodeToString(sum.Sum(nil)[:16])
	return listing, nil
}

// under are the prefixes that hold the days of a region's folder: whole months
// where a month is one folder, else single days.
func (l *layout) under(folder string, from, to time.Time) []string {
	path := func(day time.Time) string { return folder + strings.Join(l.onDay(day), "/") + "/" }
	parent := func(day time.Time) string {
		p := strings.TrimSuffix(path(day), "/")
		return p[:strings.LastIndexByte(p, '/')+1]
	}
	var prefixes []string
	for day := from; day.Before(to); {
		next := time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		if day.Day() == 1 && !to.Before(next) && parent(day) != parent(next) {
			prefixes = append(prefixes, parent(day))
			day = next
			continue
		}
		prefixes = append(prefixes, path(day))
		day = day.AddDate(0, 0, 1)
	}
	return prefixes
}
