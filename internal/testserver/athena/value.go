package athena

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"configtrail/internal/testserver/trino"
)

// columnInfo is what the API says of a column.
type columnInfo struct {
	CatalogName, SchemaName, TableName string
	Name, Label, Type                  string
	Precision, Scale                   int64
	Nullable                           string
	CaseSensitive                      bool
}

// precisions are Athena's, of types whose own parameters say none.
var precisions = map[string]int64{
	"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "float": 17, "double": 17,
	"varchar": 2147483647, "varbinary": 1073741824,
	"timestamp": 3, "timestamp with time zone": 3, "time": 3,
}

// info describes a column as Athena does.
func info(c trino.Column) columnInfo {
	kind := c.TypeSignature.RawType
	if kind == "real" {
		kind = "float"
	}
	out := columnInfo{
		CatalogName: "hive", Name: c.Name, Label: c.Name, Type: kind, Precision: precisions[kind],
		Nullable: "UNKNOWN", CaseSensitive: kind == "varchar" || kind == "char",
	}
	if arguments := c.TypeSignature.Arguments; len(arguments) > 0 {
		switch kind {
		case "decimal":
			out.Precision = arguments[0].Number()
			if len(arguments) > 1 {
				out.Scale = arguments[1].Number()
			}
		case "varchar", "char":
			out.Precision = arguments[0].Number()
		}
	}
	return out
}

// render is a value of Trino's JSON as Athena's text; nil is null.
func render(value any, of trino.Type) *string {
	if value == nil {
		return nil
	}
	out := plain(value, of)
	return &out
}

// plain is a value as text, null too: inside others it has a name.
func plain(value any, of trino.Type) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String() // Trino writes doubles as Java does, and so does Athena
	case string:
		if of.RawType == "varbinary" {
			return pairs(v)
		}
		return v
	case []any:
		return list(v, of)
	case map[string]any:
		return entries(v, of)
	}
	return fmt.Sprint(value)
}

// pairs are bytes (in base64) as Athena writes them: 48 65 6c.
func pairs(encoded string) string {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return encoded
	}
	return fmt.Sprintf("% x", data)
}

// list is an array as [a, b], a row as {name=a, b}.
func list(values []any, of trino.Type) string {
	var out []string
	for i, value := range values {
		name, element := "", trino.Type{}
		switch {
		case of.RawType == "row" && i < len(of.Arguments):
			name, element = of.Arguments[i].Type()
		case len(of.Arguments) > 0:
			_, element = of.Arguments[0].Type()
		}
		piece := plain(value, element)
		if name != "" {
			piece = name + "=" + piece
		}
		out = append(out, piece)
	}
	if of.RawType == "row" {
		return "{" + strings.Join(out, ", ") + "}"
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// entries are a map as {k=v}, in the order of the keys: numbers by size.
func entries(values map[string]any, of trino.Type) string {
	var key, element trino.Type
	if len(of.Arguments) == 2 {
		_, key = of.Arguments[0].Type()
		_, element = of.Arguments[1].Type()
	}
	keys := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if errX == nil && errY == nil && key.RawType != "varchar" && x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, k := range keys {
		out = append(out, k+"="+plain(values[k], element))
	}
	return "{" + strings.Join(out, ", ") + "}"
}
