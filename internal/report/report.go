// Package report tells a month: its figures, what stands out, the main changes
// and how far the deliveries reach, as text, Markdown, one HTML file or JSON, in
// Japanese or English.
//
// Figures come from the questions of package history, sentences from the
// catalogues of package message, and which sentences are said from situations,
// each a rule on figures. No figure is written anywhere but in a query.
package report

import (
	"context"
	"fmt"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// Options says which month is told, and how.
type Options struct {
	Month   configtrail.Month
	Filter  history.Filter // accounts, regions and types; its window is the month
	Printer message.Printer
	Version string // of configtrail
	Pending bool   // items are in whose changes are not derived yet

	// Before is how many months before this one are read too, which tell what is
	// usual; 0: four, which a lake answers in the same queries. Of raw tables each is
	// read anew, so that callers ask for none, with a negative number, unless told.
	Before int
}

// Report is a month report. Its JSON is the contract of `report --format json`.
type Report struct {
	Month     string            `json:"month"` // 2024-11
	TZ        string            `json:"tz"`
	From      configtrail.Stamp `json:"from"`
	To        configtrail.Stamp `json:"to"`
	Lang      string            `json:"lang"`
	Generated configtrail.Stamp `json:"generated"`
	Version   string            `json:"version"`       // of configtrail
	Lake      string            `json:"lake_snapshot"` // state of the data: equal ones give equal reports
	Filters   Filters           `json:"filters"`

	CompleteUntil CompleteUntil   `json:"complete_until"`
	Totals        history.Totals  `json:"totals"`
	Previous      *history.Totals `json:"previous"` // of the month before; nil where coverage did not reach it
	By            By              `json:"by"`
	Findings      []Finding       `json:"findings"` // never nil
	Coverage      Coverage        `json:"coverage"`

	Raw *Raw `json:"raw,omitempty"` // nil for a lake

	Text     string           `json:"text"`               // the prose
	ToldBy   string           `json:"told_by"`            // ByCode, or the name of a model
	Why      string           `json:"told_why,omitempty"` // why code tells what a model was asked to tell
	Verified bool             `json:"verified"`
	Cost     configtrail.Cost `json:"cost"`

	// Warnings are what touches the report: gaps, quarantine, late deliveries.
	Warnings []history.Warning `json:"-"`

	teller   teller
	document document
}

// ByCode is who tells a report unless a model does.
const ByCode = "code"

// Filters are the filters of a report, as they were asked.
type Filters struct {
	Accounts []string `json:"account,omitempty"`
	Regions  []string `json:"region,omitempty"`
	Types    []string `json:"type,omitempty"`
}

// CompleteUntil says up to when deliveries are complete: the earliest place, and each.
type CompleteUntil struct {
	Min *configtrail.Stamp `json:"min"` // null where nothing was delivered
	By  []PlaceTime        `json:"by"`  // never nil
}

// PlaceTime is up to when deliveries of one account and region are complete.
type PlaceTime struct {
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Time    configtrail.Stamp `json:"time"`
}

// By are the changes without noise by group: most first, days in order.
type By struct {
	Account []Count `json:"account"`
	Region  []Count `json:"region"`
	Type    []Count `json:"type"`
	Day     []Count `json:"day"`   // of every day that has begun
	Actor   []Count `json:"actor"` // nil: no CloudTrail was matched
}

// Count is the changes of one group.
type Count struct {
	Key     string `json:"key"`
	Name    string `json:"account_name,omitempty"` // of an account, from the settings
	Changes int64  `json:"changes"`
}

// Finding is one detector's claim, as programs read it.
type Finding struct {
	ID       string            `json:"id"`
	Detector string            `json:"detector"`
	Severity string            `json:"severity"`
	Score    int               `json:"score"`
	Time     configtrail.Stamp `json:"time"`
	Resource Resource          `json:"resource"`
	Summary  string            `json:"summary"`
	Evidence []string          `json:"evidence"`
	Sets     []string          `json:"sets"`
}

// Resource is a resource key, as programs read it.
type Resource struct {
	Account string `json:"account"`
	Name    string `json:"account_name,omitempty"`
	Region  string `json:"region"`
	Type    string `json:"type"`
	ID      string `json:"resource_id"`
}

// Coverage is what the deliveries leave open in the month.
type Coverage struct {
	Gaps        []Gap `json:"gaps"` // never nil
	Quarantined int64 `json:"quarantined"`
}

// Gap is a stretch of which something is not known. An end that is open or
// unknown is null.
type Gap struct {
	Account string             `json:"account"`
	Name    string             `json:"account_name,omitempty"`
	Region  string             `json:"region"`
	Types   []string           `json:"types"` // empty: all; never nil
	From    *configtrail.Stamp `json:"from"`
	To      *configtrail.Stamp `json:"to"`
	Reason  string             `json:"reason"`
}

// Make tells a month. Its times are in the zone of the past.
func Make(ctx context.Context, past history.Past, options Options) (*Report, error) {
	lake, err := past.Version(ctx, options.Question())
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", options.Month, err)
	}
	f, err := gather(ctx, past, options)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", options.Month, err)
	}
	return tell(f, lake, options), nil
}

// tell makes a report of facts alone.
func tell(f *facts, lake string, options Options) *Report {
	r := &Report{
		Month: f.Month.String(), TZ: f.Zone.String(), From: configtrail.Stamp(f.Window.From), To: configtrail.Stamp(f.Window.To),
		Lang: string(options.Printer.Lang()), Generated: configtrail.Stamp(f.Now.In(f.Zone)), Version: options.Version, Lake: lake,
		Filters:       f.Filters,
		CompleteUntil: CompleteUntil{Min: f.clock(f.CompleteUntil), By: []PlaceTime{}},
		Totals:        f.Totals, Previous: f.Previous,
		By:       By{list(f.Account), list(f.Region), list(f.Type), list(f.Day), f.Actor},
		Findings: []Finding{},
		Coverage: Coverage{Gaps: []Gap{}, Quarantined: f.Quarantine.Parts},
		Raw:      rawOf(f.Raw, f.Zone),
		ToldBy:   ByCode, Verified: true,
		Cost:     f.Cost,
		Warnings: f.Warnings,
		teller:   teller{options.Printer, f},
	}
	for _, one := range f.Findings {
		r.Findings = append(r.Findings, f.record(one))
	}
	for _, p := range f.Complete {
		r.CompleteUntil.By = append(r.CompleteUntil.By, PlaceTime{p.Account, p.Region, configtrail.Stamp(p.Time)})
	}
	for _, g := range f.Gaps {
		r.Coverage.Gaps = append(r.Coverage.Gaps, Gap{
			g.Account, f.Names[g.Account], g.Region, list(g.Types), f.clock(g.From), f.clock(g.To), g.Reason})
	}
	r.document = write(r.teller, options.Version)
	r.Text = r.document.prose()
	return r
}

// list is a list that JSON writes as one, also where it is empty.
func list[T any](all []T) []T { return append([]T{}, all...) }
