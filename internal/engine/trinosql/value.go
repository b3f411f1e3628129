package trinosql

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"configtrail"
)

// Value turns the text of a value that is not null into what engine.Result
// promises, by the name of its type, in any case: decimal(12,2), timestamp(6)
// with time zone. Types without a plain value, such as date or interval, stay
// text. Maps, arrays and rows give a Problem: their text can't be told apart, as
// {a=b, c=d} is a map of one key or of two.
func Value(typ, text string) (any, error) {
	kind, arguments := splitType(typ)
	switch kind {
	case "tinyint", "smallint", "integer", "int", "bigint":
		n, err := strconv.ParseInt(text, 10, 64)
		return n, wrong(err, typ, text)
	case "real", "float", "double":
		f, err := strconv.ParseFloat(text, 64)
		return f, wrong(err, typ, text)
	case "decimal":
		return decimal(arguments, text)
	case "boolean":
		b, err := strconv.ParseBool(text)
		return b, wrong(err, typ, text)
	case "timestamp with time zone":
		t, err := instant(text)
		return t, wrong(err, typ, text)
	case "map", "array", "row":
		return nil, NestedColumn(kind)
	}
	return text, nil
}

// NestedColumn is the Problem of a column that would come as text that can't be
// told apart.
func NestedColumn(kind string) error {
	return &configtrail.Problem{
		Key: "engine_nested", Args: map[string]any{"kind": kind},
		Err: fmt.Errorf("%w: a column of type %s is selected as it is", configtrail.ErrInvalid, kind),
	}
}

// splitType takes a type's name apart into its kind and what stands in its first
// parentheses.
func splitType(typ string) (kind, arguments string) {
	typ = strings.ToLower(typ)
	before, rest, found := strings.Cut(typ, "(")
	if !found {
		return strings.TrimSpace(typ), ""
	}
	before = strings.TrimSpace(before)
	if before == "map" || before == "array" || before == "row" {
		return before, rest
	}
	arguments, after, _ := strings.Cut(rest, ")")
	return strings.TrimSpace(before + after), arguments
}

func wrong(err error, typ, text string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("a value of type %s is %q", typ, text)
}

// decimal gives a whole number where the type has no fraction and an int64 holds
// it, else a float64.
func decimal(arguments, text string) (any, error) {
	_, scale, _ := strings.Cut(arguments, ",")
	scale = strings.TrimSpace(scale)
	if n, ok := new(big.Int).SetString(text, 10); ok && (scale == "" || scale == "0") && n.IsInt64() {
		return n.Int64(), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, wrong(err, "decimal", text)
}

// instant reads 2024-11-05 01:02:03.456 UTC. The zone is a name or an offset;
// digits behind the ninth of a second are cut off.
func instant(text string) (time.Time, error) {
	end := strings.LastIndexByte(text, ' ')
	if end < 0 {
		return time.Time{}, fmt.Errorf("%q has no zone", text)
	}
	clock, name := text[:end], text[end+1:]
	const layout = "2006-01-02 15:04:05"
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		t, err := time.Parse(layout+" -07:00", text)
		return t.UTC(), err
	}
	zone := time.UTC
	if name != "UTC" && name != "Z" {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return time.Time{}, err
		}
	}
	t, err := time.ParseInLocation(layout, clock, zone)
	return t.UTC(), err
}
