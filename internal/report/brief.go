package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/anomaly"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// How many lines of a kind a brief has at most, so that a month of any size
// costs a model the same.
const (
	briefFindings = 20
	briefGaps     = 8
	briefAccounts = 8
	briefTypes    = 10
	briefRegions  = 5
	briefActors   = 5
	briefDays     = 3
	briefInGap    = 3 // types of a gap by name; of more, none
)

// Brief is what a model is told of a month, taken from the figures of a report
// that Make made. It has no lines where there is nothing to tell: nothing was
// delivered, the month has not begun, or the report was read from JSON.
func Brief(r *Report) configtrail.Brief {
	if r.teller.facts == nil {
		return configtrail.Brief{}
	}
	b := &briefing{teller: r.teller, of: map[string]string{}, printed: map[string]bool{}, count: map[string]int{}}
	b.Month, b.Zone, b.Names = r.teller.facts.Month, r.teller.facts.Zone, map[string]string{}
	if r.teller.hasMonth() {
		b.totals()
		b.groups()
		b.findings()
		b.main()
		b.gaps()
		b.limits()
	}
	return b.Brief
}

// briefing is a brief that is being written.
type briefing struct {
	configtrail.Brief
	teller teller

	of      map[string]string // alias by what it stands for
	printed map[string]bool
	count   map[string]int // aliases of a kind
}

// add appends a line and numbers it.
func (b *briefing) add(l configtrail.BriefLine) {
	l.Ref = fmt.Sprintf("b%d", len(b.Lines)+1)
	b.Lines = append(b.Lines, l)
}

// compared reports whether the month can be held against the one before.
func (b *briefing) compared() bool { return b.teller.Previous != nil && !b.teller.partial() }

// briefFigure is one of the totals.
type briefFigure struct {
	what string
	unit configtrail.Unit
	of   func(history.Totals) int64
}

func (b *briefing) totals() {
	t := b.teller
	figures := []briefFigure{
		{"changes", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Changes }},
		{"created", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Created }},
		{"updated", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Updated }},
		{"deleted", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Deleted }},
		{"recreated", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Recreated }},
		{"resources", configtrail.UnitResources, func(f history.Totals) int64 { return f.Resources }},
		{"accounts", configtrail.UnitAccounts, func(f history.Totals) int64 { return f.Accounts }},
		{"noise", configtrail.UnitChanges, func(f history.Totals) int64 { return f.Noise }},
	}
	if t.Raw != nil && !t.Raw.Content { // nothing can be called updated, and nothing noise
		figures = slices.DeleteFunc(figures, func(f briefFigure) bool { return f.what == "updated" || f.what == "noise" })
	}
	for _, f := range figures {
		l := configtrail.BriefLine{About: configtrail.AboutTotal, What: f.what, Unit: f.unit, N: f.of(t.Totals)}
		if b.compared() {
			l.Trend = configtrail.TrendOf(l.N, f.of(*t.Previous))
		}
		b.add(l)
	}
	if t.Raw != nil {
		b.add(configtrail.BriefLine{About: configtrail.AboutTotal, What: "captures", Unit: configtrail.UnitCaptures, N: t.Raw.Captures})
	}
	if !b.compared() {
		return
	}
	for _, f := range figures {
		b.add(configtrail.BriefLine{About: configtrail.AboutMonthBefore, What: f.what, Unit: f.unit, N: f.of(*t.Previous)})
	}
	step := t.Totals.Changes - t.Previous.Changes
	b.add(configtrail.BriefLine{About: configtrail.AboutDifference, What: "changes", Unit: configtrail.UnitChanges,
		N: max(step, -step), Trend: configtrail.TrendOf(t.Totals.Changes, t.Previous.Changes)})
}

