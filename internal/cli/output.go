package cli

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/report"
)

// stampLayout is a time for people, to the second; the zone stands in the first line.
const stampLayout = "2006-01-02 15:04:05"

func (a *app) stamp(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return t.In(a.zone).Format(stampLayout)
}

// writeJSON writes one value on one line, as it is: < and > are no danger in a file.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// csvWriter writes rows whose cells no spreadsheet takes for a formula.
type csvWriter struct{ *csv.Writer }

func newCSV(w io.Writer) csvWriter { return csvWriter{csv.NewWriter(w)} }

func (c csvWriter) row(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = csvCell(cell)
	}
	return c.Write(safe)
}

// csvCell makes a cell visible and inert: what begins like a formula is quoted.
func csvCell(text string) string {
	dangerous := text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0]))
	text = configtrail.Visible(text)
	if dangerous {
		return "'" + text
	}
	return text
}

// markdownRow writes one row of a Markdown table.
func markdownRow(w io.Writer, cells ...string) error {
	var b strings.Builder
	for _, cell := range cells {
		b.WriteString("| " + report.EscapeMarkdown(configtrail.Visible(cell)) + " ")
	}
	b.WriteString("|\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownHead writes a table's head and the line below it.
func markdownHead(w io.Writer, cells ...string) error {
	if err := markdownRow(w, cells...); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Repeat("|---", len(cells))+"|\n")
	return err
}
