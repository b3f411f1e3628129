package spend

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/blob"
)

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

// open is a budget in a folder of its own.
func open(t *testing.T, options Options) (*Budget, string) {
	t.Helper()
	folder := t.TempDir()
	store, err := blob.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	budget, err := New(store, options)
	if err != nil {
		t.Fatal(err)
	}
	return budget, folder
}

func reserve(t *testing.T, b *Budget, amount Amount) *Reservation {
	t.Helper()
	r, err := b.Reserve(t.Context(), amount)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func settle(t *testing.T, r *Reservation, amount Amount) {
	t.Helper()
	if err := r.Settle(t.Context(), amount); err != nil {
		t.Fatal(err)
	}
}

func usd(amount float64) *float64 { return &amount }

func TestReserveUpToTheCap(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 100}})
	first := reserve(t, b, Amount{Bytes: 60, Tokens: 1 << 40})
	reserve(t, b, Amount{Bytes: 40})
	_, err := b.Reserve(t.Context(), Amount{Bytes: 1})
	var over *Over
	if !errors.Is(err, configtrail.ErrOverBudget) || !errors.As(err, &over) {
		t.Fatalf("above the cap: %v", err)
	}
	want := Over{Bytes, 100, 100, 1, time.Date(2024, 11, 6, 0, 0, 0, 0, time.UTC)}
	if *over != want {
		t.Errorf("told of %+v, want %+v", *over, want)
	}
	reserve(t, b, Amount{Tokens: 5}) // bytes that are used up don't stop what needs none
	settle(t, first, Amount{Bytes: 10})
	reserve(t, b, Amount{Bytes: 50})
	if _, err := b.Reserve(t.Context(), Amount{Bytes: 1}); err == nil {
		t.Error("101 bytes of 100 were granted")
	}
}

func TestEachCapIsNamed(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 10, Tokens: 10, USD: 1.5}})
	reserve(t, b, Amount{Bytes: 1, Tokens: 1, USD: usd(0.1)})
	for key, amount := range map[string]Amount{
		"spend.bytes":        {Bytes: 10},
		"spend.tokens":       {Tokens: 10},
		"spend.usd":          {USD: usd(1.5)},
		"spend.bytes_never":  {Bytes: 11},
		"spend.tokens_never": {Tokens: 11},
		"spend.usd_never":    {USD: usd(1.6)},
	} {
		_, err := b.Reserve(t.Context(), amount)
		var problem *configtrail.Problem
		if !errors.As(err, &problem) || problem.Key != key || problem.Args["until"] != "2024-11-06 00:00 UTC" {
			t.Errorf("%+v: %v", amount, err)
		}
	}
}

func TestMoneyIsExact(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{USD: 1}})
	for range 10 { // ten times 0.1 is more than 1 in binary fractions
		settle(t, reserve(t, b, Amount{USD: usd(0.1)}), Amount{USD: usd(0.1)})
	}
	if _, err := b.Reserve(t.Context(), Amount{USD: usd(0.0000001)}); err == nil {
		t.Error("money too small for a millionth of a dollar counts as nothing")
	}
}

func TestUnknownMoney(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 10, USD: 1}})
	reserve(t, b, Amount{Bytes: 5}) // a price that nobody knows stops nothing
	settle(t, reserve(t, b, Amount{USD: usd(0.75)}), Amount{})
	if got := today(t, b).Spent.MicroUSD; got != 750_000 {
		t.Errorf("the reserved money is no longer counted: %d", got)
	}
}

func TestSettleTwice(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 100}})
	r := reserve(t, b, Amount{Bytes: 50})
	settle(t, r, Amount{Bytes: 20})
	settle(t, r, Amount{Bytes: 30})
	if got := today(t, b).total().Bytes; got != 20 {
		t.Errorf("%d bytes are counted, want 20", got)
	}
}

func TestSettleAfterTheCallerGaveUp(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 100}})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := b.Reserve(ctx, Amount{Bytes: 50})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Settle(ctx, Amount{Bytes: 7}); err != nil {
		t.Fatal(err)
	}
	if got := today(t, b).total().Bytes; got != 7 {
		t.Errorf("%d bytes are counted, want 7", got)
	}
}

