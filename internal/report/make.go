package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// monthsBefore is how many months tell what is usual.
const monthsBefore = 4

// readWhole is the number of changes up to which all of a month are looked at for
// the main ones; above it only those of types that weigh something.
const readWhole = 50_000

// weighty are the services of those types.
var weighty = []string{"iam", "s3", "kms", "cloudtrail", "guardduty", "rds", "secretsmanager", "lambda", "eks", "dynamodb",
	"AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable", "AWS::EC2::VPC", "AWS::Config::ConfigurationRecorder"}

// Options says which month is told, and how.
type Options struct {
	Month   configtrail.Month
	Filter  history.Filter // accounts, regions and types; its window is the month
	Printer message.Printer
	Version string // of configtrail
	Pending bool   // items are in whose changes are not derived yet
}

// Make tells a month. Its times are in the zone of the history.
func Make(ctx context.Context, h *history.History, options Options) (*Report, error) {
	f, complete, err := gather(ctx, h, options)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", options.Month, err)
	}
	lake, err := h.Engine.Version(ctx, configtrail.Scope{})
	if err != nil {
		return nil, err
	}
	r := &Report{
		Month: options.Month.String(), TZ: f.Zone.String(), From: f.Window.From, To: f.Window.To,
		Lang: string(options.Printer.Lang()), Generated: f.Now.In(f.Zone), Version: options.Version, Lake: lake,
		Filters: Filters{options.Filter.Accounts, options.Filter.Regions, options.Filter.Types},
		Totals:  f.Totals, Previous: f.Previous,
		By:            By{f.Account, f.Region, f.Type, f.Day, nil},
		Findings:      []Finding{},
		Coverage:      Coverage{Gaps: f.Coverage.Gaps, Quarantined: f.Coverage.Quarantined},
		CompleteUntil: complete,
		ToldBy:        "code", Verified: true,
	}
	free := 0.0
	r.Cost.USD = &free
	r.document = document(options.Printer, f)
	r.document.Subtitle = options.Printer.Text("report.generated", message.Args{"time": f.moment(f.Now), "version": options.Version})
	r.Text = r.document.prose()
	return r, nil
}

// gather asks all questions of a month.
func gather(ctx context.Context, h *history.History, options Options) (*Facts, CompleteUntil, error) {
	f := &Facts{Month: options.Month, Zone: h.Zone, Now: time.Now(), Pending: options.Pending, AccountNames: map[string]string{}}
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	if h.Now != nil {
		f.Now = h.Now()
	}
	f.Window = options.Month.Window(f.Zone)
	for _, a := range h.Accounts {
		f.AccountNames[a.ID] = a.Name
	}
	filter := options.Filter
	filter.Window, filter.Noise, filter.Order = f.Window, history.NoiseExclude, history.Ascending

	summary, err := h.Summary(ctx, filter)
	if err != nil {
		return nil, CompleteUntil{}, err
	}
	f.figures(summary)
	complete, err := f.coverage(ctx, h, filter)
	if err != nil {
		return nil, CompleteUntil{}, err
	}
	for _, step := range []func(context.Context, *history.History, history.Filter) error{f.earlier, f.deletions, f.mainChanges, f.recorders} {
		if err := step(ctx, h, filter); err != nil {
			return nil, CompleteUntil{}, err
		}
	}
	return f, complete, nil
}

