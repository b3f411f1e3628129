package history

import (
	"context"
	"slices"
	"time"

	"configtrail"
)

// batch is how far apart two types may be first recorded, or a type's first item
// and its first recorded one, to be one change of what a recorder records.
const batch = 24 * time.Hour

// scopeChanges are the spans in which an account was recorded, but not some of
// its types: from its first delivery until resources of the type that had been
// there before were first recorded. A type whose resources are all created
// later is no such type, whatever the regions it appears in.
func (h *History) scopeChanges(ctx context.Context, w wanted, span []configtrail.Place) ([]configtrail.Gap, error) {
	began := map[string]time.Time{} // of each account
	for _, place := range span {
		if place.Region == configtrail.Global {
			began[place.Account] = place.First
		}
	}
	firsts := map[[2]string]time.Time{}
	var candidates [][2]string
	everywhere := wanted{accounts: w.subjectAccounts(), types: w.subjectTypes()}
	parts := holes{"subject": everywhere.subject()}
	err := h.ask(ctx, "new_types", everywhere.scope(configtrail.Window{}), parts, func(r *row) error {
		account, resourceType, first := r.text(), r.text(), r.time()
		if start, delivered := began[account]; delivered && first.After(start) {
			firsts[[2]string{account, resourceType}] = first
			candidates = append(candidates, [2]string{account, resourceType})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var gaps []configtrail.Gap
	for pairs := range slices.Chunk(candidates, maxResources) {
		more, err := h.firstRecorded(ctx, pairs, began, firsts)
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, more...)
	}
	return gaps, nil
}

// firstRecorded makes gaps of the pairs of account and type whose resources were
// first recorded, rather than made, when the type was first seen.
func (h *History) firstRecorded(ctx context.Context, pairs [][2]string, began map[string]time.Time, firsts map[[2]string]time.Time) ([]configtrail.Gap, error) {
	var fits []clause
	var accounts, types []string
	for _, pair := range pairs {
		fits = append(fits, clause{"account = ? AND resource_type = ?", []any{pair[0], pair[1]}})
		accounts, types = append(accounts, pair[0]), append(types, pair[1])
	}
	var gaps []configtrail.Gap
	scope := configtrail.Scope{Accounts: unique(accounts), Types: unique(types)}
	err := h.ask(ctx, "first_recorded", scope, holes{"pairs": some(fits)}, func(r *row) error {
		gap := configtrail.Gap{Account: r.text(), Region: r.text(), Types: []string{r.text()}, To: r.time(), Reason: configtrail.GapScope}
		r.int() // how many resources: one is enough
		gap.From = began[gap.Account]
		if gap.To.Sub(firsts[[2]string{gap.Account, gap.Types[0]}]) > batch {
			return nil
		}
		if last := len(gaps) - 1; last >= 0 && gaps[last].Account == gap.Account && gaps[last].Region == gap.Region &&
			gap.To.Sub(gaps[last].To) <= batch {
			gaps[last].Types = append(gaps[last].Types, gap.Types[0]) // the rows come in the order of To
			return nil
		}
		gaps = append(gaps, gap)
		return nil
	})
	for i := range gaps {
		slices.Sort(gaps[i].Types)
	}
	return gaps, err
}

// exclusions are the spans in which a type was no longer recorded, open where it
// never was again.
func (h *History) exclusions(ctx context.Context, w wanted) ([]configtrail.Gap, error) {
	places := wanted{accounts: w.subjectAccounts(), regions: w.subjectRegions(), types: w.subjectTypes()}
	var gaps []configtrail.Gap
	err := h.ask(ctx, "excluded", places.scope(configtrail.Window{}), holes{"subject": places.subject()}, func(r *row) error {
		gap := configtrail.Gap{Account: r.text(), Region: r.text(), Types: []string{r.text()}, From: r.time(), Reason: configtrail.GapExcluded}
		if ended := r.bool(); ended {
			gaps = append(gaps, gap)
		} else {
			gaps[len(gaps)-1].To = gap.From // a turn back follows a turn of the same type
		}
		return nil
	})
	return gaps, err
}

// subjectTypes are the types that the filter, or the resources it names, can be about.
func (w wanted) subjectTypes() []typePattern {
	if len(w.keys) == 0 {
		return w.types
	}
	var types []typePattern
	for _, key := range w.keys {
		types = append(types, typePattern{key.Type, true})
	}
	return types
}

// subjectRegions are the regions that the filter, or the resources it names, can be about.
func (w wanted) subjectRegions() []string {
	if len(w.keys) == 0 {
		return w.regions
	}
	return w.scope(configtrail.Window{}).Regions
}

func unique(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