func TestADayEndsInUTC(t *testing.T) {
	now := &clock{time.Date(2024, 11, 6, 8, 59, 0, 0, time.FixedZone("JST", 9*3600))} // 23:59 UTC of the 5th
	b, _ := open(t, Options{Caps: Caps{Tokens: 10}, Now: now.now})
	late := reserve(t, b, Amount{Tokens: 10})
	if _, err := b.Reserve(t.Context(), Amount{Tokens: 1}); err == nil {
		t.Error("the day has not ended")
	}
	now.Time = now.Add(time.Minute)
	reserve(t, b, Amount{Tokens: 10})
	settle(t, late, Amount{Tokens: 3}) // of the day before
	if got := today(t, b).total().Tokens; got != 3 {
		t.Errorf("%d tokens on the 5th, want 3", got)
	}
	if _, err := b.Reserve(t.Context(), Amount{Tokens: 1}); err == nil {
		t.Error("what was settled for yesterday is free today")
	}
}

func TestUnsettledReservations(t *testing.T) {
	now := &clock{noon}
	b, _ := open(t, Options{Caps: Caps{Bytes: 10}, Now: now.now, Hold: time.Hour})
	reserve(t, b, Amount{Bytes: 10})
	now.Time = noon.Add(time.Hour - time.Second)
	if _, err := b.Reserve(t.Context(), Amount{Bytes: 1}); err == nil {
		t.Error("a reservation does not hold for its hour")
	}
	now.Time = noon.Add(time.Hour)
	reserve(t, b, Amount{Bytes: 10})

	now = &clock{noon}
	b, _ = open(t, Options{Caps: Caps{Bytes: 10}, Now: now.now})
	reserve(t, b, Amount{Bytes: 10})
	now.Time = noon.Add(11 * time.Hour)
	if _, err := b.Reserve(t.Context(), Amount{Bytes: 1}); err == nil {
		t.Error("a reservation does not hold for its day")
	}
}

func TestManyUnsettledReservations(t *testing.T) {
	d := &ledger{}
	for range maxOpen + 5 {
		d.Open = append(d.Open, held{ID: "x", units: units{Bytes: 2}})
		d.fold()
	}
	if len(d.Open) != maxOpen || d.Spent.Bytes != 10 || d.total().Bytes != 2*(maxOpen+5) {
		t.Errorf("%d open, %d spent, %d in all", len(d.Open), d.Spent.Bytes, d.total().Bytes)
	}
}

func TestWithoutCapsNothingIsWritten(t *testing.T) {
	b, folder := open(t, Options{})
	settle(t, reserve(t, b, Amount{Bytes: math.MaxInt64, USD: usd(1e9)}), Amount{Bytes: math.MaxInt64})
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestAmountsThatAreNone(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 10}})
	for _, amount := range []Amount{{Bytes: -1}, {Tokens: -1}, {USD: usd(-0.1)}, {USD: usd(math.NaN())}, {USD: usd(math.Inf(1))}} {
		if _, err := b.Reserve(t.Context(), amount); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%+v: %v", amount, err)
		}
	}
	if _, err := b.Reserve(t.Context(), Amount{Bytes: math.MaxInt64}); !errors.Is(err, configtrail.ErrOverBudget) {
		t.Errorf("a sum beyond 64 bits: %v", err)
	}
	for _, caps := range []Caps{{Bytes: -1}, {Tokens: -1}, {USD: -1}, {USD: math.NaN()}, {USD: math.Inf(1)}} {
		if _, err := New(b.store, Options{Caps: caps}); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%+v: %v", caps, err)
		}
	}
}

func TestADocumentThatNoBudgetWrote(t *testing.T) {
	for name, text := range map[string]string{
		"cut off":       `{"spent":{"bytes":`,
		"a credit":      `{"spent":{"bytes":-1000,"tokens":0,"micro_usd":0},"open":[]}`,
		"a held credit": `{"spent":{},"open":[{"id":"x","until":"2024-11-06T00:00:00Z","bytes":-5}]}`,
		"another":       `{"spent":{},"open":[],"budget":1}`,
		"no object":     `[]`,
	} {
		b, folder := open(t, Options{Caps: Caps{Bytes: 10}, Prefix: "p"})
		file := filepath.Join(folder, "p", "days", "2024-11-05.json")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		_, err := b.Reserve(t.Context(), Amount{Bytes: 1})
		if err == nil || !strings.Contains(err.Error(), "read the budget p/days/2024-11-05.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReserveEndsWithItsContext(t *testing.T) {
	b, _ := open(t, Options{Caps: Caps{Bytes: 10}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pause(ctx, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("pause: %v", err)
	}
	if _, err := b.Reserve(ctx, Amount{Bytes: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Reserve: %v", err)
	}
}
