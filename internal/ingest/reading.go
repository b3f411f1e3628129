package ingest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
	"configtrail/internal/delivery"
	"configtrail/internal/diff"
	"configtrail/internal/lake"
)

// largeObject is the compressed size from which the items of one object are
// shared out: a snapshot may be all that there is to read.
const largeObject = 4 << 20

// reading is one object being read.
type reading struct {
	*run

	mu          sync.Mutex // guards what is below
	row         configtrail.Delivery
	events      int64                   // of row.Read
	eventsAdded int64                   // of row.Added
	groups      map[lake.Group]struct{} // whose items it added
	failed      error                   // of the lake: no fault of the object
}

func (r *reading) content(ctx context.Context, f found) error {
	body, err := f.bucket.Open(ctx, f.object)
	if err != nil {
		return fmt.Errorf("open %s: %w", f.object.URI, err)
	}
	defer body.Close()
	var tally delivery.Tally
	document := delivery.Document{
		Key:    f.key,
		Source: configtrail.Source{URI: f.object.URI, Key: f.object.Key, ETag: f.object.ETag},
		Tally:  &tally,
	}
	defer func() { r.row.Bytes = tally.Bytes }()
	records := delivery.Decode(ctx, &countingReader{reader: body, count: r.addCompressed}, document)
	if f.object.Size >= largeObject && r.Workers > 1 {
		return r.share(ctx, records)
	}
	for record, err := range records {
		if err != nil {
			return fmt.Errorf("read %s: %w", f.object.URI, err)
		}
		if err := r.record(ctx, record); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// share lets several goroutines put records into the lake while this object is
// decoded, which is the smaller part of the work. Each holds one record at a
// time, so that memory stays bounded by the largest items.
func (r *reading) share(ctx context.Context, records iter.Seq2[delivery.Record, error]) error {
	group, within := errgroup.WithContext(ctx)
	next := make(chan delivery.Record)
	group.Go(func() error {
		defer close(next)
		for record, err := range records {
			if err != nil {
				return fmt.Errorf("read %s: %w", r.row.URI, err)
			}
			select {
			case next <- record:
			case <-within.Done():
				return within.Err()
			}
		}
		return nil
	})
	for range r.Workers {
		group.Go(func() error {
			for record := range next {
				if err := r.record(ctx, record); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	slices.SortFunc(r.row.Quarantined, func(a, b configtrail.Quarantined) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Index, b.Index))
	})
	return cmp.Or(err, ctx.Err())
}

// record puts one record of the object into the lake. An error is one of the
// lake: what is wrong with the record is in quarantine. It is safe for concurrent use.
func (r *reading) record(ctx context.Context, record delivery.Record) error {
	var err error
	switch {
	case record.Quarantined != nil:
		r.quarantined(*record.Quarantined)
	case record.Item != nil:
		err = r.item(ctx, record)
	case record.Event != nil:
		err = r.event(ctx, record.Event)
	}
	if err != nil {
		r.mu.Lock()
		r.failed = cmp.Or(r.failed, err)
		r.mu.Unlock()
	}
	return err
}

func (r *reading) quarantined(q configtrail.Quarantined) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.Key = r.row.Key
	r.row.Rejected++
	r.row.Quarantined = append(r.row.Quarantined, q)
}

func (r *reading) item(ctx context.Context, record delivery.Record) error {
	item := record.Item
	hash, err := diff.Hash(r.HashKey, item)
	if err != nil {
		r.quarantined(configtrail.Quarantined{
			Index: record.Index, Offset: record.Offset, Code: configtrail.CodeBadItem, Reason: err.Error(),
		})
		r.mu.Lock()
		r.row.Read++
		r.mu.Unlock()
		return nil
	}
	item.ContentHash = hash
	if len(item.Tags) == 0 {
		item.Tags = nil // which of these a delivery writes differs for one and the same item
	}
	known, err := r.writer.Known(ctx, item)
	if err != nil {
		return fmt.Errorf("look up %s: %w", item.Key, err)
	}
	outcome := lake.Duplicate
	if !known {
		r.Redactor.Item(item)
		if outcome, err = r.writer.AddItem(ctx, item); err != nil {
			return fmt.Errorf("add %s: %w", item.Key, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row.Read++
	r.see(item.CaptureTime)
	if outcome == lake.New {
		r.row.Added++
	} else {
		r.row.Duplicates++
	}
	if outcome == lake.Duplicate {
		return nil
	}
	// A better row of a known item may change what is derived of it.
	if r.groups == nil {
		r.groups = map[lake.Group]struct{}{}
	}
	r.groups[lake.Group{Account: item.Key.Account, Region: item.Key.Region, Type: item.Key.Type}] = struct{}{}
	return nil
}

func (r *reading) event(ctx context.Context, event *configtrail.Event) error {
	r.Redactor.Event(event)
	added, err := r.writer.AddEvent(ctx, event)
	if err != nil {
		return fmt.Errorf("add event %s: %w", event.ID, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events++
	r.row.Read++
	r.see(event.Time)
	if added {
		r.row.Added++
		r.eventsAdded++
	} else {
		r.row.Duplicates++
	}
	return nil
}

// see widens the span of captures that the object holds.
func (r *reading) see(t time.Time) {
	if r.row.FirstCapture.IsZero() || t.Before(r.row.FirstCapture) {
		r.row.FirstCapture = t
	}
	if t.After(r.row.LastCapture) {
		r.row.LastCapture = t
	}
}
