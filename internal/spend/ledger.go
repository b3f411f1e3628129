package spend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"configtrail"
)

// ledger is the document of one day.
type ledger struct {
	Spent units  `json:"spent"`
	Open  []held `json:"open"` // reservations that are not settled, oldest first
}

// held is one reservation.
type held struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
	units
}

// maxOpen is how many reservations stand open before the oldest count as spent
// for good: those of crashed processes must not make the document grow.
const maxOpen = 1000

// open is the place of a reservation, or -1.
func (d *ledger) open(id string) int {
	return slices.IndexFunc(d.Open, func(h held) bool { return h.ID == id })
}

// lapse forgets reservations whose time is over.
func (d *ledger) lapse(now time.Time) {
	d.Open = slices.DeleteFunc(d.Open, func(h held) bool { return !h.Until.After(now) })
}

// fold counts the oldest reservations as spent where too many are open.
func (d *ledger) fold() {
	for len(d.Open) > maxOpen {
		d.Spent = d.Spent.plus(d.Open[0].units)
		d.Open = d.Open[1:]
	}
}

// total is what is spent and what may be.
func (d *ledger) total() units {
	sum := d.Spent
	for _, h := range d.Open {
		sum = sum.plus(h.units)
	}
	return sum
}

// change edits the document of a day until no other writer comes in between.
// An edit that changes nothing writes nothing; its error ends it.
func (b *Budget) change(ctx context.Context, day string, edit func(*ledger) error) error {
	key := b.key("days", day+".json")
	for attempt := 0; ; attempt++ {
		before, etag, err := b.store.Read(ctx, key)
		if err != nil && !errors.Is(err, configtrail.ErrNotFound) {
			return fmt.Errorf("read the budget %s: %w", key, err)
		}
		d, err := decode(before)
		if err != nil {
			err = fmt.Errorf("read the budget %s: %w", key, err)
			return configtrail.WithHint(err, "remove "+key+", after which the day begins with nothing spent")
		}
		if err := edit(d); err != nil {
			return err
		}
		after, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if bytes.Equal(before, after) {
			return nil
		}
		_, err = b.store.Swap(ctx, key, after, etag)
		if err == nil {
			return nil
		}
		if !errors.Is(err, configtrail.ErrConflict) {
			return fmt.Errorf("write the budget %s: %w", key, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return fmt.Errorf("write the budget %s: others write it all the time: %w", key, err)
		}
	}
}

// decode reads a document. One that no budget has written is an error: to take
// it for an empty one would be to spend the day's budget again.
func decode(text []byte) (*ledger, error) {
	d := &ledger{Open: []held{}}
	if len(text) == 0 {
		return d, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, err
	}
	if d.Spent.negative() || slices.ContainsFunc(d.Open, func(h held) bool { return h.negative() || h.ID == "" }) {
		return nil, fmt.Errorf("%w: an amount below 0", configtrail.ErrInvalid)
	}
	return d, nil
}

// The pauses between two tries are random below a bound that doubles, so that
// writers who met do not meet again.
const (
	firstPause = 4 * time.Millisecond
	longPause  = 500 * time.Millisecond
)

func pause(ctx context.Context, attempt int) error {
	bound := min(firstPause<<min(attempt, 10), longPause)
	timer := time.NewTimer(rand.N(bound) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
