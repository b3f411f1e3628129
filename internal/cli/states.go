package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

func (a *app) diffCommand() *cobra.Command {
	var f filterFlags
	var format string
	c := &cobra.Command{
		Use: "diff RESOURCE --from TIME --to TIME", Short: a.t("diff.short"), Long: a.t("diff.long"), Example: a.t("diff.example"),
		Args: exactly("RESOURCE"),
		RunE: func(c *cobra.Command, args []string) error { return a.diff(c.Context(), &f, args[0], format) },
	}
	a.spanFlags(c, &f)
	a.placeFlags(c, &f)
	a.failFlag(c)
	a.formatFlag(c, &format, "text", "json")
	return c
}

func (a *app) diff(ctx context.Context, f *filterFlags, text, format string) error {
	window, err := f.span(a, 0)
	if err != nil {
		return err
	}
	if window.From.IsZero() {
		return misused("no_from", nil)
	}
	if window.To.IsZero() {
		window.To = a.Now()
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	key, err := a.resolve(ctx, s, text, f)
	if err != nil {
		return err
	}
	difference, err := s.Diff(ctx, key, window.From, window.To)
	if err != nil {
		return err
	}
	warnings, err := s.Touched(ctx, window, history.Filter{Resources: []string{key.String()}})
	if err != nil {
		return err
	}
	if format == "json" {
		complete, err := s.CompleteUntil(ctx, history.Filter{Resources: []string{key.String()}})
		if err != nil {
			return err
		}
		err = writeJSON(a.Stdout, struct {
			history.DifferenceRecord
			CompleteUntil completeJSON  `json:"complete_until"`
			Warnings      []warningJSON `json:"warnings"`
		}{difference.Record(a.zone, a.set.AccountName(key.Account)), a.completeJSON(complete), a.warningsJSON(warnings, s.pending)})
		if err != nil {
			return err
		}
		return a.judge(warnings, s.pending)
	}
	fmt.Fprintln(a.Stdout, a.spanLine(window))
	fmt.Fprintln(a.Stdout, configtrail.Visible(key.String()))
	for _, e := range difference.Edits {
		fmt.Fprintf(a.Stdout, "    %s\n", editLine(e))
	}
	if note := differenceNote(difference); note != "" {
		fmt.Fprintln(a.Stdout, a.t(note))
	}
	a.warn(warnings, s.pending)
	return a.judge(warnings, s.pending)
}

// differenceNote is the message for a difference without an edit.
func differenceNote(d history.Difference) string {
	switch gone := func(s *history.State) bool { return s != nil && s.Item.Status.Deleted() }; {
	case d.Before == nil:
		return "diff.unknown_before"
	case gone(d.Before) && gone(d.After):
		return "diff.gone"
	case gone(d.After):
		return "diff.deleted"
	case gone(d.Before):
		return "diff.recreated"
	case len(d.Edits) == 0:
		return "diff.same"
	}
	return ""
}

func (a *app) atCommand() *cobra.Command {
	var f filterFlags
	var format string
	c := &cobra.Command{
		Use: "at TIME", Short: a.t("at.short"), Long: a.t("at.long"), Example: a.t("at.example"),
		Args: exactly("TIME"),
		RunE: func(c *cobra.Command, args []string) error { return a.at(c.Context(), &f, args[0], format) },
	}
	a.placeFlags(c, &f)
	a.resourceFlags(c, &f)
	a.limitFlag(c, &f, 0)
	a.failFlag(c)
	a.formatFlag(c, &format, "text", "json", "jsonl", "csv", "markdown")
	return c
}

func (a *app) at(ctx context.Context, f *filterFlags, text, format string) error {
	at, err := a.time("TIME", text)
	if err != nil {
		return err
	}
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := a.known(ctx, s, f); err != nil {
		return err
	}
	write, finish, err := a.stateWriter(format)
	if err != nil {
		return err
	}
	if format == "text" {
		fmt.Fprintln(a.Stdout, a.p.Text("at.head", message.Args{"time": a.stamp(at), "zone": a.zone.String()}))
	}
	n := 0
	for state, err := range s.At(ctx, at, filter) {
		if err != nil {
			return err
		}
		n++
		if err := write(state); err != nil {
			return err
		}
	}
	// What touches a state is what touches the moment it is asked for.
	warnings, err := s.Touched(ctx, configtrail.Window{From: at, To: at.Add(time.Microsecond)}, filter)
	if err != nil {
		return err
	}
	if err := finish(a.warningsJSON(warnings, s.pending)); err != nil {
		return err
	}
	if format == "text" {
		fmt.Fprintln(a.Stdout, a.p.Text("at.count", message.Args{"n": n}))
	}
	if format != "json" {
		a.warn(warnings, s.pending)
	}
	return a.judge(warnings, s.pending)
}

// stateWriter writes states as they come, in a format; finish ends the output.
func (a *app) stateWriter(format string) (write func(history.State) error, finish func([]warningJSON) error, err error) {
	nothing := func([]warningJSON) error { return nil }
	switch format {
	case "json":
		first := true
		fmt.Fprint(a.Stdout, `{"resources":[`)
		return func(s history.State) error {
				if !first {
					fmt.Fprint(a.Stdout, ",")
				}
				first = false
				return writeJSON(a.Stdout, s.Record(a.zone, a.set.AccountName(s.Item.Key.Account)))
			}, func(warnings []warningJSON) error {
				fmt.Fprint(a.Stdout, `],"warnings":`)
				err := writeJSON(a.Stdout, warnings)
				fmt.Fprintln(a.Stdout, "}")
				return err
			}, nil
	case "jsonl":
		return func(s history.State) error {
			return writeJSON(a.Stdout, s.Record(a.zone, a.set.AccountName(s.Item.Key.Account)))
		}, nothing, nil
	case "csv":
		w := newCSV(a.Stdout)
		err := w.row("account", "region", "type", "resource_id", "name", "status", "time", "kind", "stale", "configuration")
		return func(s history.State) error {
			return w.row(s.Item.Key.Account, s.Item.Key.Region, s.Item.Key.Type, s.Item.Key.ID, s.Item.Name, string(s.Item.Status),
				a.exact(s.Item.CaptureTime), string(s.Kind), fmt.Sprint(s.Stale), string(s.Item.Configuration))
		}, func([]warningJSON) error { return w.finish() }, err
	case "markdown":
		err := markdownHead(a.Stdout, a.t("changes.resource"), a.t("changes.where"), a.t("at.seen"), a.t("changes.kind"))
		return func(s history.State) error {
			return markdownRow(a.Stdout, label(s.Item.Key, s.Item.Name, s.Item.Tags), a.place(s.Item.Key.Account, s.Item.Key.Region),
				a.stamp(s.Item.CaptureTime), a.stateKind(s))
		}, nothing, err
	}
	return func(s history.State) error {
		_, err := fmt.Fprintf(a.Stdout, "%s  %s  %s  %s\n", a.stamp(s.Item.CaptureTime), label(s.Item.Key, s.Item.Name, s.Item.Tags),
			a.place(s.Item.Key.Account, s.Item.Key.Region), a.stateKind(s))
		return err
	}, nothing, nil
}

func (a *app) stateKind(s history.State) string {
	text := a.t("kind." + string(s.Kind))
	if s.Stale {
		text += " [" + a.t("at.stale") + "]"
	}
	return text
}
