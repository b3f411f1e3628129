-- What the dialects spell differently. Each section is headed by its name and
-- dialect. A time is turned into seconds since 1970, as differences of times with a
-- zone go through a calendar in DuckDB, which costs six times as much.

-- any_edit duckdb
len(list_filter(edits, lambda e: {test})) > 0

-- any_edit trino
any_match(edits, e -> {test})

-- tag_value duckdb
map_extract_value(tags, {key})

-- tag_value trino
element_at(tags, {key})

-- nested duckdb
{column}

-- nested trino
json_format(CAST({column} AS JSON))

-- matches duckdb
regexp_matches({text}, {pattern})

-- matches trino
regexp_like({text}, {pattern})

-- troubled duckdb
(archived OR len(quarantined) > 0)

-- troubled trino
(archived OR cardinality(quarantined) > 0)

-- unix duckdb
epoch({time})

-- unix trino
to_unixtime({time})
