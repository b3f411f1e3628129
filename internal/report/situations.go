package report

import (
	"fmt"
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// Thresholds of what is worth a sentence. They are about reading, not about
// statistics: detectors come with tests of significance.
const (
	manyTimes      = 2  // times the usual figure, to be called busy
	quietShare     = 3  // a third of the usual figure, to be called quiet
	quietAtMost    = 10 // changes of a month that is quiet without any month before
	smallMonth     = 20 // changes below which shares and factors say nothing
	hugeShare      = 60 // percent of all changes in one account
	massDeletions  = 5  // deletions of a day, at least
	standoutGroups = 3  // accounts or types named, at most
)

// situation is one thing that a month can be, and the sentences about it.
type situation struct {
	name string
	says func(p message.Printer, f *Facts) []string // none where it does not hold
}

// first are situations that a reader has to know before any figure.
var first = []situation{
	{"future", func(p message.Printer, f *Facts) []string {
		if f.Now.Before(f.Window.From) {
			return one(p.Text("report.situation.future", nil))
		}
		return nil
	}},
	{"nothing", func(p message.Printer, f *Facts) []string {
		if f.First.IsZero() {
			return one(p.Text("report.situation.nothing", nil))
		}
		return nil
	}},
	{"empty", func(p message.Printer, f *Facts) []string {
		if f.First.IsZero() || f.covered() || f.Now.Before(f.Window.To) {
			return nil
		}
		return one(p.Text("report.situation.empty", message.Args{
			"month": monthName(p, f.Month), "first": f.moment(f.First), "last": f.moment(f.Last)}))
	}},
	{"not over", func(p message.Printer, f *Facts) []string {
		switch {
		case f.over() || f.Now.Before(f.Window.From) || f.First.IsZero():
			return nil
		case !f.CompleteUntil.After(f.Window.From):
			return one(p.Text("report.situation.not_over_nothing", nil))
		}
		return one(p.Text("report.situation.not_over", message.Args{"until": f.moment(f.CompleteUntil)}))
	}},
	{"late", func(p message.Printer, f *Facts) []string {
		if !f.over() || !f.covered() || f.LatePlaces == 0 {
			return nil
		}
		return one(p.Text("report.situation.late", message.Args{"until": f.moment(f.CompleteUntil), "places": f.LatePlaces}))
	}},
	{"pending", func(p message.Printer, f *Facts) []string {
		if !f.Pending {
			return nil
		}
		return one(p.Text("report.situation.pending", nil))
	}},
	{"first month", func(p message.Printer, f *Facts) []string {
		if f.First.IsZero() || !f.Window.Contains(f.First) {
			return nil
		}
		return one(p.Text("report.situation.first", message.Args{"first": f.moment(f.First)}))
	}},
}

// unusual are situations in which a month differs from others.
var unusual = []situation{
	{"none", func(p message.Printer, f *Facts) []string {
		if !f.covered() || f.Totals.Changes > 0 || f.Totals.Noise > 0 {
			return nil
		}
		key := "report.situation.none"
		if len(f.Coverage.Gaps) > 0 {
			key = "report.situation.none_gap"
		}
		return one(p.Text(key, message.Args{"month": monthName(p, f.Month)}))
	}},
	{"all noise", func(p message.Printer, f *Facts) []string {
		if f.Totals.Changes > 0 || f.Totals.Noise == 0 {
			return nil
		}
		return one(p.Text("report.situation.all_noise", message.Args{"n": f.Totals.Noise}))
	}},
	{"quiet", func(p message.Printer, f *Facts) []string {
		usual, ok := f.usual(func(e Earlier) int64 { return e.Changes })
		n := f.Totals.Changes
		if n == 0 || !f.over() || !ok || usual < quietAtMost || n*quietShare > usual {
			return nil
		}
		return one(p.Text("report.situation.quiet", message.Args{"n": n, "usual": usual}))
	}},
	{"busy", func(p message.Printer, f *Facts) []string {
		usual, ok := f.usual(func(e Earlier) int64 { return e.Changes })
		n := f.Totals.Changes
		if !ok || n < smallMonth || usual == 0 || n < usual*manyTimes {
			return nil
		}
		return one(p.Text("report.situation.busy", message.Args{"n": n, "usual": usual, "times": times(n, usual)}))
	}},
	{"huge account", func(p message.Printer, f *Facts) []string {
		if len(f.Account) < 2 || f.Totals.Changes < smallMonth {
			return nil
		}
		share := percent(f.Account[0].Changes, f.Totals.Changes)
		if share < hugeShare {
			return nil
		}
		return one(p.Text("report.situation.huge_account", message.Args{
			"percent": share, "n": f.Account[0].Changes, "account": f.account(f.Account[0].Key)}))
	}},
	{"account up", func(p message.Printer, f *Facts) []string {
		var all []string
		for _, a := range f.Account {
			usual, ok := f.usual(func(e Earlier) int64 { return e.Account[a.Key] })
			if ok && usual > 0 && a.Changes >= smallMonth && a.Changes >= usual*manyTimes && len(all) < standoutGroups {
				all = append(all, p.Text("report.situation.account_up", message.Args{
					"account": f.account(a.Key), "n": a.Changes, "usual": usual, "times": times(a.Changes, usual)}))
			}
		}
		return all
	}},
	{"account silent", func(p message.Printer, f *Facts) []string {
		if !f.over() || len(f.Earlier) == 0 {
			return nil
		}
		var all []string
		for _, account := range sortedKeys(f.Earlier[0].Account) {
			usual, _ := f.usual(func(e Earlier) int64 { return e.Account[account] })
			active := slices.ContainsFunc(f.Account, func(c Count) bool { return c.Key == account })
			if usual >= quietAtMost && !active && len(all) < standoutGroups {
				all = append(all, p.Text("report.situation.account_silent", message.Args{"account": f.account(account), "usual": usual}))
			}
		}
		return all
	}},
	{"type up", func(p message.Printer, f *Facts) []string {
		var all []string
		for _, c := range f.Type {
			usual, ok := f.usual(func(e Earlier) int64 { return e.Type[c.Key] })
			if ok && usual > 0 && c.Changes >= smallMonth && c.Changes >= usual*manyTimes && len(all) < standoutGroups {
				all = append(all, p.Text("report.situation.type_up", message.Args{
					"type": typeName(c.Key), "n": c.Changes, "usual": usual, "times": times(c.Changes, usual)}))
			}
		}
		return all
	}},
	{"mass deletion", func(p message.Printer, f *Facts) []string {
		d := f.Deletions
		if d == nil || d.N < massDeletions || 2*d.N < f.Totals.Deleted && f.Totals.Deleted > 4*massDeletions {
			return nil
		}
		return one(p.Text("report.situation.mass_deletion", message.Args{
			"n": d.N, "day": dayName(p, d.Day), "type": typeName(d.Type), "account": f.account(d.Account)}))
	}},
	{"busy day", func(p message.Printer, f *Facts) []string {
		day, usual := f.busiest()
		if day.Changes < smallMonth || day.Changes < (usual+1)*manyTimes {
			return nil
		}
		return one(p.Text("report.situation.busy_day", message.Args{"day": dayName(p, day.Key), "n": day.Changes, "usual": usual}))
	}},
	{"recreated", func(p message.Printer, f *Facts) []string {
		if f.Totals.Recreated == 0 {
			return nil
		}
		return one(p.Text("report.situation.recreated", message.Args{"n": f.Totals.Recreated}))
	}},
	{"recorder", func(p message.Printer, f *Facts) []string {
		var all []string
		for _, c := range f.Recorder {
			all = append(all, p.Text("report.situation.recorder", message.Args{
				"account": f.account(c.Key.Account), "region": configtrail.Visible(c.Key.Region), "day": dayName(p, c.Time.In(f.Zone).Format("2006-01-02"))}))
		}
		return slices.Compact(all)
	}},
}

// told gives the sentences of the situations that hold, in the list's order.
func told(list []situation, p message.Printer, f *Facts) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.says(p, f)...)
	}
	return all
}

func one(sentence string) []string { return []string{sentence} }

// times writes a factor with one decimal, as both languages do: 2.5.
func times(n, usual int64) string { return fmt.Sprintf("%.1f", float64(n)/float64(usual)) }

// typeName is a resource type without the vendor: EC2 SecurityGroup.
func typeName(resourceType string) string {
	return configtrail.Visible(strings.ReplaceAll(strings.TrimPrefix(resourceType, "AWS::"), "::", " "))
}

func sortedKeys(m map[string]int64) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
