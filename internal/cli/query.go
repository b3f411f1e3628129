package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// childName is the hidden command that runs one guarded query in its own process.
const childName = "sql-child"

// defaultRows is how many rows a query shows unless told.
const defaultRows = 1000

// queryFlags are the flags of query as they were typed.
type queryFlags struct {
	format  string
	rows    int64
	timeout time.Duration
	adHoc   bool // free SQL may go to Athena or Trino
}

func (a *app) queryCommand() *cobra.Command {
	var f queryFlags
	c := &cobra.Command{
		Use: `query "SELECT …"`, Short: a.t("query.short"), Long: a.t("query.long"), Example: a.t("query.example"),
		Args: exactly("SELECT"),
		RunE: func(c *cobra.Command, args []string) error { return a.query(c.Context(), f, args[0]) },
	}
	c.Flags().Int64Var(&f.rows, "limit", defaultRows, a.t("flag.limit"))
	c.Flags().DurationVar(&f.timeout, "timeout", time.Minute, a.t("flag.timeout"))
	c.Flags().BoolVar(&f.adHoc, "allow-ad-hoc", false, a.t("flag.allow-ad-hoc"))
	a.failFlag(c)
	a.formatFlag(c, &f.format, "text", "json", "jsonl", "csv", "markdown")
	return c
}

func (a *app) childCommand() *cobra.Command {
	return &cobra.Command{
		Use: childName, Hidden: true, Args: cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // it reads no settings
		RunE: func(c *cobra.Command, _ []string) error {
			if code := duckdb.ServeChild(c.Context(), a.Stdin, a.Stdout); code != 0 {
				return fmt.Errorf("the query's process ended with %d", code)
			}
			return nil
		},
	}
}

