package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
	"configtrail/internal/report"
)

// reportFlags are the flags of report beside its filters.
type reportFlags struct {
	format  string
	show    bool // the request to the model, which is not sent
	compare bool // raw tables read the month before too
	records bool // of raw tables: what lies in the folders, repetitions included
}

func (a *app) reportCommand() *cobra.Command {
	var f filterFlags
	var flags reportFlags
	c := &cobra.Command{
		Use: "report MONTH", Short: a.t("report.short"), Long: a.t("report.long"), Example: a.t("report.example"),
		Args: exactly("MONTH"),
		RunE: func(c *cobra.Command, args []string) error { return a.report(c.Context(), &f, args[0], flags) },
	}
	a.placeFlags(c, &f)
	c.Flags().BoolVar(&flags.show, "show-request", false, a.t("flag.show-request"))
	c.Flags().BoolVar(&flags.compare, "compare", false, a.t("flag.compare"))
	c.Flags().BoolVar(&flags.records, "records", false, a.t("flag.records"))
	a.failFlag(c)
	a.formatFlag(c, &flags.format, "text", "markdown", "html", "json")
	return c
}

func (a *app) report(ctx context.Context, f *filterFlags, text string, flags reportFlags) error {
	month, err := configtrail.ParseMonth(text)
	if err != nil {
		return invalid("month", message.Args{"text": text})
	}
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	if flags.records {
		return a.records(ctx, month, filter, flags.format)
	}
	s, err := a.openPast(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	options := a.reportOptions(month, filter, a.p, s)
	if flags.compare && a.raw() {
		options.Before = 1
	}
	r, err := report.Make(ctx, s, options)
	if err != nil {
		return err
	}
	if a.dryRun && !a.raw() { // what follows from answers can't be shown without them
		_, err := fmt.Fprintln(a.Stderr, a.t("dry.more"))
		return err
	}
	if flags.show {
		return a.showRequest(ctx, r)
	}
	if r, err = a.tell(ctx, r); err != nil {
		return err
	}
	if err := writeReport(a, r, flags.format); err != nil {
		return err
	}
	return a.judge(r.Warnings, s.pending)
}

// reportOptions are those of a month's report. A month before costs a lake nothing
// more, but raw tables the reading of its folders.
func (a *app) reportOptions(month configtrail.Month, filter history.Filter, p message.Printer, v *view) report.Options {
	o := report.Options{Month: month, Filter: filter, Printer: p, Version: a.Version, Pending: v.pending}
	if a.raw() {
		o.Before = -1
	}
	return o
}

func writeReport(a *app, r *report.Report, format string) error {
	switch format {
	case "markdown":
		return r.WriteMarkdown(a.Stdout)
	case "html":
		return r.WriteHTML(a.Stdout)
	case "json":
		return r.WriteJSON(a.Stdout)
	}
	return r.WriteText(a.Stdout)
}
