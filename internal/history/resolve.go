package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// Candidate is a resource that a text may mean.
type Candidate struct {
	Key      configtrail.ResourceKey
	Name     string // the last one it had
	ARN      string
	LastSeen time.Time // its last capture
}

// Suggestions is how many resources are named to a person whose text fits none.
const Suggestions = 10

// Ambiguous is the error of a text that fits several resources. It is an
// ErrInvalid, with a hint to use the full key.
type Ambiguous struct {
	Text       string
	Candidates []Candidate // in the order of their keys
}

// Error names the first few.
func (a *Ambiguous) Error() string {
	return fmt.Sprintf("%q is %d resources: %s", a.Text, len(a.Candidates), list(a.Candidates))
}

// Unwrap gives ErrInvalid.
func (a *Ambiguous) Unwrap() error { return configtrail.ErrInvalid }

func list(candidates []Candidate) string {
	var names []string
	for _, c := range candidates[:min(len(candidates), Suggestions)] {
		names = append(names, c.Key.String())
	}
	if len(candidates) > Suggestions {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// Resolve finds the one resource that a text means: an id, a name it ever had,
// an ARN, or account/region/type/id. What fits exactly goes before what fits in
// another case. One resource that fits is given alone. Several give an Ambiguous
// error, none gives ErrNotFound with a hint that names resources holding the text;
// both give those resources too. The filter's accounts, regions and types
// narrow the search.
func (h *History) Resolve(ctx context.Context, text string, filter Filter) ([]Candidate, error) {
	if text == "" {
		return nil, fmt.Errorf("%w: no resource is named", configtrail.ErrInvalid)
	}
	if err := readable("resource", text); err != nil {
		return nil, err
	}
	filter.Resources = nil
	w, err := h.want(filter)
	if err != nil {
		return nil, err
	}
	for _, s := range []search{{text: text, exact: true}, {text: text}} {
		found, err := h.candidates(ctx, w, s)
		if err != nil {
			return nil, err
		}
		switch len(found) {
		case 0:
		case 1:
			return found, nil
		default:
			return found, configtrail.WithHint(&Ambiguous{text, found}, "name it as account/region/type/id")
		}
	}
	near, err := h.candidates(ctx, w, search{text: text, part: true})
	if err != nil {
		return nil, err
	}
	missing := fmt.Errorf("resource %q: %w", text, configtrail.ErrNotFound)
	if len(near) == 0 {
		return nil, configtrail.WithHint(missing, "look with: configtrail changes --contains TEXT --noise include")
	}
	return near, configtrail.WithHint(missing, "did you mean "+list(near)+"?")
}

// search is how a text is held against a resource's names.
type search struct {
	text  string
	exact bool // byte by byte; else in any case
	part  bool // as a part of a name, in any case; the latest seen only
}

func (s search) clause() clause {
	var fits []clause
	for _, column := range []string{"resource_id", "resource_name", "arn"} {
		switch {
		case s.part:
			fits = append(fits, holds(column, s.text))
		case s.exact:
			fits = append(fits, clause{column + " = ?", []any{s.text}})
		default:
			fits = append(fits, clause{"lower(" + column + ") = lower(?)", []any{s.text}})
		}
	}
	return some(fits)
}

// candidates finds resources among all items, in the order of their keys. A
// full key is looked up as such, and an ARN only where it says it is.
func (h *History) candidates(ctx context.Context, w wanted, s search) ([]Candidate, error) {
	fits, scope := s.clause(), w.scope(configtrail.Window{})
	if key, err := configtrail.ParseResourceKey(s.text); err == nil && !s.part {
		if !w.hasPlace(key.Account, key.Region) || !w.hasType(key.Type) {
			return nil, nil
		}
		one := w
		one.keys = []configtrail.ResourceKey{key}
		fits, scope = is(key), one.scope(configtrail.Window{})
	} else if account := accountOfARN(s.text); s.exact && account != "" && len(w.accounts) == 0 {
		here := w
		here.accounts = []string{account}
		found, err := h.candidates(ctx, here, s)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	limit := clause{}
	if s.part {
		limit = clause{"LIMIT ?", []any{int64(Suggestions)}}
	}
	var found []Candidate
	err := h.ask(ctx, "resolve", scope, holes{"subject": w.subject(), "fits": fits, "limit": limit}, func(r *row) error {
		found = append(found, Candidate{Key: r.key(), Name: r.text(), ARN: r.text(), LastSeen: r.time()})
		return nil
	})
	slices.SortFunc(found, func(a, b Candidate) int { return a.Key.Compare(b.Key) })
	return found, err
}

// accountOfARN is the account that an ARN names; empty where it names none.
func accountOfARN(text string) string {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && configtrail.IsAccountID(parts[4]) {
		return parts[4]
	}
	return ""
}
