package report

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// monthsBefore is how many months tell what is usual.
const monthsBefore = 4

// readWhole is the number of changes up to which all of a month are looked at for
// the main ones; above it only those of the weighty types, as long as there are any.
const readWhole = 50_000

// weighty are those types, by service or name.
var weighty = []string{"iam", "s3", "kms", "cloudtrail", "guardduty", "rds", "secretsmanager", "lambda", "eks", "dynamodb",
	"AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable", "AWS::EC2::VPC", recorderType}

// gather asks all questions of a month.
func gather(ctx context.Context, h *history.History, options Options) (*facts, error) {
	f := newFacts(h, options)
	filter := options.Filter
	filter.Window, filter.Noise, filter.Order = f.Window, history.NoiseExclude, history.Ascending

	summary, err := h.Summary(ctx, filter)
	if err != nil {
		return nil, err
	}
	f.figures(summary)
	steps := []func(context.Context, *history.History, history.Filter) error{
		f.readCoverage, f.readWarnings, f.readEarlier, f.readDeletions, f.readRecreated, f.readChanges,
	}
	for _, step := range steps {
		if err := step(ctx, h, filter); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func newFacts(h *history.History, options Options) *facts {
	f := &facts{
		Month: options.Month, Zone: h.Zone, Now: time.Now(), Names: map[string]string{}, Pending: options.Pending,
		Filters: Filters{options.Filter.Accounts, options.Filter.Regions, options.Filter.Types},
	}
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	if h.Now != nil {
		f.Now = h.Now()
	}
	f.Window = options.Month.Window(f.Zone)
	for _, a := range h.Accounts {
		f.Names[a.ID] = a.Name
	}
	return f
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

// readCoverage learns how far deliveries reach and what is missing in the month.
func (f *facts) readCoverage(ctx context.Context, h *history.History, filter history.Filter) error {
	coverage, err := h.Coverage(ctx, filter)
	if err != nil {
		return err
	}
	f.Gaps = coverage.Gaps
	for _, p := range coverage.Places {
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
	return nil
}

// readWarnings learns what touches the month besides its gaps.
func (f *facts) readWarnings(ctx context.Context, h *history.History, filter history.Filter) error {
	warnings, err := h.Touched(ctx, f.Window, filter)
	if err != nil {
		return err
	}
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
	if len(unread) == 0 {
		return nil
	}
	objects, err := h.Quarantine(ctx, filter)
	f.Quarantine.Codes = codes(objects, unread)
	return err
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

// readEarlier reads the months before that deliveries cover from beginning to end.
func (f *facts) readEarlier(ctx context.Context, h *history.History, filter history.Filter) error {
	for n := 1; n <= monthsBefore; n++ {
		month := f.Month.Add(-n)
		filter.Window = month.Window(f.Zone)
		if f.First.IsZero() || f.First.After(filter.Window.From.Add(configtrail.MinGap)) || filter.Window.To.After(f.Last) {
			return nil
		}
		summary, err := h.Summary(ctx, filter)
		if err != nil {
			return err
		}
		f.Earlier = append(f.Earlier, earlier{month, summary.Totals.Changes,
			byKey(summary.By.Account), byKey(summary.By.Region), byKey(summary.By.Type)})
	}
	return nil
}

func byKey(parts []history.Part) map[string]int64 {
	all := map[string]int64{}
	for _, p := range parts {
		all[p.Key] = p.Changes
	}
	return all
}

// readDeletions finds the day with most of them.
func (f *facts) readDeletions(ctx context.Context, h *history.History, filter history.Filter) error {
	if f.Totals.Deleted < massDeletions {
		return nil
	}
	filter.Kinds = []configtrail.Kind{configtrail.Deleted}
	count, first := deletionCount{}, map[deletionGroup]configtrail.Change{}
	for c, err := range h.EachChange(ctx, filter) {
		if err != nil {
			return err
		}
		g := deletionGroup{f.dayOf(c), c.Key.Account, c.Key.Type}
		if count[g]++; count[g] == 1 {
			first[g] = c
		}
	}
	f.Deletions = count.most(f.Day)
	f.Deletions.One = first[deletionGroup{f.Deletions.Day, f.Deletions.Account, f.Deletions.Type}]
	return nil
}

// dayOf is the day of a change, 2024-11-05, in the report's zone.
func (f *facts) dayOf(c configtrail.Change) string { return c.Time.In(f.Zone).Format(time.DateOnly) }

// readRecreated counts the resources that came back, however often each did.
func (f *facts) readRecreated(ctx context.Context, h *history.History, filter history.Filter) error {
	if f.Totals.Recreated == 0 {
		return nil
	}
	filter.Kinds = []configtrail.Kind{configtrail.Recreated}
	seen := map[configtrail.ResourceKey]bool{}
	for c, err := range h.EachChange(ctx, filter) {
		if err != nil {
			return err
		}
		if !seen[c.Key] && len(seen) < recreatedAtMost {
			f.Recreated.First = append(f.Recreated.First, c)
		}
		seen[c.Key] = true
	}
	f.Recreated.N = int64(len(seen))
	return nil
}

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

// readChanges picks what a reader should see first, the changes of recorders,
// and what the changes of the busiest days have in common.
func (f *facts) readChanges(ctx context.Context, h *history.History, filter history.Filter) error {
	if f.Totals.Changes == 0 {
		return nil
	}
	narrow := f.Totals.Changes > readWhole && len(filter.Types) == 0
	if f.Crowd = crowded(f.Day, f.Totals.Changes); narrow {
		if err := f.readCrowdTypes(ctx, h, filter); err != nil {
			return err
		}
		filter.Types = weighty
	}
	var r ranking
	common := traits{}
	for c, err := range h.EachChange(ctx, filter) {
		if err != nil {
			return err
		}
		if c.Key.Type == recorderType {
			f.Recorder = append(f.Recorder, c)
		}
		if !narrow && f.Crowd.holds(f.dayOf(c)) {
			common.add(c)
		}
		r.add(c)
	}
	if !narrow {
		f.Crowd.Common, f.Crowd.Sharing = common.most(f.Crowd.N)
	}
	if f.Main = r.best(); len(f.Main) == 0 && narrow {
		filter.Types, filter.Limit = nil, readWhole
		for c, err := range h.EachChange(ctx, filter) {
			if err != nil {
				return err
			}
			r.add(c)
		}
		f.Main = r.best()
	}
	if f.mass() {
		f.Main = f.withDeletion(f.Main)
	}
	return nil
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
