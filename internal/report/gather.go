package report

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/anomaly"
	"configtrail/internal/history"
)

// monthsBefore is how many months tell what is usual.
const monthsBefore = 4

// Question is what is asked of the past for a report.
func (o Options) Question() history.MonthQuestion {
	return history.MonthQuestion{
		Month: o.Month, Filter: o.Filter, Before: max(0, cmp.Or(o.Before, monthsBefore)), StepTypes: anomaly.StepTypes(), Judge: anomaly.Judged,
	}
}

// gather asks for a month whole and makes facts of it.
func gather(ctx context.Context, past history.Past, options Options) (*facts, error) {
	question := options.Question()
	var seen look
	var watch anomaly.Watch
	question.Visit = func(c configtrail.Change) error {
		watch.Zone = c.Time.Location()
		seen.add(c)
		return watch.Visit(c)
	}
	month, err := past.Month(ctx, question)
	if err != nil {
		return nil, err
	}
	f := newFacts(month, past.AccountName, options)
	f.figures(month.Summary)
	f.coverage(month.Coverage)
	f.warnings(month.Warnings, month.Troubled)
	for _, e := range month.Earlier {
		f.Earlier = append(f.Earlier, earlier{e.Month, e.Totals.Changes, byKey(e.By.Account), byKey(e.By.Region), byKey(e.By.Type)})
	}
	f.deletions(month.Hours)
	f.look(&seen, month)
	f.Findings = anomaly.Detect(month, anomaly.Options{
		Printer: options.Printer, Zone: f.Zone, AccountName: past.AccountName, Now: f.Now, Watch: &watch})
	return f, nil
}

func newFacts(month *history.Month, name func(id string) string, options Options) *facts {
	f := &facts{
		Month: options.Month, Window: month.Summary.Window, Zone: month.Summary.Window.From.Location(), Now: month.Now, Pending: options.Pending,
		Filters: Filters{options.Filter.Accounts, options.Filter.Regions, options.Filter.Types},
		Raw:     month.Raw, Cost: month.Cost, StepsLeft: month.StepsLeft,
	}
	if f.Now.IsZero() {
		f.Now = time.Now()
	}
	f.Names = map[string]string{}
	for _, id := range accountsOf(month) {
		f.Names[id] = name(id)
	}
	return f
}

