package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/anomaly"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// Notice is a message as a topic of Amazon SNS takes it: a subject of at most 100
// ASCII characters, which is therefore English in every language, and plain text.
type Notice struct {
	Subject, Text string
}

// How much of a flood is told: a person reads a screen, and counts say the rest.
// Ten findings of the greatest length are far below the 256 KiB of a message.
const (
	alertFindings = 10
	alertGaps     = 5
)

// AlertOptions say how an alert speaks of what it can't know itself.
type AlertOptions struct {
	Since time.Time // news lie behind it
	// Flags are those of a command line without settings that ask the same data;
	// empty: not told.
	Flags string
}

// Alert puts news into a message, each with its time, place, evidence and what to
// do next. The report is that of the latest month: it tells up to when the data
// is complete. Actors are not named.
func (r *Report) Alert(news []News, options AlertOptions) Notice {
	t := r.teller
	findings, gaps := parted(news)
	days := int(t.Now.Sub(options.Since).Round(day) / day)
	lines := []string{
		t.Text("alert.title", message.Args{"days": days, "now": t.moment(t.Now), "zone": t.Zone.String()}),
		t.newsCounts(findings, gaps), "",
	}
	met := map[string]bool{} // detectors whose meaning is told
	for i, f := range findings[:min(len(findings), alertFindings)] {
		lines = append(lines, t.alertFinding(i+1, f, met)...)
	}
	if rest := findings[min(len(findings), alertFindings):]; len(rest) > 0 {
		lines = append(lines, t.Text("alert.more.findings", message.Args{"n": len(rest), "severities": t.bySeverity(rest)}), "")
	}
	first := min(len(findings), alertFindings) + 1
	for i, g := range gaps[:min(len(gaps), alertGaps)] {
		lines = append(lines, t.alertGap(first+i, g, met)...)
	}
	if rest := len(gaps) - alertGaps; rest > 0 {
		lines = append(lines, t.Text("alert.more.gaps", message.Args{"n": rest}), "")
	}
	for _, command := range t.everything(findings, gaps) {
		lines = append(lines, t.Text("alert.all", message.Args{"command": command}))
	}
	if options.Flags != "" {
		lines = append(lines, t.Text("alert.flags", message.Args{"flags": options.Flags}))
	}
	for _, sentence := range append(t.unjudged(), t.known()...) {
		lines = append(lines, unlinked(sentence))
	}
	return Notice{Subject: alertSubject(findings, gaps), Text: strings.Join(lines, "\n") + "\n"}
}

// known is up to when the data is complete where it is not late; of a region that
// was given up long ago that would say nothing about the others.
func (t teller) known() []string {
	late := len(t.Overdue)
	switch until := t.awaitedSince(); {
	case until.IsZero() && late == 0:
		return nil
	case until.IsZero():
		last := slices.MaxFunc(t.Overdue, func(a, b history.PlaceTime) int { return a.Time.Compare(b.Time) })
		return []string{t.Text("alert.overdue", message.Args{"until": t.moment(last.Time)})}
	case late > 0:
		return []string{t.Text("alert.until.overdue", message.Args{"until": t.moment(until), "n": late})}
	default:
		return []string{t.Text("alert.until", message.Args{"until": t.moment(until)})}
	}
}

const day = 24 * time.Hour

// parted are the findings, and the gaps: those of one place, time and reason as
// one, however many types they name.
func parted(news []News) (findings []configtrail.Finding, gaps []configtrail.Gap) {
	for _, n := range news {
		if !n.isGap() {
			findings = append(findings, n.finding)
			continue
		}
		same := func(g configtrail.Gap) bool {
			return g.Reason == n.gap.Reason && g.Account == n.gap.Account && g.Region == n.gap.Region &&
				g.From.Equal(n.gap.From) && g.To.Equal(n.gap.To) && len(g.Types) > 0 && len(n.gap.Types) > 0
		}
		if i := slices.IndexFunc(gaps, same); i >= 0 {
			gaps[i].Types = append(slices.Clone(gaps[i].Types), n.gap.Types...)
			continue
		}
		gaps = append(gaps, n.gap)
	}
	return findings, gaps
}

