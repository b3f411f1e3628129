package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

// How much of a list a report shows before it says how many more there are.
const (
	groupsAtMost = 8
	gapsAtMost   = 12
	typesAtMost  = 3
)

// document puts a month into sections, in the printer's language.
func document(p message.Printer, f *Facts) Document {
	d := Document{
		Lang:  string(p.Lang()),
		Title: p.Text("report.title", message.Args{"month": monthName(p, f.Month), "zone": f.Zone.String()}),
		Lead:  told(first, p, f),
	}
	if f.covered() && !f.Now.Before(f.Window.From) {
		d.add(Section{Heading: p.Text("report.section.overview", nil), Paragraphs: overview(p, f)})
		d.add(Section{Heading: p.Text("report.section.unusual", nil), Bullets: plain(told(unusual, p, f))})
		d.add(mainChanges(p, f))
		d.add(Section{Heading: p.Text("report.section.where", nil), Tables: groups(p, f)})
		d.add(days(p, f))
	}
	d.add(coverage(p, f))
	d.add(next(p, f))
	return d
}

// add appends a section that says anything.
func (d *Document) add(s Section) {
	if len(s.Paragraphs)+len(s.Bullets)+len(s.Tables)+len(s.Commands) > 0 || s.Chart != nil {
		d.Sections = append(d.Sections, s)
	}
}

func overview(p message.Printer, f *Facts) []string {
	t := f.Totals
	sentences := one(p.Text("report.totals", message.Args{
		"month": monthName(p, f.Month), "n": t.Changes, "resources": t.Resources, "accounts": t.Accounts,
		"created": t.Created, "updated": t.Updated, "deleted": t.Deleted, "recreated": t.Recreated}))
	if f.Previous != nil {
		sentences = append(sentences, comparison(p, f))
	}
	if t.Noise > 0 {
		var classes []string
		for _, class := range []configtrail.Noise{configtrail.NoiseCompliance, configtrail.NoiseInventory, configtrail.NoiseCounter,
			configtrail.NoiseMirroredRelationship, configtrail.NoiseServiceTimestamp} {
			if n := f.Noise[class]; n > 0 {
				classes = append(classes, p.Text("report.noise."+string(class), message.Args{"n": n}))
			}
		}
		sentences = append(sentences, p.Text("report.noise", message.Args{"n": t.Noise, "classes": strings.Join(classes, p.Text("report.list", nil))}))
	}
	separator := " "
	if p.Lang() == message.Japanese {
		separator = ""
	}
	return one(strings.Join(sentences, separator))
}

func comparison(p message.Printer, f *Facts) string {
	before, now := f.Previous.Changes, f.Totals.Changes
	args := message.Args{"before": monthName(p, f.Month.Add(-1)), "n": before}
	switch {
	case !f.over() || f.LatePlaces > 0:
		return p.Text("report.partial_month", args)
	case now > before:
		args["percent"] = message.Number(percent(now-before, max(before, 1)))
		return p.Text("report.more", args)
	case now < before:
		args["percent"] = message.Number(percent(before-now, before))
		return p.Text("report.fewer", args)
	}
	return p.Text("report.same", args)
}

func mainChanges(p message.Printer, f *Facts) Section {
	s := Section{Heading: p.Text("report.section.main", nil)}
	for _, c := range f.Main {
		s.Bullets = append(s.Bullets, describe(p, f, c))
	}
	if more := f.Changes - int64(len(f.Main)); more > 0 && len(f.Main) > 0 {
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.main.more", message.Args{
			"n": more, "from": f.Window.From.Format("2006-01-02"), "to": f.Window.To.Format("2006-01-02")})})
	}
	return s
}

func groups(p message.Printer, f *Facts) []Table {
	var tables []Table
	for _, g := range []struct {
		heading string
		counts  []Count
		name    func(string) string
	}{
		{"report.table.account", f.Account, f.account},
		{"report.table.region", f.Region, configtrail.Visible},
		{"report.table.type", f.Type, typeName},
	} {
		if len(g.counts) == 0 {
			continue
		}
		t := Table{Head: []string{p.Text(g.heading, nil), p.Text("report.table.changes", nil)}}
		var rest int64
		for i, c := range g.counts {
			if i < groupsAtMost {
				t.Rows = append(t.Rows, []string{g.name(c.Key), message.Number(c.Changes)})
			} else {
				rest += c.Changes
			}
		}
		if more := len(g.counts) - groupsAtMost; more > 0 {
			t.Rows = append(t.Rows, []string{p.Text("report.table.more", message.Args{"n": more}), message.Number(rest)})
		}
		tables = append(tables, t)
	}
	return tables
}

func days(p message.Printer, f *Facts) Section {
	chart := &Chart{Label: p.Text("report.section.days", nil)}
	var sum int64
	for _, d := range f.Day {
		chart.Bars = append(chart.Bars, Bar{Label: d.Key, Value: d.Changes})
		sum += d.Changes
	}
	if sum == 0 {
		return Section{}
	}
	return Section{Heading: p.Text("report.section.days", nil), Chart: chart}
}

