package report

import (
	"slices"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// gapsAtMost is how many gaps, and how many places of another kind, are told
// before they are counted.
const gapsAtMost = 12

// coverageNote tells how far the deliveries reach and what they leave open, in
// whole sentences.
func (t teller) coverageNote() []string {
	all := t.limits()
	for _, account := range t.Unseen {
		all = append(all, t.Text("report.coverage.unseen", message.Args{"account": t.account(account)}))
	}
	gaps := t.Gaps
	if !t.covered() { // that nothing was delivered is said; only what hides a delivery is news
		gaps = slices.DeleteFunc(slices.Clone(gaps), func(g configtrail.Gap) bool {
			return g.Reason != configtrail.GapArchived && g.Reason != configtrail.GapQuarantined
		})
	} else {
		all = append(all, t.newcomers()...)
	}
	if t.covered() && len(t.Overdue) > 1 { // one alone is said before all figures
		all = append(all, atMost(t, t.Overdue, func(p history.PlaceTime) string {
			return t.Text("report.situation.overdue", message.Args{"place": t.place(p.Account, p.Region), "until": t.moment(p.Time)})
		})...)
	}
	all = append(all, atMost(t, gaps, t.gap)...)
	if t.Quarantine.Objects > 0 {
		all = append(all, t.quarantined())
	}
	if t.covered() && t.NoRhythm > 0 {
		all = append(all, t.Text("report.gap.unknown", message.Args{"n": t.NoRhythm}))
	}
	switch {
	case !t.covered() || !t.begun() || t.CompleteUntil.IsZero():
	case len(all) == 0 && t.over() && len(t.Awaited)+len(t.Overdue) == 0:
		all = append(all, t.Text("report.coverage.complete", message.Args{"until": t.moment(t.CompleteUntil)}))
	default:
		all = append(all, t.Text("report.coverage.until", message.Args{"until": t.moment(t.CompleteUntil)}))
	}
	if t.Totals.Changes > 0 && t.Actor == nil {
		all = append(all, t.say("report.coverage.no_trail"))
	}
	if t.hasMonth() {
		all = append(all, t.say("report.findings.blind"))
	}
	return all
}

// newcomers are the accounts that joined within the month. Those that came with
// the very first deliveries are no news.
func (t teller) newcomers() []string {
	joined := slices.DeleteFunc(slices.Clone(t.Joined), func(p history.PlaceTime) bool {
		return p.Time.Sub(t.First) <= configtrail.MinGap
	})
	return atMost(t, joined, func(p history.PlaceTime) string {
		return t.Text("report.coverage.joined", message.Args{"account": t.account(p.Account), "from": t.moment(p.Time)})
	})
}

// atMost tells the first of a list and counts the others.
func atMost[T any](t teller, list []T, tell func(T) string) []string {
	var all []string
	for i, one := range list {
		if i == gapsAtMost {
			return append(all, t.Text("report.gap.more", message.Args{"n": len(list) - i}))
		}
		all = append(all, tell(one))
	}
	return all
}

// gap is one gap in a sentence.
func (t teller) gap(g configtrail.Gap) string {
	key := "report.gap." + g.Reason
	switch {
	case g.Reason == configtrail.GapExcluded && !g.To.IsZero():
		key += ".until"
	case g.From.IsZero() && g.Reason != configtrail.GapScope && t.Has(key+".undated"):
		key += ".undated"
	case !t.Has(key):
		key = "report.gap.other"
	}
	n := len(g.Types)
	if n == 0 {
		n = 2 // all types are many
	}
	return t.Text(key, message.Args{
		"place": t.place(g.Account, g.Region), "types": t.types(g.Types), "n": n,
		"from": t.moment(g.From), "to": t.moment(g.To), "reason": show(g.Reason)})
}

func (t teller) quarantined() string {
	var codes []string
	for _, c := range t.Quarantine.Codes {
		key := "report.code." + c.Key
		if !t.Has(key) {
			key = "report.code.other"
		}
		codes = append(codes, t.Text(key, message.Args{"n": c.Changes, "code": show(c.Key)}))
	}
	return t.Text("report.situation.quarantine", message.Args{
		"n": t.Quarantine.Parts, "objects": t.Quarantine.Objects, "codes": t.list(codes)})
}
