package ingest

import (
	"context"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
)

// Filter narrows which objects of a source are listed. It goes by what keys
// tell: an object whose key names no account, region or day passes.
type Filter struct {
	Since, Until time.Time // days of delivery, half-open; zero: open
	Accounts     []string
	Regions      []string // regions of delivery; items of IAM come under the region that recorded them
}

// empty reports whether the filter lets everything pass.
func (f Filter) empty() bool {
	return f.Since.IsZero() && f.Until.IsZero() && len(f.Accounts) == 0 && len(f.Regions) == 0
}

// passes reports whether an object of this key is wanted.
func (f Filter) passes(key delivery.Key) bool {
	if len(f.Accounts) > 0 && key.Account != "" && !slices.Contains(f.Accounts, key.Account) {
		return false
	}
	if len(f.Regions) > 0 && key.Region != "" && !slices.Contains(f.Regions, key.Region) {
		return false
	}
	day := key.Day
	if day.IsZero() {
		day = key.WrittenAt.Truncate(24 * time.Hour)
	}
	return day.IsZero() || f.overlaps(day, day.AddDate(0, 0, 1))
}

// overlaps reports whether a folder that holds deliveries of [from, to) can hold a wanted one.
func (f Filter) overlaps(from, to time.Time) bool {
	return (f.Since.IsZero() || to.After(f.Since)) && (f.Until.IsZero() || from.Before(f.Until))
}

// found is one listed object and what its key tells.
type found struct {
	bucket blob.Bucket
	object blob.Object
	key    delivery.Key
	err    error // why the listing could not tell more of this one entry
}

// list gives the objects of a bucket that pass the filter. With a filter it
// goes down folder by folder and leaves out those that can't hold a wanted
// object, so that a day of an organisation costs a few requests and not a
// listing of years.
func list(ctx context.Context, bucket blob.Bucket, filter Filter) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		if filter.empty() {
			yieldObjects(ctx, bucket, bucket.List(ctx, ""), filter, yield)
			return
		}
		descend(ctx, bucket, "", filter, yield)
	}
}

// descend lists below a folder whose place in the layout is not settled yet.
// It reports whether the caller goes on.
func descend(ctx context.Context, bucket blob.Bucket, prefix string, filter Filter, yield func(found, error) bool) bool {
	for entry, err := range bucket.Level(ctx, prefix) {
		if err != nil && entry.Object.Key == "" {
			yield(found{}, err)
			return false
		}
		switch {
		case entry.Folder == "":
			if !yieldObject(bucket, entry.Object, err, filter, yield) {
				return false
			}
		case !filter.entersFolder(entry.Folder):
		case isDayFolder(entry.Folder):
			if !yieldObjects(ctx, bucket, bucket.List(ctx, entry.Folder), filter, yield) {
				return false
			}
		default:
			if !descend(ctx, bucket, entry.Folder, filter, yield) {
				return false
			}
		}
	}
	return true
}

func yieldObjects(ctx context.Context, bucket blob.Bucket, objects iter.Seq2[blob.Object, error], filter Filter, yield func(found, error) bool) bool {
	for object, err := range objects {
		if err != nil && object.Key == "" {
			yield(found{}, err)
			return false
		}
		if err := ctx.Err(); err != nil {
			yield(found{}, err)
			return false
		}
		if !yieldObject(bucket, object, err, filter, yield) {
			return false
		}
	}
	return true
}

// yieldObject gives an object that passes the filter, with the error that the
// listing met at it: an unreadable folder, a link that leads outside.
func yieldObject(bucket blob.Bucket, object blob.Object, err error, filter Filter, yield func(found, error) bool) bool {
	key := delivery.ParseKey(object.Key)
	return !filter.passes(key) || yield(found{bucket, object, key, err}, nil)
}

// place is what a folder below AWSLogs/ stands for, as far down as it goes.
type place struct {
	account, service, region string
	date                     []int // year, month, day
}

// parseFolder reads …/AWSLogs/[o-org/]ACCOUNT/SERVICE/REGION/YEAR/MONTH/DAY/.
// ok is false for a folder that is no part of such a layout.
func parseFolder(folder string) (p place, ok bool) {
	segments := strings.Split(strings.Trim(folder, "/"), "/")
	at := slices.Index(segments, "AWSLogs")
	if at < 0 {
		return place{}, false
	}
	rest := segments[at+1:]
	if len(rest) > 0 && strings.HasPrefix(rest[0], "o-") {
		rest = rest[1:]
	}
	for i, segment := range rest {
		switch i {
		case 0:
			p.account = segment
		case 1:
			p.service = segment
		case 2:
			p.region = segment
		case 3, 4, 5:
			n, err := strconv.Atoi(segment)
			if err != nil {
				return p, true
			}
			p.date = append(p.date, n)
		}
	}
	return p, true
}

// entersFolder reports whether a wanted object can lie below folder.
func (f Filter) entersFolder(folder string) bool {
	p, ok := parseFolder(folder)
	if !ok {
		return true
	}
	if p.account != "" && configtrail.IsAccountID(p.account) && len(f.Accounts) > 0 && !slices.Contains(f.Accounts, p.account) {
		return false
	}
	switch p.service {
	case "", "Config", "CloudTrail":
	default:
		return !configtrail.IsAccountID(p.account) // another service's logs
	}
	if p.region != "" && len(f.Regions) > 0 && !slices.Contains(f.Regions, p.region) {
		return false
	}
	if len(p.date) == 0 {
		return true
	}
	date := append(slices.Clone(p.date), 1, 1)
	from := time.Date(date[0], time.Month(date[1]), date[2], 0, 0, 0, 0, time.UTC)
	switch len(p.date) {
	case 1:
		return f.overlaps(from, from.AddDate(1, 0, 0))
	case 2:
		return f.overlaps(from, from.AddDate(0, 1, 0))
	default:
		return f.overlaps(from, from.AddDate(0, 0, 1))
	}
}

func isDayFolder(folder string) bool {
	p, ok := parseFolder(folder)
	return ok && len(p.date) == 3
}

// documentEndings are the names under which people keep documents of Config
// whose key tells nothing else.
var documentEndings = []string{".json", ".gz", ".jsonl", ".ndjson", ".log"}

// wanted reports whether an object is read at all. Digests, Config's check of
// its own access, other services' logs and files of other kinds are not.
func (f found) wanted() bool {
	if f.err != nil {
		return true // to be quarantined
	}
	if strings.HasSuffix(f.object.Key, "/") {
		return false // what consoles make where somebody makes a folder
	}
	switch f.key.Kind {
	case configtrail.KindDigest, configtrail.KindWritability:
		return false
	case configtrail.KindOther:
		if p, ok := parseFolder(path.Dir(f.object.Key) + "/"); ok && p.service != "" && configtrail.IsAccountID(p.account) &&
			p.service != "Config" && p.service != "CloudTrail" {
			return false
		}
		return slices.Contains(documentEndings, strings.ToLower(path.Ext(f.object.Key)))
	default:
		return true
	}
}