func (a *app) query(ctx context.Context, f queryFlags, sql string) error {
	if f.rows < 0 || f.timeout <= 0 {
		return misused("above_zero", nil)
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := a.free(ctx, s.Engine, sql, f)
	if err != nil {
		return queryProblem(err)
	}
	if err := a.writeRows(result, f.format); err != nil {
		return queryProblem(err)
	}
	if result.Cut() != duckdb.CutNothing {
		fmt.Fprintln(a.Stderr, a.p.Text("query.cut", message.Args{"n": f.rows}))
	}
	// Which span the statement is about is not known, so only what is quarantined
	// anywhere and what is not derived can be said.
	troubled, err := s.Quarantine(ctx, history.Filter{})
	if err != nil {
		return err
	}
	var warnings []history.Warning
	for _, t := range troubled {
		if t.MendedBy == "" && len(t.Quarantined) > 0 {
			warnings = append(warnings, history.Warning{Kind: history.WarnQuarantine, Reason: t.Quarantined[0].Code, Key: t.Key, Count: int64(len(t.Quarantined))})
		}
	}
	a.warn(warnings, s.pending)
	return a.judge(warnings, s.pending)
}

// free runs free SQL: embedded in a process of its own; elsewhere only where that
// is allowed by name, and as the guard wrote it from the tree it checked.
func (a *app) free(ctx context.Context, e engine.Engine, sql string, f queryFlags) (duckdb.GuardedResult, error) {
	if embedded, ok := e.(*duckdb.Engine); ok {
		return embedded.RunGuarded(ctx, duckdb.ChildCommand{Path: a.Executable, Args: []string{childName}}, a.guarded(sql, f))
	}
	if !f.adHoc {
		return duckdb.GuardedResult{}, invalid("ad_hoc", message.Args{"engine": a.set.Engine})
	}
	guard, err := duckdb.OpenGuard(ctx)
	if err != nil {
		return duckdb.GuardedResult{}, err
	}
	statement, err := guard.Check(ctx, sql)
	if err := errors.Join(err, guard.Close()); err != nil {
		return duckdb.GuardedResult{}, err
	}
	ctx, stop := context.WithTimeout(ctx, f.timeout)
	result, err := e.Query(ctx, engine.Query{Name: "query", SQL: statement.SQL})
	if err != nil {
		stop()
		return duckdb.GuardedResult{}, err
	}
	cut, rows := duckdb.CutNothing, result.Rows
	result.Rows = func(yield func([]any, error) bool) {
		defer stop()
		n := int64(0)
		for row, err := range rows {
			if n++; f.rows > 0 && n > f.rows {
				cut = duckdb.CutRows
				return
			}
			if !yield(row, err) {
				return
			}
		}
	}
	return duckdb.GuardedResult{Result: result, SQL: statement.SQL, Cut: func() duckdb.Cut { return cut }}, nil
}

// guarded is the query with its limits; a limit of 0 rows is none.
func (a *app) guarded(sql string, f queryFlags) duckdb.GuardedQuery {
	q := duckdb.GuardedQuery{SQL: sql, MaxRows: f.rows, Timeout: f.timeout, Zone: a.zone.String()}
	if f.rows == 0 {
		q.MaxRows, q.MaxBytes = math.MaxInt64, math.MaxInt64
	}
	return q
}

// writeRows writes a result in a format.
func (a *app) writeRows(result duckdb.GuardedResult, format string) error {
	var names []string
	for _, c := range result.Columns {
		names = append(names, c.Name)
	}
	write, finish, err := a.rowWriter(names, format, result.Cut)
	if err != nil {
		return err
	}
	n := 0
	for row, err := range result.Rows {
		if err != nil {
			return err
		}
		n++
		if err := write(row); err != nil {
			return err
		}
	}
	if err := finish(); err != nil {
		return err
	}
	if format == "text" {
		a.remark(a.p.Text("query.rows", message.Args{"n": n}))
	}
	return nil
}

// rowWriter writes rows as they come; finish ends the output.
func (a *app) rowWriter(names []string, format string, cut func() duckdb.Cut) (write func([]any) error, finish func() error, err error) {
	nothing := func() error { return nil }
	switch format {
	case "json", "jsonl":
		before, first := "", true
		if format == "json" {
			if err := writeOpen(a.Stdout, names); err != nil {
				return nil, nil, err
			}
		}
		return func(row []any) error {
				if format == "json" && !first {
					before = ","
				}
				first = false
				if _, err := io.WriteString(a.Stdout, before); err != nil {
					return err
				}
				return writeJSON(a.Stdout, rowJSON{names, a.inZone(row)})
			}, func() error {
				if format == "json" {
					_, err := fmt.Fprintf(a.Stdout, "],\"complete\":%t}\n", cut() == duckdb.CutNothing)
					return err
				}
				return nil
			}, nil
	case "csv":
		w := newCSV(a.Stdout)
		return func(row []any) error { return w.row(a.cells(row)...) }, w.finish, w.row(names...)
	case "markdown":
		return func(row []any) error { return markdownRow(a.Stdout, a.cells(row)...) }, nothing, markdownHead(a.Stdout, names...)
	}
	t := table{}
	for _, name := range names {
		t.head = append(t.head, message.Clip(configtrail.Visible(name), valueShown))
	}
	return func(row []any) error {
		cells := a.cells(row)
		for i := range cells {
			cells[i] = message.Clip(cells[i], valueShown)
		}
		t.row(cells...)
		return nil
	}, func() error { return t.write(a.Stdout) }, nil
}

func writeOpen(w io.Writer, names []string) error {
	columns, err := json.Marshal(names)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `{"columns":%s,"rows":[`, escapeHidden(columns))
	return err
}

// rowJSON is a row as an object whose members stand in the order of the columns.
type rowJSON struct {
	names  []string
	values []any
}

// MarshalJSON implements json.Marshaler.
func (r rowJSON) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, name := range r.names {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(jsonValue(r.values[i]))
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// jsonValue is a value as our JSON has it: times with milliseconds, and text for
// NaN and infinity, for which JSON has no number.
func jsonValue(value any) any {
	switch v := value.(type) {
	case time.Time:
		return configtrail.Stamp(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
	case []any:
		for i := range v {
			v[i] = jsonValue(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = jsonValue(v[name])
		}
	}
	return value
}

// inZone gives the times of a row in the asked zone.
func (a *app) inZone(row []any) []any {
	for i, value := range row {
		if t, ok := value.(time.Time); ok {
			row[i] = t.In(a.zone)
		}
	}
	return row
}

// cells are a row's values as text: lists, maps and structs as JSON.
func (a *app) cells(row []any) []string {
	cells := make([]string, len(row))
	for i, value := range a.inZone(row) {
		switch v := value.(type) {
		case nil:
		case string:
			cells[i] = v
		case time.Time:
			cells[i] = a.exact(v)
		case map[string]string, []any, map[string]any:
			text, err := json.Marshal(jsonValue(v))
			if err != nil {
				text = []byte(err.Error())
			}
			cells[i] = string(text)
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	return cells
}
