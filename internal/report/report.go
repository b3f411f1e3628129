// Package report tells a month: its figures, what stands out, the main changes
// and how far the deliveries reach, as text, Markdown, one HTML file or JSON, in
// Japanese or English.
//
// Figures come from the questions of package history, sentences from the
// catalogues of package message, and which sentences are said from situations,
// each a rule on figures. No figure is written anywhere but in a query.
package report

import (
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// Report is a month report. Its JSON is the contract of `report --format json`.
type Report struct {
	Month     string    `json:"month"` // 2024-11
	TZ        string    `json:"tz"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Lang      string    `json:"lang"`
	Generated time.Time `json:"generated"`
	Version   string    `json:"version"`       // of configtrail
	Lake      string    `json:"lake_snapshot"` // state of the data: equal ones give equal reports
	Filters   Filters   `json:"filters"`

	CompleteUntil CompleteUntil   `json:"complete_until"`
	Totals        history.Totals  `json:"totals"`
	Previous      *history.Totals `json:"previous"` // of the month before; nil where coverage did not reach it
	By            By              `json:"by"`
	Findings      []Finding       `json:"findings"` // never nil
	Coverage      Coverage        `json:"coverage"`

	Text     string           `json:"text"` // the prose
	ToldBy   string           `json:"told_by"`
	Verified bool             `json:"verified"`
	Cost     configtrail.Cost `json:"cost"`

	document Document
}

// Filters are the filters of a report, as they were asked.
type Filters struct {
	Accounts []string `json:"account,omitempty"`
	Regions  []string `json:"region,omitempty"`
	Types    []string `json:"type,omitempty"`
}

// CompleteUntil says up to when deliveries are complete: the earliest place, and each.
type CompleteUntil struct {
	Min *time.Time      `json:"min"` // null where nothing was delivered
	By  []PlaceComplete `json:"by"`
}

// PlaceComplete is the time up to which one account and region is complete.
type PlaceComplete struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Time    time.Time `json:"time"`
}

// By are the changes without noise by group: most first, days in order.
type By struct {
	Account []Count `json:"account"`
	Region  []Count `json:"region"`
	Type    []Count `json:"type"`
	Day     []Count `json:"day"`
	Actor   []Count `json:"actor"` // nil: no CloudTrail was matched
}

// Count is the changes of one group.
type Count struct {
	Key     string `json:"key"`
	Name    string `json:"name,omitempty"` // of an account, from the settings
	Changes int64  `json:"changes"`
}

// Finding is one detector's claim.
type Finding struct {
	ID       string   `json:"id"`
	Detector string   `json:"detector"`
	Severity string   `json:"severity"`
	Score    int      `json:"score"`
	Summary  string   `json:"summary"`
	Evidence []string `json:"evidence"`
}

// Coverage is what the deliveries leave open in the span.
type Coverage struct {
	Gaps        []configtrail.Gap `json:"gaps"` // never nil
	Quarantined int64             `json:"quarantined"`
}

// Document is a report as people read it, before it has a format.
type Document struct {
	Lang     string
	Title    string
	Subtitle string
	Lead     []string // what has to be read first
	Sections []Section
}

// Section is one heading with what stands under it, in this order.
type Section struct {
	Heading    string
	Paragraphs []string
	Bullets    []Bullet
	Tables     []Table
	Chart      *Chart
	Commands   []Command
}

// Bullet is one line of a list, with the id of the change behind it, if any.
type Bullet struct {
	Text     string
	Evidence string
}

// Table is a small table; columns after the first are figures.
type Table struct {
	Head []string
	Rows [][]string
}

// Chart is a row of bars, one a day.
type Chart struct {
	Label string
	Bars  []Bar
}

// Bar is one bar with its label and height.
type Bar struct {
	Label string
	Value int64
}

// Command is a command line to try and what it gives.
type Command struct {
	Line, Says string
}
