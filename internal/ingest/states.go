package ingest

import (
	"context"
	"fmt"

	"configtrail"
	"configtrail/internal/lake"
	"configtrail/internal/ledger"
)

const (
	// loadAtOnce is how many steps wait for their states before these are read together.
	loadAtOnce = 256
	// loadBytes is how much the states of waiting steps may weigh together, as
	// far as can be told before they are read.
	loadBytes = 16 << 20
	// unseenBytes is what a state of a type is taken to weigh before one was read.
	unseenBytes = 2 << 20
)

// wait puts a step among those whose states are read together, and has them
// read when there are many or they may be large. Resources of one type are
// about as large as each other, and come one after another.
func (d *derivation) wait(ctx context.Context, s step) {
	d.mu.Lock()
	bytes, seen := d.largest[s.After.Key.Type]
	d.mu.Unlock()
	if !seen {
		bytes = unseenBytes
	}
	d.waiting = append(d.waiting, s)
	d.weight += 2 * bytes
	if len(d.waiting) >= loadAtOnce || d.weight >= loadBytes {
		d.flush(ctx)
	}
}

// flush lets the waiting steps be completed and written. It waits while others
// still are, so that no more than a few batches are in memory.
func (d *derivation) flush(ctx context.Context) {
	steps := d.waiting
	d.waiting, d.weight = nil, 0
	d.compare.Go(func() error { return d.write(ctx, steps) })
}

// write reads the states of steps and writes their rows.
func (d *derivation) write(ctx context.Context, steps []step) error {
	var headers []lake.Header
	for _, s := range steps {
		if s.Before != nil {
			headers = append(headers, *s.Before)
		}
		headers = append(headers, *s.After)
	}
	items, err := d.lake.Load(ctx, headers)
	if err != nil {
		return err
	}
	d.weigh(items)
	for _, s := range steps {
		var before *configtrail.ConfigurationItem
		if s.Before != nil {
			before, items = &items[0], items[1:]
		}
		after := &items[0]
		items = items[1:]
		change := s.change()
		is, err := ledger.Complete(&change, after, before)
		if err != nil {
			return fmt.Errorf("compare %s at %s: %w", change.Key, change.Time.Format("2006-01-02T15:04:05.000Z"), err)
		}
		if !is {
			continue
		}
		if err := d.writer.Add(ctx, change); err != nil {
			return err
		}
		d.written.Add(1)
	}
	return nil
}

// weigh notes how large the states of each type are. What was larger before
// counts for half, so that one giant does not slow down all that follow.
func (d *derivation) weigh(items []configtrail.ConfigurationItem) {
	largest := map[string]int64{}
	for i := range items {
		item := &items[i]
		bytes := int64(len(item.Configuration) + len(item.SupplementaryConfiguration))
		largest[item.Key.Type] = max(largest[item.Key.Type], bytes)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, bytes := range largest {
		d.largest[name] = max(bytes, d.largest[name]/2)
	}
}
