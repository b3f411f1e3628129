package spend

import (
	"fmt"
	"math"
	"time"

	"configtrail"
)

// units are an Amount in whole numbers, so that sums are exact whatever their
// order. Money is rounded up to a millionth of a dollar.
type units struct {
	Bytes    int64 `json:"bytes"`
	Tokens   int64 `json:"tokens"`
	MicroUSD int64 `json:"micro_usd"`
}

const micro = 1e6

func (a Amount) units() (units, error) {
	u := units{Bytes: a.Bytes, Tokens: a.Tokens}
	if a.USD != nil {
		if !(*a.USD < math.MaxInt64/micro) {
			return units{}, fmt.Errorf("%w: an amount of %v USD", configtrail.ErrInvalid, *a.USD)
		}
		u.MicroUSD = microUSD(*a.USD)
	}
	if u.negative() {
		return units{}, fmt.Errorf("%w: an amount below 0", configtrail.ErrInvalid)
	}
	return u, nil
}

// microUSD rounds up, save what is above a whole number only because binary
// fractions have no decimal places.
func microUSD(usd float64) int64 { return int64(math.Ceil(usd*micro - 1e-6)) }

func (u units) negative() bool { return u.Bytes < 0 || u.Tokens < 0 || u.MicroUSD < 0 }

func (u units) plus(v units) units {
	return units{add(u.Bytes, v.Bytes), add(u.Tokens, v.Tokens), add(u.MicroUSD, v.MicroUSD)}
}

// add sums what is not negative. A sum beyond all bounds stays at the bound.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Kind is what a cap counts.
type Kind string

// The kinds of caps.
const (
	Bytes  Kind = "bytes"
	Tokens Kind = "tokens"
	USD    Kind = "usd"
)

// Over is a refused reservation: which cap stands in the way, and until when.
// Amounts of USD are in dollars, the others are counts.
type Over struct {
	Kind              Kind
	Cap, Taken, Asked float64
	Until             time.Time // when the next day begins
}

// Error tells it in one line.
func (o *Over) Error() string {
	return fmt.Sprintf("%v: %s: the cap of the day is %v, of which %v is spent or held, and %v more was asked for; a new day begins at %s",
		configtrail.ErrOverBudget, o.Kind, o.Cap, o.Taken, o.Asked, o.Until.Format(time.RFC3339))
}

// Unwrap gives ErrOverBudget.
func (o *Over) Unwrap() error { return configtrail.ErrOverBudget }

// Never reports whether a whole day's budget would not suffice either.
func (o *Over) Never() bool { return o.Asked > o.Cap }

// check fails where what is taken and what is asked for pass a cap. What asks
// for nothing of a kind is not stopped by that kind's cap.
func (c Caps) check(taken, asked units, until time.Time) error {
	for _, one := range []struct {
		kind              Kind
		cap, taken, asked int64
		scale             float64
	}{
		{Bytes, c.Bytes, taken.Bytes, asked.Bytes, 1},
		{Tokens, c.Tokens, taken.Tokens, asked.Tokens, 1},
		{USD, microUSD(c.USD), taken.MicroUSD, asked.MicroUSD, micro},
	} {
		if one.cap == 0 || one.asked == 0 || add(one.taken, one.asked) <= one.cap {
			continue
		}
		over := &Over{one.kind, float64(one.cap) / one.scale, float64(one.taken) / one.scale, float64(one.asked) / one.scale, until}
		key := "spend." + string(one.kind)
		if over.Never() {
			key += "_never"
		}
		return &configtrail.Problem{Key: key, Err: over, Args: map[string]any{
			"cap": over.shown(over.Cap), "taken": over.shown(over.Taken), "asked": over.shown(over.Asked),
			"until": until.Format("2006-01-02 15:04 UTC")}}
	}
	return nil
}

// shown is an amount as a message takes it: a whole number, or dollars and cents.
func (o *Over) shown(amount float64) any {
	if o.Kind == USD {
		return fmt.Sprintf("%.2f", amount)
	}
	return int64(amount)
}
