package testorg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"configtrail"
)

// Options describe an organisation. The zero value is the one of the demo: five
// accounts in two regions over three months, some thousand distinct items.
// The same options make the same bytes, on every machine.
type Options struct {
	Seed uint64

	Start    configtrail.Month // first month; zero: August 2024
	Months   int               // 0: 3
	Accounts int               // 0: 5, one for each way to lay out keys
	Regions  []string          // empty: ap-northeast-1 and us-east-1; IAM comes on top

	Resources     int           // in each account and region, about; 0: 40
	Changes       int           // by people in each account and region on a working day, about; 0: 2
	SnapshotEvery time.Duration // 0: 24 h; whole hours

	Without []Trap // what this organisation is spared
}

// Bench is an organisation whose snapshots repeat more than a million items.
// Its bucket has some 65,000 objects and 350 MB.
func Bench(seed uint64) Options {
	return Options{Seed: seed, Accounts: 20, Months: 4, Resources: 220, Changes: 4}
}

// Sink receives the objects of the bucket in the order in which they were
// written. Most are gzip-compressed; some are empty, broken or plain. It must
// not keep data. An error ends the generation.
type Sink func(key string, data []byte) error

// Generate makes the organisation's bucket and tells the truth about it. It
// holds the live resources, the captures of a few hours and the truth, never
// the bucket.
func Generate(ctx context.Context, options Options, sink Sink) (Truth, error) {
	w, err := newWorld(options.withDefaults(), sink)
	if err != nil {
		return Truth{}, fmt.Errorf("make organisation: %w", err)
	}
	if err := w.run(ctx); err != nil {
		return Truth{}, fmt.Errorf("make organisation: %w", err)
	}
	return w.tell(), nil
}

// WriteFolder makes the organisation's bucket in a folder, which is made if it
// is missing.
func WriteFolder(ctx context.Context, dir string, options Options) (Truth, error) {
	return Generate(ctx, options, func(key string, data []byte) error {
		path := filepath.FromSlash(key)
		if !filepath.IsLocal(path) {
			return fmt.Errorf("write %s: %w", key, configtrail.ErrInvalid)
		}
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	})
}

func (o Options) withDefaults() Options {
	if o.Start == (configtrail.Month{}) {
		o.Start = configtrail.Month{Year: 2024, Month: time.August}
	}
	defaults := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	defaults(&o.Months, 3)
	defaults(&o.Accounts, 5)
	defaults(&o.Resources, 40)
	defaults(&o.Changes, 2)
	if len(o.Regions) == 0 {
		o.Regions = []string{"ap-northeast-1", "us-east-1"}
	}
	if o.SnapshotEvery < time.Hour {
		o.SnapshotEvery = 24 * time.Hour
	}
	return o
}

func (o Options) has(trap Trap) bool { return !slices.Contains(o.Without, trap) }
