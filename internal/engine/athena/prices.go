package athena

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"configtrail"
)

//go:embed prices.json
var priceFile []byte

// Prices is what Athena bills for reading data in each region.
type Prices struct {
	AsOf        string             `json:"as_of"`      // the day on which they were looked up
	PerTerabyte map[string]float64 `json:"usd_per_tb"` // US dollars by region; nil: the built-in ones
}

// BuiltInPrices are those of the day that their file names. Regions whose price
// was not known for certain are not in it.
func BuiltInPrices() (Prices, error) {
	var p Prices
	if err := json.Unmarshal(priceFile, &p); err != nil {
		return Prices{}, fmt.Errorf("read prices.json: %w", err)
	}
	return p, nil
}

const (
	megabyte = 1 << 20
	terabyte = 1 << 40

	leastBilled = 10 * megabyte // of a query, however little it read
)

// billed is what a query that read so many bytes costs in US dollars: whole
// megabytes, at least ten of them.
func billed(bytes int64, perTerabyte float64) float64 {
	whole := (bytes + megabyte - 1) / megabyte * megabyte
	return float64(max(whole, leastBilled)) / terabyte * perTerabyte
}

// cost is what an execution read, unrounded, and what that is billed. An answer
// that Athena had kept reads and costs nothing, nor does a query that failed.
func (e *Engine) cost(execution *types.QueryExecution) configtrail.Cost {
	cost := configtrail.Cost{Bytes: scanned(execution)}
	if e.price == nil {
		return cost
	}
	usd := billed(cost.Bytes, *e.price)
	if reused(execution) || stateOf(execution) == types.QueryExecutionStateFailed {
		usd = 0
	}
	cost.USD = &usd
	return cost
}

func scanned(execution *types.QueryExecution) int64 {
	if execution.Statistics == nil || execution.Statistics.DataScannedInBytes == nil {
		return 0
	}
	return *execution.Statistics.DataScannedInBytes
}

func reused(execution *types.QueryExecution) bool {
	return execution.Statistics != nil && execution.Statistics.ResultReuseInformation != nil &&
		execution.Statistics.ResultReuseInformation.ReusedPreviousResult
}

func stateOf(execution *types.QueryExecution) types.QueryExecutionState {
	if execution.Status == nil {
		return ""
	}
	return execution.Status.State
}
