// Package price says what AWS bills for what configtrail does: list prices by
// region, rates of work, and the formulas that make an estimate of both. All
// formulas are in load.go and month.go.
//
// A price that is not known is nil and stays so: it never counts as nothing.
package price

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"configtrail"
)

//go:embed prices.json
var pricesFile []byte

//go:embed rates.json
var ratesFile []byte

// Book is all that an estimate is made with. The zero value knows no price; New
// gives the built-in one.
type Book struct {
	AsOf     string            `json:"as_of"`    // the day that the prices are said to be of
	Verified bool              `json:"verified"` // somebody compared them with the sources
	Note     string            `json:"note"`
	Sources  map[string]string `json:"sources"` // by service: the public page of its prices

	Prices map[string]Price `json:"-"`
	Rates  Rates            `json:"-"`
}

// Price is what AWS bills for one thing.
type Price struct {
	Unit string              `json:"unit"`
	Per  float64             `json:"per"` // so many units cost USD
	USD  map[string]*float64 `json:"usd"` // by region; nil or absent: unknown
}

// Rate is a figure that quantities are worked out with.
type Rate struct {
	Value    float64 `json:"value"`
	Measured bool    `json:"measured"` // or decided by the stack; else assumed
	From     string  `json:"from"`     // how it is known
}

// file is a price file: the built-in one, or one that overrides parts of it.
type file struct {
	Book
	Prices map[string]Price `json:"prices"`
	Rates  json.RawMessage  `json:"rates"`
}

// New gives the built-in prices and rates.
func New() (Book, error) {
	f, err := parse(pricesFile)
	if err != nil {
		return Book{}, fmt.Errorf("read prices.json: %w", err)
	}
	book := f.Book
	book.Prices = f.Prices
	if book.Rates, err = book.Rates.with(ratesFile); err != nil {
		return Book{}, fmt.Errorf("read rates.json: %w", err)
	}
	return book, nil
}

// Over gives a book in which what a price file names replaces what was there:
// prices by region, and rates. Anything that the book does not know is ErrInvalid,
// as a misspelt price would else count for nothing.
func (b Book) Over(text []byte) (Book, error) {
	f, err := parse(text)
	if err != nil {
		return b, err
	}
	prices := maps.Clone(b.Prices)
	for _, key := range slices.Sorted(maps.Keys(f.Prices)) {
		of := f.Prices[key]
		price, known := prices[key]
		switch {
		case !known:
			return b, fmt.Errorf("%w: there is no price %q; there are %v", configtrail.ErrInvalid, key, slices.Sorted(maps.Keys(prices)))
		case of.Per != 0 && of.Per != price.Per, of.Unit != "" && of.Unit != price.Unit:
			return b, fmt.Errorf("%w: the price %s is for %g %s", configtrail.ErrInvalid, key, price.Per, price.Unit)
		}
		price.USD = maps.Clone(price.USD)
		maps.Copy(price.USD, of.USD)
		prices[key] = price
	}
	over := b
	over.Prices = prices
	if f.AsOf != "" {
		over.AsOf, over.Verified = f.AsOf, f.Verified
	}
	if f.Note != "" {
		over.Note = f.Note
	}
	over.Sources = maps.Clone(b.Sources)
	maps.Copy(over.Sources, f.Sources)
	if len(f.Rates) > 0 {
		over.Rates, err = b.Rates.with(f.Rates)
	}
	return over, err
}

func parse(text []byte) (file, error) {
	var f file
	if err := strictly(text, &f); err != nil {
		return f, err
	}
	for _, key := range slices.Sorted(maps.Keys(f.Prices)) {
		for region, usd := range f.Prices[key].USD {
			if usd != nil && !sound(*usd) {
				return f, fmt.Errorf("%w: the price %s of %s is %g", configtrail.ErrInvalid, key, region, *usd)
			}
		}
	}
	return f, nil
}

// strictly reads one JSON value whose members are all known.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", configtrail.ErrInvalid, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is something behind the first value", configtrail.ErrInvalid)
	}
	return nil
}

// sound reports whether a figure can be a price or a rate.
func sound(n float64) bool { return n >= 0 && !math.IsInf(n, 1) }

// usd is the price of one thing in a region, and what it is for.
func (b Book) usd(key, region string) (price Price, usd *float64) {
	price = b.Prices[key]
	return price, price.USD[region]
}
