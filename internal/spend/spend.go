// Package spend keeps what answers cost under daily caps on bytes, tokens and
// money, and keeps reports that were paid for once. Any number of processes may
// share one budget: it is a few small objects in a folder or a bucket, changed
// by conditional writes alone.
//
// What an answer may cost is reserved before anything is bought and settled
// afterwards. Until then the reservation counts as spent, so that a process
// that dies has bought nothing that is not counted. The sum never passes a cap
// as long as nobody spends more than was reserved.
//
// A day is a day of UTC, whatever the zone of the report: AWS and Anthropic
// bill by it, and processes that share a budget need not agree on a zone.
package spend

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"path"
	"time"

	"configtrail"
	"configtrail/internal/blob"
)

// Caps are what one day may cost. 0 is no cap.
type Caps struct {
	Bytes  int64 // scanned by an engine that bills them
	Tokens int64 // of a model, in and out
	USD    float64
}

// Amount is what something costs or may cost.
type Amount struct {
	Bytes, Tokens int64
	USD           *float64 // nil: not known; then bytes and tokens alone are counted
}

// Of is what an answer cost.
func Of(cost configtrail.Cost) Amount {
	return Amount{Bytes: cost.Bytes, Tokens: cost.InputTokens + cost.OutputTokens, USD: cost.USD}
}

// Options says what a budget allows. The zero value allows everything and
// writes nothing but kept reports.
type Options struct {
	Caps   Caps
	Prefix string           // of the budget's keys in its store
	Now    func() time.Time // nil: time.Now

	// Hold is how long a reservation counts that nobody settles. 0: for the rest
	// of its day, so that no crash lets a day pass its cap. A shorter time frees
	// what a crashed process held, which may have been spent.
	Hold time.Duration

	// MaxReport is the largest report that is kept, in bytes; 0: 1 MiB.
	MaxReport int
}

// Budget is a daily budget. It holds no state but its options, and is safe for
// concurrent use.
type Budget struct {
	store   blob.Store
	options Options
}

// New is the budget that lies in a store.
func New(store blob.Store, options Options) (*Budget, error) {
	if options.Caps.Bytes < 0 || options.Caps.Tokens < 0 || !(options.Caps.USD >= 0) || math.IsInf(options.Caps.USD, 1) {
		return nil, fmt.Errorf("%w: a cap below 0", configtrail.ErrInvalid)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.MaxReport <= 0 {
		options.MaxReport = 1 << 20
	}
	return &Budget{store, options}, nil
}

// Reservation is a part of a day's budget that nobody else can spend.
type Reservation struct {
	budget *Budget
	day    string // 2024-11-05
	id     string // "" where nothing is written down
	amount units
}

// Reserve takes an amount out of today's budget, or fails with an error that is
// configtrail.ErrOverBudget and an Over. Other processes that write at the same
// moment make it try again for as long as ctx lasts.
func (b *Budget) Reserve(ctx context.Context, amount Amount) (*Reservation, error) {
	asked, err := amount.units()
	if err != nil {
		return nil, err
	}
	now := b.options.Now().UTC()
	r := &Reservation{budget: b, day: now.Format(time.DateOnly), amount: asked}
	if b.options.Caps == (Caps{}) {
		return r, nil
	}
	r.id = rand.Text()
	until := midnight(now)
	if b.options.Hold > 0 && now.Add(b.options.Hold).Before(until) {
		until = now.Add(b.options.Hold)
	}
	err = b.change(ctx, r.day, func(d *ledger) error {
		if d.open(r.id) >= 0 {
			return nil // a write whose answer was lost
		}
		d.lapse(b.options.Now())
		if err := b.options.Caps.check(d.total(), asked, midnight(now)); err != nil {
			return err
		}
		d.Open = append(d.Open, held{r.id, until, asked})
		d.fold()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// settleTime is how long Settle goes on after its caller has given up.
const settleTime = 5 * time.Second

// Settle puts what was really spent in the place of the reservation, in the
// budget of the day it was made. Money of an unknown amount leaves the reserved
// amount standing. Only the first call counts. An answer that was given up is
// settled too: the cancellation of ctx stops it only a few seconds later.
func (r *Reservation) Settle(ctx context.Context, actual Amount) error {
	if r.id == "" {
		return nil
	}
	spent, err := actual.units()
	if err != nil {
		return err
	}
	if actual.USD == nil {
		spent.MicroUSD = r.amount.MicroUSD
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return r.budget.change(ctx, r.day, func(d *ledger) error {
		if i := d.open(r.id); i >= 0 {
			d.Open = append(d.Open[:i], d.Open[i+1:]...)
			d.Spent = d.Spent.plus(spent)
		}
		return nil
	})
}

// key is the key of an object of the budget.
func (b *Budget) key(parts ...string) string {
	return path.Join(append([]string{b.options.Prefix}, parts...)...)
}

// midnight is when the day of now ends.
func midnight(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC)
}