func (b *briefing) groups() {
	t := b.teller
	of := func(what string, counts []Count, atMost int, before func(earlier) map[string]int64, began func(string) bool, name func(*configtrail.BriefLine, string)) {
		for _, c := range counts[:min(len(counts), atMost)] {
			l := configtrail.BriefLine{About: configtrail.AboutGroup, What: what, Unit: configtrail.UnitChanges, N: c.Changes}
			if b.compared() && before != nil && len(t.Earlier) > 0 && t.Earlier[0].Month == t.Month.Add(-1) && !began(c.Key) {
				l.Trend = configtrail.TrendOf(c.Changes, before(t.Earlier[0])[c.Key])
			}
			name(&l, c.Key)
			b.add(l)
		}
	}
	never := func(string) bool { return false }
	of("account", t.Account, briefAccounts, func(e earlier) map[string]int64 { return e.Account }, t.joined, b.account)
	of("region", t.Region, briefRegions, func(e earlier) map[string]int64 { return e.Region }, never, b.region)
	of("type", t.Type, briefTypes, func(e earlier) map[string]int64 { return e.Type }, t.newlyRecorded, b.resourceType)
	of("actor", t.Actor, briefActors, nil, never, b.actor)
	days := slices.Clone(t.Day)
	slices.SortStableFunc(days, func(x, y Count) int { return cmp.Compare(y.Changes, x.Changes) })
	for _, d := range days[:min(len(days), briefDays)] {
		if at, err := time.ParseInLocation(time.DateOnly, d.Key, t.Zone); err == nil && d.Changes > 0 {
			b.add(configtrail.BriefLine{About: configtrail.AboutGroup, What: "day", Unit: configtrail.UnitDay, N: d.Changes, Time: at})
		}
	}
}

// findings tells the gravest, and counts all.
func (b *briefing) findings() {
	count := map[string]int64{}
	for _, f := range b.teller.Findings {
		count[f.Severity]++
	}
	for _, severity := range []string{anomaly.Critical, anomaly.High, anomaly.Medium, anomaly.Low} {
		b.add(configtrail.BriefLine{About: configtrail.AboutFindings, What: severity, Severity: severity, Unit: configtrail.UnitFindings, N: count[severity]})
	}
	for _, f := range b.teller.Findings[:min(len(b.teller.Findings), briefFindings)] {
		l := configtrail.BriefLine{About: configtrail.AboutFinding, What: f.Detector, Severity: f.Severity, Unit: configtrail.UnitTime, Time: f.Time,
			Sets: f.Sets[:min(len(f.Sets), 4)]}
		if f.Detector == "burst" { // more than usual is what it claims
			l.Trend = configtrail.Up
		}
		b.resource(&l, f.Resource, f.Name)
		b.add(l)
		if n := int64(len(f.Evidence)); n > 1 {
			l.About, l.Severity, l.Sets, l.Unit, l.N, l.Time = configtrail.AboutEvidence, "", nil, configtrail.UnitChanges, n, time.Time{}
			b.add(l)
		}
	}
}

func (b *briefing) main() {
	for _, c := range b.teller.Main {
		l := configtrail.BriefLine{About: configtrail.AboutChange, What: string(c.Kind), Unit: configtrail.UnitTime, Time: c.Time}
		b.resource(&l, c.Key, cmp.Or(c.Name, c.Tags["Name"]))
		if c.Actor != nil && c.Actor.ID != "" {
			b.actor(&l, c.Actor.ID)
		}
		b.add(l)
	}
}

func (b *briefing) gaps() {
	all := b.teller.Gaps
	b.add(configtrail.BriefLine{About: configtrail.AboutCoverage, What: "gaps", Unit: configtrail.UnitGaps, N: int64(len(all))})
	for _, g := range all[:min(len(all), briefGaps)] {
		l := configtrail.BriefLine{About: configtrail.AboutGap, What: gapReason(g.Reason), Unit: configtrail.UnitTime, Time: g.From}
		if g.Reason == configtrail.GapScope { // these types are known from its end on
			l.Time = g.To
		}
		if l.Time.IsZero() {
			l.Unit = configtrail.UnitNone
		}
		if g.Account != "" {
			b.account(&l, g.Account)
		}
		if g.Region != "" {
			b.region(&l, g.Region)
		}
		if len(g.Types) <= briefInGap {
			for _, name := range g.Types {
				b.resourceType(&l, name)
			}
		}
		b.add(l)
	}
}

// gapReason is a reason as a brief has it: one of ours.
func gapReason(reason string) string {
	switch reason {
	case configtrail.GapNoDelivery, configtrail.GapScope, configtrail.GapExcluded, configtrail.GapQuarantined, configtrail.GapArchived:
		return reason
	}
	return "other"
}

