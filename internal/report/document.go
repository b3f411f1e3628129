package report

import "strings"

// document is a report as people read it, before it has a format.
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
	if len(s.Paragraphs)+len(s.Bullets)+len(s.Tables)+len(s.Charts)+len(s.Commands) > 0 {
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
		if len(s.Paragraphs)+len(s.Bullets) == 0 {
			continue
		}
		lines := append([]string{s.Heading}, s.Paragraphs...)
		for _, b := range s.Bullets {
			lines = append(lines, "- "+b.Text)
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	return strings.Join(parts, "\n\n") + "\n"
}
