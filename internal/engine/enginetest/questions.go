package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// hostile are texts that no row need have: an engine has to take them for values.
var hostile = []string{`x'; DROP TABLE changes; --`, `a\`, `\'`, `%`, `_`, "?", "日本語", "🗾", "\u202eevil", "line\nbreak", `{"a":1}`, "U&'\\0041'"}

// questions are all that history can be asked of what was found.
func questions(t *testing.T, f found) []question {
	t.Helper()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	all := ofChanges(f)
	all = append(all, ofSpans(f, newYork)...)
	all = append(all, ofResources(f)...)
	return append(all, ofCoverage(f)...)
}

func notEmpty(answer any) bool {
	changes, ok := answer.([]configtrail.Change)
	return ok && len(changes) > 0
}

// changesOf lists the first thousand changes of a filter.
func changesOf(filter history.Filter) func(context.Context, *history.History) (any, error) {
	return func(ctx context.Context, h *history.History) (any, error) {
		filter := filter
		filter.Limit = 1000
		changes := []configtrail.Change{}
		for change, err := range h.EachChange(ctx, filter) {
			if err != nil {
				return nil, err
			}
			changes = append(changes, change)
		}
		return changes, nil
	}
}

func ofChanges(f found) []question {
	var all []question
	for _, name := range slices.Sorted(maps.Keys(f.filters)) {
		filter := f.filters[name]
		filter.Noise = history.NoiseInclude
		all = append(all, question{name: "changes by " + name, ask: changesOf(filter), full: notEmpty})
	}
	for _, mode := range []history.NoiseMode{history.NoiseExclude, history.NoiseOnly, history.NoiseInclude} {
		all = append(all, question{name: "changes, noise " + string(mode), ask: changesOf(history.Filter{Noise: mode}), full: notEmpty})
	}
	for _, text := range hostile {
		all = append(all,
			question{name: fmt.Sprintf("changes that contain %q", text), ask: changesOf(history.Filter{Contains: text, Tags: map[string]string{}})},
			question{name: fmt.Sprintf("changes by everything %q", text), ask: changesOf(history.Filter{
				Regions: []string{text}, Types: []string{text}, Tags: map[string]string{text: text}, Paths: []string{text}, Actor: text,
			})})
	}
	middle := f.window.From.Add(f.window.To.Sub(f.window.From) / 2)
	key := f.keys[0]
	all = append(all,
		question{name: "changes of a window", full: notEmpty, ask: changesOf(history.Filter{
			Window: configtrail.Window{From: middle, To: f.window.To}, Order: history.Ascending,
		})},
		question{name: "changes of resources", full: notEmpty, ask: changesOf(history.Filter{
			Resources: []string{key.String(), f.keys[len(f.keys)-1].ID}, Noise: history.NoiseInclude,
		})},
		question{name: "pages of changes", ask: func(ctx context.Context, h *history.History) (any, error) {
			var pages []history.Page
			filter := history.Filter{Limit: 7}
			for range 3 {
				page, err := h.Changes(ctx, filter)
				if err != nil {
					return nil, err
				}
				pages = append(pages, page)
				filter.Cursor = page.Next
			}
			return pages, nil
		}},
	)
	return all
}

func ofSpans(f found, newYork *time.Location) []question {
	var all []question
	for _, zone := range []*time.Location{nil, newYork} {
		month := f.months[len(f.months)-1]
		name := "month"
		if zone != nil {
			name += " in " + zone.String()
		}
		all = append(all,
			question{name: "summary of a " + name, zone: zone, ask: func(ctx context.Context, h *history.History) (any, error) {
				return h.Summary(ctx, history.Filter{Window: month.Window(h.Zone)})
			}},
			question{name: "a whole " + name, zone: zone, ask: func(ctx context.Context, h *history.History) (any, error) {
				changes := []configtrail.Change{}
				answer, err := h.Month(ctx, history.MonthQuestion{
					Month: month, Before: len(f.months) - 1, StepTypes: []string{f.keys[0].Type, f.keys[len(f.keys)-1].Type},
					Visit: func(c configtrail.Change) error {
						changes = append(changes, c)
						return nil
					},
				})
				if err != nil {
					return nil, err
				}
				answer.Cost = configtrail.Cost{} // each engine's own
				return []any{answer, changes}, nil
			}})
	}
	all = append(all, question{name: "summary of a span with filters", ask: func(ctx context.Context, h *history.History) (any, error) {
		filter := f.filters["account"]
		filter.Window, filter.Types = f.window, f.filters["type"].Types
		return h.Summary(ctx, filter)
	}})
	return append(all, question{name: "touched", ask: func(ctx context.Context, h *history.History) (any, error) {
		return h.Touched(ctx, f.window, history.Filter{})
	}})
}

func ofResources(f found) []question {
	middle := f.window.From.Add(f.window.To.Sub(f.window.From) / 2)
	var all []question
	for i, key := range f.keys {
		all = append(all, question{name: fmt.Sprintf("timeline %d", i), ask: func(ctx context.Context, h *history.History) (any, error) {
			return h.Timeline(ctx, key, configtrail.Window{})
		}})
		if i%2 == 0 {
			all = append(all, question{name: fmt.Sprintf("diff %d", i), ask: func(ctx context.Context, h *history.History) (any, error) {
				return h.Diff(ctx, key, middle, f.window.To)
			}})
		}
	}
	for i, text := range append(slices.Clone(f.names), append(slices.Clone(hostile), f.keys[0].ID, f.keys[0].String(), f.keys[0].ID[:3])...) {
		all = append(all, question{name: fmt.Sprintf("resolve %d", i), ask: func(ctx context.Context, h *history.History) (any, error) {
			candidates, err := h.Resolve(ctx, text, history.Filter{})
			if err != nil && len(candidates) > 0 && !errors.Is(err, configtrail.ErrInvalid) && !errors.Is(err, configtrail.ErrNotFound) {
				return nil, err
			}
			return []any{candidates, text}, err
		}})
	}
	for name, filter := range map[string]history.Filter{
		"": {Limit: 2000}, " of an account": {Accounts: f.filters["account"].Accounts}, " with a tag": {Tags: f.filters["tag"].Tags},
		" with a text": {Contains: f.keys[len(f.keys)-1].ID},
	} {
		all = append(all, question{name: "at" + name, ask: func(ctx context.Context, h *history.History) (any, error) {
			states := []history.State{}
			for state, err := range h.At(ctx, middle, filter) {
				if err != nil {
					return nil, err
				}
				states = append(states, state)
			}
			return states, nil
		}, full: func(answer any) bool {
			return len(answer.([]history.State)) > 0 || filter.Tags != nil || filter.Contains != ""
		}})
	}
	return all
}

func ofCoverage(f found) []question {
	var all []question
	for name, filter := range map[string]history.Filter{
		"": {}, " of an account": {Accounts: f.filters["account"].Accounts}, " of a region": {Regions: f.filters["region"].Regions},
		" of a type": {Types: f.filters["type"].Types}, " of a resource": {Resources: []string{f.keys[0].String()}}, " of a window": {Window: f.window},
	} {
		all = append(all,
			question{name: "coverage" + name, ask: func(ctx context.Context, h *history.History) (any, error) {
				return h.Coverage(ctx, filter)
			}},
			question{name: "complete until" + name, ask: func(ctx context.Context, h *history.History) (any, error) {
				return h.CompleteUntil(ctx, filter)
			}},
			question{name: "quarantine" + name, ask: func(ctx context.Context, h *history.History) (any, error) {
				return h.Quarantine(ctx, filter)
			}})
	}
	slices.SortFunc(all, func(a, b question) int { return strings.Compare(a.name, b.name) })
	return append(all, question{name: "integrity", ask: func(ctx context.Context, h *history.History) (any, error) {
		return h.Integrity(ctx, history.Filter{})
	}})
}
