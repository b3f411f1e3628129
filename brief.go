package configtrail

import (
	"time"
)

// Brief is all that a model is told of a month, line by line. It holds no text
// from the data: resources, accounts and actors appear as aliases, and what
// those stand for stays here. A model can therefore be told nothing by a name,
// a tag or a description, and learns none of them.
type Brief struct {
	Month Month
	Zone  *time.Location
	Lines []BriefLine

	// Names gives, for every alias, what code prints in its place. It is never
	// sent, and may hold hostile text.
	Names map[string]string
}

// BriefLine is one figure, or one point in time, with what it is about. A model
// cites it by Ref, and code prints its value.
type BriefLine struct {
	Ref      string // "b1", "b2", …
	About    Topic
	What     string // which of its kind: "changes", "created", a detector, a Gap… constant
	Severity string // of a finding
	Aliases  []string
	Types    []string // full names of AWS's resource types, each IsResourceType
	Regions  []string // each IsRegion
	Sets     []string // ids of public rule sets, such as "CIS 5.3"

	Unit Unit
	N    int64     // for UnitTime and UnitNone without meaning
	Time time.Time // of UnitTime; in the brief's zone

	// Trend is the step from the month before. A line is compared only where
	// both months are covered whole.
	Trend Trend
}

// Topic is what a line of a Brief is about.
type Topic string

// The topics.
const (
	AboutTotal       Topic = "total"        // of the whole month
	AboutMonthBefore Topic = "month_before" // of the whole month before
	AboutDifference  Topic = "difference"   // between the two, without its sign
	AboutGroup       Topic = "group"        // changes of one account, region, type, actor or day
	AboutFinding     Topic = "finding"      // a detector's claim; its time
	AboutEvidence    Topic = "evidence"     // how many changes are the evidence of the finding before
	AboutFindings    Topic = "findings"     // how many findings of one severity there are
	AboutChange      Topic = "change"       // one of the main changes; its time
	AboutGap         Topic = "gap"          // a stretch of which something is not known; its beginning
	AboutCoverage    Topic = "coverage"     // how far the deliveries reach, and what they leave open
)

// Unit is how the value of a line is printed.
type Unit string

// The units.
const (
	UnitChanges   Unit = "changes"
	UnitResources Unit = "resources"
	UnitAccounts  Unit = "accounts"
	UnitCaptures  Unit = "captures" // of resources in raw tables
	UnitFindings  Unit = "findings"
	UnitGaps      Unit = "gaps"
	UnitObjects   Unit = "parts" // of objects that can't be read
	UnitDay       Unit = "day"   // counts changes; prints the day, not the count
	UnitTime      Unit = "time"  // a point in time, to the minute
	UnitNone      Unit = "none"  // nothing to print: the line is a statement
)

// Counts reports whether N is what is printed.
func (u Unit) Counts() bool { return u != UnitDay && u != UnitTime && u != UnitNone }

// Trend is the sign of a step.
type Trend int

// The trends. The zero value is a line that can't be compared.
const (
	NotCompared Trend = iota
	Down
	Level
	Up
)

// TrendOf is the step from before to now.
func TrendOf(now, before int64) Trend {
	switch {
	case now < before:
		return Down
	case now > before:
		return Up
	}
	return Level
}

// String is the word that briefs use; empty for NotCompared.
func (t Trend) String() string { return [...]string{"", "down", "level", "up"}[t] }

// Line finds the line of a reference.
func (b Brief) Line(ref string) (BriefLine, bool) {
	for _, l := range b.Lines {
		if l.Ref == ref {
			return l, true
		}
	}
	return BriefLine{}, false
}

var (
	resourceType = Pattern(`^AWS::[A-Z][A-Za-z0-9]{1,30}::[A-Z][A-Za-z0-9]{1,50}$`)
	region       = Pattern(`^[a-z]{2}(-gov|-iso[a-z]?)?-(central|east|north|northeast|northwest|south|southeast|southwest|west)-[1-9]$`)
)

// IsResourceType reports whether text has the form of AWS's own resource types,
// such as AWS::EC2::SecurityGroup, and nothing else in it.
func IsResourceType(text string) bool { return resourceType().MatchString(text) }

// IsRegion reports whether text is Global or has the form of AWS's regions,
// such as ap-northeast-1, and nothing else in it.
func IsRegion(text string) bool { return text == Global || region().MatchString(text) }
