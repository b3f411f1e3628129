package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

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

// remark tells a person something beside the results, unless they want quiet.
func (a *app) remark(text string) {
	if !a.quiet {
		fmt.Fprintln(a.Stderr, text)
	}
}

// exact is a time for programs, as JSON has it.
func (a *app) exact(t time.Time) string { return t.In(a.zone).Format(configtrail.StampLayout) }

// writeJSON writes one value on one line. < and > stay as they are, being no
// danger in a file; characters that hide or move text become escapes, which
// programs read as the same value and a terminal shows as what they are.
func writeJSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(escapeHidden(text.Bytes()))
	return err
}

// escapeHidden writes what configtrail.Visible would show as a code as \uXXXX.
// In JSON that an encoder wrote it can stand only inside of strings.
func escapeHidden(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch one := string(text[:size]); {
		case r < 0x7f || configtrail.Visible(one) == one:
			out = append(out, one...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
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

// finish writes what is still held back.
func (c csvWriter) finish() error {
	c.Flush()
	return c.Error()
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
