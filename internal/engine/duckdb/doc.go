// Package duckdb answers queries over a lake in a folder with an embedded
// DuckDB, and decides which SQL from outside may run at all. It is the only home
// of DuckDB, and of cgo.
//
// # How a query reads the lake
//
// A statement selects from four relations: items, changes, events and
// deliveries. DuckDB parses it; the relations it mentions are planned, and each
// becomes a temporary view of one connection over exactly the files that the
// scope needs, read by field id. A relation without files is an empty one of the
// same columns. The scope only leaves files out: the statement holds the exact
// predicates. Rows are what the files hold; where concurrent writers let in the
// same item twice, the statement counts distinct ones.
//
// DuckDB finishes a result before its first row is handed out, and keeps it whole,
// beside its memory limit, until the rows have been read: a statement that may
// give millions of rows has to page. The end of the context interrupts work between two batches of rows, half a second
// later at most. One call over one enormous value, such as a list of a hundred
// million elements, is a single batch and runs to its end; the statements of the
// catalogue have none, and free SQL runs where it can be killed.
//
// # Free SQL
//
// Somebody types SQL, or a model writes it after it has read names and tags that
// an attacker chose. Three layers stand between such a statement and the
// machine, none of which relies on another:
//
//   - The guard lets DuckDB parse the text and walks the tree. Whatever is not
//     in the allow-lists of folder guard is refused: kinds of nodes and their
//     members, relations, functions, table functions, types. It looks for
//     nothing bad; it knows what is good. The text itself is never searched, so
//     spelling, quotes, comments and look-alike letters make no difference. What
//     runs is the tree written out again by DuckDB, and that text has to pass
//     the guard too.
//
//   - The database is locked before the first statement: no file but the
//     planned ones, no network, no extension, no spill files, and the lock
//     itself can't be taken off. SQL that got past the guard could read the rows
//     it may read anyway.
//
//   - The process is one of its own, started for this statement with an empty
//     environment, so without credentials, and told its files on standard input.
//     On Linux it lowers its own limits first: no byte written to any file, no
//     core dump, bounded memory and processor time. It is killed at the
//     deadline, with the context, or when its rows are given up; its rows and
//     bytes are counted again by the parent, which trusts nothing it says.
//
// The process does not hide other files of the same user from a hole in DuckDB
// itself, such as a flaw in its Parquet reader: on machines where that matters,
// run the command in a container.
//
// Statements of the catalogue pass the same grammar, with parameters allowed, and
// run in this process over the lake's folder.
package duckdb
