package report

import (
	"strings"
	"time"
	"unicode"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// groupsAtMost is how many rows of a breakdown are shown before the rest is added up.
const groupsAtMost = 8

// write puts a month into sections, in the teller's language.
func write(t teller, version string) document {
	d := document{
		Lang:     string(t.Lang()),
		Title:    t.Text("report.title", message.Args{"month": t.month(t.Month), "zone": t.Zone.String()}),
		Subtitle: t.Text("report.generated", message.Args{"time": t.moment(t.Now), "version": version}),
		Lead:     told(leading, t),
	}
	if cost := t.cost(); cost != "" {
		d.Subtitle = t.list([]string{d.Subtitle, cost})
	}
	if t.hasMonth() {
		overview := section{Heading: t.say("report.section.overview"), Paragraphs: t.overview(), Tables: t.figureTable()}
		stands := section{Heading: t.say("report.section.unusual"), Bullets: bullets(told(unusual, t))}
		if prose := t.prose(); len(prose) > 0 {
			overview.Paragraphs, stands.Bullets = prose, nil
		}
		d.add(overview)
		d.add(t.findings())
		d.add(stands)
		d.add(section{Heading: t.say("report.section.main"), Bullets: t.mainChanges()})
		d.add(section{Heading: t.say("report.section.where"), Tables: t.breakdowns()})
		d.add(section{Heading: t.say("report.section.captures"), Tables: t.captured()})
		d.add(section{Heading: t.say("report.section.days"), Charts: t.dayChart()})
		d.add(section{Heading: t.say("report.section.months"), Charts: t.monthChart()})
	}
	d.add(section{Heading: t.say("report.section.coverage"), Bullets: bullets(t.coverageNote())})
	d.add(section{Heading: t.say("report.section.next"), Commands: t.next()})
	return d
}

// hasMonth reports whether there is anything to tell of the month itself.
func (t teller) hasMonth() bool { return t.covered() && t.begun() }

// prose is what a model tells, in paragraphs, with who tells it; none where code does.
func (t teller) prose() []string {
	if t.Telling == nil || t.Telling.By == ByCode {
		return nil
	}
	said := []string{t.Text("report.told_by", message.Args{"model": show(t.Telling.By)})}
	for paragraph := range strings.SplitSeq(visibleLines(t.Telling.Text), "\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			said = append(said, paragraph)
		}
	}
	return said
}

func bullets(sentences []string) []bullet {
	var all []bullet
	for _, s := range sentences {
		all = append(all, bullet{Text: s})
	}
	return all
}

// overview is one paragraph: the figures, the month before, and the noise.
func (t teller) overview() []string {
	sentences := []string{t.totals()}
	if comparison := t.comparison(); comparison != "" {
		sentences = append(sentences, comparison)
	}
	sentences = append(sentences, t.captures()...)
	if t.Totals.Noise > 0 {
		var classes []string
		for _, class := range []configtrail.Noise{configtrail.NoiseCompliance, configtrail.NoiseInventory, configtrail.NoiseCounter,
			configtrail.NoiseMirroredRelationship, configtrail.NoiseServiceTimestamp} {
			if n := t.Noise[class]; n > 0 {
				classes = append(classes, t.Text("report.noise."+string(class), message.Args{"n": n}))
			}
		}
		key := "report.noise"
		if t.Totals.Changes == 0 {
			key = "report.noise.only"
		}
		sentences = append(sentences, t.Text(key, message.Args{"n": t.Totals.Noise, "classes": t.list(classes)}))
	}
	return []string{t.sentences(sentences)}
}

// totals says how much changed. That nothing did is said only of what was delivered.
func (t teller) totals() string {
	f := t.Totals
	if f.Changes > 0 {
		var kinds []string
		for _, kind := range configtrail.Kinds {
			if n := ofKind(f, kind); n > 0 {
				kinds = append(kinds, t.Text("report.kind."+string(kind), message.Args{"n": n}))
			}
		}
		return t.Text("report.totals", message.Args{
			"month": t.month(t.Month), "n": f.Changes, "resources": f.Resources, "accounts": f.Accounts, "kinds": t.list(kinds)})
	}
	key := "report.situation.none"
	if f.Noise > 0 {
		key = "report.situation.all_noise"
	}
	if t.partial() {
		key += ".partial"
	}
	return t.qualified(t.Text(key, message.Args{"month": t.month(t.Month), "n": f.Noise}))
}

