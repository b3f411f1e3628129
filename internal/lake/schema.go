package lake

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// The tables.
const (
	Items      = "items"
	Changes    = "changes"
	Events     = "events"
	Deliveries = "deliveries"
)

// tableNames lists the tables in the order in which their commits build on each other.
func tableNames() []string { return []string{Items, Events, Deliveries, Changes} }

// timeColumn is the column whose month (UTC) partitions a table.
func timeColumn(table string) string {
	switch table {
	case Events:
		return "event_time"
	case Deliveries:
		return "written_at"
	}
	return "capture_time"
}

// Kind is what a value of a column is.
type Kind string

// The kinds of Type.
const (
	String      Kind = "string"
	Long        Kind = "long"
	Int         Kind = "int"
	Double      Kind = "double"
	Boolean     Kind = "boolean"
	Timestamptz Kind = "timestamptz" // microseconds, UTC
	List        Kind = "list"        // Fields holds the element
	Map         Kind = "map"         // Fields holds key and value
	Struct      Kind = "struct"      // Fields holds the members in their order
)

// Type is the type of a column, or of a part of one.
type Type struct {
	Kind   Kind
	Fields []Column // parts of a list, map or struct, named element, key, value or as the member
}

// Column is a column of a table, or a part of one. Its ID stays when it is
// renamed, and is how a file's column is found.
type Column struct {
	ID       int
	Name     string
	Type     Type
	Nullable bool
}

// Columns gives the columns of a table in the order of its current schema.
func (l *Lake) Columns(ctx context.Context, table string) ([]Column, error) {
	loaded, err := l.load(ctx, table)
	if err != nil {
		return nil, err
	}
	return columnsOf(loaded.Schema().Fields())
}

func columnsOf(fields []iceberg.NestedField) ([]Column, error) {
	columns := make([]Column, len(fields))
	for i, field := range fields {
		typ, err := typeOf(field.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", field.Name, err)
		}
		columns[i] = Column{field.ID, field.Name, typ, !field.Required}
	}
	return columns, nil
}

func typeOf(typ iceberg.Type) (Type, error) {
	var parts []iceberg.NestedField
	var kind Kind
	switch typ := typ.(type) {
	case *iceberg.ListType:
		kind, parts = List, typ.Fields()
	case *iceberg.MapType:
		kind, parts = Map, typ.Fields()
	case *iceberg.StructType:
		kind, parts = Struct, typ.Fields()
	case iceberg.StringType, iceberg.Int64Type, iceberg.Int32Type, iceberg.Float64Type, iceberg.BooleanType, iceberg.TimestampTzType:
		return Type{Kind: Kind(typ.String())}, nil
	default:
		return Type{}, fmt.Errorf("type %s is none that this version of configtrail knows", typ)
	}
	fields, err := columnsOf(parts)
	return Type{kind, fields}, err
}

// icebergFields are columns as Iceberg has them, of the same ids.
func icebergFields(columns []Column) []iceberg.NestedField {
	fields := make([]iceberg.NestedField, len(columns))
	for i, c := range columns {
		fields[i] = iceberg.NestedField{ID: c.ID, Name: c.Name, Required: !c.Nullable, Type: icebergTypeOf(c.Type)}
	}
	return fields
}

func icebergTypeOf(typ Type) iceberg.Type {
	parts := icebergFields(typ.Fields)
	switch typ.Kind {
	case Long:
		return iceberg.PrimitiveTypes.Int64
	case Int:
		return iceberg.PrimitiveTypes.Int32
	case Double:
		return iceberg.PrimitiveTypes.Float64
	case Boolean:
		return iceberg.PrimitiveTypes.Bool
	case Timestamptz:
		return iceberg.PrimitiveTypes.TimestampTz
	case List:
		return &iceberg.ListType{ElementID: parts[0].ID, Element: parts[0].Type, ElementRequired: parts[0].Required}
	case Map:
		return &iceberg.MapType{
			KeyID: parts[0].ID, KeyType: parts[0].Type,
			ValueID: parts[1].ID, ValueType: parts[1].Type, ValueRequired: parts[1].Required,
		}
	case Struct:
		return &iceberg.StructType{FieldList: parts}
	}
	return iceberg.PrimitiveTypes.String
}

func icebergSchema(table string) *iceberg.Schema {
	return iceberg.NewSchema(0, icebergFields(numbered(table))...)
}

func partitionSpec(name string, schema *iceberg.Schema) (iceberg.PartitionSpec, error) {
	column := timeColumn(name)
	return iceberg.NewPartitionSpecOpts(iceberg.AddPartitionFieldByName(
		column, column+"_month", iceberg.MonthTransform{}, schema, nil))
}

func sortOrder(name string, schema *iceberg.Schema) (table.SortOrder, error) {
	var fields []table.SortField
	columns := []string{"account", "region", "resource_type", "resource_id", timeColumn(name)}
	if name == Deliveries {
		columns = []string{"uri"}
	}
	for _, column := range columns {
		field, found := schema.FindFieldByName(column)
		if !found {
			continue // events have no resource
		}
		fields = append(fields, table.SortField{
			SourceIDs: []int{field.ID}, Transform: iceberg.IdentityTransform{},
			Direction: table.SortASC, NullOrder: table.NullsFirst,
		})
	}
	return table.NewSortOrder(1, fields)
}
