package report

import (
	"slices"
	"strings"
)

// document is a report as people read it, before it has a format. Whatever a
// string holds, each format escapes it.
type document struct {
	Lang     string
	Title    string
	Subtitle string
	Lead     []string // what has to be read first
	Sections []section
}

// section is one heading with what stands under it, in this order.
type section struct {
	Heading    string
	Paragraphs []string
	Cards      []card
	Bullets    []bullet
	Tables     []table
	Charts     []chart
	Commands   []command
}

// bullet is one line of a list, with the id of the change behind it, if any.
type bullet struct {
	Text     string
	Evidence string
}

// card is one finding.
type card struct {
	Severity string // one of anomaly's, for the looks
	Text     string // one line, its severity in words first
	Name     string // of the detector
	Meaning  string // what such a finding means; empty where a card before says it
	Evidence []string
	More     string // how many ids of evidence are left out, in words
	Sets     []string
	Grave    bool // severity high or above
}

// evidence is the ids behind a card between marks, and how many others there
// are; empty where there are none.
func (c card) evidence(before, between, after string) string {
	ids := c.Evidence
	if c.More != "" {
		ids = append(ids[:len(ids):len(ids)], c.More)
	}
	if len(ids) == 0 {
		return ""
	}
	return before + strings.Join(ids, between) + after
}

// table is a small table; columns after the first are figures.
type table struct {
	Head []string
	Rows [][]string
}

// chart is a row of bars.
type chart struct {
	Label string
	Bars  []bar
}

// bar is one bar: what it stands for, a short form of that, and its height.
type bar struct {
	Label, Mark string
	Value       int64
}

// command is a command line to try and what it gives.
type command struct {
	Line, Says string
}

// add appends a section that says anything.
func (d *document) add(s section) {
	if len(s.Paragraphs)+len(s.Cards)+len(s.Bullets)+len(s.Tables)+len(s.Charts)+len(s.Commands) > 0 {
		d.Sections = append(d.Sections, s)
	}
}

// prose is the document's running text, which JSON carries as "text": no
// tables, charts and commands, and no line is broken.
func (d document) prose() string {
	parts := []string{d.Title}
	if len(d.Lead) > 0 {
		parts = append(parts, strings.Join(d.Lead, "\n"))
	}
	for _, s := range d.Sections {
		if lines := s.lines(); len(lines) > 1 {
			parts = append(parts, strings.Join(lines, "\n"))
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// lightCards is how many cards are told in running text where none is grave.
const lightCards = 5

// lines are the heading and the running text of a section: of its cards the
// grave ones, and where there are none the first of the others.
func (s section) lines() []string {
	lines := append([]string{s.Heading}, s.Paragraphs...)
	told := slices.ContainsFunc(s.Cards, func(c card) bool { return c.Grave })
	for i, c := range s.Cards {
		if c.Grave || !told && i < lightCards {
			lines = append(lines, "- "+c.Text)
			if c.Meaning != "" {
				lines = append(lines, "  "+c.Meaning)
			}
		}
	}
	for _, b := range s.Bullets {
		lines = append(lines, "- "+b.Text)
	}
	return lines
}
