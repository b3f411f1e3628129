package duckdb

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"configtrail"
	"configtrail/internal/lake"
)

// A relation is one of the four tables as a query sees it: the files that its
// scope needs, read by field id, so that files written before a column was added
// or renamed read right.
type relation struct {
	Name    string        `json:"name"`
	Columns []lake.Column `json:"columns"`
	Files   []string      `json:"files"`
}

// A plan is what a query reads.
type plan struct {
	relations []relation
	bytes     int64 // of all planned files
}

// planFor asks the lake which files the named relations need, and has those
// brought to this machine that are elsewhere. A budget of more than 0 bytes that
// does not suffice gives configtrail.ErrOverBudget, before anything is brought.
func planFor(ctx context.Context, l *lake.Lake, names []string, scope configtrail.Scope, budget int64) (plan, error) {
	var p plan
	var planned [][]lake.File // by relation
	for _, name := range names {
		columns, err := l.Columns(ctx, name)
		if err != nil {
			return plan{}, fmt.Errorf("plan %s: %w", name, err)
		}
		files, err := l.Plan(ctx, name, scope)
		if err != nil {
			return plan{}, fmt.Errorf("plan %s: %w", name, err)
		}
		for _, file := range files {
			p.bytes += file.Bytes
		}
		p.relations = append(p.relations, relation{Name: name, Columns: columns})
		planned = append(planned, files)
	}
	if budget > 0 && p.bytes > budget {
		return plan{}, configtrail.WithHint(
			fmt.Errorf("%w: the query would read %d bytes; the budget is %d", configtrail.ErrOverBudget, p.bytes, budget),
			"Narrow the span, the accounts, the regions or the types, or raise the budget.")
	}
	for i := range p.relations {
		local, err := l.Fetch(ctx, planned[i])
		if err != nil {
			return plan{}, fmt.Errorf("plan %s: %w", p.relations[i].Name, err)
		}
		for _, file := range local {
			p.relations[i].Files = append(p.relations[i].Files, file.Path)
		}
	}
	return p, nil
}

// files are the paths of all relations.
func (p plan) files() []string {
	var files []string
	for _, r := range p.relations {
		files = append(files, r.Files...)
	}
	return files
}

// lakeFolder is the folder that holds the planned tables: a file lies somewhere
// below LAKE/TABLE. It is empty where no file is planned.
func (p plan) lakeFolder() string {
	for _, r := range p.relations {
		for _, file := range r.Files {
			for table := filepath.Dir(file); table != filepath.Dir(table); table = filepath.Dir(table) {
				if filepath.Base(table) == r.Name {
					return filepath.Dir(table)
				}
			}
		}
	}
	return ""
}

// views is the SQL that makes the plan's relations visible to one connection.
func (p plan) views() (string, error) {
	var b strings.Builder
	for _, r := range p.relations {
		if err := r.view(&b); err != nil {
			return "", fmt.Errorf("relation %s: %w", r.Name, err)
		}
	}
	return b.String(), nil
}

func (r relation) view(b *strings.Builder) error {
	fmt.Fprintf(b, "CREATE TEMPORARY VIEW %s AS SELECT ", identifier(r.Name))
	if len(r.Files) == 0 {
		for i, column := range r.Columns {
			typ, err := typeName(column.Type)
			if err != nil {
				return fmt.Errorf("column %s: %w", column.Name, err)
			}
			fmt.Fprintf(b, "%sCAST(NULL AS %s) AS %s", comma(i), typ, identifier(column.Name))
		}
		b.WriteString(" WHERE false;\n")
		return nil
	}
	fmt.Fprintf(b, "* FROM read_parquet(%s, hive_partitioning = false, schema = MAP {", literals(r.Files))
	for i, column := range r.Columns {
		typ, err := typeName(column.Type)
		if err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
		fmt.Fprintf(b, "%s%d: {'name': %s, 'type': %s, 'default_value': NULL}",
			comma(i), column.ID, literal(column.Name), literal(typ))
	}
	b.WriteString("});\n")
	return nil
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// typeName is a type of the lake as DuckDB spells it.
func typeName(t lake.Type) (string, error) {
	switch t.Kind {
	case lake.String:
		return "VARCHAR", nil
	case lake.Long:
		return "BIGINT", nil
	case lake.Int:
		return "INTEGER", nil
	case lake.Double:
		return "DOUBLE", nil
	case lake.Boolean:
		return "BOOLEAN", nil
	case lake.Timestamptz:
		return "TIMESTAMP WITH TIME ZONE", nil
	}
	members := make([]string, len(t.Fields))
	for i, field := range t.Fields {
		name, err := typeName(field.Type)
		if err != nil {
			return "", err
		}
		if t.Kind == lake.Struct {
			name = identifier(field.Name) + " " + name
		}
		members[i] = name
	}
	switch {
	case t.Kind == lake.Struct && len(members) > 0:
		return "STRUCT(" + strings.Join(members, ", ") + ")", nil
	case t.Kind == lake.Map && len(members) == 2:
		return "MAP(" + strings.Join(members, ", ") + ")", nil
	case t.Kind == lake.List && len(members) == 1:
		return members[0] + "[]", nil
	}
	return "", fmt.Errorf("%w: a %s of %d members is no type of the lake", configtrail.ErrInvalid, t.Kind, len(t.Fields))
}