// figures takes over what the summary says. Days that have not begun are left out.
func (f *Facts) figures(s history.Summary) {
	f.Totals, f.Previous, f.Changes = s.Totals, s.Previous, s.Totals.Changes
	f.Account, f.Region, f.Type = f.counts(s.By.Account), f.counts(s.By.Region), f.counts(s.By.Type)
	for i, c := range f.Account {
		f.Account[i].Name = f.AccountNames[c.Key]
	}
	today := f.Now.In(f.Zone).Format("2006-01-02")
	f.Day = []Count{}
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
func (f *Facts) counts(parts []history.Part) []Count {
	all := []Count{}
	for _, p := range parts {
		if p.Changes > 0 {
			all = append(all, Count{Key: p.Key, Changes: p.Changes})
		}
	}
	return all
}

// coverage learns how far deliveries reach and what is missing in the month.
func (f *Facts) coverage(ctx context.Context, h *history.History, filter history.Filter) (CompleteUntil, error) {
	coverage, err := h.Coverage(ctx, filter)
	if err != nil {
		return CompleteUntil{}, err
	}
	f.Coverage = coverage
	if f.Coverage.Gaps == nil {
		f.Coverage.Gaps = []configtrail.Gap{}
	}
	for _, p := range coverage.Places {
		if f.First.IsZero() || p.First.Before(f.First) {
			f.First = p.First
		}
		if p.Last.After(f.Last) {
			f.Last = p.Last
		}
		if p.Interval == 0 && p.Region != configtrail.Global {
			f.UnknownGaps++
		}
	}
	complete, err := h.CompleteUntil(ctx, filter)
	if err != nil {
		return CompleteUntil{}, err
	}
	until := CompleteUntil{By: []PlaceComplete{}}
	f.CompleteUntil = complete.Min
	if !complete.Min.IsZero() {
		least := complete.Min.In(f.Zone)
		until.Min = &least
	}
	for _, p := range complete.By {
		until.By = append(until.By, PlaceComplete{p.Account, p.Region, p.Time.In(f.Zone)})
	}
	warnings, err := h.Touched(ctx, f.Window, filter)
	if err != nil {
		return CompleteUntil{}, err
	}
	codes := map[string]int64{}
	late := map[[2]string]bool{}
	f.Coverage.Quarantined = 0
	for _, w := range warnings {
		switch w.Kind {
		case history.WarnQuarantine:
			f.QuarantinedIn++
			f.Coverage.Quarantined += w.Count
			codes[w.Reason] += w.Count
		case history.WarnLate, history.WarnPending:
			late[[2]string{w.Account, w.Region}] = true
		}
	}
	f.LatePlaces = len(late)
	for _, code := range sortedKeys(codes) {
		f.Quarantine = append(f.Quarantine, Count{Key: code, Changes: codes[code]})
	}
	return until, nil
}

// earlier reads the months before that deliveries cover from beginning to end.
func (f *Facts) earlier(ctx context.Context, h *history.History, filter history.Filter) error {
	for n := 1; n <= monthsBefore; n++ {
		month := f.Month.Add(-n)
		filter.Window = month.Window(f.Zone)
		if f.First.IsZero() || filter.Window.From.Before(f.First.Add(-configtrail.MinGap)) || filter.Window.To.After(f.Last) {
			return nil
		}
		summary, err := h.Summary(ctx, filter)
		if err != nil {
			return err
		}
		e := Earlier{Month: month, Changes: summary.Totals.Changes, Account: map[string]int64{}, Type: map[string]int64{}}
		for _, p := range summary.By.Account {
			e.Account[p.Key] = p.Changes
		}
		for _, p := range summary.By.Type {
			e.Type[p.Key] = p.Changes
		}
		f.Earlier = append(f.Earlier, e)
	}
	return nil
}

// deletions finds the day with most of them.
func (f *Facts) deletions(ctx context.Context, h *history.History, filter history.Filter) error {
	if f.Totals.Deleted == 0 {
		return nil
	}
	filter.Kinds = []configtrail.Kind{configtrail.Deleted}
	type group struct{ day, account, resourceType string }
	days, groups := map[string]int64{}, map[group]int64{}
	for c, err := range h.EachChange(ctx, filter) {
		if err != nil {
			return err
		}
		day := c.Time.In(f.Zone).Format("2006-01-02")
		days[day]++
		groups[group{day, c.Key.Account, c.Key.Type}]++
	}
	var most Deletions
	for _, day := range sortedKeys(days) {
		if days[day] > most.N {
			most = Deletions{Day: day, N: days[day]}
		}
	}
	var largest int64
	for g, n := range groups {
		if g.day == most.Day && (n > largest || n == largest && cmp.Or(cmp.Compare(g.account, most.Account), cmp.Compare(g.resourceType, most.Type)) < 0) {
			largest, most.Account, most.Type = n, g.account, g.resourceType
		}
	}
	f.Deletions = &most
	return nil
}

// mainChanges picks what a reader should see first.
func (f *Facts) mainChanges(ctx context.Context, h *history.History, filter history.Filter) error {
	if f.Totals.Changes > readWhole && len(filter.Types) == 0 {
		filter.Types = weighty
	}
	var r ranked
	for c, err := range h.EachChange(ctx, filter) {
		if err != nil {
			return err
		}
		r.add(c)
	}
	f.Main = r.cut()
	return nil
}

// recorders reads the changes of configuration recorders.
func (f *Facts) recorders(ctx context.Context, h *history.History, filter history.Filter) error {
	const recorder = "AWS::Config::ConfigurationRecorder"
	if len(filter.Types) > 0 && !slices.Contains(filter.Types, recorder) {
		return nil
	}
	filter.Types = []string{recorder}
	page, err := h.Changes(ctx, filter)
	f.Recorder = page.Changes
	return err
}
