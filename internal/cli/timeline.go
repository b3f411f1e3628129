package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

func (a *app) timelineCommand() *cobra.Command {
	var f filterFlags
	var format string
	c := &cobra.Command{
		Use: "timeline RESOURCE", Short: a.t("timeline.short"), Long: a.t("timeline.long"), Example: a.t("timeline.example"),
		Args: exactly("RESOURCE"),
		RunE: func(c *cobra.Command, args []string) error { return a.timeline(c, &f, args[0], format) },
	}
	a.spanFlags(c, &f)
	a.placeFlags(c, &f)
	a.failFlag(c)
	a.formatFlag(c, &format, "text", "json", "jsonl", "csv", "markdown")
	return c
}

func (a *app) entryJSON(e history.Entry, account string) history.EntryRecord {
	return e.Record(a.zone, a.set.AccountName(account))
}

func (a *app) timeline(c *cobra.Command, f *filterFlags, text, format string) error {
	ctx := c.Context()
	window, err := f.span(a, 0)
	if err != nil {
		return err
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
	entries, err := s.Timeline(ctx, key, window)
	if err != nil {
		return err
	}
	warnings, err := s.Touched(ctx, asked(window, entries, a.Now()), history.Filter{Resources: []string{key.String()}})
	if err != nil {
		return err
	}
	if window.From.IsZero() { // what is asked for begins where the resource does
		warnings = slices.DeleteFunc(warnings, func(w history.Warning) bool { return w.Reason == history.ReasonBeforeFirst })
	}
	if err := a.writeTimeline(key, window, entries, format, a.warningsJSON(warnings, s.pending)); err != nil {
		return err
	}
	if format != "json" {
		a.warn(warnings, s.pending)
	}
	return a.judge(warnings, s.pending)
}

// asked is the window in which a timeline can be touched: an open beginning is
// the resource's first entry, as nothing was asked of the time before it was known.
func asked(w configtrail.Window, entries []history.Entry, now time.Time) configtrail.Window {
	if w.From.IsZero() && len(entries) > 0 {
		w.From = entries[0].Time
	}
	if w.To.IsZero() {
		w.To = now
	}
	if w.From.IsZero() {
		w.From = w.To
	}
	return w
}

func (a *app) writeTimeline(key configtrail.ResourceKey, window configtrail.Window, entries []history.Entry, format string, warnings []warningJSON) error {
	switch format {
	case "json":
		out := struct {
			Account    string                `json:"account"`
			Region     string                `json:"region"`
			Type       string                `json:"type"`
			ResourceID string                `json:"resource_id"`
			Entries    []history.EntryRecord `json:"entries"`
			Warnings   []warningJSON         `json:"warnings"`
		}{key.Account, key.Region, key.Type, key.ID, []history.EntryRecord{}, warnings}
		for _, e := range entries {
			out.Entries = append(out.Entries, a.entryJSON(e, key.Account))
		}
		return writeJSON(a.Stdout, out)
	case "jsonl":
		for _, e := range entries {
			if err := writeJSON(a.Stdout, a.entryJSON(e, key.Account)); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		w := newCSV(a.Stdout)
		if err := w.row("time", "kind", "status", "name", "path", "op", "old", "new", "source"); err != nil {
			return err
		}
		for _, e := range entries {
			edits := []configtrail.Edit{{}}
			if e.Change != nil && len(e.Change.Edits) > 0 {
				edits = e.Change.Edits
			}
			for _, edit := range edits {
				if err := w.row(a.exact(e.Time), string(e.Kind), string(e.Status), e.Name,
					edit.Path, edit.Op, string(edit.Old), string(edit.New), e.Source.URI); err != nil {
					return err
				}
			}
		}
		return w.finish()
	case "markdown":
		if err := markdownHead(a.Stdout, a.t("changes.time"), a.t("changes.kind"), a.t("changes.edits")); err != nil {
			return err
		}
		for _, e := range entries {
			var edits []string
			if e.Change != nil {
				edits = a.editLines(e.Change.Edits)
			}
			if err := markdownRow(a.Stdout, a.stamp(e.Time), a.entryKind(e), strings.Join(edits, "; ")); err != nil {
				return err
			}
		}
		return nil
	}
	return a.timelineText(key, window, entries)
}

func (a *app) timelineText(key configtrail.ResourceKey, window configtrail.Window, entries []history.Entry) error {
	fmt.Fprintln(a.Stdout, a.spanLine(window))
	fmt.Fprintln(a.Stdout, configtrail.Visible(key.String()))
	for _, e := range entries {
		line := a.stamp(e.Time) + "  " + a.entryKind(e)
		if e.Name != "" {
			line += "  " + configtrail.Visible(e.Name)
		}
		fmt.Fprintln(a.Stdout, line)
		if e.Change != nil {
			for _, edit := range e.Change.Edits {
				fmt.Fprintf(a.Stdout, "    %s\n", editLine(edit))
			}
		}
		if e.Unchanged > 0 {
			fmt.Fprintf(a.Stdout, "    %s\n", a.p.Text("timeline.unchanged", message.Args{"n": e.Unchanged, "until": a.stamp(e.LastSeen)}))
		}
	}
	if len(entries) == 0 {
		fmt.Fprintln(a.Stdout, a.t("timeline.none"))
	}
	return nil
}

func (a *app) entryKind(e history.Entry) string {
	if e.Kind == "" {
		return a.t("kind.seen")
	}
	if e.Change != nil {
		return a.changeKind(*e.Change)
	}
	return a.t("kind." + string(e.Kind))
}
