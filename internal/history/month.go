package history

import (
	"cmp"
	"context"
	"time"

	"configtrail"
)

// Past tells a month whole: everything that a month report is made of, in as
// few queries as the engine allows. History tells it from the lake, Raw from
// tables over the bucket itself.
type Past interface {
	// Month fails with configtrail.ErrInvalid for filters that a month can't have,
	// and with configtrail.ErrOverBudget where the bytes do not suffice.
	Month(ctx context.Context, question MonthQuestion) (*Month, error)

	// Version names the state of the data that a month's answer depends on:
	// equal versions, questions and settings give equal answers.
	Version(ctx context.Context, question MonthQuestion) (string, error)

	// AccountName is what the settings call an account; empty where they don't.
	AccountName(id string) string
}

// MonthQuestion says which month is told.
type MonthQuestion struct {
	Month  configtrail.Month // in the zone of the history
	Filter Filter            // accounts, regions, types; the rest means nothing here
	Before int               // months before, nearest first, that are counted too

	// StepTypes are the full names of the types whose changes are given with
	// the states before and after them, for rules that need both.
	StepTypes []string

	// Judge reports whether a change of StepTypes is worth its states, which cost
	// more than all else: a change that no rule could find anything in is not. Its
	// edits are told, and it may lack what those given to Visit lack. nil: all are. Raw
	// tables, of which states are read anyway, give all.
	Judge func(configtrail.Change) bool

	// Visit is given the month's changes without noise, in the order of time: all
	// of them up to WholeMonth, above it those of the weighty types and the resources
	// that came back, and where there are none of these types, the first WholeMonth.
	// Their times are in the zone of the history; they may lack ARN, hashes and
	// sources. It is called from one goroutine. nil: nobody looks.
	Visit func(configtrail.Change) error
}

// WholeMonth is the number of changes up to which Visit sees all of a month.
const WholeMonth = 50_000

// weighty are the types of which a reader of a month wants to see changes first,
// by service or name.
var weighty = []string{"iam", "s3", "kms", "cloudtrail", "guardduty", "rds", "secretsmanager", "lambda", "eks", "dynamodb",
	"AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable", "AWS::EC2::VPC", "AWS::Config::ConfigurationRecorder"}

// mostSteps is how many changes are given with the states around them.
const mostSteps = 20_000

// limits are of what a month shows and asks by name. Zero values stand for the
// constants: only tests, which can't have huge months, have others.
type limits struct{ whole, steps, literals int }

func (l limits) wholeMonth() int64 { return int64(cmp.Or(l.whole, WholeMonth)) }
func (l limits) mostSteps() int    { return cmp.Or(l.steps, mostSteps) }
func (l limits) mostLiterals() int { return cmp.Or(l.literals, literalsAtMost) }

// Month is a month in figures, with what a detector or a report needs beside
// them. Times are in the zone of the history, as those of Summary.Window are.
type Month struct {
	Now      time.Time // when it was asked; zero: not told
	Accounts []string  // ids that the filter names, sorted; none: all accounts

	Summary Summary
	Earlier []Earlier // of the months before, nearest first; only those that deliveries cover whole

	// Hours counts the changes of the month and of the months before it, noise
	// too, by everything that a series can be split by, in the order of hours.
	Hours []HourCount

	// Steps are the changes of StepTypes that Judge takes, with the states beside
	// them, in the order of time; of very many the latest.
	Steps     []Step
	StepsLeft int64 // such changes that Steps leaves out

	Narrowed bool // Visit did not see all changes

	Coverage configtrail.Coverage
	Troubled []Troubled
	Warnings []Warning

	Raw  *RawAnswer // nil for a lake
	Cost configtrail.Cost
}

// Earlier is a month before, split by what a report holds the month against.
type Earlier struct {
	Month  configtrail.Month
	Totals Totals
	By     Breakdown
}

// HourCount is how many changes one series has in one hour.
type HourCount struct {
	Account, Region, Type string
	Kind                  configtrail.Kind
	Noise                 configtrail.Noise
	Hour                  time.Time // its beginning, in the zone of the history
	Changes               int64
}

// Step is a change with the states around it. Of an item it may lack all but key,
// times, status, hash and the two texts of configuration.
type Step struct {
	Change configtrail.Change
	Before *configtrail.ConfigurationItem // the last item with state; nil where there is none, or where a life begins
	After  *configtrail.ConfigurationItem // the item that shows the change; nil where it could not be read
}

// RawAnswer is what an answer from raw tables says of itself.
type RawAnswer struct {
	Tables      []string // database.table
	NotCompared []string // columns of state that the tables lack: "configuration", "relationships", …
	Content     bool     // false: no state at all was compared, so nothing is called updated
	// Records are the items as they lie in the bucket, each as often as it was
	// delivered, and Captures the distinct resources and capture times among them.
	Records, Captures int64
	From, To          time.Time // the days whose folders were read, To not included
	Partitions        []string  // of each table its name and the predicate that chose its folders
	LeftOut           []LeftOut // objects that break a query
	Notes             []RawNote // what the tables or the window can't tell, each once

	By        []RawCount          // Records and Captures by account, region and type, in their order
	Oversized int64               // notifications of oversized items in the folders
	Unread    []configtrail.Place // accounts and regions with folders that no table reaches
	// Reach is the span of the days that have folders, whenever; told only where
	// the asked span has none. Both ends are zero where there is none at all.
	Reach configtrail.Window
}

// LeftOut is an object that was left out of a query because it breaks it.
type LeftOut struct {
	URI    string
	Reason string // of the engine, in English
}

// RawNote names something that an answer from raw tables can't know; reports
// have a sentence for each.
type RawNote string

// The notes.
const (
	NoteWindow     RawNote = "window"     // states and deletions before the window are not known
	NoteOversized  RawNote = "oversized"  // oversized notifications are not read
	NoteLeftOut    RawNote = "left_out"   // good items of objects left out are missing
	NoteContent    RawNote = "content"    // content was not compared
	NoteComparison RawNote = "comparison" // some columns were not compared: NotCompared
	NoteUnread     RawNote = "unread"     // regions with folders that no table reaches: Unread
)
