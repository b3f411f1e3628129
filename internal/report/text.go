package report

import (
	"io"
	"strings"

	"configtrail/internal/message"
)

// textWidth is where text is broken; barWidth is the longest bar of a chart and
// cellWidth the widest cell of a table.
const (
	textWidth = 100
	barWidth  = 40
	cellWidth = 60
)

// WriteText writes the report for a terminal: no colours, no control characters.
// But for command lines, no line is wider than 100 columns.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	d := r.document
	b.WriteString(wrap(d.Title, textWidth, "", "") + wrap(d.Subtitle, textWidth, "", ""))
	for i, lead := range d.Lead {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(lead, textWidth, "! ", "  "))
	}
	for _, s := range d.Sections {
		b.WriteString("\n" + s.Heading + "\n")
		for _, p := range s.Paragraphs {
			b.WriteString(wrap(p, textWidth, "  ", "  "))
		}
		for _, c := range s.Cards {
			b.WriteString(wrap(c.Text+c.evidence(" [", ", ", "]"), textWidth, "  - ", "    "))
			if c.Meaning != "" {
				b.WriteString(wrap(c.Meaning, textWidth, "      ", "      "))
			}
		}
		for _, item := range s.Bullets {
			text := item.Text
			if item.Evidence != "" {
				text += " [" + item.Evidence + "]"
			}
			b.WriteString(wrap(text, textWidth, "  - ", "    "))
		}
		for i, t := range s.Tables {
			if i > 0 || len(s.Paragraphs) > 0 {
				b.WriteString("\n")
			}
			writeTable(&b, t)
		}
		for _, c := range s.Charts {
			writeBars(&b, c)
		}
		for _, c := range s.Commands {
			b.WriteString("  " + c.Line + "\n" + wrap(c.Says, textWidth, "      # ", "      # "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTable aligns the first column to the left and figures to the right.
func writeTable(b *strings.Builder, t table) {
	widths := make([]int, len(t.Head))
	var rows [][]string
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		var cells []string
		for i, cell := range row {
			cell = message.Clip(cell, cellWidth)
			widths[i] = max(widths[i], message.Columns(cell))
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	for _, row := range rows {
		b.WriteString("  ")
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-message.Columns(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
}

func writeBars(b *strings.Builder, c chart) {
	most, label := int64(1), 0
	for _, bar := range c.Bars {
		most, label = max(most, bar.Value), max(label, message.Columns(bar.Label))
	}
	for _, bar := range c.Bars {
		b.WriteString("  " + bar.Label + strings.Repeat(" ", label-message.Columns(bar.Label)) + "  ")
		if n := scale(bar.Value, most, barWidth); n > 0 {
			b.WriteString(strings.Repeat("█", n) + " ")
		}
		b.WriteString(message.Number(bar.Value) + "\n")
	}
}

// scale is the length of a bar of which the longest has n; any value shows.
func scale(value, most int64, n int) int {
	length := int(float64(value) / float64(most) * float64(n))
	if length == 0 && value > 0 {
		return 1
	}
	return length
}
