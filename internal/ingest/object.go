package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/diff"
	"configtrail/internal/lake"
)

// object reads one object into the lake: its items and events, and then the row
// that says it is in. What can't be read is part of that row.
func (r *run) object(ctx context.Context, f found) error {
	read := &reading{run: r, row: configtrail.Delivery{
		URI: f.object.URI, Key: f.object.Key, ETag: f.object.ETag, Size: f.object.Size,
		Kind: f.key.Kind, Account: f.key.Account, Region: f.key.Region, WrittenAt: f.key.WrittenAt,
		Archived: f.object.Archived,
	}}
	if !f.object.Archived {
		err := f.err
		if err == nil {
			err = read.content(ctx, f)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, blob.ErrArchived):
			read.row.Archived = true
		case err != nil:
			if err := r.unreadable(&read.row, err); err != nil {
				return err
			}
		default:
			r.readable()
		}
	}
	if known := r.known[hashOf(f.object.URI)]; read.row.Archived && known.archived && known.etag == hashOf(f.object.ETag) {
		r.count(read) // the lake says so already
		return nil
	}
	read.row.ReadAt = r.Now()
	if read.row.WrittenAt.IsZero() {
		read.row.WrittenAt = read.row.LastCapture
	}
	groups := slices.SortedFunc(maps.Keys(read.groups), compareGroups)
	groups = append(groups, r.first.lowered(read.row)...)
	if err := r.writer.AddDelivery(ctx, read.row, groups); err != nil {
		return fmt.Errorf("add delivery %s: %w", f.object.URI, err)
	}
	r.count(read)
	return nil
}

// reading is one object being read.
type reading struct {
	*run
	row         configtrail.Delivery
	events      int64                   // of row.Read
	eventsAdded int64                   // of row.Added
	groups      map[lake.Group]struct{} // whose items it added
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
	counted := &countingReader{reader: body, count: r.addCompressed}
	for record, err := range delivery.Decode(ctx, counted, document) {
		if err != nil {
			return fmt.Errorf("read %s: %w", f.object.URI, err)
		}
		if err := r.record(ctx, record); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// record puts one record of the object into the lake.
func (r *reading) record(ctx context.Context, record delivery.Record) error {
	switch {
	case record.Quarantined != nil:
		q := *record.Quarantined
		q.Key = r.row.Key
		r.row.Quarantined = append(r.row.Quarantined, q)
		r.row.Rejected++
	case record.Item != nil:
		return r.item(ctx, record)
	case record.Event != nil:
		return r.event(ctx, record.Event)
	}
	return nil
}

func (r *reading) item(ctx context.Context, record delivery.Record) error {
	item := record.Item
	r.row.Read++
	hash, err := diff.Hash(r.HashKey, item)
	if err != nil {
		r.reject(record, err)
		return nil // what is wrong with one item is in quarantine now
	}
	item.ContentHash = hash
	r.see(item.CaptureTime)
	known, err := r.writer.Known(ctx, item)
	if err != nil {
		return fmt.Errorf("look up %s: %w", item.Key, err)
	}
	if known {
		r.row.Duplicates++
		return nil
	}
	r.Redactor.Item(item)
	outcome, err := r.writer.AddItem(ctx, item)
	if err != nil {
		return fmt.Errorf("add %s: %w", item.Key, err)
	}
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

// reject quarantines one item whose state can't be read.
func (r *reading) reject(record delivery.Record, err error) {
	r.row.Rejected++
	r.row.Quarantined = append(r.row.Quarantined, configtrail.Quarantined{
		Key: r.row.Key, Index: record.Index, Offset: record.Offset, Code: configtrail.CodeBadItem, Reason: err.Error(),
	})
}

func (r *reading) event(ctx context.Context, event *configtrail.Event) error {
	r.events++
	r.row.Read++
	r.see(event.Time)
	r.Redactor.Event(event)
	added, err := r.writer.AddEvent(ctx, event)
	if err != nil {
		return fmt.Errorf("add event %s: %w", event.ID, err)
	}
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

// unreadable quarantines an object that could not be fetched, and gives up when
// it is not the object but the source that fails.
func (r *run) unreadable(row *configtrail.Delivery, err error) error {
	r.mu.Lock()
	r.broken++
	broken := r.broken
	r.mu.Unlock()
	if broken >= brokenInARow || errors.Is(err, configtrail.ErrRefused) {
		return err
	}
	row.Quarantined = append(row.Quarantined, configtrail.Quarantined{
		Key: row.Key, Index: -1, Code: configtrail.CodeUnreadable, Reason: err.Error(),
	})
	return nil
}

func (r *run) readable() {
	r.mu.Lock()
	r.broken = 0
	r.mu.Unlock()
}

func compareGroups(a, b lake.Group) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Type, b.Type))
}
