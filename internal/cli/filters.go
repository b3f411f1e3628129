package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// defaultLast is the span of a command that was given none.
const defaultLast = 7 * 24 * time.Hour

// filterFlags are the filters as they were typed.
type filterFlags struct {
	from, to, last                      string
	accounts, regions, types, resources []string
	tags, kinds, paths                  []string
	contains, noise, order, cursor      string
	limit                               int
	window                              configtrail.Window // of from, to and last, once resolved
}

// spanFlags adds --from, --to and --last.
func (a *app) spanFlags(c *cobra.Command, f *filterFlags) {
	c.Flags().StringVar(&f.from, "from", "", a.t("flag.from"))
	c.Flags().StringVar(&f.to, "to", "", a.t("flag.to"))
	c.Flags().StringVar(&f.last, "last", "", a.t("flag.last"))
}

// placeFlags adds the filters by account, region and type.
func (a *app) placeFlags(c *cobra.Command, f *filterFlags) {
	c.Flags().StringArrayVar(&f.accounts, "account", nil, a.t("flag.account"))
	c.Flags().StringArrayVar(&f.regions, "region", nil, a.t("flag.region"))
	c.Flags().StringArrayVar(&f.types, "type", nil, a.t("flag.type"))
}

// resourceFlags adds the filters by resource, tag and text.
func (a *app) resourceFlags(c *cobra.Command, f *filterFlags) {
	c.Flags().StringArrayVar(&f.resources, "resource", nil, a.t("flag.resource"))
	c.Flags().StringArrayVar(&f.tags, "tag", nil, a.t("flag.tag"))
	c.Flags().StringVar(&f.contains, "contains", "", a.t("flag.contains"))
}

// changeFlags adds the filters that only changes have.
func (a *app) changeFlags(c *cobra.Command, f *filterFlags) {
	c.Flags().StringArrayVar(&f.kinds, "kind", nil, a.t("flag.kind"))
	c.Flags().StringArrayVar(&f.paths, "path", nil, a.t("flag.path"))
	c.Flags().StringVar(&f.noise, "noise", string(history.NoiseExclude), a.t("flag.noise"))
	c.Flags().StringVar(&f.order, "order", string(history.Descending), a.t("flag.order"))
	c.Flags().StringVar(&f.cursor, "cursor", "", a.t("flag.cursor"))
}

func (a *app) limitFlag(c *cobra.Command, f *filterFlags, limit int) {
	c.Flags().IntVar(&f.limit, "limit", limit, a.t("flag.limit"))
}

// formatFlag adds --format; the first format is the default.
func (a *app) formatFlag(c *cobra.Command, format *string, formats ...string) {
	c.Flags().StringVar(format, "format", formats[0], a.p.Text("flag.format", message.Args{"formats": strings.Join(formats, ", ")}))
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	check := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(formats, *format) {
			return a.usage(fmt.Errorf("--format %s: there are %s", *format, strings.Join(formats, ", ")))
		}
		if check != nil {
			return check(c, args)
		}
		return nil
	}
}

// failFlag adds --fail-on.
func (a *app) failFlag(c *cobra.Command) {
	c.Flags().StringSliceVar(&a.fail, "fail-on", []string{"gap", "quarantine", "late"}, a.t("flag.fail-on"))
}

// span resolves --from, --to and --last. Without any of them it is the last
// week, or everything where everything is what the command is about.
func (f *filterFlags) span(a *app, unasked time.Duration) (configtrail.Window, error) {
	now := a.Now().In(a.zone)
	var w configtrail.Window
	if f.last != "" {
		if f.from != "" || f.to != "" {
			return w, fmt.Errorf("%w: --last goes without --from and --to", configtrail.ErrInvalid)
		}
		back, err := parseSpan(f.last)
		return configtrail.Window{From: now.Add(-back), To: now}, err
	}
	var err error
	if f.from != "" {
		if w.From, err = parseTime(f.from, a.zone, now); err != nil {
			return w, fmt.Errorf("--from: %w", err)
		}
	}
	if f.to != "" {
		if w.To, err = parseTime(f.to, a.zone, now); err != nil {
			return w, fmt.Errorf("--to: %w", err)
		}
	}
	switch {
	case f.from == "" && f.to == "" && unasked > 0:
		w = configtrail.Window{From: now.Add(-unasked), To: now}
	case f.from != "" && f.to != "" && !w.From.Before(w.To):
		return w, fmt.Errorf("%w: --from %s is not before --to %s", configtrail.ErrInvalid, f.from, f.to)
	}
	return w, nil
}

// filter is what was typed, as history takes it.
func (f *filterFlags) filter(a *app) (history.Filter, error) {
	filter := history.Filter{
		Window: f.window, Accounts: f.accounts, Regions: f.regions, Types: f.types, Resources: f.resources,
		Paths: f.paths, Contains: f.contains, Noise: history.NoiseMode(f.noise), Order: history.Order(f.order),
		Limit: f.limit, Cursor: f.cursor,
	}
	if f.limit < 0 {
		return filter, a.usage(fmt.Errorf("--limit %d", f.limit))
	}
	for _, kind := range f.kinds {
		filter.Kinds = append(filter.Kinds, configtrail.Kind(kind))
	}
	for _, tag := range f.tags {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return filter, fmt.Errorf("%w: --tag %q; write it as KEY=VALUE", configtrail.ErrInvalid, tag)
		}
		if filter.Tags == nil {
			filter.Tags = map[string]string{}
		}
		filter.Tags[key] = value
	}
	return filter, nil
}

// resolve finds the one resource that a person named.
func (a *app) resolve(ctx context.Context, s *session, text string, f *filterFlags) (configtrail.ResourceKey, error) {
	filter, err := f.filter(a)
	if err != nil {
		return configtrail.ResourceKey{}, err
	}
	filter.Window = configtrail.Window{}
	found, err := s.Resolve(ctx, text, filter)
	if err != nil {
		return configtrail.ResourceKey{}, a.unresolved(text, found, err)
	}
	return found[0].Key, nil
}

// unresolved tells a person which resources their text could mean.
func (a *app) unresolved(text string, found []history.Candidate, err error) error {
	var lines []string
	for i, c := range found {
		if i == history.Suggestions {
			lines = append(lines, "…")
			break
		}
		line := c.Key.String()
		if c.Name != "" && c.Name != c.Key.ID {
			line += "  (" + c.Name + ")"
		}
		lines = append(lines, line)
	}
	key := "no_resource"
	switch {
	case len(found) > 0 && exitCode(err) == exitNotFound:
		key = "no_resource_but"
	case len(found) > 0:
		key = "ambiguous"
	}
	return &configtrail.Problem{Key: key, Err: err, Args: map[string]any{
		"text": text, "n": len(found), "candidates": "\n" + strings.Join(lines, "\n")}}
}
