package trinosql_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine/trinosql"
)

func TestValue(t *testing.T) {
	for _, c := range []struct {
		typ, text string
		want      any
	}{
		{"varchar", "a,b", "a,b"},
		{"VARCHAR(10)", "", ""},
		{"bigint", "-9223372036854775808", int64(math.MinInt64)},
		{"integer", "7", int64(7)},
		{"double", "1.0E-5", 1e-5},
		{"double", "-Infinity", math.Inf(-1)},
		{"float", "1.5", 1.5},
		{"decimal(10,2)", "1.25", 1.25},
		{"decimal(38,0)", "12", int64(12)},
		{"decimal(38,0)", "99999999999999999999", 1e20},
		{"boolean", "true", true},
		{"timestamp(6) with time zone", "2024-11-05 01:02:03.456789 UTC", time.Date(2024, 11, 5, 1, 2, 3, 456789000, time.UTC)},
		{"timestamp with time zone", "2024-11-05 10:02:03 Asia/Tokyo", time.Date(2024, 11, 5, 1, 2, 3, 0, time.UTC)},
		{"timestamp with time zone", "2024-11-05 10:02:03.123456789 +09:00", time.Date(2024, 11, 5, 1, 2, 3, 123456789, time.UTC)},
		{"timestamp(12) with time zone", "2024-11-05 01:02:03.123456789999 UTC", time.Date(2024, 11, 5, 1, 2, 3, 123456789, time.UTC)},
		{"timestamp(3)", "2024-11-05 01:02:03.456", "2024-11-05 01:02:03.456"},
		{"date", "2024-11-05", "2024-11-05"},
		{"json", `{"a":1}`, `{"a":1}`},
	} {
		got, err := trinosql.Value(c.typ, c.text)
		if difference := cmp.Diff(c.want, got); err != nil || difference != "" {
			t.Errorf("%s %q: %v %s", c.typ, c.text, err, difference)
		}
		if at, isTime := got.(time.Time); isTime && at.Location() != time.UTC {
			t.Errorf("%s %q is in %s", c.typ, c.text, at.Location())
		}
	}
	for typ, text := range map[string]string{
		"bigint": "1.5", "double": "x", "boolean": "maybe", "decimal(3,0)": "x",
		"timestamp with time zone": "2024-11-05", "timestamp(3) with time zone": "2024-11-05 01:02:03 ../../etc/passwd",
	} {
		if got, err := trinosql.Value(typ, text); err == nil {
			t.Errorf("%s %q: %v", typ, text, got)
		}
	}
	for _, typ := range []string{"map", "array(varchar)", "row(a bigint, b map(varchar, varchar))", "MAP(VARCHAR, VARCHAR)"} {
		_, err := trinosql.Value(typ, "{a=b, c=d}")
		var problem *configtrail.Problem
		if !errors.As(err, &problem) || problem.Key != "engine_nested" || !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}
