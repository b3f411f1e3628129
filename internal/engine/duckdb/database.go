package duckdb

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// A database is one DuckDB in memory, locked before anything else runs in it:
// no file but those named, no extension, no setting that could be changed back.
type database struct {
	connector *duckdb.Connector
	memory    string // the memory limit as DuckDB was told
}

// limits is what a database may use and reach. The zero value reaches nothing.
type limits struct {
	memory  int64    // bytes; 0: DuckDB's default, four fifths of the machine's
	threads int      // 0: one for each processor
	spill   string   // folder for what does not fit into memory; empty: none
	files   []string // files that may be read
	folders []string // folders whose files may be read
	zone    string   // what a time without an offset means; "": UTC
}

// open makes a database. What it may reach is fixed from here on.
func open(ctx context.Context, l limits) (*database, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	d := &database{connector: connector}
	if l.memory > 0 {
		d.memory = fmt.Sprintf("%d MiB", max(1, l.memory>>20))
	}
	if err := d.lock(ctx, l); err != nil {
		return nil, errors.Join(fmt.Errorf("lock DuckDB's settings: %w", err), d.close())
	}
	return d, nil
}

// lock applies the settings, the one that forbids any further change last.
func (d *database) lock(ctx context.Context, l limits) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.close()
	zone := cmp.Or(l.zone, "UTC")
	if err := conn.run(ctx, "SET GLOBAL TimeZone = "+literal(zone)); err != nil {
		return unknownZone(zone) // DuckDB's list of zones is its own
	}
	settings := []string{
		"SET GLOBAL autoinstall_known_extensions = false",
		"SET GLOBAL autoload_known_extensions = false",
		"SET GLOBAL allow_community_extensions = false",
		"SET GLOBAL allow_persistent_secrets = false",
		"SET GLOBAL temp_directory = " + literal(l.spill),
	}
	if l.threads > 0 {
		settings = append(settings, fmt.Sprintf("SET GLOBAL threads = %d", l.threads))
	}
	if d.memory != "" {
		settings = append(settings, "SET GLOBAL memory_limit = "+literal(d.memory))
	}
	if len(l.files) > 0 {
		settings = append(settings, "SET GLOBAL allowed_paths = "+literals(l.files))
	}
	if len(l.folders) > 0 {
		settings = append(settings, "SET GLOBAL allowed_directories = "+literals(l.folders))
	}
	settings = append(settings,
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL lock_configuration = true")
	return conn.run(ctx, strings.Join(settings, "; "))
}

func (d *database) close() error { return d.connector.Close() }

// A connection is one session of a database: its temporary views are its own.
// It belongs to one goroutine at a time.
type connection struct {
	*duckdb.Conn
}

func (d *database) connect(ctx context.Context) (*connection, error) {
	opened, err := d.connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to DuckDB: %w", err)
	}
	conn, ok := opened.(*duckdb.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("connect to DuckDB: got a %T", opened), opened.Close())
	}
	return &connection{conn}, nil
}

// close ends the session. It can't fail in a way that matters to a reader.
func (c *connection) close() { _ = c.Conn.Close() }

// run runs statements of our own that give nothing.
func (c *connection) run(ctx context.Context, sql string) error {
	_, err := c.ExecContext(ctx, sql, nil)
	return err
}

// text runs a statement of our own that gives one text for one text.
func (c *connection) text(ctx context.Context, sql, argument string) (_ string, err error) {
	rows, err := c.QueryContext(ctx, sql, []driver.NamedValue{{Ordinal: 1, Value: argument}})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return "", err
	}
	text, ok := row[0].(string)
	if !ok {
		return "", fmt.Errorf("DuckDB gave a %T in place of text", row[0])
	}
	return text, nil
}

// literal is text as an SQL literal.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// literals is a list of texts as an SQL literal.
func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = literal(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// identifier is a name as SQL writes it, whatever it holds.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
