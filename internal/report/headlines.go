package report

import (
	"fmt"
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// headlinesAtMost is how many lines a month is told in, with no more than a few
// findings among them.
const (
	headlinesAtMost = 10
	gravestAtMost   = 3
)

// Files say where a report was written, for people who are told of it.
type Files struct {
	URIs    []string // s3://…
	Console string   // where a browser opens it; empty: nowhere
	Again   string   // the event that makes it again, once the month is complete
}

// Notice is the report in ten lines and where the whole of it lies.
func (r *Report) Notice(files Files) Notice {
	t := r.teller
	lines := append(r.Headlines(), "", t.say("headline.files"))
	lines = append(lines, files.URIs...)
	if files.Console != "" {
		lines = append(lines, t.say("headline.console"), files.Console)
	}
	if !r.Complete() && files.Again != "" {
		lines = append(lines, t.Text("headline.again", message.Args{"event": files.Again}))
	}
	return Notice{Subject: r.subject(), Text: strings.Join(lines, "\n") + "\n"}
}

// Complete reports whether nothing of the month is awaited any more. A place that
// fell silent before the month before it is not waited for.
func (r *Report) Complete() bool {
	return !r.teller.partial() && !r.teller.First.IsZero()
}

// Headlines are the month in at most ten lines: what has to be known first, the
// figures, the month before, the gravest findings, coverage and what could not be
// read. Names in them are no links.
func (r *Report) Headlines() []string {
	t := r.teller
	title := t.Text("report.title", message.Args{"month": t.month(t.Month), "zone": t.Zone.String()})
	first := slices.DeleteFunc(slices.Clone(leading), func(s situation) bool { return s.name == "gap" }) // gaps have their own line
	lines := append([]string{title}, told(first, t)...)
	var last []string
	if t.hasMonth() {
		lines = append(lines, t.totals())
		if comparison := t.comparison(); comparison != "" {
			lines = append(lines, comparison)
		}
		lines = append(lines, t.found())
		last = []string{t.coverageLine(), t.say("headline.read")}
		if t.Quarantine.Objects > 0 {
			last[1] = t.quarantined()
		}
	}
	room := max(1, headlinesAtMost-len(lines)-len(last))
	for _, f := range t.Findings[:min(len(t.Findings), gravestAtMost, room)] {
		lines = append(lines, t.finding(f))
	}
	lines = append(lines, last...)
	for i := range lines {
		lines[i] = unlinked(lines[i])
	}
	return slices.Clip(lines)
}

// coverageLine is how far the deliveries reach, in one line.
func (t teller) coverageLine() string {
	until := ""
	if !t.CompleteUntil.IsZero() {
		until = t.Text("report.coverage.until", message.Args{"until": t.moment(t.CompleteUntil)})
	}
	if n := t.holes(); n > 0 {
		return t.Text("headline.gaps", message.Args{"n": n, "until": until})
	}
	return t.Text("headline.no_gaps", message.Args{"until": until})
}

// subject counts what a month held.
func (r *Report) subject() string {
	t := r.teller
	subject := fmt.Sprintf("configtrail: report of %s: %s %s", t.Month, message.Number(t.Totals.Changes), plural(int(t.Totals.Changes), "change"))
	if n := len(t.Findings); n > 0 {
		grave := countOf(t.Findings, severities[0]) + countOf(t.Findings, severities[1])
		subject += fmt.Sprintf(", %d %s (%d grave)", n, plural(n, "finding"), grave)
	}
	if !r.Complete() {
		subject += ", not complete yet"
	}
	return configtrail.Visible(subject)
}
