package history

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"configtrail"
)

// keeper tells in Go what the predicates of changes tell in SQL: whether a filter
// lets a change through, of which account, region, type and resource are right
// already.
func (w wanted) keeper() (func(configtrail.Change) bool, error) {
	var patterns []*regexp.Regexp
	for _, path := range w.Paths {
		pattern, err := regexp.Compile(pathPattern(path))
		if err != nil {
			return nil, fmt.Errorf("%w: path %q: %w", configtrail.ErrInvalid, path, err)
		}
		patterns = append(patterns, pattern)
	}
	return func(c configtrail.Change) bool {
		return w.lets(c.Noise) && w.Actor == "" && // raw tables know no actors
			(len(w.Kinds) == 0 || slices.Contains(w.Kinds, c.Kind)) &&
			w.hasTags(c.Tags) &&
			(len(patterns) == 0 || slices.ContainsFunc(c.Edits, func(e configtrail.Edit) bool {
				return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(e.Path) })
			})) &&
			(w.Contains == "" || holdsText(c, w.Contains))
	}, nil
}

// lets reports whether the filter's noise mode lets a class through.
func (w wanted) lets(noise configtrail.Noise) bool {
	switch w.Noise {
	case NoiseInclude:
		return true
	case NoiseOnly:
		return noise != configtrail.NoiseNone
	default:
		return noise == configtrail.NoiseNone
	}
}

func (w wanted) hasTags(tags map[string]string) bool {
	for key, want := range w.Tags {
		if have, ok := tags[key]; !ok || have != want {
			return false
		}
	}
	return true
}

// holdsText looks for text in the names of a change and the values of its edits,
// in any case.
func holdsText(c configtrail.Change, text string) bool {
	text, quoted := strings.ToLower(text), strings.ToLower(insideJSON(text))
	for _, name := range []string{c.Name, c.Key.ID, c.ARN} {
		if strings.Contains(strings.ToLower(name), text) {
			return true
		}
	}
	return slices.ContainsFunc(c.Edits, func(e configtrail.Edit) bool {
		old, changed := strings.ToLower(string(e.Old)), strings.ToLower(string(e.New))
		return strings.Contains(old, text) || strings.Contains(changed, text) || strings.Contains(old, quoted) || strings.Contains(changed, quoted)
	})
}
