package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// Thresholds of what is worth a sentence. They are about reading, not about
// statistics: detectors come with tests of significance.
const (
	manyTimes      = 2  // times the usual figure, to stand out
	fewTimes       = 3  // the usual figure is so many times a month's that is called quiet
	smallMonth     = 20 // changes below which shares and factors say nothing
	someChanges    = 10 // a month, of a group whose silence is worth a word
	hugeShare      = 60 // percent of all changes, in one account of several
	hugeShareOfTwo = 80 // percent of all changes, in one account of two
	massDeletions  = 10 // deletions of a day, at least
	sharedByMost   = 30 // percent of the changes of the busiest days that have something in common, at least

	recreatedAtMost = 3 // resources that came back, by name
	standoutGroups  = 3 // accounts, types or recorders named, at most
)

// situation is one thing that a month can be, and the sentences about it.
type situation struct {
	name string
	says func(t teller) []string // none where it does not hold
}

// leading are situations that a reader has to know before any figure.
var leading = []situation{
	{"filtered", teller.filtered},
	{"future", func(t teller) []string {
		return when(!t.begun(), t.say("report.situation.future"))
	}},
	{"unread", teller.unread},
	{"not compared", teller.compared},
	{"nothing", func(t teller) []string {
		key := "report.situation.nothing"
		if t.filters() != "" {
			key = "report.situation.nothing_filtered"
		}
		return when(t.begun() && t.First.IsZero() && t.Raw == nil, t.say(key))
	}},
	{"empty", func(t teller) []string {
		return when(t.Raw == nil && !t.First.IsZero() && t.over() && !t.covered(), t.Text("report.situation.empty", message.Args{
			"month": t.month(t.Month), "first": t.moment(t.First), "last": t.moment(t.Last)}))
	}},
	{"not over", teller.notOver},
	{"late", func(t teller) []string {
		return when(t.over() && t.covered() && len(t.Awaited) > 0,
			t.Text("report.situation.late", message.Args{"until": t.moment(t.awaitedSince())}))
	}},
	{"overdue", teller.overdue},
	{"first month", func(t teller) []string {
		return when(t.begun() && t.firstMonth(), t.Text("report.situation.first", message.Args{"first": t.moment(t.First)}))
	}},
	{"gap", func(t teller) []string {
		n := t.holes(configtrail.GapNoDelivery, configtrail.GapArchived)
		return when(t.covered() && n > 0, t.Text("report.situation.gap", message.Args{"n": n, "section": t.say("report.section.coverage")}))
	}},
	{"told by code", func(t teller) []string {
		return when(t.Telling != nil && t.Telling.Why != "", t.why())
	}},
	{"pending", func(t teller) []string {
		return when(t.Pending, t.say("report.situation.pending"))
	}},
}

// unusual are situations in which a month differs from others, or one part of
// it from the rest.
var unusual = []situation{
	{"quiet", func(t teller) []string {
		usual := t.usual(func(e earlier) int64 { return e.Changes })
		n := t.Totals.Changes
		return when(n > 0 && !t.partial() && len(t.Earlier) > 1 && usual >= someChanges && n*fewTimes <= usual,
			t.qualified(t.Text("report.situation.quiet", message.Args{"n": n, "usual": usual, "span": t.median()})))
	}},
	{"busy", func(t teller) []string {
		usual := t.usual(func(e earlier) int64 { return e.Changes })
		n := t.Totals.Changes
		return when(len(t.Earlier) > 1 && usual > 0 && n >= smallMonth && n >= usual*manyTimes,
			t.Text("report.situation.busy", message.Args{"n": n, "usual": usual, "times": factor(n, max(usual, 1)), "span": t.median()}))
	}},
	{"huge account", teller.hugeAccount},
	{"account up", func(t teller) []string {
		return t.groupsUp(t.Account, t.account, "report.situation.more_accounts",
			func(e earlier) map[string]int64 { return e.Account }, t.joined)
	}},
	{"account silent", teller.silentAccounts},
	{"type up", func(t teller) []string {
		return t.groupsUp(t.Type, typeName, "report.situation.more_types",
			func(e earlier) map[string]int64 { return e.Type }, t.newlyRecorded)
	}},
	{"mass deletion", teller.massDeletion},
	{"busy days", teller.busyDays},
	{"recreated", teller.recreated},
	{"recorder", teller.recorders},
}