// limits tell what is not known of the month besides gaps.
func (b *briefing) limits() {
	t := b.teller
	say := func(holds bool, what string) {
		if holds {
			b.add(configtrail.BriefLine{About: configtrail.AboutCoverage, What: what, Unit: configtrail.UnitNone})
		}
	}
	b.add(configtrail.BriefLine{About: configtrail.AboutCoverage, What: "parts_of_objects_that_could_not_be_read", Unit: configtrail.UnitObjects, N: t.Quarantine.Parts})
	if !t.CompleteUntil.IsZero() {
		b.add(configtrail.BriefLine{About: configtrail.AboutCoverage, What: "everything_is_delivered_up_to", Unit: configtrail.UnitTime, Time: t.CompleteUntil})
	}
	say(t.partial(), "the_month_is_not_complete_yet")
	say(!b.compared(), "the_month_before_can_not_be_compared")
	say(t.firstMonth(), "deliveries_began_in_this_month")
	say(t.Pending, "changes_of_the_last_ingest_are_not_derived_yet")
	say(t.Actor == nil && t.Totals.Changes > 0, "who_made_the_changes_is_not_recorded")
	say(len(t.Filters.Accounts)+len(t.Filters.Regions)+len(t.Filters.Types) > 0, "only_a_part_of_the_organisation_was_asked_for")
	say(t.StepsLeft > 0, "some_changes_were_not_judged_by_the_rules")
	if t.Raw != nil {
		say(!t.Raw.Content, "the_content_of_resources_was_not_compared_so_updates_are_not_known")
		say(len(t.Raw.NotCompared) > 0 && t.Raw.Content, "some_parts_of_resources_were_not_compared")
		say(true, "states_before_the_days_that_were_read_are_not_known")
		say(len(t.Raw.LeftOut) > 0, "some_objects_were_left_out")
	}
}

// alias is the stand-in for something of the data. What code prints for it is
// set off by quotes, so that a name can't pass for a part of the sentence; two
// things that look the same are told apart by further.
func (b *briefing) alias(kind, key, shown, further string) string {
	if alias, ok := b.of[kind+"\x00"+key]; ok {
		return alias
	}
	if b.printed[shown] && further != "" {
		shown += further
	}
	b.printed[shown] = true
	b.count[kind]++
	alias := fmt.Sprintf("%s_%d", kind, b.count[kind])
	b.of[kind+"\x00"+key], b.Names[alias] = alias, shown
	return alias
}

// quoted is text from data within quotes that it can't close.
func (b *briefing) quoted(text string) string {
	return b.teller.Text("analyst.quoted", message.Args{"text": noQuotes.Replace(show(text))})
}

// noQuotes puts look-alikes in the place of the quotes that code writes.
var noQuotes = strings.NewReplacer("「", "｢", "」", "｣", "“", `"`, "”", `"`)

func (b *briefing) account(l *configtrail.BriefLine, id string) {
	shown := b.teller.account(id)
	if !configtrail.IsAccountID(id) {
		shown = b.quoted(id)
	}
	l.Aliases = append(l.Aliases, b.alias("acct", id, shown, ""))
}

// actorName is the readable end of an ARN.
var actorName = configtrail.Pattern(`^arn:[^/]*/(?:.*/)?([^/]+)$`)

func (b *briefing) actor(l *configtrail.BriefLine, id string) {
	name := id
	if match := actorName().FindStringSubmatch(id); match != nil {
		name = match[1]
	}
	l.Aliases = append(l.Aliases, b.alias("actor", id, b.quoted(name), b.quoted(id)))
}

// resource names a resource with its account, region and type. A finding about a
// whole account has none.
func (b *briefing) resource(l *configtrail.BriefLine, key configtrail.ResourceKey, name string) {
	if key.ID != "" {
		if name == "" {
			name = b.nameOf(key)
		}
		l.Aliases = append(l.Aliases, b.alias("res", key.String(), b.quoted(cmp.Or(name, key.ID)), b.quoted(key.ID)))
	}
	b.account(l, key.Account)
	if key.Region != "" {
		b.region(l, key.Region)
	}
	if key.Type != "" {
		b.resourceType(l, key.Type)
	}
}

// nameOf is the name of a resource, as far as its change is among the main ones.
func (b *briefing) nameOf(key configtrail.ResourceKey) string {
	for _, c := range b.teller.Main {
		if c.Key == key {
			return cmp.Or(c.Name, c.Tags["Name"])
		}
	}
	return ""
}

// resourceType names a type: AWS's own as it is, any other text by an alias.
func (b *briefing) resourceType(l *configtrail.BriefLine, name string) {
	if configtrail.IsResourceType(name) {
		l.Types = append(l.Types, name)
		return
	}
	l.Aliases = append(l.Aliases, b.alias("type", name, b.quoted(name), ""))
}

// region names a region, likewise.
func (b *briefing) region(l *configtrail.BriefLine, name string) {
	if configtrail.IsRegion(name) {
		l.Regions = append(l.Regions, name)
		return
	}
	l.Aliases = append(l.Aliases, b.alias("region", name, b.quoted(name), ""))
}
