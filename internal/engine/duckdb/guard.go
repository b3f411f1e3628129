package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"configtrail"
)

// maxStatement is the longest text that is parsed at all, in bytes.
const maxStatement = 64 << 10

// Statement is one SELECT that passed the guard.
type Statement struct {
	// SQL is the text that may run: written by DuckDB from the tree that was
	// checked, not the text that came in. Comments and odd spellings are gone.
	SQL string

	// Relations are those of items, changes, events and deliveries that it
	// mentions, sorted.
	Relations []string
}

// A Guard decides whether SQL from outside may run. It lets DuckDB parse the
// text, and judges the tree by allow-lists; the text is never searched. It is
// safe for concurrent use.
type Guard struct {
	database *database
	grammar  *grammar
}

func newGuard(d *database) (*Guard, error) {
	g, err := readGrammar(grammarText, functionsText)
	if err != nil {
		return nil, err
	}
	return &Guard{d, g}, nil
}

// OpenGuard is a guard alone, for SQL that runs on another engine. Close ends it.
func OpenGuard(ctx context.Context) (*Guard, error) {
	d, err := open(ctx, Options{}.limits())
	if err != nil {
		return nil, err
	}
	g, err := newGuard(d)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return g, nil
}

// Close ends a guard that OpenGuard made.
func (g *Guard) Close() error { return g.database.close() }

// Check judges free SQL. What is not one SELECT made of what the allow-lists
// hold gives configtrail.ErrRefused with the reason; what can't be parsed gives
// configtrail.ErrInvalid; a text above 64 KiB configtrail.ErrTooLarge.
func (g *Guard) Check(ctx context.Context, sql string) (Statement, error) {
	conn, err := g.database.connect(ctx)
	if err != nil {
		return Statement{}, err
	}
	defer conn.close()

	tree, _, err := g.judge(ctx, conn, sql, noParameters)
	if err != nil {
		return Statement{}, err
	}
	canonical, err := conn.text(ctx, "SELECT json_deserialize_sql(CAST(? AS JSON))", tree)
	if err != nil {
		return Statement{}, fmt.Errorf("write the checked query as SQL: %w", err)
	}
	// DuckDB's writer of SQL is not proven to be the inverse of its parser, so
	// what it wrote is judged like any other text, and that verdict counts.
	_, relations, err := g.judge(ctx, conn, canonical, noParameters)
	if err != nil {
		return Statement{}, fmt.Errorf("check the query as DuckDB spells it: %w", err)
	}
	return Statement{canonical, relations}, nil
}

// judge parses sql and checks its tree. It gives the tree as JSON and the
// relations that the statement mentions.
func (g *Guard) judge(ctx context.Context, conn *connection, sql string, p parameters) (tree string, relations []string, err error) {
	switch {
	case len(sql) > maxStatement:
		err := fmt.Errorf("%w: a query of %d bytes; the limit is %d", configtrail.ErrTooLarge, len(sql), maxStatement)
		return "", nil, configtrail.WithHint(err, "Write a shorter query.")
	case !utf8.ValidString(sql):
		return "", nil, fmt.Errorf("%w: the query is not valid UTF-8", configtrail.ErrInvalid)
	case strings.ContainsRune(sql, 0):
		return "", nil, fmt.Errorf("%w: the query holds a NUL character", configtrail.ErrInvalid)
	}
	tree, err = conn.text(ctx, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", sql)
	if err != nil {
		return "", nil, fmt.Errorf("parse the query: %w", err)
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Kind       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return "", nil, fmt.Errorf("read the parsed query: %w", err)
	}
	switch {
	case parsed.Error:
		return "", nil, parseError(parsed.Kind, parsed.Message, sql)
	case len(parsed.Statements) == 0:
		return "", nil, configtrail.WithHint(
			fmt.Errorf("%w: the query is empty", configtrail.ErrInvalid), "Write one SELECT.")
	case len(parsed.Statements) > 1:
		return "", nil, refuse("more than one statement")
	}
	w := &walker{grammar: g.grammar, parameters: p}
	if err := w.statement(parsed.Statements[0], nil); err != nil {
		return "", nil, err
	}
	slices.Sort(w.relations)
	return tree, w.relations, nil
}

// parseError is the error of a text that DuckDB could not turn into the tree of
// a SELECT: it is another kind of statement, or no SQL.
func parseError(kind, message, sql string) error {
	switch {
	case kind == "not implemented":
		first := "this"
		// The word is for the message only; the parser has decided already.
		if words := strings.Fields(sql); len(words) > 0 && isName(words[0]) {
			first = strings.ToUpper(words[0])
		}
		return refuse("%s, a statement that is no SELECT,", quoted(first))
	case strings.HasPrefix(message, "memory exhausted"), strings.Contains(message, "max_expression_depth"):
		return refuse("a statement nested so deep that it can't be parsed")
	case message == "A CTE needs a SELECT":
		return refuse("a WITH that is no SELECT")
	case strings.Contains(message, "SELECT INTO"):
		return refuse("SELECT INTO")
	case strings.Contains(message, "locking clause"):
		return refuse("FOR UPDATE")
	}
	return fmt.Errorf("%w: %s", configtrail.ErrInvalid, configtrail.Visible(message))
}
