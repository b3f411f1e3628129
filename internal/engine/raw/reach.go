package raw

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/blob"
)

// Reach is the span of the days that have folders under the tables, in the
// accounts and regions of a scope, whenever: for an answer about a span that has
// none. Both ends are zero where there is none at all; To is the day behind the last.
func (t *Tables) Reach(ctx context.Context, scope configtrail.Scope) (configtrail.Window, error) {
	r, err := t.reading(ctx, scope, time.Time{}, time.Time{})
	if err != nil {
		return configtrail.Window{}, err
	}
	var mu sync.Mutex
	var reach configtrail.Window
	for i := range r.parts {
		p := &r.parts[i]
		folders, err := p.regionFolders(ctx)
		if err != nil {
			return configtrail.Window{}, err
		}
		group, within := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for _, folder := range folders {
			if !slices.Contains(p.regions, folder.region) {
				continue
			}
			group.Go(func() error {
				first, last, err := ends(within, p.bucket, folder.prefix)
				if err != nil || first.IsZero() {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if reach.From.IsZero() || first.Before(reach.From) {
					reach.From = first
				}
				if behind := last.AddDate(0, 0, 1); behind.After(reach.To) {
					reach.To = behind
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return configtrail.Window{}, err
		}
	}
	return reach, nil
}

// ends are the first and the last day that have a folder below one of a region,
// which AWS Config calls YEAR/MONTH/DAY.
func ends(ctx context.Context, bucket blob.Bucket, prefix string) (first, last time.Time, err error) {
	for _, pick := range []struct {
		to     *time.Time
		better func(a, b int) bool
	}{{&first, func(a, b int) bool { return a < b }}, {&last, func(a, b int) bool { return a > b }}} {
		at, parts := prefix, [3]int{}
		for level := range parts {
			names, err := foldersIn(ctx, bucket, at)
			if err != nil {
				return first, last, err
			}
			best := ""
			for _, name := range names {
				n, ok := whole(name)
				if ok && (best == "" || pick.better(n, parts[level])) {
					best, parts[level] = name, n
				}
			}
			if best == "" {
				return time.Time{}, time.Time{}, nil
			}
			at += best + "/"
		}
		*pick.to = time.Date(parts[0], time.Month(parts[1]), parts[2], 0, 0, 0, 0, time.UTC)
	}
	return first, last, nil
}

// whole reads up to four digits.
func whole(text string) (int, bool) {
	n := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' || len(text) > 4 {
			return 0, false
		}
		n = 10*n + int(digit-'0')
	}
	return n, text != ""
}