// told gives the sentences of the situations that hold, in the list's order.
func told(list []situation, t teller) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.says(t)...)
	}
	return all
}

// why is why a model does not tell the report; empty where nobody says.
func (t teller) why() string {
	if t.Telling == nil {
		return ""
	}
	return configtrail.Visible(t.Telling.Why)
}

func when(holds bool, sentence string) []string {
	if !holds {
		return nil
	}
	return []string{sentence}
}

// median names the measure of what is usual: the month before, or the median of several.
func (t teller) median() string {
	return t.before("report.span.month_before", "report.span.median")
}

func (t teller) before(one, many string) string {
	if len(t.Earlier) == 1 {
		return t.say(one)
	}
	return t.Text(many, message.Args{"m": len(t.Earlier)})
}

// qualified adds to a sentence about few changes or none that there may be more
// within gaps.
func (t teller) qualified(sentence string) string {
	if t.holes() == 0 {
		return sentence
	}
	return t.sentences([]string{sentence, t.say("report.unseen")})
}

func (t teller) filtered() []string {
	filters := t.filters()
	return when(filters != "", t.Text("report.situation.filtered", message.Args{"filters": filters}))
}

// filters are the filters of the report in words; empty where there are none.
func (t teller) filters() string {
	var all []string
	for _, f := range []struct {
		key    string
		values []string
	}{
		{"report.filter.account", t.Filters.Accounts}, {"report.filter.region", t.Filters.Regions}, {"report.filter.type", t.Filters.Types},
	} {
		var shown []string
		for _, value := range f.values {
			if f.key == "report.filter.account" {
				shown = append(shown, t.account(t.accountID(value)))
			} else {
				shown = append(shown, show(value))
			}
		}
		if len(shown) > 0 {
			all = append(all, t.Text(f.key, message.Args{"list": t.list(shown)}))
		}
	}
	return strings.Join(all, t.say("report.filter.and"))
}

func (t teller) notOver() []string {
	switch {
	case t.over() || !t.begun() || t.First.IsZero():
		return nil
	case !t.covered():
		return []string{t.say("report.situation.not_over_nothing")}
	case len(t.Awaited) == 0 && len(t.Overdue) > 0: // which places is said of its own
		return []string{t.say("report.situation.not_over_overdue")}
	}
	until := t.awaitedSince()
	if until.IsZero() { // a clock that is behind the deliveries
		until = t.Now
	}
	return []string{t.Text("report.situation.not_over", message.Args{"until": t.moment(until)})}
}

// awaitedSince is up to when the places that deliver on time are complete; zero
// where nothing is awaited.
func (t teller) awaitedSince() time.Time {
	var least time.Time
	for _, p := range t.Awaited {
		if least.IsZero() || p.Time.Before(least) {
			least = p.Time
		}
	}
	return least
}

func (t teller) overdue() []string {
	if !t.covered() || len(t.Overdue) == 0 {
		return nil
	}
	first := t.Overdue[0]
	for _, p := range t.Overdue {
		if p.Time.Before(first.Time) {
			first = p
		}
	}
	if len(t.Overdue) == 1 {
		return []string{t.Text("report.situation.overdue", message.Args{
			"place": t.place(first.Account, first.Region), "until": t.moment(first.Time)})}
	}
	return []string{t.Text("report.situation.overdue_many", message.Args{
		"n": len(t.Overdue), "until": t.moment(first.Time), "section": t.say("report.section.coverage")})}
}

func (t teller) hugeAccount() []string {
	if len(t.Account) < 2 || t.Totals.Changes < smallMonth {
		return nil
	}
	most := t.Account[0]
	share, limit := percent(most.Changes, t.Totals.Changes), int64(hugeShare)
	if len(t.Account) == 2 {
		limit = hugeShareOfTwo
	}
	if share < limit {
		return nil
	}
	args := message.Args{"percent": share, "n": most.Changes, "account": t.account(most.Key)}
	var ofAccount, ofAll int64
	for _, e := range t.Earlier {
		ofAccount, ofAll = ofAccount+e.Account[most.Key], ofAll+e.Changes
	}
	if ofAll < smallMonth {
		return []string{t.Text("report.situation.huge_account", args)}
	}
	args["usual"], args["span"] = percent(ofAccount, ofAll), t.before("report.span.month_before", "report.span.months_before")
	return []string{t.Text("report.situation.huge_account_usual", args)}
}

