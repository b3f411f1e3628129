package raw

import (
	"strings"

	"configtrail"
	"configtrail/internal/delivery"
)

// state are the columns of state, as AWS Config and as the relation call them.
var state = []struct{ member, column string }{
	{"configuration", "configuration"},
	{"supplementaryConfiguration", "supplementary_configuration"},
	{"relationships", "relationships"},
	{"tags", "tags"},
}

// StateColumns are the columns of state as AWS Config calls them.
func StateColumns() []string {
	names := make([]string, len(state))
	for i, s := range state {
		names[i] = s.member
	}
	return names
}

// Items is the SQL of one row for each record of an item in the folders, of all
// tables, repeated as often as it was delivered. The columns, all text save the
// last: told_account, told_region, resource_type, resource_id, resource_name,
// arn, availability_zone, version, status, state_id, captured_text, created_text,
// configuration, supplementary_configuration, relationships and tags (JSON, or
// NULL where they are not compared), folder_account, folder_region, folder_year,
// folder_month, source_uri and source_index. leaveOut names objects not to open;
// the SQL has a parameter for each of them, of each table.
func (r *Reading) Items(leaveOut []string) (sql string, args []any) {
	selects := make([]string, len(r.parts))
	for i, p := range r.parts {
		selects[i] = r.itemsOf(p, len(leaveOut))
		for _, uri := range leaveOut {
			args = append(args, uri)
		}
	}
	return strings.Join(selects, "\nUNION ALL\n"), args
}

// itemsOf is the SQL of one table. An array of one item, rather than the item, is
// unnested: engines disagree on whether a struct is then spread into columns.
func (r *Reading) itemsOf(p part, leftOut int) string {
	t := p.table
	columns := []string{
		t.member("awsAccountId") + " AS told_account",
		t.member("awsRegion") + " AS told_region",
		t.member("resourceType") + " AS resource_type",
		t.member("resourceId") + " AS resource_id",
		t.member("resourceName") + " AS resource_name",
		t.member("ARN") + " AS arn",
		t.member("availabilityZone", "availibilityZone") + " AS availability_zone",
		t.member("configurationItemVersion") + " AS version",
		t.member("configurationItemStatus") + " AS status",
		t.member("configurationStateId") + " AS state_id",
		t.member("configurationItemCaptureTime") + " AS captured_text",
		t.member("resourceCreationTime") + " AS created_text",
	}
	for _, s := range state {
		text := "CAST(NULL AS varchar)"
		if r.tables.Compared(s.member) {
			text = t.text(s.member)
		}
		columns = append(columns, text+" AS "+s.column)
	}
	year, month := t.layout.yearAndMonth()
	columns = append(columns,
		t.layout.account.sql()+" AS folder_account",
		t.layout.region.sql()+" AS folder_region",
		year+" AS folder_year",
		month+" AS folder_month",
		`r."$path" AS source_uri`,
		"n - 1 AS source_index",
	)
	sql := "SELECT\n    " + strings.Join(columns, ",\n    ") +
		"\nFROM " + t.quoted() + " AS r" +
		"\nCROSS JOIN UNNEST(transform(r." + quote(t.items) + ", c -> ARRAY[c])) WITH ORDINALITY AS i(c, n)" +
		"\nWHERE " + p.where
	if leftOut > 0 {
		sql += ` AND r."$path" NOT IN (?` + strings.Repeat(", ?", leftOut-1) + ")"
	}
	return sql
}

func (f folder) sql() string {
	if f.column.name == "" {
		return "'" + f.fixed + "'"
	}
	return "CAST(r." + quote(f.column.name) + " AS varchar)"
}

// yearAndMonth is the SQL of a folder's year and month.
func (l *layout) yearAndMonth() (year, month string) {
	if len(l.date) == 3 {
		return "CAST(r." + quote(l.date[0].name) + " AS varchar)", "CAST(r." + quote(l.date[1].name) + " AS varchar)"
	}
	column := "r." + quote(l.date[0].name)
	return "regexp_extract(" + column + ", '[0-9]{4}')", "regexp_extract(" + column + ", '[0-9]{4}[^0-9]([0-9]{1,2})', 1)"
}

// ObjectAt is what the key of an object tells of it, without its ETag and size.
func ObjectAt(uri string) configtrail.Delivery {
	_, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	told := delivery.ParseKey(key)
	return configtrail.Delivery{
		URI: uri, Key: key, Kind: told.Kind, Account: told.Account, Region: told.Region, WrittenAt: told.WrittenAt,
	}
}
