package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
	"configtrail/internal/report"
	"configtrail/internal/settings"
)

// version is set when a release is built.
var version = "dev"

// herald looks at months and tells people of them.
type herald struct {
	past    history.Past
	zone    *time.Location
	printer message.Printer
	now     func() time.Time
	publish func(ctx context.Context, subject, text string) error
	before  int    // months before that are asked too, as report.Options has it
	flags   string // of a command line that asks the same data
}

func (p *parts) herald(ctx context.Context) (herald, error) {
	past, err := p.past(ctx)
	if err != nil {
		return herald{}, err
	}
	zone, err := p.zone()
	if err != nil {
		return herald{}, err
	}
	printer, err := p.printer()
	if err != nil {
		return herald{}, err
	}
	h := herald{past: past, zone: zone, printer: printer, now: p.now, publish: p.publish, flags: flags(p.config.Settings)}
	if p.config.Remote.Source == settings.SourceRaw {
		h.before = -1 // each would cost as much again
	}
	return h, nil
}

// report makes the report of a month.
func (h herald) report(ctx context.Context, month configtrail.Month) (*report.Report, error) {
	return report.Make(ctx, h.past, report.Options{Month: month, Printer: h.printer, Version: version, Before: h.before})
}

// flags are what a command line needs to ask what the function asks, where nobody
// has written settings.
func flags(s settings.Settings) string {
	var all []string
	for _, flag := range []struct{ name, value string }{
		{"engine", s.Engine}, {"lake", s.Lake}, {"database", s.Remote.Database}, {"workgroup", s.Remote.Workgroup}, {"aws-region", s.AWS.Region},
	} {
		if flag.value != "" {
			all = append(all, "--"+flag.name+" "+flag.value)
		}
	}
	return strings.Join(all, " ")
}

// runOf names an invocation: by the id that Lambda gives it, which is the same when
// an event is tried again.
func runOf(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok && lc.AwsRequestID != "" {
		return lc.AwsRequestID
	}
	return rand.Text()
}

// monthIn reads a month that somebody asked for; that before now where nobody did.
func (h herald) monthIn(text string) (configtrail.Month, error) {
	this := configtrail.MonthOf(h.now(), h.zone)
	if text == "" {
		return this.Add(-1), nil
	}
	month, err := configtrail.ParseMonth(text)
	if err == nil && this.Before(month) {
		err = fmt.Errorf("%w: %s has not begun", configtrail.ErrInvalid, month)
	}
	return month, err
}