func ofKind(t history.Totals, kind configtrail.Kind) int64 {
	switch kind {
	case configtrail.Created:
		return t.Created
	case configtrail.Updated:
		return t.Updated
	case configtrail.Deleted:
		return t.Deleted
	}
	return t.Recreated
}

// comparison holds the month against the one before; empty where neither had anything to compare.
func (t teller) comparison() string {
	args := message.Args{"before": t.month(t.Month.Add(-1))}
	if t.Previous == nil {
		if t.firstMonth() {
			return "" // said before all figures
		}
		if t.Raw != nil {
			return t.Text("report.raw.previous", args)
		}
		return t.Text("report.compare.unknown", args)
	}
	before, now := t.Previous.Changes, t.Totals.Changes
	args["n"] = before
	switch {
	case t.partial():
		return t.Text("report.compare.partial", args)
	case before == 0 && now == 0:
		return t.Text("report.compare.both_none", args)
	case before == 0:
		return t.Text("report.compare.from_none", args)
	case now == 0:
		return t.Text("report.compare.to_none", args)
	case now == before:
		return t.Text("report.compare.same", args)
	case max(before, now) < smallMonth && now > before:
		args["d"] = now - before
		return t.Text("report.compare.few_more", args)
	case max(before, now) < smallMonth:
		args["d"] = before - now
		return t.Text("report.compare.few_fewer", args)
	case now >= manyTimes*before:
		args["times"] = factor(now, before)
		return t.Text("report.compare.times", args)
	}
	args["percent"] = min(percent(max(now-before, before-now), before), 99)
	switch {
	case args["percent"] == int64(0):
		return t.Text("report.compare.about", args)
	case now > before:
		return t.Text("report.compare.more", args)
	}
	return t.Text("report.compare.fewer", args)
}

// figureTable is the totals, with the month before beside them.
func (t teller) figureTable() []table {
	if t.Totals.Changes+t.Totals.Noise == 0 {
		return nil
	}
	figures := table{Head: []string{"", t.month(t.Month)}}
	if t.Previous != nil {
		figures.Head = append(figures.Head, t.month(t.Month.Add(-1)))
	}
	for _, line := range []struct {
		key string
		of  func(history.Totals) int64
	}{
		{"report.table.changes", func(f history.Totals) int64 { return f.Changes }},
		{"report.table.created", func(f history.Totals) int64 { return f.Created }},
		{"report.table.updated", func(f history.Totals) int64 { return f.Updated }},
		{"report.table.deleted", func(f history.Totals) int64 { return f.Deleted }},
		{"report.table.recreated", func(f history.Totals) int64 { return f.Recreated }},
		{"report.table.resources", func(f history.Totals) int64 { return f.Resources }},
		{"report.table.accounts", func(f history.Totals) int64 { return f.Accounts }},
		{"report.table.noise", func(f history.Totals) int64 { return f.Noise }},
	} {
		if line.key == "report.table.updated" && t.Raw != nil && !t.Raw.Content {
			figures.Rows = append(figures.Rows, []string{t.say("report.table.captures"), message.Number(t.Raw.Captures)})
			continue
		}
		row := []string{t.say(line.key), message.Number(line.of(t.Totals))}
		if t.Previous != nil {
			row = append(row, message.Number(line.of(*t.Previous)))
		}
		figures.Rows = append(figures.Rows, row)
	}
	return []table{figures}
}

