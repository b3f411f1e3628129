package trino_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/trino"
	"configtrail/internal/message"
	"configtrail/internal/testserver/stack"
)

// tell fails where an error is not a problem of this key that both languages
// have a whole text and a next step for.
func tell(t *testing.T, err error, key string) {
	t.Helper()
	var problem *configtrail.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("%v is no problem", err)
	}
	if problem.Key != key {
		t.Errorf("%s, want %s: %v", problem.Key, key, err)
	}
	for _, lang := range message.Langs {
		p, err := message.New(string(lang))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"error." + problem.Key, "hint." + problem.Key} {
			if text := p.Text(key, problem.Args); strings.Contains(text, "⟦") {
				t.Errorf("%s in %s: %s", key, lang, text)
			}
		}
	}
}

// query asks to the end and gives the first error.
func query(ctx context.Context, e engine.Engine, q engine.Query) (configtrail.Cost, error) {
	result, err := e.Query(ctx, q)
	if err != nil {
		return engine.CostOf(err), err
	}
	for _, err := range result.Rows {
		if err != nil {
			return engine.CostOf(err), err
		}
	}
	return result.Cost(), nil
}

func TestWhatARealServerRefuses(t *testing.T) {
	e := connect(t, trino.Options{})
	for sql, want := range map[string]struct {
		key  string
		kind error
	}{
		"SELECT * FROM nowhere":               {"engine_table", configtrail.ErrNotFound},
		"SELECT * FROM lake.nowhere.items":    {"engine_database", configtrail.ErrNotFound},
		"SELECT * FROM nowhere.a.b":           {"engine_catalog", configtrail.ErrNotFound},
		"SELECT nothing FROM (SELECT 1 AS a)": {"engine_column", configtrail.ErrNotFound},
		"SELECT len('a')":                     {"engine_syntax", configtrail.ErrInvalid},
		"SELEKT 1":                            {"engine_syntax", configtrail.ErrInvalid},
		"SELECT 1 / 0":                        {"engine_syntax", configtrail.ErrInvalid},
		"SELECT a FROM (SELECT 1 / n AS a FROM UNNEST(sequence(1, 5000) || ARRAY[0]) AS t(n))": {"engine_syntax", configtrail.ErrInvalid},
	} {
		_, err := query(t.Context(), e, engine.Query{Name: "summary", SQL: sql})
		tell(t, err, want.key)
		if !errors.Is(err, want.kind) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// goesOn reports whether a server still runs a query with a mark in its text,
// after it has been asked often enough to have noticed the end.
func goesOn(t *testing.T, s *stack.Stack, mark string) bool {
	t.Helper()
	for range 20 {
		rows := s.Exec(t, "SELECT query_id FROM system.runtime.queries WHERE state NOT IN ('FINISHED', 'FAILED') AND query LIKE '%"+mark+"%' AND query NOT LIKE '%system.runtime%'")
		if len(rows) == 0 {
			return false
		}
	}
	return true
}

func TestACancelledQueryEndsOnTheServer(t *testing.T) {
	s := stack.Start(t)
	e := connect(t, trino.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	gone := errors.New("the caller has left")
	mark := fmt.Sprintf("endless_%d", time.Now().UnixNano())
	result, err := e.Query(ctx, engine.Query{SQL: "SELECT a.n AS " + mark + " FROM UNNEST(sequence(1, 10000)) AS a(n) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(n)"})
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	var last error
	for _, err := range result.Rows {
		if last = err; err != nil {
			break
		}
		if read++; read == 10 {
			cancel(gone)
		}
	}
	if !errors.Is(last, gone) {
		t.Errorf("after %d rows: %v", read, last)
	}
	if goesOn(t, s, mark) {
		t.Error("the query goes on")
	}
}

func TestRowsBrokenOffEndTheQueryOnTheServer(t *testing.T) {
	s := stack.Start(t)
	e := connect(t, trino.Options{})
	mark := fmt.Sprintf("endless_%d", time.Now().UnixNano())
	result, err := e.Query(t.Context(), engine.Query{SQL: "SELECT a.n AS " + mark + " FROM UNNEST(sequence(1, 10000)) AS a(n) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(n)"})
	if err != nil {
		t.Fatal(err)
	}
	for range result.Rows {
		break
	}
	if goesOn(t, s, mark) {
		t.Error("the query goes on")
	}
	for _, err := range result.Rows {
		if err == nil {
			t.Error("rows can be read twice")
		}
	}
}

func TestADeadlineEndsAQueryBeforeItsFirstRow(t *testing.T) {
	s := stack.Start(t)
	e := connect(t, trino.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	mark := fmt.Sprintf("endless_%d", time.Now().UnixNano())
	_, err := query(ctx, e, engine.Query{SQL: "SELECT count(*) AS " + mark + " FROM UNNEST(sequence(1, 10000)) AS a(n) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(n) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(n) WHERE sqrt(a.n) + sqrt(b.n) = sqrt(c.n)"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if goesOn(t, s, mark) {
		t.Error("the query goes on")
	}
}

func TestNoServerAndWrongAddresses(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(refusing.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	for address, key := range map[string]string{refusing.URL: "engine_trino_login", closed.URL: "engine_unreachable"} {
		e, err := trino.New(trino.Options{URL: strings.Replace(address, "://", "://user@", 1) + "?catalog=c&schema=s"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err = query(ctx, e, engine.Query{SQL: "SELECT 1"})
		tell(t, err, key)
	}
	for _, url := range []string{
		"", "x", "ftp://u@h?catalog=c&schema=s", "http://h:1?catalog=c&schema=s", "http://u@h?catalog=c", "http://u:geheim@h?catalog=c&schema=s", "http://u:geheim@h:x%zz",
	} {
		_, err := trino.New(trino.Options{URL: url})
		tell(t, err, "engine_trino_url")
		if !errors.Is(err, configtrail.ErrInvalid) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