// accountsOf are the accounts that a report may speak of.
func accountsOf(month *history.Month) []string {
	ids := slices.Clone(month.Accounts)
	for _, part := range month.Summary.By.Account {
		ids = append(ids, part.Key)
	}
	for _, e := range month.Earlier {
		for _, part := range e.By.Account {
			ids = append(ids, part.Key)
		}
	}
	for _, p := range month.Coverage.Places {
		ids = append(ids, p.Account)
	}
	for _, g := range month.Coverage.Gaps {
		ids = append(ids, g.Account)
	}
	for _, w := range month.Warnings {
		ids = append(ids, w.Account)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// figures takes over what the summary says. Days that have not begun are left out.
func (f *facts) figures(s history.Summary) {
	f.Totals, f.Previous = s.Totals, s.Previous
	f.Account, f.Region, f.Type = counts(s.By.Account), counts(s.By.Region), counts(s.By.Type)
	for i, c := range f.Account {
		f.Account[i].Name = f.Names[c.Key]
	}
	if s.By.Actor != nil {
		f.Actor = list(counts(s.By.Actor))
	}
	f.Day = nil
	today := f.Now.In(f.Zone).Format(time.DateOnly)
	for _, d := range s.By.Day {
		if d.Key <= today || d.Changes > 0 {
			f.Day = append(f.Day, Count{Key: d.Key, Changes: d.Changes})
		}
	}
	f.Noise = map[configtrail.Noise]int64{}
	for _, n := range s.By.Noise {
		f.Noise[configtrail.Noise(n.Key)] = n.Noise
	}
}

// counts keeps the groups with a change that is no noise.
func counts(parts []history.Part) []Count {
	var all []Count
	for _, p := range parts {
		if p.Changes > 0 {
			all = append(all, Count{Key: p.Key, Changes: p.Changes})
		}
	}
	return all
}

// coverage learns how far deliveries reach and what is missing in the month.
func (f *facts) coverage(coverage configtrail.Coverage) {
	f.Gaps = coverage.Gaps
	f.Rhythm = map[[2]string]bool{}
	for _, p := range coverage.Places {
		f.Rhythm[[2]string{p.Account, p.Region}] = p.Interval > 0
		f.Complete = append(f.Complete, history.PlaceTime{Account: p.Account, Region: p.Region, Time: p.CompleteUntil.In(f.Zone)})
		if f.First.IsZero() || p.First.Before(f.First) {
			f.First = p.First
		}
		if p.Last.After(f.Last) {
			f.Last = p.Last
		}
		if f.CompleteUntil.IsZero() || p.CompleteUntil.Before(f.CompleteUntil) {
			f.CompleteUntil = p.CompleteUntil
		}
		if p.Interval == 0 && p.Region != configtrail.Global {
			f.NoRhythm++
		}
	}
}

// warnings learns what touches the month besides its gaps.
func (f *facts) warnings(warnings []history.Warning, troubled []history.Troubled) {
	f.Warnings = warnings
	unread := map[string]bool{}
	for _, w := range warnings {
		place := history.PlaceTime{Account: w.Account, Region: w.Region, Time: w.From}
		switch {
		case w.Kind == history.WarnQuarantine:
			f.Quarantine.Objects++
			f.Quarantine.Parts += w.Count
			unread[w.Key] = true
		case w.Kind == history.WarnPending:
			f.Awaited = append(f.Awaited, place)
		case w.Kind == history.WarnLate:
			f.Overdue = append(f.Overdue, place)
		case w.Reason == history.ReasonNoCoverage && w.Account != "":
			f.Unseen = append(f.Unseen, w.Account)
		case w.Reason == history.ReasonBeforeFirst && f.Window.Contains(w.To):
			f.Joined = append(f.Joined, history.PlaceTime{Account: w.Account, Time: w.To})
		}
	}
	f.Quarantine.Codes = codes(troubled, unread)
}

// codes counts why parts of the objects with these keys could not be read.
func codes(objects []history.Troubled, keys map[string]bool) []Count {
	n := map[string]int64{}
	for _, o := range objects {
		if !keys[o.Key] || o.MendedBy != "" {
			continue
		}
		for _, q := range o.Quarantined {
			n[q.Code]++
		}
	}
	var all []Count
	for _, code := range slices.Sorted(maps.Keys(n)) {
		all = append(all, Count{Key: code, Changes: n[code]})
	}
	return all
}

func byKey(parts []history.Part) map[string]int64 {
	all := map[string]int64{}
	for _, p := range parts {
		all[p.Key] = p.Changes
	}
	return all
}

// deletions finds the day with most of them.
func (f *facts) deletions(hours []history.HourCount) {
	if f.Totals.Deleted < massDeletions {
		return
	}
	count := deletionCount{}
	for _, h := range hours {
		if h.Kind == configtrail.Deleted && h.Noise == configtrail.NoiseNone && f.Window.Contains(h.Hour) {
			count[deletionGroup{h.Hour.In(f.Zone).Format(time.DateOnly), h.Account, h.Type}] += h.Changes
		}
	}
	f.Deletions = count.most(f.Day)
}

// dayOf is the day of a change, 2024-11-05, in the report's zone.
func (f *facts) dayOf(c configtrail.Change) string { return c.Time.In(f.Zone).Format(time.DateOnly) }

type deletionGroup struct{ day, account, resourceType string }

type deletionCount map[deletionGroup]int64

// most is the day with most deletions, the first of several, held against all days.
func (d deletionCount) most(days []Count) deletions {
	of := map[string]int64{}
	for g, n := range d {
		of[g.day] += n
	}
	var most deletions
	for _, day := range slices.Sorted(maps.Keys(of)) {
		if of[day] > most.N {
			most = deletions{Day: day, N: of[day]}
		}
	}
	var values []int64
	for _, day := range days {
		values = append(values, of[day.Key])
	}
	most.Usual = median(values)
	groups := slices.SortedFunc(maps.Keys(d), func(a, b deletionGroup) int {
		return cmp.Or(cmp.Compare(d[b], d[a]), cmp.Compare(a.account, b.account), cmp.Compare(a.resourceType, b.resourceType))
	})
	if i := slices.IndexFunc(groups, func(g deletionGroup) bool { return g.day == most.Day }); i >= 0 {
		most.Account, most.Type, most.Largest = groups[i].account, groups[i].resourceType, d[groups[i]]
	}
	return most
}

// withDeletion makes sure that one of the deletions of which the prose speaks
// is among the changes to see first, in the place of the last one if need be.
func (f *facts) withDeletion(main []configtrail.Change) []configtrail.Change {
	one := f.Deletions.One
	if one.Time.IsZero() || slices.ContainsFunc(main, func(c configtrail.Change) bool {
		return c.Kind == configtrail.Deleted && f.dayOf(c) == f.Deletions.Day && c.Key.Account == one.Key.Account && c.Key.Type == one.Key.Type
	}) {
		return main
	}
	return append(main[:min(len(main), mainAtMost-1)], one)
}