// groupsUp tells of accounts or types with far more changes than in the months
// before, or with changes after none. Those whose beginning explains it are left out.
func (t teller) groupsUp(counts []Count, name func(string) string, more string, of func(earlier) map[string]int64, began func(string) bool) []string {
	var all []string
	for _, c := range counts {
		usual := t.usual(func(e earlier) int64 { return of(e)[c.Key] })
		seen := slices.ContainsFunc(t.Earlier, func(e earlier) bool { return of(e)[c.Key] > 0 })
		args := message.Args{"group": name(c.Key), "n": c.Changes}
		switch {
		case len(t.Earlier) == 0 || c.Changes < smallMonth:
		case !seen && !began(c.Key):
			args["span"] = t.before("report.span.month_before", "report.span.months_before")
			all = append(all, t.Text("report.situation.group_new", args))
		case usual > 0 && c.Changes >= usual*manyTimes:
			args["usual"], args["times"], args["span"] = usual, factor(c.Changes, usual), t.median()
			all = append(all, t.Text("report.situation.group_up", args))
		}
	}
	return t.few(all, more)
}

// few keeps the first sentences and counts the others.
func (t teller) few(sentences []string, more string) []string {
	if n := len(sentences) - standoutGroups; n > 0 {
		return append(sentences[:standoutGroups:standoutGroups], t.Text(more, message.Args{"n": n}))
	}
	return sentences
}

// placed reports whether an account is among places.
func placed(places []history.PlaceTime, account string) bool {
	return slices.ContainsFunc(places, func(p history.PlaceTime) bool { return p.Account == account })
}

// joined reports whether an account's first delivery lies within the month.
func (t teller) joined(account string) bool { return placed(t.Joined, account) }

// newlyRecorded reports whether a type came to be recorded only within the month.
func (t teller) newlyRecorded(resourceType string) bool {
	return slices.ContainsFunc(t.Gaps, func(g configtrail.Gap) bool {
		return g.Reason == configtrail.GapScope && slices.Contains(g.Types, resourceType)
	})
}

// silentAccounts tells of accounts that usually change and did not, as far as
// their deliveries can tell. Where nothing changed anywhere it is no news.
func (t teller) silentAccounts() []string {
	if !t.over() || t.Totals.Changes == 0 {
		return nil
	}
	active := map[string]int64{}
	for _, e := range t.Earlier {
		for account := range e.Account {
			active[account] = t.usual(func(e earlier) int64 { return e.Account[account] })
		}
	}
	for _, c := range t.Account {
		delete(active, c.Key)
	}
	var all []string
	for _, account := range slices.Sorted(maps.Keys(active)) {
		unsure := placed(t.Awaited, account) || placed(t.Overdue, account) ||
			slices.ContainsFunc(t.Gaps, func(g configtrail.Gap) bool { return g.Account == account && g.Reason != configtrail.GapScope })
		if active[account] >= someChanges && !unsure {
			all = append(all, t.Text("report.situation.account_silent", message.Args{
				"account": t.account(account), "usual": active[account], "span": t.median()}))
		}
	}
	return t.few(all, "report.situation.more_accounts")
}

func (t teller) massDeletion() []string {
	d := t.Deletions
	if !t.mass() {
		return nil
	}
	key := "report.situation.mass_deletion"
	if d.Largest == d.N {
		key = "report.situation.mass_deletion_all"
	}
	return []string{t.Text(key, message.Args{
		"n": d.N, "m": d.Largest, "day": t.day(d.Day), "type": typeName(d.Type), "account": t.account(d.Account)})}
}

// recreated tells of the resources that came back, the first few by name.
func (t teller) recreated() []string {
	var names []string
	for _, c := range t.Recreated.First {
		names = append(names, t.resource(c))
	}
	key := "report.situation.recreated"
	switch n := int64(len(names)); {
	case n == 0:
		return nil
	case t.Recreated.N == 1:
		key += ".one"
	case t.Recreated.N > n:
		key += ".more"
	}
	return []string{t.Text(key, message.Args{"n": t.Recreated.N, "names": t.list(names)})}
}