// breakdowns are the changes by account, region and type, with the month before
// beside them where it is known.
func (t teller) breakdowns() []table {
	before := earlier{}
	known := len(t.Earlier) > 0
	if known {
		before = t.Earlier[0]
	}
	var all []table
	for _, g := range []struct {
		heading string
		counts  []Count
		name    func(string) string
		before  map[string]int64
	}{
		{"report.table.account", t.Account, t.account, before.Account},
		{"report.table.region", t.Region, show, before.Region},
		{"report.table.type", t.Type, typeName, before.Type},
	} {
		if len(g.counts) == 0 {
			continue
		}
		groups := table{Head: []string{t.say(g.heading), t.say("report.table.changes")}}
		row := func(name string, counts []Count) {
			var now, then int64
			for _, c := range counts {
				now, then = now+c.Changes, then+g.before[c.Key]
			}
			cells := []string{name, message.Number(now)}
			if known {
				cells = append(cells, message.Number(then))
			}
			groups.Rows = append(groups.Rows, cells)
		}
		if known {
			groups.Head = []string{groups.Head[0], t.month(t.Month), t.month(before.Month)}
		}
		shown := min(len(g.counts), groupsAtMost)
		for i := range shown {
			row(g.name(g.counts[i].Key), g.counts[i:i+1])
		}
		if rest := g.counts[shown:]; len(rest) > 0 {
			row(t.Text("report.table.more", message.Args{"n": len(rest)}), rest)
		}
		all = append(all, groups)
	}
	return all
}

func (t teller) dayChart() []chart {
	if t.Totals.Changes == 0 {
		return nil
	}
	days := chart{Label: t.Text("report.chart.days", message.Args{"month": t.month(t.Month)})}
	for _, d := range t.Day {
		label, mark := d.Key, ""
		if at, err := time.Parse(time.DateOnly, d.Key); err == nil {
			label = t.Text("report.chart.day", message.Args{
				"date": at.Format("01-02"), "weekday": t.say("report.weekday." + strings.ToLower(at.Format("Mon")))})
			mark = at.Format("2")
		}
		days.Bars = append(days.Bars, bar{label, mark, d.Changes})
	}
	return []chart{days}
}

// monthChart holds the month against those before.
func (t teller) monthChart() []chart {
	if len(t.Earlier) == 0 {
		return nil
	}
	months := chart{Label: t.say("report.chart.months")}
	for i := len(t.Earlier) - 1; i >= 0; i-- {
		name := t.Earlier[i].Month.String()
		months.Bars = append(months.Bars, bar{name, name, t.Earlier[i].Changes})
	}
	name := t.Month.String()
	if t.partial() {
		name = t.Text("report.chart.incomplete", message.Args{"month": name})
	}
	months.Bars = append(months.Bars, bar{name, name, t.Totals.Changes})
	return []chart{months}
}

// next are commands that go on from here, over the same span and filters.
func (t teller) next() []command {
	if t.Raw != nil {
		return nil // the commands ask a lake
	}
	doctor := command{"configtrail doctor", t.say("report.next.doctor")}
	if !t.covered() {
		return []command{doctor}
	}
	flags, ok := t.flags()
	if !ok || t.Totals.Changes == 0 {
		return []command{doctor}
	}
	all := []command{{
		"configtrail changes --from " + t.Window.From.Format(time.DateOnly) + " --to " + t.Window.To.Format(time.DateOnly) + flags,
		t.say("report.next.changes")}}
	for _, c := range t.Main {
		if key := c.Key.String(); safeArgument(key) && len(key) <= 70 {
			all = append(all, command{"configtrail timeline '" + key + "'", t.say("report.next.timeline")})
			break
		}
	}
	return append(all,
		command{"configtrail report " + t.Month.String() + " --format html" + flags + " > report.html", t.say("report.next.html")},
		doctor,
		command{`configtrail query "SELECT resource_type, count(*) AS n FROM changes GROUP BY 1 ORDER BY 2 DESC"`, t.say("report.next.query")})
}

// flags are the zone and the filters as flags of a command; not ok where one
// could mean something to a shell.
func (t teller) flags() (flags string, ok bool) {
	if zone := t.Zone.String(); zone != "Local" {
		flags = " --tz " + zone
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"account", t.Filters.Accounts}, {"region", t.Filters.Regions}, {"type", t.Filters.Types}} {
		for _, value := range f.values {
			if !safeArgument(value) {
				return "", false
			}
			flags += " --" + f.name + " " + value
		}
	}
	return flags, true
}

// safeArgument reports whether text can stand unquoted in a command line of any
// shell, and is no flag: a name from the data must not become a command when it
// is pasted.
func safeArgument(text string) bool {
	return text != "" && !strings.ContainsRune(":._-+=", rune(text[0])) && configtrail.Visible(text) == text &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(":/._-+=", r)
		})
}