func (t teller) newsCounts(findings []configtrail.Finding, gaps []configtrail.Gap) string {
	var all []string
	if len(findings) > 0 {
		all = append(all, t.Text("alert.findings", message.Args{"n": len(findings), "severities": t.bySeverity(findings)}))
	}
	if len(gaps) > 0 {
		all = append(all, t.Text("alert.gaps", message.Args{"n": len(gaps)}))
	}
	return strings.Join(all, t.say("alert.and"))
}

// bySeverity counts findings: 1 critical, 2 high.
func (t teller) bySeverity(findings []configtrail.Finding) string {
	var all []string
	for _, severity := range severities {
		if n := countOf(findings, severity); n > 0 {
			all = append(all, t.Text("report.findings.severity", message.Args{"n": n, "severity": t.severity(severity)}))
		}
	}
	return t.list(all)
}

func countOf(findings []configtrail.Finding, severity string) int {
	n := 0
	for _, f := range findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// alertFinding is a finding in a few lines. What one means is said with the first
// of its kind.
func (t teller) alertFinding(i int, f configtrail.Finding, met map[string]bool) []string {
	key, id := "alert.finding", show(f.Resource.ID)
	if id != "" && !strings.Contains(configtrail.Visible(f.Summary), id) {
		key += ".id"
	}
	lines := []string{t.Text(key, message.Args{
		"i": i, "severity": t.severity(f.Severity), "time": t.moment(f.Time), "id": unlinked(id),
		"summary": unlinked(shorten(configtrail.Visible(f.Summary), summaryAtMost))})}
	ids := slices.Clone(f.Evidence[:min(len(f.Evidence), evidenceAtMost)])
	if more := len(f.Evidence) - len(ids); more > 0 {
		ids = append(ids, t.Text("report.findings.evidence_more", message.Args{"n": more}))
	}
	key = "alert.evidence"
	if len(ids) == 0 {
		key += ".none"
	}
	lines = append(lines, indent+t.Text(key, message.Args{"ids": t.list(ids), "finding": f.ID()}))
	if !met[f.Detector] {
		met[f.Detector] = true
		lines = append(lines, indent+t.Text("alert.meaning", message.Args{"text": anomaly.Meaning(t.Printer, f.Detector)}))
	}
	if command := t.lookAt(f); command != "" {
		lines = append(lines, indent+t.Text("alert.look", message.Args{"command": command}))
	}
	return append(lines, "")
}

// indent is where the lines below the first of an item begin.
const indent = "   "

// alertGap is a gap in a few lines.
func (t teller) alertGap(i int, g configtrail.Gap, met map[string]bool) []string {
	text := t.gap(g)
	if g.Reason == configtrail.GapNoDelivery && g.To.IsZero() {
		text = t.Text("alert.silence", message.Args{"place": t.place(g.Account, g.Region), "from": t.moment(g.From)})
	}
	lines := []string{t.Text("alert.gap", message.Args{"i": i, "text": unlinked(text)})}
	if key := "alert.todo." + g.Reason; !met[key] && t.Has(key) {
		met[key] = true
		lines = append(lines, indent+t.Text("alert.todo", message.Args{"text": t.say(key)}))
	}
	return append(lines, "")
}

// alertSubject counts what an alert tells.
func alertSubject(findings []configtrail.Finding, gaps []configtrail.Gap) string {
	var all []string
	for _, severity := range severities {
		if n := countOf(findings, severity); n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, severity))
		}
	}
	subject := "configtrail: "
	if len(all) > 0 {
		subject += strings.Join(all, ", ") + " " + plural(len(findings), "finding")
	}
	if n := len(gaps); n > 0 {
		if len(all) > 0 {
			subject += ", "
		}
		subject += fmt.Sprintf("%d %s in the data", n, plural(n, "gap"))
	}
	return subject
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