func coverage(p message.Printer, f *Facts) Section {
	s := Section{Heading: p.Text("report.section.coverage", nil)}
	gaps := f.Coverage.Gaps
	for i, g := range gaps {
		if i == gapsAtMost {
			s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.gap.more", message.Args{"n": len(gaps) - i})})
			break
		}
		s.Bullets = append(s.Bullets, Bullet{Text: f.gap(p, g)})
	}
	if f.Coverage.Quarantined > 0 {
		var codes []string
		for _, c := range f.Quarantine {
			codes = append(codes, fmt.Sprintf("%s %s", c.Key, message.Number(c.Changes)))
		}
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.situation.quarantine", message.Args{
			"n": f.Coverage.Quarantined, "objects": f.QuarantinedIn, "codes": strings.Join(codes, p.Text("report.list", nil))})})
	}
	if f.Coverage.Archived > 0 {
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.situation.archived", message.Args{"n": f.Coverage.Archived})})
	}
	if f.UnknownGaps > 0 {
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.gap.unknown", message.Args{"n": f.UnknownGaps})})
	}
	switch {
	case f.CompleteUntil.IsZero() || !f.covered():
	case len(s.Bullets) == 0 && f.LatePlaces == 0:
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.coverage.complete", message.Args{"until": f.moment(f.CompleteUntil)})})
	default:
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.coverage.until", message.Args{"until": f.moment(f.CompleteUntil)})})
	}
	if f.Totals.Changes > 0 {
		s.Bullets = append(s.Bullets, Bullet{Text: p.Text("report.coverage.no_trail", nil)})
	}
	return s
}

// gap is one gap in a sentence.
func (f *Facts) gap(p message.Printer, g configtrail.Gap) string {
	key := "report.gap." + g.Reason
	switch {
	case g.Reason == configtrail.GapNoDelivery && g.To.IsZero():
		key = "report.gap.no_delivery_open"
	case g.Reason == configtrail.GapExcluded && !g.To.IsZero():
		key = "report.gap.excluded_until"
	case !p.Has(key):
		key = "report.gap.other"
	}
	place := f.account(g.Account)
	if g.Region != "" {
		place += " " + configtrail.Visible(g.Region)
	}
	return p.Text(key, message.Args{
		"place": place, "types": typeList(p, g.Types), "n": max(1, len(g.Types)), "from": f.moment(g.From), "to": f.moment(g.To), "reason": g.Reason})
}

// typeList names a few types and counts the others.
func typeList(p message.Printer, types []string) string {
	switch {
	case len(types) == 0:
		return p.Text("report.coverage.all_types", nil)
	case len(types) > typesAtMost+1:
		return p.Text("report.coverage.more_types", message.Args{"first": names(p, types[:typesAtMost]), "n": len(types) - typesAtMost})
	}
	return names(p, types)
}

func names(p message.Printer, types []string) string {
	var all []string
	for _, t := range types {
		all = append(all, typeName(t))
	}
	return strings.Join(all, p.Text("report.list", nil))
}

func next(p message.Printer, f *Facts) Section {
	s := Section{Heading: p.Text("report.section.next", nil)}
	from, to := f.Window.From.Format("2006-01-02"), f.Window.To.Format("2006-01-02")
	if f.Totals.Changes > 0 {
		s.Commands = append(s.Commands, Command{"configtrail changes --from " + from + " --to " + to, p.Text("report.next.changes", nil)})
		if len(f.Main) > 0 {
			if id := f.Main[0].Key.String(); safeArgument(id) {
				s.Commands = append(s.Commands, Command{"configtrail timeline '" + id + "'", p.Text("report.next.timeline", nil)})
			}
		}
		s.Commands = append(s.Commands, Command{"configtrail report " + f.Month.String() + " --format html > report.html", p.Text("report.next.html", nil)})
	}
	s.Commands = append(s.Commands, Command{"configtrail doctor", p.Text("report.next.doctor", nil)})
	if f.Totals.Changes > 0 {
		s.Commands = append(s.Commands, Command{`configtrail query "SELECT resource_type, count(*) AS n FROM changes GROUP BY 1 ORDER BY 2 DESC"`, p.Text("report.next.query", nil)})
	}
	return s
}

// safeArgument reports whether text can stand between single quotes of any
// shell: a name from the data must not become a command when it is pasted.
func safeArgument(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-+@,=", r)
	})
}

func plain(sentences []string) []Bullet {
	var all []Bullet
	for _, s := range sentences {
		all = append(all, Bullet{Text: s})
	}
	return all
}

// monthName is November 2024, or 2024年11月.
func monthName(p message.Printer, m configtrail.Month) string {
	name := m.Month.String()
	if p.Lang() == message.Japanese {
		name = fmt.Sprintf("%d月", int(m.Month))
	}
	return p.Text("report.month", message.Args{"name": name, "year": fmt.Sprint(m.Year)})
}

// dayName is 5 November, or 11月5日.
func dayName(p message.Printer, day string) string {
	t, err := time.Parse("2006-01-02", day)
	if err != nil {
		return day
	}
	if p.Lang() == message.Japanese {
		return fmt.Sprintf("%d月%d日", int(t.Month()), t.Day())
	}
	return fmt.Sprintf("%d %s", t.Day(), t.Month())
}

// moment is a time to the minute, in the report's zone.
func (f *Facts) moment(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.In(f.Zone).Format("2006-01-02 15:04")
}

// prose is the document's running text, which JSON carries as "text".
func (d Document) prose() string {
	var parts []string
	parts = append(parts, d.Lead...)
	for _, s := range d.Sections {
		parts = append(parts, s.Paragraphs...)
		for _, b := range s.Bullets {
			parts = append(parts, "- "+b.Text)
		}
	}
	return strings.Join(slices.Clip(parts), "\n")
}
