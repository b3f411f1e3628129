package report

import (
	"io"
	"strings"

	"configtrail/internal/message"
)

// textWidth is where running text is broken; barWidth is the longest bar of a chart.
const (
	textWidth = 100
	barWidth  = 40
)

// WriteText writes the report for a terminal: no colours, no control characters.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	d := r.document
	b.WriteString(d.Title + "\n")
	b.WriteString(d.Subtitle + "\n")
	for _, lead := range d.Lead {
		b.WriteString("\n" + wrap(lead, textWidth, "! ", "  "))
	}
	for _, s := range d.Sections {
		b.WriteString("\n" + s.Heading + "\n")
		for _, p := range s.Paragraphs {
			b.WriteString(wrap(p, textWidth, "  ", "  "))
		}
		for _, bullet := range s.Bullets {
			b.WriteString(wrap(bullet.Text, textWidth, "  - ", "    "))
		}
		for i, t := range s.Tables {
			if i > 0 {
				b.WriteString("\n")
			}
			writeTable(&b, t)
		}
		if s.Chart != nil {
			writeBars(&b, *s.Chart)
		}
		for _, c := range s.Commands {
			b.WriteString("  " + c.Line + "\n      # " + c.Says + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTable aligns the first column to the left and figures to the right.
func writeTable(b *strings.Builder, t Table) {
	rows := append([][]string{t.Head}, t.Rows...)
	widths := make([]int, len(t.Head))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, row := range rows {
		b.WriteString("  ")
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
}

func writeBars(b *strings.Builder, c Chart) {
	most := int64(1)
	for _, bar := range c.Bars {
		most = max(most, bar.Value)
	}
	for _, bar := range c.Bars {
		n := int(bar.Value * barWidth / most)
		if n == 0 && bar.Value > 0 {
			n = 1
		}
		line := "  " + bar.Label + "  " + strings.Repeat("█", n)
		if bar.Value > 0 {
			line += " " + message.Number(bar.Value)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// wrap breaks text at n columns, at spaces and, as Japanese is written without
// them, between wide characters. The first line begins with head, others with rest.
func wrap(text string, n int, head, rest string) string {
	var b strings.Builder
	b.WriteString(head)
	column := width(head)
	for _, word := range words(text) {
		if column+width(strings.TrimRight(word, " ")) > n && column > width(rest) && !closes(word) {
			trimmed := strings.TrimRight(b.String(), " ")
			b.Reset()
			b.WriteString(trimmed + "\n" + rest)
			column = width(rest)
		}
		b.WriteString(word)
		column += width(word)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// words splits text where a line may break; spaces stay at the end of a word.
func words(text string) []string {
	var all []string
	start := 0
	previous := rune(0)
	for i, r := range text {
		if i > start && (previous == ' ' && r != ' ' || isWide(previous) || isWide(r)) {
			all = append(all, text[start:i])
			start = i
		}
		previous = r
	}
	return append(all, text[start:])
}

// closes reports whether a line may not begin with word: 。 、 ） and the like.
func closes(word string) bool {
	return strings.ContainsRune("。、）」』】・ー：；？！", []rune(word + " ")[0])
}

// width is how many columns of a terminal text takes.
func width(text string) int {
	n := 0
	for _, r := range text {
		if isWide(r) {
			n++
		}
		n++
	}
	return n
}

// isWide reports the characters to which a terminal gives two columns, by
// block: CJK, Hangul, full-width forms and emoji.
func isWide(r rune) bool {
	switch {
	case r < 0x1100:
		return false
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return true
	}
	return false
}
