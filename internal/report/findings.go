package report

import (
	"slices"
	"strings"

	"configtrail"
	"configtrail/internal/anomaly"
	"configtrail/internal/message"
)

// How many findings a document tells, and ids of evidence of one; JSON has all.
// A summary is one line and hardly ever cut.
const (
	findingsAtMost = 30
	evidenceAtMost = 3
	summaryAtMost  = 500 // characters
)

// severities lists them, gravest first.
var severities = []string{anomaly.Critical, anomaly.High, anomaly.Medium, anomaly.Low}

// record is a finding as programs read it.
func (f *facts) record(one configtrail.Finding) Finding {
	return Finding{
		ID: one.ID(), Detector: one.Detector, Severity: one.Severity, Score: one.Score, Time: configtrail.Stamp(one.Time.In(f.Zone)),
		Resource: Resource{one.Resource.Account, f.Names[one.Resource.Account], one.Resource.Region, one.Resource.Type, one.Resource.ID},
		Summary:  one.Summary, Evidence: list(one.Evidence), Sets: list(one.Sets),
	}
}

// findings is the section about what detectors and rules found.
func (t teller) findings() section {
	return section{
		Heading: t.say("report.section.findings"), Paragraphs: []string{t.sentences(append([]string{t.found()}, t.unjudged()...))},
		Cards: t.cards(), Bullets: bullets(t.moreFindings()),
	}
}

// found counts the findings by severity. That there is none is said with what
// may hide one.
func (t teller) found() string {
	var counted []string
	for _, severity := range severities {
		n := 0
		for _, f := range t.Findings {
			if f.Severity == severity {
				n++
			}
		}
		if n > 0 {
			counted = append(counted, t.Text("report.findings.severity", message.Args{"n": n, "severity": t.severity(severity)}))
		}
	}
	if len(t.Findings) == 0 {
		return t.qualified(t.say("report.findings.none"))
	}
	return t.Text("report.findings.found", message.Args{"n": len(t.Findings), "severities": t.list(counted)})
}

// unjudged tells what no rule looked at.
func (t teller) unjudged() []string {
	var all []string
	switch raw := t.Raw; {
	case raw == nil:
	case !raw.Content:
		all = append(all, t.say("report.findings.no_content"))
	case len(raw.NotCompared) > 0:
		all = append(all, t.Text("report.findings.not_compared", message.Args{"columns": t.columns(raw.NotCompared)}))
	}
	if t.StepsLeft > 0 {
		all = append(all, t.Text("report.findings.left", message.Args{"n": t.StepsLeft}))
	}
	return all
}

func (t teller) severity(severity string) string {
	if key := "report.severity." + severity; t.Has(key) {
		return t.say(key)
	}
	return show(severity)
}

// cards are the gravest findings. What one means is said with the first of its kind.
func (t teller) cards() []card {
	var all []card
	told := map[string]bool{}
	for _, f := range t.Findings[:min(len(t.Findings), findingsAtMost)] {
		c := card{
			Severity: f.Severity, Name: anomaly.Name(t.Printer, f.Detector), Sets: f.Sets, Grave: grave(f),
			Text:     t.finding(f),
			Evidence: f.Evidence[:min(len(f.Evidence), evidenceAtMost)],
		}
		if more := len(f.Evidence) - len(c.Evidence); more > 0 {
			c.More = t.Text("report.findings.evidence_more", message.Args{"n": more})
		}
		if !told[f.Detector] {
			told[f.Detector] = true
			c.Meaning = anomaly.Meaning(t.Printer, f.Detector)
		}
		all = append(all, c)
	}
	return all
}

// finding is a finding in one line, with the resource's id where its summary
// does not name it.
func (t teller) finding(f configtrail.Finding) string {
	key, id := "report.findings.line", show(f.Resource.ID)
	if id != "" && !strings.Contains(configtrail.Visible(f.Summary), id) {
		key += ".id"
	}
	return t.Text(key, message.Args{
		"severity": t.severity(f.Severity), "time": f.Time.In(t.Zone).Format("01-02 15:04"), "id": id,
		"summary": shorten(configtrail.Visible(f.Summary), summaryAtMost)})
}

func (t teller) moreFindings() []string {
	more := len(t.Findings) - findingsAtMost
	return when(more > 0, t.Text("report.findings.more", message.Args{"n": more}))
}

// grave reports whether a finding is told whatever else is.
func grave(f configtrail.Finding) bool {
	return slices.Contains([]string{anomaly.Critical, anomaly.High}, f.Severity)
}
