package cli

import (
	"context"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/report"
)

func (a *app) reportCommand() *cobra.Command {
	var f filterFlags
	var format string
	var show bool
	c := &cobra.Command{
		Use: "report MONTH", Short: a.t("report.short"), Long: a.t("report.long"), Example: a.t("report.example"),
		Args: exactly("MONTH"),
		RunE: func(c *cobra.Command, args []string) error { return a.report(c.Context(), &f, args[0], format, show) },
	}
	a.placeFlags(c, &f)
	c.Flags().BoolVar(&show, "show-request", false, a.t("flag.show-request"))
	a.failFlag(c)
	a.formatFlag(c, &format, "text", "markdown", "html", "json")
	return c
}

func (a *app) report(ctx context.Context, f *filterFlags, text, format string, show bool) error {
	month, err := configtrail.ParseMonth(text)
	if err != nil {
		return invalid("month", message.Args{"text": text})
	}
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	s, err := a.openPast(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := report.Make(ctx, s, report.Options{
		Month: month, Filter: filter, Printer: a.p, Version: a.Version, Pending: s.pending})
	if err != nil {
		return err
	}
	if show {
		return a.showRequest(ctx, r)
	}
	if r, err = a.tell(ctx, r); err != nil {
		return err
	}
	if err := writeReport(a, r, format); err != nil {
		return err
	}
	return a.judge(r.Warnings, s.pending)
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
