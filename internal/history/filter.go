package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"configtrail"
)

// NoiseMode says what becomes of changes that say nothing to a person.
type NoiseMode string

// The noise modes.
const (
	NoiseExclude NoiseMode = "exclude" // the default
	NoiseInclude NoiseMode = "include"
	NoiseOnly    NoiseMode = "only"
)

// Order is the direction of time in a list of changes. Changes of one instant
// stand in the order of their resource keys in both.
type Order string

// The orders.
const (
	Descending Order = "desc" // the default
	Ascending  Order = "asc"
)

// Filter chooses what a question is about. Members narrow each other; the values
// of one member widen it. The zero value is everything that is no noise. Values
// are compared as they are: quotes, %, _ and * mean themselves, save * in Paths.
type Filter struct {
	Window configtrail.Window // a zero end is open

	Accounts []string // ids, or names and groups of the settings
	Regions  []string // or configtrail.Global
	// Types are full names, as they are spelled, or in any case a run of whole parts
	// of one: a service (ec2), AWS::EC2, EC2::Instance.
	Types []string
	// Resources are ids, names, ARNs or account/region/type/id. A resource is
	// meant with its whole timeline by any name it ever had.
	Resources []string

	Kinds []configtrail.Kind
	Tags  map[string]string // every key has to have its value in the state after
	// Paths are JSON Pointers; an edit at the path or below it counts. In a segment
	// * stands for any text, the segment ** for any number of segments. A pattern
	// without a leading slash may begin at any depth.
	Paths    []string
	Contains string // in a name, id, ARN, old or new value, in any case
	// Actor is an ARN, or a whole part of one or of an actor's name between slashes
	// and colons, in any case: a user, a session, a role. Ambiguous actors never match.
	Actor string
	Noise NoiseMode

	Order  Order
	Limit  int    // 0: all
	Cursor string // Next of the page before
}

// wanted is a filter whose names are resolved.
type wanted struct {
	Filter
	accounts, regions []string
	types             []typePattern
	keys              []configtrail.ResourceKey
	resources         bool // keys limit the answer, also when there are none
}

// check tells what of a filter can't be meant, as ErrInvalid.
func (f Filter) check() error {
	if !f.Window.To.IsZero() && f.Window.To.Before(f.Window.From) {
		return fmt.Errorf("%w: the window ends before it begins", configtrail.ErrInvalid)
	}
	for name, values := range map[string][]string{
		"account": f.Accounts, "region": f.Regions, "type": f.Types, "resource": f.Resources, "path": f.Paths,
		"tag": slices.Collect(maps.Keys(f.Tags)),
	} {
		if slices.Contains(values, "") {
			return fmt.Errorf("%w: an empty %s", configtrail.ErrInvalid, name)
		}
		if err := readable(name, values...); err != nil {
			return err
		}
	}
	for _, kind := range f.Kinds {
		if !slices.Contains(configtrail.Kinds, kind) {
			return configtrail.WithHint(fmt.Errorf("%w: %q is no kind of change", configtrail.ErrInvalid, kind),
				"use created, updated, deleted or recreated")
		}
	}
	if !slices.Contains([]NoiseMode{"", NoiseExclude, NoiseInclude, NoiseOnly}, f.Noise) {
		return configtrail.WithHint(fmt.Errorf("%w: noise %q", configtrail.ErrInvalid, f.Noise), "use exclude, include or only")
	}
	if !slices.Contains([]Order{"", Ascending, Descending}, f.Order) {
		return configtrail.WithHint(fmt.Errorf("%w: order %q", configtrail.ErrInvalid, f.Order), "use desc or asc")
	}
	if f.Limit < 0 {
		return fmt.Errorf("%w: a limit of %d", configtrail.ErrInvalid, f.Limit)
	}
	return readable("filter", append(slices.Collect(maps.Values(f.Tags)), f.Contains, f.Actor)...)
}

// readable refuses text that no engine could compare.
func readable(name string, values ...string) error {
	for _, value := range values {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return fmt.Errorf("%w: %s %q is no text in UTF-8", configtrail.ErrInvalid, name, value)
		}
	}
	return nil
}

// want checks a filter and resolves the names in it that need no look into the lake.
func (h *History) want(f Filter) (wanted, error) {
	if err := f.check(); err != nil {
		return wanted{}, err
	}
	w := wanted{Filter: f}
	accounts, err := h.accountIDs(f.Accounts)
	if err != nil {
		return wanted{}, err
	}
	w.accounts = accounts
	for _, region := range f.Regions {
		w.regions = append(w.regions, strings.ToLower(region))
	}
	for _, text := range f.Types {
		w.types = append(w.types, parseTypePattern(text))
	}
	return w, nil
}

// scope is what the filter lets an engine skip, for a window.
func (w wanted) scope(window configtrail.Window) configtrail.Scope {
	scope := configtrail.Scope{Window: window, Accounts: w.accounts, Regions: w.regions}
	if !slices.ContainsFunc(w.types, func(p typePattern) bool { return !p.full }) {
		for _, p := range w.types {
			scope.Types = append(scope.Types, p.text)
		}
	}
	if len(w.keys) == 0 {
		return scope
	}
	narrow := configtrail.Scope{Window: window}
	for _, key := range w.keys {
		narrow.Accounts = append(narrow.Accounts, key.Account)
		narrow.Regions = append(narrow.Regions, key.Region)
		narrow.Types = append(narrow.Types, key.Type)
		narrow.Resources = append(narrow.Resources, key.ID)
	}
	for _, list := range []*[]string{&narrow.Accounts, &narrow.Regions, &narrow.Types, &narrow.Resources} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return narrow
}

// typePattern is one way to name resource types.
type typePattern struct {
	text string // as it is for full names, in lower case for the others
	full bool
}

func parseTypePattern(text string) typePattern {
	if strings.Count(text, "::") == 2 && !strings.HasSuffix(text, "::") {
		return typePattern{text, true}
	}
	return typePattern{strings.ToLower(strings.Trim(text, ":")), false}
}

// matches tells in Go what clause tells in SQL.
func (p typePattern) matches(resourceType string) bool {
	if p.full {
		return resourceType == p.text
	}
	return strings.Contains("::"+strings.ToLower(resourceType)+"::", "::"+p.text+"::")
}

func (p typePattern) clause() clause {
	if p.full {
		return clause{"resource_type = ?", []any{p.text}}
	}
	return clause{"strpos(concat('::', lower(resource_type), '::'), ?) > 0", []any{"::" + p.text + "::"}}
}

// hasType reports whether the filter lets a type through.
func (w wanted) hasType(resourceType string) bool {
	if w.resources && !slices.ContainsFunc(w.keys, func(k configtrail.ResourceKey) bool { return k.Type == resourceType }) {
		return false
	}
	return len(w.types) == 0 || slices.ContainsFunc(w.types, func(p typePattern) bool { return p.matches(resourceType) })
}

// hasPlace reports whether the filter lets an account and region through.
func (w wanted) hasPlace(account, region string) bool {
	if w.resources && !slices.ContainsFunc(w.keys, func(k configtrail.ResourceKey) bool {
		return k.Account == account && k.Region == region
	}) {
		return false
	}
	return (len(w.accounts) == 0 || slices.Contains(w.accounts, account)) &&
		(len(w.regions) == 0 || slices.Contains(w.regions, region))
}
