package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"unicode"

	"configtrail/internal/engine"
)

// result makes the plan's relations visible and runs sql. The connection belongs
// to the result from here on, unless an error comes back.
func (c *connection) result(ctx context.Context, d *database, p plan, sql string, args []any) (engine.Result, error) {
	views, err := p.views()
	if err != nil {
		return engine.Result{}, err
	}
	if views != "" {
		if err := c.run(ctx, views); err != nil {
			return engine.Result{}, explain(ctx, err, d, p)
		}
	}
	rows, columns, err := c.query(ctx, sql, args)
	if err != nil {
		return engine.Result{}, explain(ctx, err, d, p)
	}
	r := &reader{conn: c, rows: rows}
	// Whoever asked may never get to read the rows: the end of ctx ends them too.
	r.stop = context.AfterFunc(ctx, r.close)
	return engine.Result{Columns: columns, Rows: r.all(ctx, len(columns))}, nil
}

// query runs sql. Where a column has a type that Go has no plain value for, or
// that the driver would decode with loss, it is asked for as text instead.
func (c *connection) query(ctx context.Context, sql string, args []any) (driver.Rows, []engine.Column, error) {
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	rows, err := c.QueryContext(ctx, sql, named)
	if err != nil {
		return nil, nil, err
	}
	types, ok := rows.(driver.RowsColumnTypeDatabaseTypeName)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("a %T tells no types", rows), rows.Close())
	}
	columns := make([]engine.Column, len(rows.Columns()))
	for i, name := range rows.Columns() {
		columns[i] = engine.Column{Name: name, Type: types.ColumnTypeDatabaseTypeName(i)}
	}
	plainer, changed := asText(sql, columns)
	if !changed {
		return rows, columns, nil
	}
	if err := rows.Close(); err != nil {
		return nil, nil, err
	}
	rows, err = c.QueryContext(ctx, plainer, named)
	return rows, columns, err
}

// asText wraps sql so that its odd columns come as text, and maps as maps of
// text. It addresses columns by place: names may repeat.
func asText(sql string, columns []engine.Column) (plainer string, changed bool) {
	var names, values []string
	for i, column := range columns {
		name := fmt.Sprintf("c%d", i)
		names = append(names, name)
		target := textTarget(column.Type)
		if target == "" {
			values = append(values, name)
			continue
		}
		changed = true
		values = append(values, fmt.Sprintf("CAST(%s AS %s)", name, target))
	}
	if !changed {
		return sql, false
	}
	// The line break ends a comment that sql may end with.
	return fmt.Sprintf("SELECT %s FROM (%s\n) AS r(%s)", strings.Join(values, ", "),
		strings.TrimRight(sql, "; \t\r\n"), strings.Join(names, ", ")), true
}

// textTarget is the type to ask for in place of one that has no plain value; ""
// where it has one.
func textTarget(typ string) string {
	switch kind, _, _ := strings.Cut(typ, "("); {
	case strings.HasSuffix(typ, "]"):
	case kind == "MAP" && typ != "MAP(VARCHAR, VARCHAR)":
		return "MAP(VARCHAR, VARCHAR)"
	case comesAsText(kind):
		return "VARCHAR"
	}
	// Inside of lists and structs only what would turn into an instant is odd.
	if target := withoutLocalTimes(typ); target != typ {
		return target
	}
	return ""
}

func comesAsText(kind string) bool {
	switch kind {
	case "JSON", "INTERVAL", "BLOB", "UUID", "BIT", "UNION", "GEOMETRY", "VARIANT", "BIGNUM", "TIME WITH TIME ZONE", "TIME_TZ":
		return true
	}
	return isLocalTime(kind)
}

// isLocalTime tells of a type that it holds dates or times that are no instants:
// the driver would make them ones of UTC.
func isLocalTime(kind string) bool {
	switch kind {
	case "DATE", "TIME", "TIMETZ", "TIME_NS", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return true
	}
	return false
}

// withoutLocalTimes is a type with text in place of dates and times that are no
// instants, however deep. Names of members stand in double quotes.
func withoutLocalTimes(typ string) string {
	var b strings.Builder
	for rest := typ; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsUpper(r) && r != '_' })
		switch {
		case end < 0:
			end = len(rest)
		case rest[0] == '"':
			end = strings.IndexByte(rest[1:], '"') + 2
			if end < 2 {
				end = len(rest)
			}
		case end == 0:
			end = 1
		}
		word := rest[:end]
		if isLocalTime(word) {
			word = "VARCHAR"
		}
		b.WriteString(word)
		rest = rest[end:]
	}
	return b.String()
}

// A reader reads rows and then gives its connection back, whatever ends it.
type reader struct {
	mu     sync.Mutex
	conn   *connection
	rows   driver.Rows
	closed bool
	stop   func() bool
}

// all gives the rows once.
func (r *reader) all(ctx context.Context, columns int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer r.close()
		defer r.stop()
		for {
			row, err := r.next(columns)
			if cause := context.Cause(ctx); cause != nil {
				err = fmt.Errorf("read rows: %w", cause)
			}
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(nil, err)
				return
			case !yield(row, nil):
				return
			}
		}
	}
}

// next gives one row, or io.EOF behind the last.
func (r *reader) next(columns int) ([]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("read rows: they were read before, or given up")
	}
	raw := make([]driver.Value, columns)
	if err := r.rows.Next(raw); err != nil {
		return nil, err
	}
	row := make([]any, columns)
	for i, value := range raw {
		row[i] = plainValue(value)
	}
	return row, nil
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	_ = r.rows.Close() // frees memory; nothing is lost when it fails
	r.conn.close()
}
