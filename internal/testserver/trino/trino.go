// Package trino runs statements on a Trino server through its HTTP protocol, for
// tests and for the servers of tests. It shares nothing with the product's own
// engines, so that a mistake in one does not hide in the other.
package trino

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Query is a statement and where its names are resolved.
type Query struct {
	URL             string // http://host:port
	User            string // empty: "test"
	Catalog, Schema string
	SQL             string
}

// Page is one answer of the server: rows, or only how far it is.
type Page struct {
	ID          string
	NextURI     string
	Columns     []Column
	Data        [][]any // JSON's values; numbers are json.Number
	Stats       Stats
	Error       *Error
	UpdateType  string
	UpdateCount *int64
}

// Stats is how far a query is.
type Stats struct {
	State              string // QUEUED, PLANNING, STARTING, RUNNING, FINISHING, FINISHED, FAILED
	PhysicalInputBytes int64  // read from storage
}

// Column is a column of the answer.
type Column struct {
	Name          string
	TypeSignature Type
}

// Type is a type with its parameters.
type Type struct {
	RawType   string
	Arguments []Argument
}

// Argument is a type's parameter: a type, a number, or a field of a row.
type Argument struct {
	Kind  string // TYPE, LONG, NAMED_TYPE, VARIABLE
	Value json.RawMessage
}

// Number is the argument as a length, precision or scale.
func (a Argument) Number() int64 {
	var n int64
	if json.Unmarshal(a.Value, &n) != nil {
		return 0
	}
	return n
}

// Type is the argument as an element's type, or as a field's with its name.
func (a Argument) Type() (name string, of Type) {
	if a.Kind == "NAMED_TYPE" {
		var field struct {
			FieldName     *struct{ Name string }
			TypeSignature Type
		}
		if json.Unmarshal(a.Value, &field) == nil && field.FieldName != nil {
			name = field.FieldName.Name
		}
		return name, field.TypeSignature
	}
	if json.Unmarshal(a.Value, &of) != nil {
		return "", Type{}
	}
	return "", of
}

// Error is why a query failed.
type Error struct {
	Message   string
	ErrorName string // as TABLE_NOT_FOUND
	ErrorType string // USER_ERROR, INTERNAL_ERROR, EXTERNAL, INSUFFICIENT_RESOURCES
}

// Error reads as Trino's command line prints it.
func (e *Error) Error() string { return e.ErrorName + ": " + e.Message }

// Pages runs the query and gives its answers as they come. Where the caller
// stops early, or its context ends, the query is cancelled on the server.
func (q Query) Pages(ctx context.Context) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		page, err := q.call(ctx, http.MethodPost, q.URL+"/v1/statement", q.SQL)
		for err == nil {
			if page.Error != nil {
				yield(nil, page.Error)
				return
			}
			if !yield(page, nil) {
				q.cancel(ctx, page.NextURI)
				return
			}
			if page.NextURI == "" {
				return
			}
			last := page.NextURI
			if page, err = q.call(ctx, http.MethodGet, last, ""); err != nil {
				q.cancel(ctx, last)
			}
		}
		yield(nil, err) // the loop ends by an error only
	}
}

// Run runs the query to its end and gives all its rows.
func (q Query) Run(ctx context.Context) (columns []Column, rows [][]any, err error) {
	for page, err := range q.Pages(ctx) {
		if err != nil {
			return nil, nil, err
		}
		if page.Columns != nil {
			columns = page.Columns
		}
		rows = append(rows, page.Data...)
	}
	return columns, rows, nil
}

// busy is how long to wait where the server asks to be asked again.
const busy = 50 * time.Millisecond

// call asks once, and again while the server is too busy to answer.
func (q Query) call(ctx context.Context, method, url, body string) (*Page, error) {
	for {
		request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		user := q.User
		if user == "" {
			user = "test"
		}
		for key, value := range map[string]string{
			"X-Trino-User": user, "X-Trino-Catalog": q.Catalog, "X-Trino-Schema": q.Schema, "X-Trino-Time-Zone": "UTC",
			"X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME", // else times lose what is below a millisecond
		} {
			if value != "" {
				request.Header.Set(key, value)
			}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case err != nil:
			return nil, err
		case response.StatusCode >= http.StatusBadGateway && response.StatusCode <= http.StatusGatewayTimeout:
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(busy):
				continue
			}
		case response.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("trino answered %s: %s", response.Status, answer[:min(len(answer), 300)])
		}
		page := &Page{}
		decoder := json.NewDecoder(bytes.NewReader(answer))
		decoder.UseNumber()
		if err := decoder.Decode(page); err != nil {
			return nil, fmt.Errorf("decode trino's answer: %w", err)
		}
		return page, nil
	}
}

// cancel tells the server that nobody waits any more. It may have ended the
// query by itself, so what it answers does not matter.
func (q Query) cancel(ctx context.Context, next string) {
	if next == "" {
		return
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, next, http.NoBody)
	if err != nil {
		return
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		response.Body.Close()
	}
}
