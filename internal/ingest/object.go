package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/lake"
)

// object reads one object into the lake: its items and events, and then the row
// that says it is in. What can't be read is part of that row.
func (r *run) object(ctx context.Context, f found) error {
	read := r.reading(f)
	if !f.object.Archived {
		err := f.err
		if err == nil {
			err = read.content(ctx, f)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case read.failed != nil:
			return read.failed
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
	return r.enter(ctx, read)
}

// reading begins to read an object.
func (r *run) reading(f found) *reading {
	return &reading{run: r, row: configtrail.Delivery{
		URI: f.object.URI, Key: f.object.Key, ETag: f.object.ETag, Size: f.object.Size,
		Kind: f.key.Kind, Account: f.key.Account, Region: f.key.Region, WrittenAt: f.key.WrittenAt,
		Archived: f.object.Archived,
	}}
}

// enter adds the row of an object that was read, unless it would say once more
// that the object is archived.
func (r *run) enter(ctx context.Context, read *reading) error {
	row := &read.row
	if known := r.known[hashOf(row.URI)]; row.Archived && known.archived && known.etag == hashOf(row.ETag) {
		r.count(read)
		return nil
	}
	row.ReadAt = r.Now()
	if row.WrittenAt.IsZero() {
		row.WrittenAt = row.LastCapture
	}
	groups := slices.SortedFunc(maps.Keys(read.groups), compareGroups)
	groups = append(groups, r.first.lowered(*row)...)
	if err := r.writer.AddDelivery(ctx, *row, groups); err != nil {
		return fmt.Errorf("add delivery %s: %w", row.URI, err)
	}
	r.count(read)
	return nil
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
