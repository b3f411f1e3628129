package lake

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/table"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The parameters by which Iceberg's clients tell Glue of a field.
const (
	fieldID       = "iceberg.field.id"
	fieldOptional = "iceberg.field.optional"
	fieldCurrent  = "iceberg.field.current"
)

// describe is a table's columns and place for those who look into Glue, such as
// the console of Athena; engines read the metadata. Old is what was there before.
func describe(metadata table.Metadata, old *types.StorageDescriptor) (*types.StorageDescriptor, error) {
	columns, err := columnsOf(metadata.CurrentSchema().Fields())
	if err != nil {
		return nil, err
	}
	var storage types.StorageDescriptor
	if old != nil {
		storage = *old
	}
	comments := make(map[string]*string)
	for _, column := range storage.Columns {
		comments[sdk.ToString(column.Name)] = column.Comment
	}
	storage.Location = sdk.String(metadata.Location())
	storage.Columns = make([]types.Column, len(columns))
	for i, column := range columns {
		storage.Columns[i] = types.Column{
			Name: sdk.String(column.Name), Type: sdk.String(glueType(column.Type)), Comment: comments[column.Name],
			Parameters: map[string]string{
				fieldID: strconv.Itoa(column.ID), fieldOptional: strconv.FormatBool(column.Nullable), fieldCurrent: "true",
			},
		}
	}
	return &storage, nil
}

// glueType is a type as Hive spells it.
func glueType(typ Type) string {
	parts := make([]string, len(typ.Fields))
	for i, field := range typ.Fields {
		parts[i] = glueType(field.Type)
		if typ.Kind == Struct {
			parts[i] = field.Name + ":" + parts[i]
		}
	}
	switch typ.Kind {
	case Long:
		return "bigint"
	case Timestamptz:
		return "timestamp"
	case List:
		return fmt.Sprintf("array<%s>", parts[0])
	case Map, Struct:
		return fmt.Sprintf("%s<%s>", typ.Kind, strings.Join(parts, ","))
	}
	return string(typ.Kind)
}
