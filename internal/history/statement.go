package history

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"strings"

	"configtrail"
	"configtrail/internal/engine"
)

// The questions, one a file. A {name} in them is a hole that a clause fills.
//
//go:embed sql/*.sql
var questions embed.FS

// clause is a piece of SQL with the values of its parameters, in order.
type clause struct {
	sql  string
	args []any
}

// value is a clause that is nothing but one parameter.
func value(arg any) clause { return clause{"?", []any{arg}} }

// join ties clauses by a word such as " AND "; no clause at all gives empty.
func join(clauses []clause, word, empty string) clause {
	if len(clauses) == 0 {
		return clause{sql: empty}
	}
	var joined clause
	for i, c := range clauses {
		if i > 0 {
			joined.sql += word
		}
		joined.sql += c.sql
		joined.args = append(joined.args, c.args...)
	}
	return joined
}

func all(clauses ...clause) clause { return join(clauses, " AND ", "TRUE") }

// some is true where one of the clauses is; at least one has to be given.
func some(clauses []clause) clause {
	c := join(clauses, " OR ", "FALSE")
	c.sql = "(" + c.sql + ")"
	return c
}

// in compares a column with a set of values that is not empty.
func in[T any](column string, values []T) clause {
	c := clause{sql: column + " IN (?" + strings.Repeat(", ?", len(values)-1) + ")"}
	for _, v := range values {
		c.args = append(c.args, v)
	}
	return c
}

// holes names the clauses that fill a question.
type holes map[string]clause

// fill puts clauses into the holes of text, with their arguments in the order
// of their appearance. A hole that nothing fills is a mistake of the program.
func fill(text string, parts holes) (clause, error) {
	var out clause
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			out.sql = b.String()
			return out, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		part, known := parts[name]
		if !closed || !known {
			return clause{}, fmt.Errorf("nothing fills {%s}", name)
		}
		b.WriteString(part.sql)
		out.args = append(out.args, part.args...)
		text = after
	}
}

// fragment is what the dialects spell differently: the section of
// sql/fragments.sql that is headed "-- NAME DIALECT".
func fragment(dialect engine.Dialect, name string) (string, error) {
	text, err := questions.ReadFile("sql/fragments.sql")
	if err != nil {
		return "", err
	}
	head := "-- " + name + " " + string(dialect) + "\n"
	_, rest, found := strings.Cut(string(text), head)
	if !found {
		return "", fmt.Errorf("sql/fragments.sql has no %s for %s", name, dialect)
	}
	section, _, _ := strings.Cut(rest, "\n-- ")
	return strings.TrimSpace(section), nil
}

// spell fills a fragment of the engine's dialect.
func (h *History) spell(name string, parts holes) (clause, error) {
	text, err := fragment(h.Engine.Dialect(), name)
	if err != nil {
		return clause{}, err
	}
	return fill(text, parts)
}

// statement is one question, ready to be asked.
func (h *History) statement(name string, scope configtrail.Scope, parts holes) (engine.Query, error) {
	content, err := questions.ReadFile("sql/" + name + ".sql")
	if err != nil {
		return engine.Query{}, err
	}
	text := withoutComments(string(content))
	parts, err = h.spellNested(text, parts)
	if err != nil {
		return engine.Query{}, fmt.Errorf("question %s: %w", name, err)
	}
	filled, err := fill(text, parts)
	if err != nil {
		return engine.Query{}, fmt.Errorf("question %s: %w", name, err)
	}
	return engine.Query{Name: name, SQL: filled.sql, Args: filled.args, Scope: scope}, nil
}

// nested is the hole of a column that holds a map or a list of structs.
var nested = configtrail.Pattern(`\{(nested ([a-z_.]+))\}`)

// spellNested fills the holes of nested columns. Where an engine would give them
// as text that can't be told apart, its dialect asks for JSON, which row reads.
func (h *History) spellNested(text string, parts holes) (holes, error) {
	all := holes{}
	maps.Copy(all, parts)
	for _, hole := range nested().FindAllStringSubmatch(text, -1) {
		spelled, err := h.spell("nested", holes{"column": {sql: hole[2]}})
		if err != nil {
			return nil, err
		}
		all[hole[1]] = spelled
	}
	return all, nil
}

// withoutComments leaves out the lines that are comments: they explain a file
// to people, and may hold question marks that an engine would count.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String())
}

// ask runs a question and gives its rows to visit, one after the other. An
// error of visit ends it.
func (h *History) ask(ctx context.Context, name string, scope configtrail.Scope, parts holes, visit func(*row) error) error {
	query, err := h.statement(name, scope, parts)
	if err != nil {
		return err
	}
	result, err := h.Engine.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("ask %s: %w", name, err)
	}
	for values, err := range result.Rows {
		if err != nil {
			return fmt.Errorf("ask %s: %w", name, err)
		}
		r := &row{values: values}
		if err := visit(r); err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return fmt.Errorf("ask %s: %w", name, err)
		}
	}
	return nil
}
