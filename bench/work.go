package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/diff"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// spent is what some work took.
type spent struct{ cpu, wall time.Duration }

// measure does something several times and gives the least of each.
func (b *bench) measure(name string, do func() error) (spent, error) {
	fmt.Fprintln(os.Stderr, "measuring", name)
	least := spent{math.MaxInt64, math.MaxInt64}
	for range b.rounds {
		runtime.GC()
		cpu, start := cpuTime(), time.Now()
		if err := b.profiled(name, do); err != nil {
			return spent{}, fmt.Errorf("%s: %w", name, err)
		}
		least.cpu = min(least.cpu, cpuTime()-cpu)
		least.wall = min(least.wall, time.Since(start))
	}
	return least, nil
}

// cpuTime is what this process has used until now, of all processors, in user
// and system mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // it has no reason to fail
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// work measures an ingest and its parts as multiples of unpacking the same objects.
func (b *bench) work(ctx context.Context, set *deliveries) error {
	var unpacked int64
	gunzip, err := b.measure(set.name+"-gunzip", func() (err error) {
		unpacked, err = unpack(set)
		return err
	})
	if err != nil {
		return err
	}
	about := fmt.Sprintf("%s, %d MB of JSON: ", set.name, unpacked/1e6)
	b.add(about+"gunzip", seconds(gunzip.cpu), "", "1.0 ×", "")
	compare := func(what, target string, do func() error) error {
		took, err := b.measure(set.name+"-"+what, do)
		if err == nil {
			b.add(about+what, seconds(took.cpu), "gunzip "+seconds(gunzip.cpu), times(took.cpu, gunzip.cpu), target)
		}
		return err
	}
	key := redact.RandomKey()
	if err := errors.Join(
		compare("decode", "", func() error { return decode(ctx, set, func(*configtrail.ConfigurationItem) error { return nil }) }),
		compare("decode and hash", "", func() error {
			return decode(ctx, set, func(item *configtrail.ConfigurationItem) error {
				_, err := diff.Hash(key.Bytes(), item)
				return err
			})
		}),
		compare("decode, hash and Parquet", "≤ 5 ×", func() error { return b.store(ctx, set, key) }),
		compare("ingest with redaction, changes and commits", "≤ 8 ×", func() error {
			_, err := b.ingest(ctx, set, key, 0)
			return err
		}),
	); err != nil {
		return err
	}
	if err := b.workers(ctx, set, key); err != nil {
		return err
	}
	return b.size(ctx, set, key)
}

func unpack(set *deliveries) (n int64, err error) {
	var reader gzip.Reader
	buffer := make([]byte, 64<<10)
	for _, object := range set.objects {
		if err := reader.Reset(bytes.NewReader(set.content[object.Key])); err != nil {
			continue // not compressed, or broken, as some are on purpose
		}
		for {
			read, err := reader.Read(buffer)
			n += int64(read)
			if err != nil {
				break
			}
		}
	}
	return n, nil
}

// decode reads all objects one after the other.
func decode(ctx context.Context, set *deliveries, each func(*configtrail.ConfigurationItem) error) error {
	for _, object := range set.objects {
		document := delivery.Document{Key: delivery.ParseKey(object.Key), Source: sourceOf(object)}
		for record, err := range delivery.Decode(ctx, bytes.NewReader(set.content[object.Key]), document) {
			if err != nil {
				return err
			}
			if record.Item == nil {
				continue
			}
			if err := each(record.Item); err != nil {
				return err
			}
		}
	}
	return nil
}

func sourceOf(object blob.Object) configtrail.Source {
	return configtrail.Source{URI: object.URI, Key: object.Key, ETag: object.ETag}
}

// withLake makes a lake of its own for what do does.
func (b *bench) withLake(ctx context.Context, key redact.Key, do func(*lake.Lake) error) (err error) {
	dir, err := os.MkdirTemp(b.scratch, "lake-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := lake.Create(ctx, lake.Options{Dir: dir, RedactKeyID: key.ID})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return do(l)
}

// store writes the items as they come, with their secrets, into a lake that is
// removed at once: what a reader without redaction and ledger would do.
func (b *bench) store(ctx context.Context, set *deliveries, key redact.Key) error {
	return b.withLake(ctx, key, func(l *lake.Lake) error {
		writer, err := l.NewWriter(ctx)
		if err != nil {
			return err
		}
		err = decode(ctx, set, func(item *configtrail.ConfigurationItem) error {
			if item.ContentHash, err = diff.Hash(key.Bytes(), item); err != nil {
				return err
			}
			if known, err := writer.Known(ctx, item); known || err != nil {
				return err
			}
			_, err := writer.AddItem(ctx, item)
			return err
		})
		if err != nil {
			return err
		}
		return writer.Commit(ctx)
	})
}

func (b *bench) ingest(ctx context.Context, set *deliveries, key redact.Key, workers int) (summary ingest.Summary, err error) {
	return summary, b.withLake(ctx, key, func(l *lake.Lake) error {
		summary, err = ingestInto(ctx, l, set, key, workers)
		return err
	})
}

func ingestInto(ctx context.Context, l *lake.Lake, set *deliveries, key redact.Key, workers int) (ingest.Summary, error) {
	return ingest.Run(ctx, ingest.Options{
		Sources: []blob.Bucket{set}, Lake: l, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes()), Workers: workers,
	})
}

// workers compares the time of an ingest on one processor with that on two.
func (b *bench) workers(ctx context.Context, set *deliveries, key redact.Key) error {
	if runtime.NumCPU() < 2 {
		return nil
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var took [3]spent
	for _, n := range []int{1, 2} {
		runtime.GOMAXPROCS(n)
		var err error
		if took[n], err = b.measure(fmt.Sprintf("%s-workers-%d", set.name, n), func() error {
			_, err := b.ingest(ctx, set, key, n)
			return err
		}); err != nil {
			return err
		}
	}
	b.add(set.name+": ingest on two processors", seconds(took[2].wall), "on one "+seconds(took[1].wall), times(took[1].wall, took[2].wall), "≥ 1.8 ×")
	return nil
}

// size compares the lake's data files with the compressed objects.
func (b *bench) size(ctx context.Context, set *deliveries, key redact.Key) error {
	return b.withLake(ctx, key, func(l *lake.Lake) error {
		if _, err := ingestInto(ctx, l, set, key, 0); err != nil {
			return err
		}
		var bytes int64
		for _, table := range []string{lake.Items, lake.Changes, lake.Events, lake.Deliveries} {
			files, err := l.Plan(ctx, table, configtrail.Scope{})
			if err != nil {
				return err
			}
			for _, f := range files {
				bytes += f.Bytes
			}
		}
		b.add(set.name+": lake", megabytes(bytes), "deliveries "+megabytes(set.packed), fmt.Sprintf("%.2f ×", float64(bytes)/float64(set.packed)), "≤ 0.35 ×")
		return nil
	})
}

func seconds(d time.Duration) string      { return fmt.Sprintf("%.2f s", d.Seconds()) }
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
func megabytes(n int64) string            { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
func times(a, b time.Duration) string     { return fmt.Sprintf("%.1f ×", a.Seconds()/b.Seconds()) }
