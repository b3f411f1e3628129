package trino

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"configtrail/internal/engine/trinosql"
)

// plain turns a value of the client into one that engine.Result promises. Times
// without a zone and dates are text: they are no instants.
func plain(typ string, scale int64, value any) (any, error) {
	switch value := value.(type) {
	case time.Time:
		switch strings.ToLower(typ) {
		case "timestamp with time zone":
			return value.UTC(), nil
		case "date":
			return value.Format(time.DateOnly), nil
		case "time", "time with time zone":
			return value.Format("15:04:05.999999999"), nil
		}
		return value.Format("2006-01-02 15:04:05.999999999"), nil
	case string:
		if strings.EqualFold(typ, "decimal") {
			return trinosql.Value(fmt.Sprintf("decimal(38,%d)", scale), value)
		}
		return value, nil
	case []byte:
		return hex.EncodeToString(value), nil
	}
	return nested(value), nil
}

// nested turns maps, lists and rows into plain ones; a map is one of texts.
func nested(value any) any {
	switch value := value.(type) {
	case map[string]any:
		texts := make(map[string]string, len(value))
		for key, of := range value {
			texts[key] = text(of)
		}
		return texts
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = nested(element)
		}
		return list
	case client.Row:
		members := make(map[string]any, value.Len())
		for i := range value.Len() {
			members[value.Name(i)] = nested(value.Value(i))
		}
		return members
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		if f, err := value.Float64(); err == nil {
			return f
		}
		return value.String()
	case time.Time:
		return value.UTC()
	case []byte:
		return hex.EncodeToString(value)
	}
	return value
}

// text is a value of a map; null is "", as a tag without a value is.
func text(value any) string {
	switch value := nested(value).(type) {
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
