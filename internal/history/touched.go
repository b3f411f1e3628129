package history

import (
	"context"
	"slices"
	"time"

	"configtrail"
)

// WarningKind says why an answer may not be the whole truth.
type WarningKind string

// The kinds of warning. Late and pending are both data not yet delivered.
const (
	WarnGap        WarningKind = "gap"        // a Gap of coverage lies in the span, or coverage never reached it
	WarnQuarantine WarningKind = "quarantine" // an object in the span could not be read
	WarnLate       WarningKind = "late"       // deliveries of a place are overdue
	WarnPending    WarningKind = "pending"    // the span ends later than the last delivery can tell, which is on time
)

// Reasons of a warning of kind WarnGap besides those of configtrail.Gap.
const (
	ReasonBeforeFirst = "before_first" // the span begins before the first delivery of the account
	ReasonNoCoverage  = "no_coverage"  // nothing was ever delivered of what was asked
)

// Warning is one reason why an answer may not be the whole truth.
type Warning struct {
	Kind            WarningKind
	Reason          string // for gaps a configtrail.Gap… or Reason… constant, for objects the code of what is quarantined first
	Account, Region string // empty where it is about no account or region alone
	Types           []string
	// The part of time that is not known, in the zone of the history: for late
	// and pending it begins where the place is complete. Zero ends are open.
	From, To time.Time
	Key      string // of the object, for WarnQuarantine
	Count    int64  // things quarantined in it
}

// Touched tells what touches an answer about a window, in the order of time: none
// means that the answer is whole. An open end of the window is now. Objects of
// which a copy was read whole touch nothing.
func (h *History) Touched(ctx context.Context, window configtrail.Window, filter Filter) ([]Warning, error) {
	filter.Window = window
	w, err := h.named(ctx, filter)
	if err != nil {
		return nil, err
	}
	k, err := h.known(ctx, w)
	if err != nil {
		return nil, err
	}
	return k.warnings(k.coverage()), nil
}

// warnings tells what touches an answer about the filter's window.
func (k knowledge) warnings(coverage configtrail.Coverage) []Warning {
	var warnings []Warning
	for _, gap := range coverage.Gaps {
		if gap.Reason != configtrail.GapQuarantined {
			warnings = append(warnings, Warning{
				Kind: WarnGap, Reason: gap.Reason, Account: gap.Account, Region: gap.Region, Types: gap.Types, From: gap.From, To: gap.To,
			})
		}
	}
	interval := intervals(coverage.Places)
	for _, object := range k.troubled {
		if warning, ok := k.w.hurt(object, interval[[2]string{object.Account, object.Region}]); ok {
			gap := k.h.inZone(configtrail.Gap{From: warning.From, To: warning.To})
			warning.From, warning.To = gap.From, gap.To
			warnings = append(warnings, warning)
		}
	}
	warnings = append(warnings, k.h.unseen(k.w, coverage.Places)...)
	warnings = append(warnings, k.h.undelivered(k.w.Window, coverage.Places)...)
	slices.SortStableFunc(warnings, func(a, b Warning) int { return a.From.Compare(b.From) })
	return warnings
}

// Late tells only which places of a filter are not complete up to the end of a
// window: the cheap part of Touched.
func (h *History) Late(ctx context.Context, window configtrail.Window, filter Filter) ([]Warning, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return nil, err
	}
	d, err := h.delivered(ctx, w)
	return h.undelivered(window, w.places(d.span)), err
}

// hurt makes the warning of an object that may have held what was asked for.
func (w wanted) hurt(object Troubled, interval time.Duration) (Warning, bool) {
	if object.MendedBy != "" || object.Archived {
		return Warning{}, false
	}
	resourceType, span := object.span(interval)
	gap := configtrail.Gap{Account: object.Account, Region: object.Region, From: span.From, To: span.To, Reason: configtrail.GapQuarantined}
	if resourceType != "" {
		gap.Types = []string{resourceType}
	}
	if object.Account != "" && !w.touchedBy(gap, w.Window) {
		return Warning{}, false
	}
	warning := Warning{
		Kind: WarnQuarantine, Account: gap.Account, Region: gap.Region, Types: gap.Types, From: gap.From, To: gap.To,
		Key: object.Key, Count: int64(len(object.Quarantined)),
	}
	if len(object.Quarantined) > 0 {
		warning.Reason = object.Quarantined[0].Code
	}
	return warning, true
}

// unseen tells of accounts whose deliveries began only behind the beginning of the
// window, by more than would be a gap, and of those that never delivered.
func (h *History) unseen(w wanted, places []configtrail.Place) []Warning {
	first := map[string]time.Time{}
	for _, place := range places {
		if at, ok := first[place.Account]; !ok || place.First.Before(at) {
			first[place.Account] = place.First
		}
	}
	var warnings []Warning
	accounts := w.subjectAccounts()
	if len(accounts) == 0 && len(places) == 0 {
		accounts = []string{""}
	}
	for _, account := range accounts {
		if _, ok := first[account]; !ok {
			warnings = append(warnings, Warning{
				Kind: WarnGap, Reason: ReasonNoCoverage, Account: account, From: w.Window.From, To: w.Window.To,
			})
		}
	}
	if w.Window.From.IsZero() {
		return warnings // asked for everything there is: it begins where it begins
	}
	for account, at := range first {
		if at.Sub(w.Window.From) > configtrail.MinGap {
			warnings = append(warnings, Warning{
				Kind: WarnGap, Reason: ReasonBeforeFirst, Account: account, From: w.Window.From, To: at,
			})
		}
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return compareGaps(a.gap(), b.gap()) })
	return warnings
}

func (w Warning) gap() configtrail.Gap {
	return configtrail.Gap{Account: w.Account, Region: w.Region, From: w.From, To: w.To, Reason: w.Reason}
}

// undelivered tells which places are not complete up to the end of the window,
// and whether their next delivery should have come by now. The place named
// global is complete whenever one of its regions is, and is told only alone.
func (h *History) undelivered(window configtrail.Window, places []configtrail.Place) []Warning {
	end, now := window.To, h.now()
	if end.IsZero() || end.After(now) {
		end = now
	}
	var warnings []Warning
	for _, place := range places {
		if place.Region == configtrail.Global && slices.ContainsFunc(places, func(p configtrail.Place) bool {
			return p.Account == place.Account && p.Region != place.Region
		}) {
			continue
		}
		if !place.CompleteUntil.Before(end) {
			continue
		}
		warning := Warning{Kind: WarnPending, Account: place.Account, Region: place.Region, From: place.CompleteUntil, To: end.In(h.zone())}
		if now.Sub(place.Last) > max(configtrail.MinGap, place.Interval*3/2) {
			warning.Kind = WarnLate
		}
		warnings = append(warnings, warning)
	}
	return warnings
}
