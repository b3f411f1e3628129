package history

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail"
)

// knowledge is what the deliveries of a filter tell of themselves: where they
// came from and when, what recorders recorded, and what could not be read.
type knowledge struct {
	h        *History
	w        wanted
	span     []configtrail.Place // every place of the filter's accounts, in the order of account and region
	silences []silence
	turns    []turn
	troubled []Troubled
}

// known asks the questions of coverage, side by side as far as they can be.
func (h *History) known(ctx context.Context, w wanted) (knowledge, error) {
	k := knowledge{h: h, w: w}
	group, ctx := errgroup.WithContext(ctx)
	k.ask(ctx, group)
	return k, group.Wait()
}

// ask fills in the knowledge as members of a group.
func (k *knowledge) ask(ctx context.Context, group *errgroup.Group) {
	group.Go(func() error {
		d, err := k.h.delivered(ctx, k.w)
		if k.span, k.silences = d.span, d.silences; err != nil {
			return err
		}
		if k.troubled = []Troubled{}; d.broken.any {
			k.troubled, err = k.h.troubled(ctx, k.w, d.broken.times)
		}
		return err
	})
	group.Go(func() (err error) {
		k.turns, err = k.h.recorded(ctx, k.w)
		return err
	})
}

func (k knowledge) coverage() configtrail.Coverage {
	coverage := configtrail.Coverage{Places: k.w.places(k.span), Gaps: []configtrail.Gap{}}
	for _, object := range k.troubled {
		switch {
		case object.MendedBy != "":
		case object.Archived:
			coverage.Archived++
		default:
			coverage.Quarantined += int64(len(object.Quarantined))
		}
	}
	for _, gap := range onceEach(append(k.gaps(), scopeChanges(k.turns, k.began())...)) {
		if k.w.touchedBy(gap, k.w.Window) {
			coverage.Gaps = append(coverage.Gaps, k.h.inZone(gap))
		}
	}
	slices.SortFunc(coverage.Gaps, compareGaps)
	return coverage
}

// began is when each account was first delivered.
func (k knowledge) began() map[string]time.Time {
	began := map[string]time.Time{}
	for _, place := range k.span {
		if first, known := began[place.Account]; !known || place.First.Before(first) {
			began[place.Account] = place.First
		}
	}
	return began
}

// gaps are those behind which a resource may look other than it was last seen:
// all but changes of scope, before which nothing was seen at all.
func (k knowledge) gaps() []configtrail.Gap {
	return slices.Concat(k.silent(), exclusions(k.turns), losses(k.troubled, k.span))
}

func (h *History) gaps(ctx context.Context, w wanted) ([]configtrail.Gap, error) {
	k, err := h.known(ctx, w)
	if err != nil {
		return nil, err
	}
	return k.gaps(), nil
}

// silent are the silences that rule 8 calls gaps. A place without snapshots has
// no rhythm to hold them against: it has none, and its Interval of 0 says that
// they are unknown.
func (k knowledge) silent() []configtrail.Gap {
	interval := intervals(k.span)
	var gaps []configtrail.Gap
	for _, s := range k.silences {
		median := interval[[2]string{s.account, s.region}]
		if median > 0 && s.to.Sub(s.from) > median*3/2 && k.w.hasPlace(s.account, s.region) {
			gaps = append(gaps, configtrail.Gap{
				Account: s.account, Region: s.region, Types: []string{}, From: s.from, To: s.to, Reason: configtrail.GapNoDelivery,
			})
		}
	}
	return gaps
}
