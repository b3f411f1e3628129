package ingest

import (
	"context"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

// memory is what a Taker has read of the lake. It only grows older: what others
// add meanwhile it does not know of, which costs work and no truth. An object that
// is in is read again and adds nothing that readers see, and a delivery taken for
// a first one has a region derived once more.
type memory struct {
	writer *lake.Writer // knows items and events
	since  time.Time

	known  knownDeliveries // quarantined is not told
	first  *firstDeliveries
	months map[configtrail.Month]bool // whose deliveries are known
}

const (
	// memoryLasts is how long a Taker goes by its memory.
	memoryLasts = 10 * time.Minute
	// memoryHolds is how many deliveries it keeps in mind, some 50 bytes each: what
	// years of them would come to in a first load is let go and read again.
	memoryHolds = 1 << 20
)

// remember gives what a Taker goes by in the batch that begins now.
func (k *Taker) remember(ctx context.Context, now time.Time) (*memory, error) {
	if m := k.memory; m != nil && now.Sub(m.since) < memoryLasts && len(m.known) < memoryHolds {
		return m, nil
	}
	k.memory = nil
	writer, err := k.options.Lake.NewStagingWriter(ctx)
	if err != nil {
		return nil, err
	}
	first, err := firstDeliveriesOf(ctx, k.options.Lake)
	if err != nil {
		return nil, err
	}
	k.memory = &memory{
		writer: writer, since: now,
		known: knownDeliveries{}, first: first, months: map[configtrail.Month]bool{},
	}
	return k.memory, nil
}

// loadKnown reads which of some objects are in the lake. It reads the months that
// they were written in, and all only for objects whose names tell no time.
func (t *taking) loadKnown(ctx context.Context, objects []*wantedObject) error {
	m := t.taker.memory
	undated := false
	for _, w := range objects {
		if w.key.WrittenAt.IsZero() {
			undated = true
			continue
		}
		if err := m.load(ctx, t.Lake, configtrail.MonthOf(w.key.WrittenAt, time.UTC)); err != nil {
			return err
		}
	}
	if !undated {
		return nil
	}
	// The rows of what has no time in its name lie in the month of its last
	// capture, which only reading tells.
	for row, err := range t.Lake.DeliveriesRead(ctx) {
		if err != nil {
			return err
		}
		if t.objects[row.URI] != nil && row.Kind != configtrail.KindNotification {
			m.known[hashOf(row.URI)] = knownDelivery{hashOf(row.ETag), len(row.Quarantined) > 0, row.Archived}
		}
	}
	return nil
}

// load reads the deliveries of a month, once.
func (m *memory) load(ctx context.Context, l *lake.Lake, month configtrail.Month) error {
	if m.months[month] {
		return nil
	}
	last := map[uint64]lake.ReadOrder{}
	for head, err := range l.DeliveryHeads(ctx, configtrail.Scope{Window: month.Window(time.UTC)}) {
		if err != nil {
			return err
		}
		if head.Kind == configtrail.KindNotification {
			continue
		}
		id := hashOf(head.URI)
		if before, found := last[id]; found && !head.Read.After(before) {
			continue
		}
		last[id] = head.Read
		m.known[id] = knownDelivery{etag: hashOf(head.ETag), archived: head.Archived}
	}
	m.months[month] = true
	return nil
}
