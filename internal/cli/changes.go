package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// How much of one change its text shows.
const (
	editsShown = 6
	valueShown = 80
)

func (a *app) changesCommand() *cobra.Command {
	var f filterFlags
	var format string
	c := &cobra.Command{
		Use: "changes", Short: a.t("changes.short"), Long: a.t("changes.long"), Example: a.t("changes.example"),
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error { return a.changes(c.Context(), &f, format) },
	}
	a.spanFlags(c, &f)
	a.placeFlags(c, &f)
	a.resourceFlags(c, &f)
	a.changeFlags(c, &f)
	a.limitFlag(c, &f, 100)
	a.failFlag(c)
	a.formatFlag(c, &format, "text", "json", "jsonl", "csv", "markdown")
	return c
}

func (a *app) changes(ctx context.Context, f *filterFlags, format string) error {
	window, err := f.span(a, defaultLast)
	if err != nil {
		return err
	}
	f.window = window
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	s, err := a.openPast(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if s.lake != nil { // raw tables know no resource but by asking for its changes
		if err := a.known(ctx, s.lake, f); err != nil {
			return err
		}
	}
	warnings, err := s.Touched(ctx, window, filter)
	if err != nil {
		return err
	}
	if format != "text" && format != "json" {
		a.remark(a.spanLine(window))
	}
	if err := a.writeChanges(ctx, s, filter, format, warnings); err != nil {
		return err
	}
	if format != "json" {
		a.warn(warnings, s.pending)
	}
	return a.judge(warnings, s.pending)
}

func (a *app) writeChanges(ctx context.Context, s *view, filter history.Filter, format string, warnings []history.Warning) error {
	visit, finish := func(c configtrail.Change) error { return writeJSON(a.Stdout, a.record(c)) }, func() error { return nil }
	switch format {
	case "text":
		return a.changesText(ctx, s, filter, warnings)
	case "json":
		return a.changesJSON(ctx, s, filter, warnings)
	case "csv":
		w := newCSV(a.Stdout)
		if err := w.row("id", "time", "account", "account_name", "region", "type", "resource_id", "name", "kind", "noise", "path", "op", "old", "new", "source"); err != nil {
			return err
		}
		visit, finish = func(c configtrail.Change) error { return a.changeCSV(w, c) }, w.finish
	case "markdown":
		if err := markdownHead(a.Stdout, a.t("changes.time"), a.t("changes.kind"), a.t("changes.resource"), a.t("changes.where"), a.t("changes.edits")); err != nil {
			return err
		}
		visit = func(c configtrail.Change) error {
			return markdownRow(a.Stdout, a.stamp(c.Time), a.changeKind(c), label(c.Key, c.Name, c.Tags), a.place(c.Key.Account, c.Key.Region),
				strings.Join(a.editLines(c.Edits), "; "))
		}
	}
	_, err := a.eachChange(ctx, s, filter, visit)
	return errors.Join(err, finish())
}

// eachChange visits the changes that a filter lets through and counts them: one
// page where there is a limit, and then says on standard error what it left out;
// else all, of which there may be more than memory holds.
func (a *app) eachChange(ctx context.Context, s *view, filter history.Filter, visit func(configtrail.Change) error) (total int64, err error) {
	if filter.Limit == 0 {
		for c, err := range s.EachChange(ctx, filter) {
			if err != nil {
				return total, err
			}
			total++
			if err := visit(c); err != nil {
				return total, err
			}
		}
		return total, nil
	}
	page, err := s.Changes(ctx, filter)
	if err != nil {
		return 0, err
	}
	for _, c := range page.Changes {
		if err := visit(c); err != nil {
			return page.Total, err
		}
	}
	if page.Next != "" {
		fmt.Fprintln(a.Stderr, a.p.Text("changes.more", message.Args{"shown": len(page.Changes), "n": page.Total, "cursor": page.Next}))
	}
	return page.Total, nil
}

// changesJSON writes one page with what continues and limits it.
func (a *app) changesJSON(ctx context.Context, s *view, filter history.Filter, warnings []history.Warning) error {
	page, err := s.Changes(ctx, filter)
	if err != nil {
		return err
	}
	complete, err := s.CompleteUntil(ctx, filter)
	if err != nil {
		return err
	}
	out := struct {
		Changes       []configtrail.ChangeRecord `json:"changes"`
		Total         int64                      `json:"total"`
		Next          *string                    `json:"next"`
		From          *configtrail.Stamp         `json:"from"` // of the resolved span; null: open
		To            *configtrail.Stamp         `json:"to"`
		CompleteUntil completeJSON               `json:"complete_until"`
		Warnings      []warningJSON              `json:"warnings"`
	}{Changes: []configtrail.ChangeRecord{}, Total: page.Total, From: a.moment(filter.Window.From), To: a.moment(filter.Window.To), CompleteUntil: a.completeJSON(complete), Warnings: a.warningsJSON(warnings, s.pending)}
	for _, c := range page.Changes {
		out.Changes = append(out.Changes, a.record(c))
	}
	if page.Next != "" {
		out.Next = &page.Next
	}
	return writeJSON(a.Stdout, out)
}

func (a *app) record(c configtrail.Change) configtrail.ChangeRecord {
	return c.Record(a.zone, a.set.AccountName(c.Key.Account))
}

// changesText writes the span, then one paragraph a change.
func (a *app) changesText(ctx context.Context, s *view, filter history.Filter, warnings []history.Warning) error {
	fmt.Fprintln(a.Stdout, a.spanLine(filter.Window))
	a.reach(warnings)
	total, err := a.eachChange(ctx, s, filter, func(c configtrail.Change) error { return a.changeText(a.Stdout, c) })
	if err != nil {
		return err
	}
	if total == 0 {
		fmt.Fprintln(a.Stdout, a.t("changes.none"))
		return a.whereDataIs(ctx, s, filter)
	}
	fmt.Fprintln(a.Stdout, a.p.Text("changes.count", message.Args{"n": total}))
	return nil
}

// whereDataIs says which span the deliveries have, to a person who asked for another.
func (a *app) whereDataIs(ctx context.Context, s *view, filter history.Filter) error {
	coverage, err := s.Coverage(ctx, history.Filter{Accounts: filter.Accounts, Regions: filter.Regions})
	if err != nil || len(coverage.Places) == 0 {
		return err
	}
	var first, last time.Time
	for _, p := range coverage.Places {
		if first.IsZero() || p.First.Before(first) {
			first = p.First
		}
		if p.Last.After(last) {
			last = p.Last
		}
	}
	a.remark(a.p.Text("changes.data_span", message.Args{"from": a.stamp(first), "to": a.stamp(last)}))
	return nil
}

// spanLine is the first line of a text: the resolved span and its zone.
func (a *app) spanLine(w configtrail.Window) string {
	return a.p.Text("cli.span", message.Args{"from": a.stamp(w.From), "to": a.stamp(w.To), "zone": a.zone.String()})
}

// changeText is one change: what happened to what, where, and each edit on a line.
func (a *app) changeText(w io.Writer, c configtrail.Change) error {
	_, err := fmt.Fprintf(w, "%s  %s  %s  %s  %s\n", a.stamp(c.Time), a.changeKind(c),
		label(c.Key, c.Name, c.Tags), a.place(c.Key.Account, c.Key.Region), c.ID())
	for _, line := range a.editLines(c.Edits) {
		fmt.Fprintf(w, "    %s\n", line)
	}
	return err
}

// changeKind is what happened, with the class of noise where it is some.
func (a *app) changeKind(c configtrail.Change) string {
	text := a.t("kind." + string(c.Kind))
	if c.Noise != configtrail.NoiseNone {
		text += " [" + a.t("noise."+string(c.Noise)) + "]"
	}
	return text
}

// editLines are the first few edits, and how many more there are.
func (a *app) editLines(edits []configtrail.Edit) []string {
	var lines []string
	for _, e := range edits[:min(len(edits), editsShown)] {
		lines = append(lines, editLine(e))
	}
	if more := len(edits) - editsShown; more > 0 {
		lines = append(lines, a.p.Text("changes.more_edits", message.Args{"n": more}))
	}
	return lines
}

// label is type, name and id of a resource, made safe to show.
func label(key configtrail.ResourceKey, name string, tags map[string]string) string {
	text := configtrail.Visible(strings.TrimPrefix(key.Type, "AWS::")) + " "
	if name == "" || name == key.ID {
		name = tags["Name"]
	}
	if name != "" && name != key.ID {
		return text + message.Clip(configtrail.Visible(name), valueShown) + " (" + message.Clip(configtrail.Visible(key.ID), valueShown) + ")"
	}
	return text + message.Clip(configtrail.Visible(key.ID), valueShown)
}

// editLine is one edit: + path value, - path value, or ~ path old → new.
func editLine(e configtrail.Edit) string {
	path := configtrail.Visible(e.Path)
	switch e.Op {
	case configtrail.OpAdd:
		return "+ " + path + "  " + valueText(e.New)
	case configtrail.OpRemove:
		return "- " + path + "  " + valueText(e.Old)
	}
	return "~ " + path + "  " + valueText(e.Old) + " → " + valueText(e.New)
}

func valueText(raw json.RawMessage) string {
	return message.Clip(configtrail.Visible(string(raw)), valueShown)
}

func (a *app) changeCSV(w csvWriter, c configtrail.Change) error {
	edits := c.Edits
	if len(edits) == 0 {
		edits = []configtrail.Edit{{}}
	}
	for _, e := range edits {
		if err := w.row(c.ID(), a.exact(c.Time), c.Key.Account, a.set.AccountName(c.Key.Account), c.Key.Region,
			c.Key.Type, c.Key.ID, c.Name, string(c.Kind), string(c.Noise), e.Path, e.Op, string(e.Old), string(e.New), c.Source.URI); err != nil {
			return err
		}
	}
	return nil
}
