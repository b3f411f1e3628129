package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"configtrail/internal/analyst"
	"configtrail/internal/analyst/claude"
	"configtrail/internal/blob"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/spend"
)

// model is the one that was asked for by name; nil where none was.
func (a *app) model(ctx context.Context) (*claude.Client, error) {
	if a.set.Model == "" {
		return nil, nil
	}
	options := claude.Options{Model: a.set.Model, BaseURL: a.Getenv("ANTHROPIC_BASE_URL"), Key: a.modelKey}
	if claude.OnBedrock(a.set.Model) {
		var err error
		if options.AWS, err = a.regionalConfig(ctx); err != nil {
			return nil, err
		}
	}
	client, err := claude.New(options)
	return client, told("model", err)
}

func (a *app) modelKey(context.Context) (string, error) {
	if key := a.Getenv("ANTHROPIC_API_KEY"); key != "" {
		return key, nil
	}
	return "", invalid("no_model_key", nil)
}

// budget is what a day may cost; nil where no place for it is set. Caps without
// a place to count at would bind nobody.
func (a *app) budget(ctx context.Context) (*spend.Budget, error) {
	s := a.set.Spend
	if s.Place == "" {
		if s.Bytes > 0 || s.Tokens > 0 || s.USD > 0 {
			return nil, invalid("no_spend_place", nil)
		}
		return nil, nil
	}
	store, err := blob.OpenStore(ctx, s.Place, blob.Sources{Config: a.awsConfig, S3: a.s3Options()})
	if err != nil {
		return nil, told("spend", err)
	}
	budget, err := spend.New(store, spend.Options{Caps: spend.Caps{Bytes: s.Bytes, Tokens: s.Tokens, USD: s.USD}, Now: a.Now})
	return budget, told("spend", err)
}

// patience is how long a model may take, its second try included, before the
// text made by code stands in.
const patience = 3 * time.Minute

// telling is what a model is asked for a report.
func (a *app) telling(r *report.Report, p message.Printer) analyst.TellOptions {
	return analyst.TellOptions{Brief: report.Brief(r), Printer: p, Text: r.Text}
}

// tell has the model word a report, where one was asked for.
func (a *app) tell(ctx context.Context, r *report.Report) (*report.Report, error) {
	model, err := a.model(ctx)
	if err != nil || model == nil {
		return r, err
	}
	options := a.telling(r, a.p)
	options.Model = model
	if options.Budget, err = a.budget(ctx); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	said, err := analyst.Tell(ctx, options)
	if err != nil {
		return nil, err
	}
	return r.Told(report.Telling{Text: said.Text, By: said.ToldBy, Why: said.Why, Verified: said.Verified, Cost: said.Cost}), nil
}

// showRequest prints what tell would send first, and sends nothing.
func (a *app) showRequest(ctx context.Context, r *report.Report) error {
	model, err := a.model(ctx)
	if err != nil {
		return err
	}
	if model == nil {
		return invalid("no_model", nil)
	}
	options := a.telling(r, a.p)
	options.Model = model
	shown, err := model.ShowRequest(ctx, analyst.First(options))
	if err != nil {
		return told("model", err)
	}
	_, err = fmt.Fprintln(a.Stdout, strings.TrimRight(shown, "\n"))
	return err
}
