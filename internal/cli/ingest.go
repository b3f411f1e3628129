package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/message"
	"configtrail/internal/redact"
)

// quarantineShown is how many quarantined things the summary names.
const quarantineShown = 10

// ingestFlags are the flags of ingest as they were typed.
type ingestFlags struct {
	since, until, format string
	accounts, regions    []string
	retry                bool
	queue, prices        string
}

func (a *app) ingestCommand() *cobra.Command {
	var f ingestFlags
	c := &cobra.Command{
		Use: "ingest SOURCE…", Short: a.t("ingest.short"), Long: a.t("ingest.long"), Example: a.t("ingest.example"),
		RunE: func(c *cobra.Command, args []string) error { return a.ingest(c.Context(), f, args) },
	}
	c.Flags().StringVar(&f.since, "since", "", a.t("flag.since"))
	c.Flags().StringVar(&f.until, "until", "", a.t("flag.until"))
	c.Flags().StringArrayVar(&f.accounts, "account", nil, a.t("flag.ingest-account"))
	c.Flags().StringArrayVar(&f.regions, "region", nil, a.t("flag.ingest-region"))
	c.Flags().BoolVar(&f.retry, "retry", false, a.t("flag.retry"))
	c.Flags().BoolVar(&a.dryRun, "dry-run", false, a.t("flag.ingest-dry-run"))
	c.Flags().StringVar(&f.queue, "queue", "", a.t("flag.queue"))
	c.Flags().StringVar(&f.prices, "prices", "", a.t("flag.prices"))
	a.formatFlag(c, &f.format, "text", "json")
	return c
}

func (a *app) ingest(ctx context.Context, f ingestFlags, named []string) error {
	filter, err := a.ingestFilter(f)
	if err != nil {
		return err
	}
	switch {
	case a.dryRun:
		return a.foresee(ctx, f, filter, named)
	case f.queue != "":
		return a.fanOut(ctx, f, filter, named)
	}
	summary, err := a.runIngest(ctx, named, ingest.Options{Filter: filter, Retry: f.retry}, func(o ingest.Outlook) error { return a.foretell(ctx, o, f) })
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = writeJSON(a.Stdout, summary)
	} else {
		a.ingested(summary)
	}
	if err == nil && len(summary.Quarantine) > 0 {
		return errTouched
	}
	return err
}

// ingestFilter resolves what narrows the listing.
func (a *app) ingestFilter(f ingestFlags) (ingest.Filter, error) {
	filter := ingest.Filter{Regions: f.regions}
	var err error
	if filter.Accounts, err = a.accountIDs(f.accounts); err != nil {
		return filter, err
	}
	if filter.Since, err = a.day("--since", f.since); err != nil {
		return filter, err
	}
	if filter.Until, err = a.day("--until", f.until); err != nil {
		return filter, err
	}
	if !filter.Since.IsZero() && !filter.Until.IsZero() && !filter.Since.Before(filter.Until) {
		return filter, invalid("order_of_times", message.Args{"from": "--since " + f.since, "to": "--until " + f.until})
	}
	return filter, nil
}

// day is the first instant of a day; folders of deliveries are days in UTC.
func (a *app) day(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("2006-01-02", text, time.UTC)
	if err != nil {
		return t, invalid("day", message.Args{"flag": flag, "text": text})
	}
	return t, nil
}

// runIngest reads sources into the lake with progress on a terminal. It asks
// before, if that is not nil, once it knows what will be read into which lake.
func (a *app) runIngest(ctx context.Context, named []string, options ingest.Options, before func(ingest.Outlook) error) (summary ingest.Summary, err error) {
	sources, err := a.sources(ctx, named)
	if err != nil {
		return summary, err
	}
	l, key, err := a.openForWriting(ctx)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if before != nil {
		if err := before(ingest.Outlook{Sources: sources, Filter: options.Filter, Retry: options.Retry, Lake: l}); err != nil {
			return summary, err
		}
	}
	options.Sources, options.Lake, options.Now = sources, l, a.Now
	options.HashKey, options.Redactor = key.Bytes(), redact.New(key.Bytes())
	if a.Terminal && !a.quiet {
		options.Progress = a.progress
		defer fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
	if a.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(ingest.MemoryLimit)
	}
	summary, err = ingest.Run(ctx, options)
	return summary, told("reading", err)
}

// progress draws one line: objects, bytes, items, rate, time left.
func (a *app) progress(p ingest.Progress) {
	seconds := max(p.Elapsed.Seconds(), 0.001)
	due := message.Number(p.Due)
	if !p.Listed {
		due += "+"
	}
	left := "…"
	if d := p.Left(); d > 0 {
		left = d.Round(time.Second).String()
	}
	fmt.Fprintf(a.Stderr, "\r\x1b[K%s", a.p.Text("ingest.progress", message.Args{
		"done": p.Done, "due": due, "bytes": size(p.Compressed), "items": p.Items,
		"rate": message.Number(int64(float64(p.Items) / seconds)), "left": left}))
}

// ingested tells a person what an ingest did.
func (a *app) ingested(s ingest.Summary) {
	if a.quiet {
		return
	}
	d := s.Deliveries
	fmt.Fprintln(a.Stdout, a.p.Text("ingest.deliveries", message.Args{
		"seen": d.Seen, "ingested": d.Ingested, "already": d.Already, "ignored": d.Ignored, "seconds": fmt.Sprintf("%.1f", s.Seconds)}))
	fmt.Fprintln(a.Stdout, a.p.Text("ingest.items", message.Args{
		"read": s.Items.Read, "added": s.Items.Added, "duplicates": s.Items.Duplicates, "events": s.Events, "bytes": size(s.Bytes.JSON)}))
	fmt.Fprintln(a.Stdout, a.p.Text("ingest.changes", message.Args{"n": s.Changes}))
	if d.Archived > 0 {
		fmt.Fprintln(a.Stdout, a.p.Text("ingest.archived", message.Args{"n": d.Archived}))
	}
	if d.Seen == d.Ignored {
		fmt.Fprintln(a.Stdout, a.t("ingest.nothing"))
	}
	if len(s.Quarantine) == 0 {
		return
	}
	fmt.Fprintln(a.Stdout, a.p.Text("ingest.quarantined", message.Args{"n": len(s.Quarantine), "objects": d.Quarantined}))
	for i, q := range s.Quarantine {
		if i == quarantineShown {
			fmt.Fprintln(a.Stdout, "  "+a.p.Text("ingest.more", message.Args{"n": len(s.Quarantine) - i}))
			break
		}
		fmt.Fprintf(a.Stdout, "  %s\n", a.quarantined(q))
	}
}

// quarantined is one quarantined thing on one line.
func (a *app) quarantined(q configtrail.Quarantined) string {
	where := ""
	if q.Index >= 0 {
		where = fmt.Sprintf(" [%d]", q.Index)
	}
	return configtrail.Visible(q.Key) + where + ": " + q.Code + ": " + configtrail.Visible(q.Reason)
}

// size is a number of bytes for people.
func size(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	value := float64(n)
	for i, unit := range units {
		if value < 1000 || i == len(units)-1 {
			if i == 0 {
				return fmt.Sprintf("%d %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", value, unit)
		}
		value /= 1000
	}
	return ""
}
