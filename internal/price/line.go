package price

import (
	"math"
	"slices"
)

// AWS counts a GB as 2^30 bytes, and a TB as 2^40.
const (
	gib = 1 << 30
	tib = 1 << 40
	mib = 1 << 20
)

// Line is one thing that is billed.
type Line struct {
	Key       string   `json:"key"` // names it for catalogues
	Quantity  float64  `json:"quantity"`
	Unit      string   `json:"unit"`
	Per       float64  `json:"per"` // so many units cost UnitPrice
	UnitPrice *float64 `json:"unit_price_usd"`
	USD       *float64 `json:"usd"`     // nil: unknown, and not in any sum
	Assumed   bool     `json:"assumed"` // the quantity rests on a rate that nobody has measured

	Args map[string]float64 `json:"-"` // what the quantity is made of, for the sentence that says so
}

// parts are the Args of a line.
type parts = map[string]float64

// Estimate is what something costs, by line.
type Estimate struct {
	Lines   []Line   `json:"lines"`   // never nil
	USD     *float64 `json:"usd"`     // of the lines whose price is known; nil where none is
	Unknown []string `json:"unknown"` // keys of the other lines; never nil
}

// made is an Estimate in the making.
type made struct {
	book   Book
	region string
	lines  []Line
	sum    float64
	known  bool
}

// add adds a line of a price of the book, whose quantity rests on some rates.
func (m *made) add(key, of string, quantity float64, args parts, rates ...Rate) {
	price, usd := m.book.usd(of, m.region)
	m.line(Line{
		Key: key, Quantity: *rounded(quantity, 1e-3), Unit: price.Unit, Per: price.Per, UnitPrice: usd, Assumed: assumed(rates), Args: args,
	}, quantity)
}

func assumed(rates []Rate) bool {
	return slices.ContainsFunc(rates, func(r Rate) bool { return !r.Measured })
}

func (m *made) line(l Line, quantity float64) {
	if l.UnitPrice != nil && l.Per > 0 {
		usd := quantity / l.Per * *l.UnitPrice
		l.USD = rounded(usd, 1e-6)
		m.sum += usd
		m.known = true
	}
	m.lines = append(m.lines, l)
}

func (m *made) estimate() Estimate {
	e := Estimate{Lines: append([]Line{}, m.lines...), Unknown: []string{}}
	for _, l := range m.lines {
		if l.USD == nil {
			e.Unknown = append(e.Unknown, l.Key)
		}
	}
	slices.Sort(e.Unknown)
	if m.known {
		e.USD = rounded(m.sum, 1e-6)
	}
	return e
}

// rounded is n to a step, or to four digits that count where that is finer, so
// that little never becomes nothing.
func rounded(n, step float64) *float64 {
	if n > 0 {
		step = min(step, math.Pow10(int(math.Floor(math.Log10(n)))-3))
		n = math.Round(n/step) / math.Round(1/step)
	}
	return &n
}
