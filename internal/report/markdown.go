package report

import (
	"io"
	"strings"
)

// WriteMarkdown writes the report as GitHub-flavoured Markdown. Text from data
// can't become markup, a link or HTML.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	d := r.document
	b.WriteString("# " + EscapeMarkdown(d.Title) + "\n\n" + EscapeMarkdown(d.Subtitle) + "\n")
	for _, lead := range d.Lead {
		b.WriteString("\n> **" + EscapeMarkdown(lead) + "**\n")
	}
	for _, s := range d.Sections {
		b.WriteString("\n## " + EscapeMarkdown(s.Heading) + "\n\n")
		for _, p := range s.Paragraphs {
			b.WriteString(EscapeMarkdown(p) + "\n\n")
		}
		for _, bullet := range s.Bullets {
			b.WriteString("- " + EscapeMarkdown(bullet.Text))
			if bullet.Evidence != "" {
				b.WriteString(" `" + bullet.Evidence + "`")
			}
			b.WriteString("\n")
		}
		for i, t := range s.Tables {
			if i > 0 {
				b.WriteString("\n")
			}
			writeMarkdownTable(&b, t)
		}
		if s.Chart != nil {
			t := Table{Head: []string{"", s.Chart.Label}}
			for _, bar := range s.Chart.Bars {
				t.Rows = append(t.Rows, []string{bar.Label, number(bar.Value)})
			}
			writeMarkdownTable(&b, t)
		}
		for _, c := range s.Commands {
			b.WriteString("    " + c.Line + "   # " + c.Says + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdownTable(b *strings.Builder, t Table) {
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + EscapeMarkdown(cell) + " ")
		}
		b.WriteString("|\n")
	}
	line(t.Head)
	b.WriteString("|---" + strings.Repeat("|--:", len(t.Head)-1) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
}

// EscapeMarkdown makes text stand for itself in Markdown: no emphasis, link,
// image, code, HTML, table cell or autolink comes out of it.
func EscapeMarkdown(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '#', '|', '~', '!', '$':
			b.WriteByte('\\')
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '+', '-':
			if i == 0 {
				b.WriteByte('\\')
			}
		case ':': // https://… and mailto:… would become links
			if strings.HasPrefix(text[i:], "://") || strings.HasSuffix(strings.ToLower(text[:i]), "mailto") {
				b.WriteString("&#58;")
				continue
			}
		case '.': // www.example.com would
			if strings.HasSuffix(strings.ToLower(text[:i]), "www") {
				b.WriteString("&#46;")
				continue
			}
		case '@': // a name at a host, or a person of the forge
			b.WriteString("&#64;")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
