package raw

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"configtrail"
)

// plainName is what databases and tables of Glue are called. Names go into SQL
// as quoted identifiers, so nothing else is let through.
var plainName = configtrail.Pattern(`^[A-Za-z0-9_-]{1,255}$`)

// Table is one raw table as Glue defines it.
type Table struct {
	database, name string
	version        string // of the definition
	serde          string // class of the SerDe
	items          string // name of the column configurationItems
	members        map[string]hiveType
	layout         layout
}

// itemsColumn is the column that holds a delivery's items, in lower case.
const itemsColumn = "configurationitems"

// needed are the members without which an item can't be told from another.
var needed = []string{
	"awsAccountId", "awsRegion", "resourceType", "resourceId", "configurationItemCaptureTime", "configurationItemStatus",
}

// ParseTable reads a definition.
func ParseTable(definition types.Table) (Table, error) {
	t := Table{
		database: sdk.ToString(definition.DatabaseName), name: sdk.ToString(definition.Name), version: sdk.ToString(definition.VersionId),
	}
	if !plainName().MatchString(t.database) || !plainName().MatchString(t.name) {
		return Table{}, fmt.Errorf("%w: %q.%q is no name of a table", configtrail.ErrInvalid, t.database, t.name)
	}
	storage := definition.StorageDescriptor
	if storage == nil {
		return Table{}, t.unfit("raw_columns", "it has no columns")
	}
	if storage.SerdeInfo != nil {
		t.serde = sdk.ToString(storage.SerdeInfo.SerializationLibrary)
	}
	for _, column := range storage.Columns {
		if !strings.EqualFold(sdk.ToString(column.Name), itemsColumn) {
			continue
		}
		parsed, err := parseHive(sdk.ToString(column.Type))
		if err != nil {
			return Table{}, err
		}
		members, ok := parsed.items()
		if !ok {
			return Table{}, t.unfit("raw_columns", "configurationitems is no array<struct<…>>")
		}
		t.items, t.members = sdk.ToString(column.Name), members
	}
	if t.members == nil {
		return Table{}, t.unfit("raw_columns", "it has no column configurationitems")
	}
	var missing []string
	for _, member := range needed {
		if inner, ok := t.members[strings.ToLower(member)]; !ok || !inner.isText() {
			missing = append(missing, member)
		}
	}
	if len(missing) > 0 {
		return Table{}, t.unfit("raw_columns", "configurationitems lacks, as string: "+strings.Join(missing, ", "))
	}
	var err error
	t.layout, err = parseLayout(definition)
	if err != nil {
		return Table{}, t.unfit("raw_layout", err.Error())
	}
	return t, nil
}

// unfit is the error of a table that can't be read as a raw table.
func (t Table) unfit(key, why string) error {
	return problem(key, map[string]any{"table": t.Name(), "why": why}, fmt.Errorf("%w: table %s: %s", configtrail.ErrInvalid, t.Name(), why))
}

// Name is database.table.
func (t Table) Name() string { return t.database + "." + t.name }

// quoted is the table in SQL.
func (t Table) quoted() string { return quote(t.database) + "." + quote(t.name) }

func quote(identifier string) string { return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"` }

// textual reports whether the SerDe can give an object as text. Hive's own
// JsonSerDe fails the whole query instead.
func (t Table) textual() bool { return !strings.HasPrefix(t.serde, "org.apache.hive.") }

// text is the SQL of a member of state as text, which is JSON where the member
// is no string by nature; "" where the table can't give it.
func (t Table) text(member string) string {
	name := strings.ToLower(member)
	declared, ok := t.members[name]
	column := "c[1]." + quote(name)
	switch {
	case !ok:
		return ""
	case declared.isText() && t.textual():
		return column
	case declared.isText():
		return ""
	case name == "configuration":
		return "" // a struct holds only what somebody thought of
	}
	return "json_format(CAST(" + column + " AS JSON))"
}

// member is the SQL of a scalar member as text, NULL where the table lacks it.
func (t Table) member(names ...string) string {
	for _, name := range names {
		name = strings.ToLower(name)
		if declared, ok := t.members[name]; ok {
			if declared.isText() {
				return "c[1]." + quote(name)
			}
			if slices.Contains([]string{"bigint", "int", "integer", "smallint", "tinyint", "double", "float"}, declared.name) ||
				strings.HasPrefix(declared.name, "decimal") {
				return "CAST(c[1]." + quote(name) + " AS varchar)"
			}
		}
	}
	return "CAST(NULL AS varchar)"
}
