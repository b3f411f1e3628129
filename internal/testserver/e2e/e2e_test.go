package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"configtrail/internal/testserver/messages"
)

const question = `{"target_year":"` + year + `","target_month":"` + month + `"}`

// TestTheMonthIsAnswered asks the function as its first user does, over each kind of
// table, and holds the figures against those of the embedded engine.
func TestTheMonthIsAnswered(t *testing.T) {
	p := build(t)
	at := settle(t, p, size{"1", 1, 1})

	var embedded told
	if err := json.Unmarshal(at.run(t, p, "report", monthText, "--format", "json", "--lang", "ja"), &embedded); err != nil {
		t.Fatal(err)
	}
	t.Logf("embedded engine: %+v", embedded.Totals)
	private := at.private(t, p)

	t.Run("lake", func(t *testing.T) {
		f := at.function(t, p, lakeEnv()...)
		a := curl(t, f.URL, question)
		t.Log(a.text())
		if a.Code != 200 || a.Status != "SUCCEEDED" {
			t.Fatalf("%d %s", a.Code, a.Status)
		}
		r := report(t, f.URL)
		if r.Totals != embedded.Totals {
			t.Errorf("totals %+v, on the embedded engine %+v", r.Totals, embedded.Totals)
		}
		if r.Text != embedded.Text {
			t.Error("the prose differs from that of the embedded engine")
		}
		if len(r.Findings) != len(embedded.Findings) {
			t.Errorf("%d findings, on the embedded engine %d", len(r.Findings), len(embedded.Findings))
		}
	})
	t.Run("raw with state", func(t *testing.T) {
		f := at.function(t, p, rawEnv(at.state)...)
		t.Log(curl(t, f.URL, question).text())
		r := report(t, f.URL)
		t.Logf("%+v", r.Totals)
		if r.Previous != nil {
			t.Error("a month before was told, though its window was not read")
		}
		atMostApart(t, "changes", r.Totals.Changes, embedded.Totals.Changes)
		atMostApart(t, "updated", r.Totals.Updated, embedded.Totals.Updated)
	})
	t.Run("raw of the first form", func(t *testing.T) {
		f := at.function(t, p, rawEnv(at.first)...)
		text := curl(t, f.URL, question).text()
		t.Log(text)
		r := report(t, f.URL)
		t.Logf("%+v", r.Totals)
		if r.Totals.Updated != 0 {
			t.Errorf("%d updates were told of a table without state", r.Totals.Updated)
		}
		atMostApart(t, "deleted", r.Totals.Deleted, embedded.Totals.Deleted)
		if !strings.Contains(text, "比較") {
			t.Error("the answer does not say that content was not compared")
		}
	})
	t.Run("told by a model", func(t *testing.T) {
		server := messages.Start(t, messages.Right)
		f := at.function(t, p, lakeEnv("CONFIGTRAIL_MODEL=claude-sonnet-5-5", "ANTHROPIC_API_KEY="+server.Key, "ANTHROPIC_BASE_URL="+server.URL)...)
		t.Log(curl(t, f.URL, question).text())
		r := report(t, f.URL)
		if r.ToldBy != "claude-sonnet-5-5" || !r.Verified {
			t.Errorf("told by %s, verified %t", r.ToldBy, r.Verified)
		}
		t.Logf("%d tokens in, %d out", r.Cost.InputTokens, r.Cost.OutputTokens)
		if n := len(server.Requests()); n != 1 {
			t.Errorf("%d requests for one question asked twice", n)
		}
		nothingLeft(t, server, private)
	})
	t.Run("a model that lies", func(t *testing.T) {
		server := messages.Start(t, messages.WrongNumber)
		f := at.function(t, p, lakeEnv("CONFIGTRAIL_MODEL=claude-sonnet-5-5", "ANTHROPIC_API_KEY="+server.Key, "ANTHROPIC_BASE_URL="+server.URL)...)
		t.Log(curl(t, f.URL, question).text())
		r := report(t, f.URL)
		if r.ToldBy != "code" || r.Text != embedded.Text {
			t.Errorf("told by %s", r.ToldBy)
		}
		nothingLeft(t, server, private)
	})
	t.Run("odd questions", func(t *testing.T) {
		f := at.function(t, p, lakeEnv()...)
		same := curl(t, f.URL, question).text()
		for body, want := range map[string]struct {
			code int
			text string
		}{
			`{"target_year":2024,"target_month":9}`:       {200, same},
			`{"target_year":"２０２４","target_month":"０９"}`:  {200, same},
			`{"target_year":"2021","target_month":"3"}`:   {200, "配信"},
			`{"target_year":"2024","target_month":"13"}`:  {400, "invalid_month"},
			`{"target_year":"2024","target_month":"0"}`:   {400, "invalid_month"},
			`{"target_year":"2124","target_month":"1"}`:   {400, "future_month"},
			`{"target_year":"2024"}`:                      {400, "invalid_month"},
			`{"target_year":"2024","target_month":"9"`:    {400, ""},
			`{"target_year":"2024","target_month":"9"}{}`: {400, ""},
		} {
			a := curl(t, f.URL, body)
			t.Logf("%s: %d %s", body, a.Code, a.text())
			if a.Code != want.code || !strings.Contains(a.text(), want.text) {
				t.Errorf("%s gave %d, want %d with %q", body, a.Code, want.code, want.text)
			}
		}
	})
}

// atMostApart holds a figure of raw tables against the lake's. They may differ by
// what a window can't know, which is a small part of a month.
func atMostApart(t *testing.T, what string, raw, lake int64) {
	t.Helper()
	if apart := raw - lake; max(apart, -apart) > lake/20+2 {
		t.Errorf("%s: %d from raw tables, %d from the lake", what, raw, lake)
	}
}
