package history

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// within is a half-open window over a column of times.
func within(column string, window configtrail.Window) clause {
	var bounds []clause
	if !window.From.IsZero() {
		bounds = append(bounds, clause{column + " >= ?", []any{window.From}})
	}
	if !window.To.IsZero() {
		bounds = append(bounds, clause{column + " < ?", []any{window.To}})
	}
	return all(bounds...)
}

// place is what the filter says of a row's account and region.
func (w wanted) place() clause {
	var parts []clause
	if len(w.accounts) > 0 {
		parts = append(parts, in("account", w.accounts))
	}
	if len(w.regions) > 0 {
		parts = append(parts, in("region", w.regions))
	}
	return all(parts...)
}

// subject is what the filter says of a row's resource: account, region, type
// and, where resources are named, their keys.
func (w wanted) subject() clause {
	parts := []clause{w.place()}
	if len(w.types) > 0 {
		var types []clause
		for _, pattern := range w.types {
			types = append(types, pattern.clause())
		}
		parts = append(parts, some(types))
	}
	if w.resources {
		var keys []clause
		for _, key := range w.keys {
			keys = append(keys, is(key))
		}
		parts = append(parts, some(keys))
	}
	return all(parts...)
}

// is compares a row with one resource key.
func is(key configtrail.ResourceKey) clause {
	return clause{"(account = ? AND region = ? AND resource_type = ? AND resource_id = ?)",
		[]any{key.Account, key.Region, key.Type, key.ID}}
}

// changed is all that the filter says of a row of changes, noise apart.
func (h *History) changed(w wanted, window configtrail.Window) (clause, error) {
	parts := []clause{within("capture_time", window), w.subject()}
	if len(w.Kinds) > 0 {
		var kinds []string
		for _, kind := range w.Kinds {
			kinds = append(kinds, string(kind))
		}
		parts = append(parts, in("kind", kinds))
	}
	keys := make([]string, 0, len(w.Tags))
	for key := range w.Tags {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		tag, err := h.spell("tag_value", holes{"key": value(key)})
		if err != nil {
			return clause{}, err
		}
		parts = append(parts, clause{tag.sql + " = ?", append(tag.args, w.Tags[key])})
	}
	if len(w.Paths) > 0 {
		var patterns []clause
		for _, path := range w.Paths {
			pattern, err := h.spell("matches", holes{"text": {sql: "e.path"}, "pattern": value(pathPattern(path))})
			if err != nil {
				return clause{}, err
			}
			patterns = append(patterns, pattern)
		}
		edited, err := h.spell("any_edit", holes{"test": some(patterns)})
		if err != nil {
			return clause{}, err
		}
		parts = append(parts, edited)
	}
	if w.Contains != "" {
		contains, err := h.contains(w.Contains)
		if err != nil {
			return clause{}, err
		}
		parts = append(parts, contains)
	}
	if w.Actor != "" {
		parts = append(parts, acted(w.Actor))
	}
	return all(parts...), nil
}

// noisy is what the filter says of a change's noise.
func (w wanted) noisy() clause {
	switch w.Noise {
	case NoiseInclude:
		return clause{sql: "TRUE"}
	case NoiseOnly:
		return clause{sql: "noise <> ''"}
	default:
		return clause{sql: "noise = ''"}
	}
}

// holds looks for text in a column, in any case.
func holds(column, text string) clause {
	return clause{"strpos(lower(" + column + "), lower(?)) > 0", []any{text}}
}

// contains looks for text in names and in the values of edits, which are JSON:
// there a quote or a backslash is spelled with another backslash.
func (h *History) contains(text string) (clause, error) {
	inValues := []clause{holds("e.old", text), holds("e.new", text)}
	if quoted := insideJSON(text); quoted != text {
		inValues = append(inValues, holds("e.old", quoted), holds("e.new", quoted))
	}
	edited, err := h.spell("any_edit", holes{"test": some(inValues)})
	if err != nil {
		return clause{}, err
	}
	return some([]clause{holds("resource_name", text), holds("resource_id", text), holds("arn", text), edited}), nil
}

// insideJSON is text as it stands between the quotes of a JSON string.
func insideJSON(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return text
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// acted looks for an identity among the parts of an actor's id and name. An
// ambiguous change has neither.
func acted(identity string) clause {
	part := "/" + strings.ReplaceAll(identity, ":", "/") + "/"
	spelled := "strpos(lower(concat('/', replace(%, ':', '/'), '/')), lower(?)) > 0"
	return some([]clause{
		{strings.ReplaceAll(spelled, "%", "actor_id"), []any{part}},
		{strings.ReplaceAll(spelled, "%", "actor_name"), []any{part}},
	})
}

// pathPattern is the regular expression of a path pattern, in the syntax that
// RE2 and Java share. It matches the path and every path below it.
func pathPattern(pattern string) string {
	var b strings.Builder
	b.WriteString(`\A`)
	if !strings.HasPrefix(pattern, "/") {
		b.WriteString(`(/[^/]*)*`)
	}
	for segment := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		if segment == "**" {
			b.WriteString(`(/[^/]*)*`)
			continue
		}
		b.WriteString("/")
		for i, literal := range strings.Split(segment, "*") {
			if i > 0 {
				b.WriteString(`[^/]*`)
			}
			b.WriteString(regexp.QuoteMeta(literal))
		}
	}
	b.WriteString(`(/|\z)`)
	return b.String()
}

// justAfter is the first instant behind t that the lake can hold: times are
// stored in microseconds.
func justAfter(t time.Time) time.Time { return t.Truncate(time.Microsecond).Add(time.Microsecond) }
