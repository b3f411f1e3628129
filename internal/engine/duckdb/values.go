package duckdb

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// plainValue turns a value of the driver into one that engine.Result promises.
// Whole numbers above an int64 and decimals with a fraction become float64.
func plainValue(value any) any {
	switch value := value.(type) {
	case nil, bool, string, int64, float64:
		return value
	case int8:
		return int64(value)
	case int16:
		return int64(value)
	case int32:
		return int64(value)
	case uint8:
		return int64(value)
	case uint16:
		return int64(value)
	case uint32:
		return int64(value)
	case uint64:
		if value > math.MaxInt64 {
			return float64(value)
		}
		return int64(value)
	case float32:
		return float64(value)
	case *big.Int:
		return whole(value)
	case duckdb.Decimal:
		if value.Scale == 0 {
			return whole(value.Value)
		}
		return value.Float64()
	case time.Time:
		return value.UTC()
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = plainValue(element)
		}
		return list
	case map[string]any:
		members := make(map[string]any, len(value))
		for name, member := range value {
			members[name] = plainValue(member)
		}
		return members
	case duckdb.OrderedMap:
		return textMap(value)
	case duckdb.Union:
		return plainValue(value.Value)
	case duckdb.Interval:
		return fmt.Sprintf("%d months %d days %d microseconds", value.Months, value.Days, value.Micros)
	case []byte:
		return fmt.Sprintf("%x", value)
	case fmt.Stringer:
		return value.String()
	}
	return fmt.Sprint(value)
}

// whole is a number without a fraction.
func whole(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

// textMap is a map as texts. A value that is null becomes "", as a tag without a
// value is.
func textMap(m duckdb.OrderedMap) map[string]string {
	keys, values := m.Keys(), m.Values()
	texts := make(map[string]string, len(keys))
	for i, key := range keys {
		texts[textOf(key)] = textOf(values[i])
	}
	return texts
}

func textOf(value any) string {
	switch value := plainValue(value).(type) {
	case nil:
		return ""
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	case time.Time:
		return value.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(value)
	}
}
