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

	known  knownDeliveries
	first  *firstDeliveries
	months map[configtrail.Month]bool // whose deliveries are known
	before configtrail.Month          // of all deliveries before it, the first are known; zero: of none
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
	k.memory = &memory{
		writer: writer, since: now,
		known: knownDeliveries{}, first: newFirstDeliveries(), months: map[configtrail.Month]bool{},
	}
	return k.memory, nil
}

// loadKnown reads what the lake has of some objects: whether they are in, and
// whether anything was delivered before them, which tells of their first ones.
// It reads the months that they were written in, and more only where it has to.
func (t *taking) loadKnown(ctx context.Context, objects []*wantedObject) error {
	m := t.taker.memory
	undated := false
	months := map[configtrail.Month][]*wantedObject{}
	for _, w := range objects {
		if w.key.WrittenAt.IsZero() {
			undated = true
			continue
		}
		month := configtrail.MonthOf(w.key.WrittenAt, time.UTC)
		months[month] = append(months[month], w)
	}
	for month := range months {
		if err := m.load(ctx, t.Lake, month); err != nil {
			return err
		}
	}
	for month, written := range months {
		if !m.firstOf(written) {
			continue
		}
		if err := m.load(ctx, t.Lake, month.Add(-1)); err != nil {
			return err
		}
		if !m.firstOf(written) || !m.before.Before(month) {
			continue
		}
		for row, err := range t.Lake.DeliveriesIn(ctx, configtrail.Scope{Window: configtrail.Window{To: month.Window(time.UTC).From}}) {
			if err != nil {
				return err
			}
			m.first.stored(row)
		}
		m.before = month
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
		if t.objects[row.URI] != nil {
			m.add(row)
		}
	}
	return nil
}

// load reads the deliveries of a month, once.
func (m *memory) load(ctx context.Context, l *lake.Lake, month configtrail.Month) error {
	if m.months[month] {
		return nil
	}
	for row, err := range l.DeliveriesIn(ctx, configtrail.Scope{Window: month.Window(time.UTC)}) {
		if err != nil {
			return err
		}
		m.add(row)
		m.first.stored(row)
	}
	m.months[month] = true
	return nil
}

func (m *memory) add(row configtrail.Delivery) {
	if row.Kind != configtrail.KindNotification {
		m.known[hashOf(row.URI)] = knownDelivery{hashOf(row.ETag), len(row.Quarantined) > 0, row.Archived}
	}
}

// firstOf reports whether any of some objects is the first delivery of its place,
// by what is known so far.
func (m *memory) firstOf(objects []*wantedObject) bool {
	for _, w := range objects {
		if w.key.Account == "" || w.key.Region == "" || w.key.Kind != configtrail.KindHistory && w.key.Kind != configtrail.KindSnapshot {
			continue
		}
		if first := m.first.of(w.key.Account, w.key.Region); first.IsZero() || w.key.WrittenAt.Before(first) {
			return true
		}
	}
	return false
}
