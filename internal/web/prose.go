package web

import (
	"context"
	"errors"
	"slices"

	"configtrail"
	"configtrail/internal/analyst"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/spend"
)

// Prose says who words a report. The zero value is code alone.
type Prose struct {
	Model analyst.Model
	Rate  *analyst.Rate // shared by all who ask the model in this process; nil: no limit
}

func (p Prose) name() string {
	if p.Model == nil {
		return report.ByCode
	}
	return p.Model.Name()
}

// word has the model word a report, and says whether asking again would bring
// nothing better. A month in which nothing changed is told by code, which knows
// why; so is one whose model fails, with the reason, whose name is for the log.
func (p Prose) word(ctx context.Context, r *report.Report, printer message.Printer, budget *spend.Budget) (told *report.Report, reason string, final bool, err error) {
	if p.Model == nil || r.Totals.Changes == 0 && len(r.Findings) == 0 {
		return r, "", true, nil
	}
	t, err := analyst.Tell(ctx, analyst.TellOptions{
		Model: p.Model, Rate: p.Rate, Budget: budget, Brief: report.Brief(r), Printer: printer, Text: r.Text,
	})
	if err != nil {
		return nil, "", false, err
	}
	return r.Told(report.Telling{Text: t.Text, By: t.ToldBy, Why: t.Why, Verified: t.Verified, Cost: t.Cost}), t.Reason, lasting(t), nil
}

// lasting reports whether a telling is worth keeping: the model's own words, and
// what it would only say again. What was busy, slow or wrongly set up is asked anew.
func lasting(t analyst.Told) bool {
	var problem *configtrail.Problem
	return t.ToldBy != analyst.ByCode || errors.As(t.Err, &problem) &&
		slices.Contains([]string{"model.refused", "model.cut_off", "model.unsupported", "model.nothing"}, problem.Key)
}
