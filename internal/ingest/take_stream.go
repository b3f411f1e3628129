package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"configtrail"
	"configtrail/internal/delivery"
	"configtrail/internal/lake"
)

// streamed is a message of Config's stream, and what became of it.
type streamed struct {
	taken    *Taken // its URI is where the item is said to come from
	document []byte
	key      delivery.Key

	outcome Outcome
	err     error
}

// stream adds the items of Config's stream. All messages of a batch that added
// something share one row of the deliveries, named after the first of them, so
// that a busy organisation's hundred thousand messages a day come to some
// thousand rows. The row says what has to be derived; what was read says nothing
// about coverage, as the kind of the row is none that coverage counts.
//
// Nothing needs to know that a message is in: its item is, and adds nothing a
// second time, whether the message comes again or a history file brings the item.
func (t *taking) stream(ctx context.Context) error {
	all := &reading{run: t.run, row: configtrail.Delivery{Kind: configtrail.KindNotification}}
	var added []string
	for _, item := range t.items {
		if item.err = ctx.Err(); item.err != nil {
			item.outcome = Failed
			continue
		}
		read := &reading{run: t.run, row: configtrail.Delivery{
			URI: item.taken.URI, Key: item.taken.URI, Size: int64(len(item.document)), Bytes: int64(len(item.document)),
			Kind: configtrail.KindNotification,
		}}
		item.err = read.message(ctx, item)
		if read.failed != nil {
			return read.failed
		}
		all.include(read)
		switch {
		case len(read.groups) > 0:
			added = append(added, item.taken.URI)
			item.outcome = Ingested
		default:
			item.outcome = Already
		}
		if item.err != nil {
			item.outcome = Failed
		}
	}
	if len(added) == 0 {
		t.count(all)
		return nil
	}
	all.row.URI, all.row.Key = added[0], added[0]
	sum := sha256.Sum256([]byte(strings.Join(added, "\n")))
	all.row.ETag = hex.EncodeToString(sum[:16]) // of these messages and no others
	return t.enter(ctx, all)
}

// message adds the item of a message. One that can't be read has to go where
// somebody looks at it: unlike an object, it lies nowhere to be read again.
func (r *reading) message(ctx context.Context, item *streamed) error {
	document := delivery.Document{
		Key:    item.key,
		Source: configtrail.Source{URI: item.taken.URI, Key: item.taken.URI},
	}
	for record, err := range delivery.Decode(ctx, bytes.NewReader(item.document), document) {
		if err != nil {
			return err
		}
		if record.Item == nil && record.Quarantined == nil {
			continue
		}
		if err := r.record(ctx, record); err != nil {
			return err
		}
		if record.Item != nil {
			r.row.Account, r.row.Region = record.Item.Key.Account, record.Item.Key.Region
		}
	}
	var bad []error
	for _, q := range r.row.Quarantined {
		bad = append(bad, fmt.Errorf("%w: %s: %s", configtrail.ErrInvalid, q.Code, q.Reason))
	}
	if r.row.Read == 0 && len(bad) == 0 {
		bad = append(bad, fmt.Errorf("%w: it holds no item", configtrail.ErrInvalid))
	}
	return errors.Join(bad...)
}

// include adds up what another reading found. Account and region are told where
// they are those of all.
func (r *reading) include(other *reading) {
	if other.row.Read == 0 {
		return
	}
	first := r.row.Read == 0
	r.row.Size += other.row.Size
	r.row.Bytes += other.row.Bytes
	r.row.Read += other.row.Read
	r.row.Added += other.row.Added
	r.row.Duplicates += other.row.Duplicates
	if !other.row.LastCapture.IsZero() {
		r.see(other.row.FirstCapture)
		r.see(other.row.LastCapture)
	}
	if r.groups == nil {
		r.groups = map[lake.Group]struct{}{}
	}
	for group := range other.groups {
		r.groups[group] = struct{}{}
	}
	for _, place := range []struct{ all, one *string }{{&r.row.Account, &other.row.Account}, {&r.row.Region, &other.row.Region}} {
		if first {
			*place.all = *place.one
		} else if *place.all != *place.one {
			*place.all = ""
		}
	}
}
