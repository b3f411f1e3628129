// Package lake keeps what AWS Config and CloudTrail delivered as four Apache
// Iceberg tables in a folder or on S3, so that DuckDB here and Athena, Trino or
// Spark elsewhere read the same files.
//
//	DIR/catalog.db                 which metadata file is each table's newest (SQLite)
//	DIR/TABLE/metadata/            what Iceberg says of the table
//	DIR/TABLE/data/YYYY-MM/*.parquet
//	DIR/staged/*.json              which files are to be committed, and with which deliveries
//
// On S3 the files lie likewise below s3://bucket/prefix, and a database of the
// Glue Data Catalog says which metadata file is the newest: a commit is an update
// of the table there that is refused unless the table is still of the version
// that the commit was made from.
//
// Rows of a file are sorted by account, region, type, resource id and time, and
// a file holds rows of one month (UTC), so that partitions, file bounds and
// row-group statistics each leave out what a question cannot touch.
//
// # What is in, and when
//
// The tables are committed one after the other: items and events, then the
// deliveries that brought them, then the changes derived of them together with
// the number of the last batch of deliveries they account for. A process that
// is killed between two of these steps leaves work that the next run does
// again: an object without a delivery is read again and its items drop out as
// known; a delivery above the noted batch is derived again.
//
// # Several writers
//
// A commit is pinned to the snapshot it was made from. The loser of a race
// loads the table again and makes its commit anew, in this process and in any
// other. Each commit carries a mark in its snapshot, so one whose outcome was
// not told (a full disk, a cancelled context) is looked for before it is tried
// again. Two writers may let the same item in; readers and Compact keep one.
//
// # Staged, then gathered
//
// Many short-lived writers, such as the invocations of a function, do not commit
// but stage: each publishes its data files, which nothing coordinates, and one
// note that names them and holds the deliveries. Gather commits the files of all
// notes at once. That a note is in is written in the same commit as its files,
// so a kill or a race between its steps neither loses nor doubles a row. Compact
// leaves the files alone that a note names.
package lake
