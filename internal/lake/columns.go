package lake

import "github.com/parquet-go/parquet-go"

// numbered gives the columns of a table with the ids that files carry: those of
// the tags in rows.go, which never change. A new column goes to the end of its
// table, where its number is also the one that Iceberg gives a new table.
func numbered(table string) []Column {
	var row any = deliveryRow{}
	switch table {
	case Items:
		row = itemRow{}
	case Changes:
		row = changeRow{}
	case Events:
		row = eventRow{}
	}
	columns := columnsFor(table)
	setIDs(columns, parquet.SchemaOf(row))
	return columns
}

// setIDs gives columns the ids of a Parquet schema, in which the parts of lists
// and maps lie one level deeper.
func setIDs(columns []Column, from parquet.Node) {
	for i := range columns {
		for _, field := range from.Fields() {
			if field.Name() != columns[i].Name {
				continue
			}
			columns[i].ID = field.ID()
			if kind := columns[i].Type.Kind; kind == List || kind == Map {
				setIDs(columns[i].Type.Fields, field.Fields()[0])
			} else {
				setIDs(columns[i].Type.Fields, field)
			}
		}
	}
}

// columnsFor is the schema a table is made with, without ids. Names and order
// are public: people write SQL against them.
func columnsFor(table string) []Column {
	switch table {
	case Items:
		return append(append(resourceColumns(),
			required("capture_time", Timestamptz), required("content_hash", String), required("status", String),
			required("resource_name", String), required("arn", String), required("availability_zone", String),
			required("version", String), required("state_id", String), nullable("creation_time", Timestamptz),
			tagsColumn(),
			Column{Name: "relationships", Nullable: true, Type: listOf(
				required("resource_type", String), required("resource_id", String),
				required("resource_name", String), required("name", String))},
			nullable("configuration", String), nullable("supplementary_configuration", String),
			required("redaction_version", Int)),
			sourceColumns("source_")...)
	case Changes:
		columns := append([]Column{required("id", String)}, resourceColumns()...)
		columns = append(columns,
			required("capture_time", Timestamptz), nullable("previous_capture_time", Timestamptz),
			required("kind", String), required("noise", String), required("resource_name", String), required("arn", String),
			tagsColumn(),
			Column{Name: "edits", Type: listOf(
				required("path", String), required("op", String), nullable("old", String), nullable("new", String))},
			required("hash_before", String), required("hash_after", String),
			required("actor_id", String), required("actor_name", String), nullable("actor_confidence", Double),
			required("actor_status", String), required("actor_event_id", String), required("actor_event_name", String),
			nullable("actor_event_time", Timestamptz), required("actor_candidates", String))
		columns = append(columns, sourceColumns("source_")...)
		columns = append(columns, sourceColumns("source_before_")...)
		columns[len(columns)-1].Nullable = true // no item before
		return columns
	case Events:
		return append([]Column{
			required("event_id", String), required("account", String), required("region", String),
			required("event_time", Timestamptz), required("event_source", String), required("event_name", String),
			required("error_code", String), required("shared_event_id", String), required("source_ip", String),
			required("user_agent", String), required("actor_type", String), required("actor_arn", String),
			required("actor_principal_id", String), required("actor_name", String), required("role_arn", String),
			required("invoked_by", String),
			{Name: "resources", Type: listOf(required("arn", String), required("account", String), required("type", String))},
			nullable("request", String), nullable("response", String),
		}, sourceColumns("source_")...)
	}
	return []Column{
		required("uri", String), required("key", String), required("etag", String), required("size", Long),
		required("kind", String), required("account", String), required("region", String),
		nullable("written_at", Timestamptz), required("read_at", Timestamptz),
		nullable("first_capture", Timestamptz), nullable("last_capture", Timestamptz),
		required("items_read", Long), required("items_added", Long), required("items_duplicate", Long),
		required("items_rejected", Long), required("bytes", Long), required("archived", Boolean),
		{Name: "quarantined", Type: listOf(
			required("index", Long), required("offset", Long), required("code", String), required("reason", String))},
		required("batch", Long),
		{Name: "derive", Type: listOf(
			required("account", String), required("region", String), required("resource_type", String))},
	}
}

func required(name string, kind Kind) Column { return Column{Name: name, Type: Type{Kind: kind}} }

func nullable(name string, kind Kind) Column {
	return Column{Name: name, Type: Type{Kind: kind}, Nullable: true}
}

func listOf(members ...Column) Type {
	return Type{List, []Column{{Name: "element", Type: Type{Struct, members}}}}
}

func tagsColumn() Column {
	return Column{Name: "tags", Nullable: true, Type: Type{Map, []Column{required("key", String), required("value", String)}}}
}

func resourceColumns() []Column {
	return []Column{
		required("account", String), required("region", String),
		required("resource_type", String), required("resource_id", String),
	}
}

func sourceColumns(prefix string) []Column {
	return []Column{
		required(prefix+"uri", String), required(prefix+"key", String),
		required(prefix+"etag", String), required(prefix+"index", Long),
	}
}
