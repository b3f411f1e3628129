package cli

import (
	"context"
	"errors"
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

// formats is the annotation of --format that lists what it takes.
const formats = "formats"

// formatFlag adds --format; the first format is the default.
func (a *app) formatFlag(c *cobra.Command, format *string, allowed ...string) {
	c.Flags().StringVar(format, "format", allowed[0], a.p.Text("flag.format", message.Args{"formats": strings.Join(allowed, ", ")}))
	c.Flags().Lookup("format").Annotations = map[string][]string{formats: allowed}
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
	a.check(c, func() error {
		if !slices.Contains(allowed, *format) {
			return oneOf("--format", *format, allowed...)
		}
		return nil
	})
}

// failFlag adds --fail-on.
func (a *app) failFlag(c *cobra.Command) {
	c.Flags().StringSliceVar(&a.fail, "fail-on", []string{"gap", "quarantine", "late"}, a.t("flag.fail-on"))
	allowed := []string{"gap", "quarantine", "late", "none"}
	a.check(c, func() error {
		for _, kind := range a.fail {
			if !slices.Contains(allowed, kind) {
				return oneOf("--fail-on", kind, allowed...)
			}
		}
		return nil
	})
}

// check adds a check of flags to those that a command makes before it runs.
func (a *app) check(c *cobra.Command, check func() error) {
	before := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if before != nil {
			if err := before(c, args); err != nil {
				return err
			}
		}
		return check()
	}
}

// span resolves --from, --to and --last. Without any of them it is unasked, back
// from now, or everything where that is 0.
func (f *filterFlags) span(a *app, unasked time.Duration) (configtrail.Window, error) {
	now := a.Now().In(a.zone)
	if f.last != "" {
		back, ok := parseSpan(f.last)
		switch {
		case f.from != "" || f.to != "":
			return configtrail.Window{}, misused("last_and_from", nil)
		case !ok:
			return configtrail.Window{}, invalid("span", message.Args{"text": f.last})
		}
		return configtrail.Window{From: now.Add(-back), To: now}, nil
	}
	if f.from == "" && f.to == "" {
		if unasked == 0 {
			return configtrail.Window{}, nil
		}
		return configtrail.Window{From: now.Add(-unasked), To: now}, nil
	}
	from, err := a.time("--from", f.from)
	if err != nil {
		return configtrail.Window{}, err
	}
	to, err := a.time("--to", f.to)
	if err != nil {
		return configtrail.Window{}, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return configtrail.Window{}, invalid("order_of_times", message.Args{"from": "--from " + f.from, "to": "--to " + f.to})
	}
	return configtrail.Window{From: from, To: to}, nil
}

// time is what was typed as a time; zero where nothing was.
func (a *app) time(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, ok := parseTime(text, a.zone, a.Now())
	if !ok {
		return t, invalid("time", message.Args{"name": name, "text": text})
	}
	return t, nil
}

// filter is what was typed, as history takes it.
func (f *filterFlags) filter(a *app) (history.Filter, error) {
	filter := history.Filter{
		Window: f.window, Regions: f.regions, Types: f.types, Resources: f.resources,
		Paths: f.paths, Contains: f.contains, Noise: history.NoiseMode(f.noise), Order: history.Order(f.order),
		Limit: f.limit, Cursor: f.cursor,
	}
	var err error
	if filter.Accounts, err = a.accountIDs(f.accounts); err != nil {
		return filter, err
	}
	if f.limit < 0 {
		return filter, invalid("limit", message.Args{"n": f.limit})
	}
	for _, kind := range f.kinds {
		if !slices.Contains(configtrail.Kinds, configtrail.Kind(kind)) {
			return filter, oneOf("--kind", kind, configtrail.Kinds...)
		}
		filter.Kinds = append(filter.Kinds, configtrail.Kind(kind))
	}
	noises, orders := []string{"exclude", "include", "only"}, []string{"desc", "asc"}
	switch {
	case f.noise != "" && !slices.Contains(noises, f.noise):
		return filter, oneOf("--noise", f.noise, noises...)
	case f.order != "" && !slices.Contains(orders, f.order):
		return filter, oneOf("--order", f.order, orders...)
	}
	for _, tag := range f.tags {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return filter, invalid("tag", message.Args{"text": tag})
		}
		if filter.Tags == nil {
			filter.Tags = map[string]string{}
		}
		filter.Tags[key] = value
	}
	return filter, nil
}

// accountIDs are the accounts that a person means by ids, names and groups.
func (a *app) accountIDs(texts []string) ([]string, error) {
	var all []string
	for _, text := range texts {
		ids := a.set.AccountIDs(text)
		if len(ids) == 0 {
			return nil, invalid("account", message.Args{"text": text})
		}
		all = append(all, ids...)
	}
	return all, nil
}

// oneOf is the error of a value that is none of the allowed ones.
func oneOf[T ~string](flag, value string, allowed ...T) error {
	names := make([]string, len(allowed))
	for i := range allowed {
		names[i] = string(allowed[i])
	}
	return invalid("one_of", message.Args{"flag": flag, "value": value, "allowed": strings.Join(names, ", ")})
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
	key := "no_resource"
	switch {
	case exitCode(err) != exitNotFound && len(found) == 0:
		return err
	case exitCode(err) != exitNotFound:
		key = "ambiguous"
	case len(found) > 0:
		key = "no_resource_but"
	}
	lines := []string{""} // the list begins on a line of its own
	for _, c := range found[:min(len(found), history.Suggestions)] {
		line := c.Key.String()
		if c.Name != "" && c.Name != c.Key.ID {
			line += "  (" + c.Name + ")"
		}
		lines = append(lines, line)
	}
	if more := len(found) - history.Suggestions; more > 0 {
		lines = append(lines, a.p.Text("cli.more", message.Args{"n": more}))
	}
	return &configtrail.Problem{Key: key, Err: err, Args: message.Args{"text": text, "n": len(found), "candidates": lines}}
}

// known refuses a resource filter that names nothing: no changes of a resource
// that never was would be an answer to another question.
func (a *app) known(ctx context.Context, s *session, f *filterFlags) error {
	for _, text := range f.resources {
		found, err := s.Resolve(ctx, text, history.Filter{})
		if errors.Is(err, configtrail.ErrNotFound) {
			return a.unresolved(text, found, err)
		}
		var several *history.Ambiguous
		if err != nil && !errors.As(err, &several) {
			return err
		}
	}
	return nil
}
