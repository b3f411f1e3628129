package history

import (
	"context"
	"fmt"
	"slices"

	"configtrail"
)

// maxResources bounds how many resources a filter may name or mean: engines
// bound the length of a statement, DuckDB's guard at 64 KiB.
const maxResources = 500

// named resolves what a filter says of resources into keys, so that a resource
// renamed on the way is meant with its whole timeline. A full key is taken as it
// is and costs no look into the lake.
func (h *History) named(ctx context.Context, f Filter) (wanted, error) {
	w, err := h.want(f)
	if err != nil || len(f.Resources) == 0 {
		return w, err
	}
	w.resources = true
	for _, text := range f.Resources {
		if key, err := configtrail.ParseResourceKey(text); err == nil {
			w.keys = append(w.keys, key)
			continue
		}
		unnamed := w
		unnamed.resources, unnamed.keys = false, nil
		found, err := h.candidates(ctx, unnamed, search{text: text, exact: true})
		if err != nil {
			return w, err
		}
		for _, candidate := range found {
			w.keys = append(w.keys, candidate.Key)
		}
	}
	slices.SortFunc(w.keys, configtrail.ResourceKey.Compare)
	w.keys = slices.Compact(w.keys)
	if len(w.keys) > maxResources {
		return w, configtrail.WithHint(
			fmt.Errorf("%w: the filter means %d resources; at most %d can be asked for", configtrail.ErrInvalid, len(w.keys), maxResources),
			"narrow it by account, region or type, or leave the resources out")
	}
	return w, nil
}
