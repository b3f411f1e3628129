package claude

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"configtrail"
)

//go:embed prices.json
var pricesFile []byte

// Price is what a million tokens cost, in US dollars.
type Price struct {
	Input      float64 `json:"input"`
	Output     float64 `json:"output"`
	CacheWrite float64 `json:"cache_write"` // for five minutes; 0: a quarter more than Input
	CacheRead  float64 `json:"cache_read"`  // 0: a tenth of Input
}

// Prices are prices by the name a service has for a model. An entry of nil says
// that the price is not known.
type Prices map[string]*Price

// dated is the date that some names end with.
var dated = configtrail.Pattern(`-20[0-9]{6}$`)

// find is the price of a model: of these, else of the built-in ones, which are
// Anthropic's own list prices. Nothing is assumed of models that are not
// listed, nor of what Bedrock adds.
func (p Prices) find(model string) (*Price, error) {
	if price, ok := p[model]; ok {
		if price != nil && !(price.Input >= 0 && price.Output >= 0 && price.CacheRead >= 0 && price.CacheWrite >= 0) {
			return nil, fmt.Errorf("%w: a price of %s below 0", configtrail.ErrInvalid, model)
		}
		return price, nil
	}
	var file struct {
		Models Prices `json:"usd_per_million_tokens"`
	}
	if err := json.Unmarshal(pricesFile, &file); err != nil {
		return nil, fmt.Errorf("read the prices of models: %w", err)
	}
	return file.Models[dated().ReplaceAllString(model, "")], nil
}

// of is what a reply cost; nil where the price is not known.
func (p *Price) of(input, written, read, output int64) *float64 {
	if p == nil {
		return nil
	}
	write, cached := p.CacheWrite, p.CacheRead
	if write == 0 {
		write = p.Input * 1.25
	}
	if cached == 0 {
		cached = p.Input * 0.1
	}
	usd := (float64(input)*p.Input + float64(written)*write + float64(read)*cached + float64(output)*p.Output) / 1e6
	return &usd
}

// most is what a request costs at most: with all of its input written to the cache.
func (p *Price) most(input, output int64) *float64 { return p.of(0, input, 0, output) }
