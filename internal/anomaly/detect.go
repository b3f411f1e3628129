package anomaly

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// The severities of a finding.
const (
	Low      = "low"
	Medium   = "medium"
	High     = "high"
	Critical = "critical"
)

// severities lists them, gravest first.
var severities = [...]string{Critical, High, Medium, Low}

// Options are what Detect needs besides the month.
type Options struct {
	Printer     message.Printer
	Zone        *time.Location         // of the month and its days; nil: UTC
	AccountName func(id string) string // what people call an account; nil: nothing
	Now         time.Time              // days and hours that end later are not judged; zero: all are

	// Since is from when on the month's hours are counted without a hole: the
	// beginning of the earliest month asked for. Zero: that of the earliest month
	// in Month.Earlier. What lies before it is not known, which is not nothing.
	Since time.Time

	// Watch saw the month's changes: it holds the evidence of burst and
	// delete-wave, and knows deletions of a stack. nil: these findings have no
	// evidence, and a stack that is deleted looks like a wave.
	Watch *Watch
}

// Detector looks at a month for one thing.
type Detector struct {
	Name  string   // in Finding.Detector, such as "burst" or "rule.1"
	Doc   string   // what it finds, in one English sentence
	Types []string // full names of the types whose steps it reads; nil: none

	find       func(*scene) []configtrail.Finding
	interested func(configtrail.Change) bool // in changes of Types; nil: in none
}

// Detectors lists all detectors, in the order in which docs/findings.md tells of them.
func Detectors() []Detector {
	return []Detector{
		burst(),
		deleteWave(),
		adminPortsIPv4().detector(),
		adminPortsIPv6().detector(),
		exposedPorts().detector(),
		publicPolicy().detector(),
		publicAccessBlock().detector(),
		publicACL().detector(),
		trailDeleted().detector(),
		recorderNarrowed().detector(),
		adminPolicy().detector(),
	}
}

// StepTypes are the full names of the types whose changes the rules need with
// the states around them, in order.
func StepTypes() []string {
	var types []string
	for _, d := range Detectors() {
		types = append(types, d.Types...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Judged reports whether any rule could find something in a change, so that the
// states around it are worth reading. Of all others none has to be read.
func Judged(c configtrail.Change) bool {
	return slices.ContainsFunc(Detectors(), func(d Detector) bool {
		return slices.Contains(d.Types, c.Key.Type) && d.interested != nil && d.interested(c)
	})
}

// Detect is what every detector finds in a month: never nil, gravest first, then
// by score, time and id.
func Detect(month *history.Month, options Options) []configtrail.Finding {
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	s := &scene{Month: month, options: options}
	findings := []configtrail.Finding{}
	for _, d := range Detectors() {
		for _, f := range d.find(s) {
			f.Detector = d.Name
			f.Time = f.Time.In(options.Zone)
			f.Evidence = append([]string{}, f.Evidence...)
			f.Sets = append([]string{}, f.Sets...)
			findings = append(findings, f)
		}
	}
	slices.SortStableFunc(findings, compare)
	return findings
}

// compare orders findings as people read them.
func compare(a, b configtrail.Finding) int {
	return cmp.Or(
		cmp.Compare(slices.Index(severities[:], a.Severity), slices.Index(severities[:], b.Severity)),
		cmp.Compare(b.Score, a.Score),
		a.Time.Compare(b.Time),
		strings.Compare(a.ID(), b.ID()),
		a.Resource.Compare(b.Resource),
	)
}

// Name is what people call a detector, in the printer's language.
func Name(printer message.Printer, detector string) string {
	return printer.Text("anomaly."+detector+".name", nil)
}

// Meaning is what a finding of a detector means and what to look at, in one or
// two sentences of the printer's language.
func Meaning(printer message.Printer, detector string) string {
	return printer.Text("anomaly."+detector+".meaning", nil)
}
