package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// counts are the changes of a span and of the spans before it.
type counts struct {
	spans []*figures  // in the order asked
	hours []HourCount // of all spans, in order
}

// counted counts the changes of windows that follow on one another backwards in
// time, in one pass: the asked one first, then the one that ends where it begins.
func (h *History) counted(ctx context.Context, w wanted, windows []configtrail.Window) (counts, error) {
	whole := configtrail.Window{From: windows[len(windows)-1].From, To: windows[0].To}
	changed, err := h.changed(w, whole)
	if err != nil {
		return counts{}, err
	}
	seconds, err := h.spell("unix", holes{"time": {sql: "capture_time"}})
	if err != nil {
		return counts{}, err
	}
	c := counts{}
	for _, window := range windows {
		c.spans = append(c.spans, newFigures(window, h.zone()))
	}
	parts := holes{"changed": changed, "seconds": seconds, "offset": offset(h.zone(), whole), "span": spanOf(windows)}
	texts := once{}
	err = h.ask(ctx, "counts", w.scope(whole), parts, func(r *row) error {
		placed := !r.null()
		one := HourCount{
			Account: r.text(), Region: r.text(), Type: r.text(), Kind: configtrail.Kind(r.text()), Noise: configtrail.Noise(r.text()),
		}
		hourly, hour := !r.null(), r.int()
		span := r.int()
		known, status, id, name := !r.null(), r.text(), r.text(), r.text()
		n, resources := r.int(), r.int()
		switch {
		case r.err != nil:
			return fmt.Errorf("ask counts: %w", r.err)
		case span < 0 || span >= int64(len(c.spans)):
			return fmt.Errorf("ask counts: there is no span %d", span)
		case hourly:
			one.Account, one.Region, one.Type = texts.keep(one.Account), texts.keep(one.Region), texts.keep(one.Type)
			one.Hour, one.Changes = time.Unix(hour, 0).In(h.zone()), n
			c.hours = append(c.hours, one)
			return c.spans[span].add(one)
		case placed:
			c.spans[span].touch(one.Account, resources)
		case known: // noise has no actor
			c.spans[span].act(status, id, name, n)
		}
		return nil
	})
	return c, err
}

// once keeps one copy of texts that come again and again: a month can have a
// million hours of few accounts, regions and types.
type once map[string]string

func (o once) keep(text string) string {
	if kept, ok := o[text]; ok {
		return kept
	}
	o[text] = text
	return text
}

// spanOf is the SQL of which of windows a row lies in, by its number.
func spanOf(windows []configtrail.Window) clause {
	var c clause
	for i, window := range windows[:len(windows)-1] {
		c.sql += " WHEN capture_time >= ? THEN ?"
		c.args = append(c.args, window.From, int64(i))
	}
	last := value(int64(len(windows) - 1))
	if c.sql == "" {
		return last
	}
	return clause{strings.TrimSpace("CASE"+c.sql) + " ELSE " + last.sql + " END", append(c.args, last.args...)}
}

// figures are the totals of a span and the tallies that its breakdown is made of.
type figures struct {
	window  configtrail.Window
	totals  Totals
	touched map[string]bool // accounts
	trail   bool            // of any change it was looked for who made it

	accounts, regions, types, days, kinds, classes, actors tally
}

func newFigures(window configtrail.Window, zone *time.Location) *figures {
	f := &figures{
		window: window, touched: map[string]bool{},
		accounts: tally{}, regions: tally{}, types: tally{}, days: tally{}, kinds: tally{}, classes: tally{}, actors: tally{},
	}
	if first, last := dayNumber(window.From, zone), dayNumber(window.To.Add(-1), zone); last-first < maxDays {
		for number := first; number <= last && window.From.Before(window.To); number++ {
			f.days.add(dayName(number), "", 0)
		}
	}
	for _, kind := range configtrail.Kinds {
		f.kinds.add(string(kind), "", 0)
	}
	return f
}

// add counts the changes of one hour.
func (f *figures) add(c HourCount) error {
	noise := string(c.Noise)
	f.accounts.add(c.Account, noise, c.Changes)
	f.regions.add(c.Region, noise, c.Changes)
	f.types.add(c.Type, noise, c.Changes)
	f.days.add(c.Hour.Format(time.DateOnly), noise, c.Changes)
	f.kinds.add(string(c.Kind), noise, c.Changes)
	if noise != "" {
		f.totals.Noise += c.Changes
		f.classes.add(noise, noise, c.Changes)
		return nil
	}
	f.totals.Changes += c.Changes
	switch c.Kind {
	case configtrail.Created:
		f.totals.Created += c.Changes
	case configtrail.Updated:
		f.totals.Updated += c.Changes
	case configtrail.Deleted:
		f.totals.Deleted += c.Changes
	case configtrail.Recreated:
		f.totals.Recreated += c.Changes
	default:
		return fmt.Errorf("ask counts: %q is no kind of change", c.Kind)
	}
	return nil
}

// touch counts resources of an account that changed.
func (f *figures) touch(account string, resources int64) {
	if resources > 0 {
		f.touched[account] = true
		f.totals.Resources += resources
		f.totals.Accounts = int64(len(f.touched))
	}
}

// act counts who made n changes. Ambiguous and unknown ones have no id: their
// status tells them apart.
func (f *figures) act(status, id, name string, n int64) {
	key := cmp.Or(id, name)
	if status != configtrail.ActorKnown {
		key = cmp.Or(status, configtrail.ActorNoTrail)
	}
	f.trail = f.trail || key != configtrail.ActorNoTrail
	f.actors.add(key, "", n)
}

func (f *figures) breakdown() Breakdown {
	b := Breakdown{
		Account: f.accounts.largest(), Region: f.regions.largest(), Type: f.types.largest(), Noise: f.classes.largest(),
		Day: f.days.sorted(strings.Compare), Kind: f.kinds.sorted(byKind),
	}
	if f.trail {
		b.Actor = f.actors.largest()
	}
	return b
}

// tally adds up the parts of one breakdown.
type tally map[string]*Part

func (t tally) add(key, noise string, n int64) {
	part := t[key]
	if part == nil {
		part = &Part{Key: key}
		t[key] = part
	}
	if noise == "" {
		part.Changes += n
	} else {
		part.Noise += n
	}
}

func (t tally) sorted(compare func(a, b string) int) []Part {
	parts := make([]Part, 0, len(t))
	for _, part := range t {
		parts = append(parts, *part)
	}
	slices.SortFunc(parts, func(a, b Part) int { return compare(a.Key, b.Key) })
	return parts
}

func (t tally) largest() []Part {
	parts := t.sorted(strings.Compare)
	slices.SortStableFunc(parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(b.Noise, a.Noise))
	})
	return parts
}

func byKind(a, b string) int {
	return cmp.Compare(slices.Index(configtrail.Kinds, configtrail.Kind(a)), slices.Index(configtrail.Kinds, configtrail.Kind(b)))
}

// quiet is how many changes of the asked span are no noise, and how many of these
// are of the weighty types, or of more types by name.
func (c counts) quiet(types []string) (all, heavy int64) {
	for _, one := range c.hours {
		if one.Noise == configtrail.NoiseNone && c.spans[0].window.Contains(one.Hour) && (slices.Contains(types, one.Type) || isWeighty(one.Type)) {
			heavy += one.Changes
		}
	}
	return c.spans[0].totals.Changes, heavy
}
