package report

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/message"
)

// WriteMarkdown writes the report as GitHub-flavoured Markdown. Text from data
// can't become markup, a link or HTML.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	d := r.document
	b.WriteString("# " + EscapeMarkdown(d.Title) + "\n\n" + EscapeMarkdown(d.Subtitle) + "\n")
	for _, lead := range d.Lead {
		b.WriteString("\n> " + EscapeMarkdown(lead) + "\n")
	}
	for _, s := range d.Sections {
		b.WriteString("\n## " + EscapeMarkdown(s.Heading) + "\n")
		for _, p := range s.Paragraphs {
			b.WriteString("\n" + EscapeMarkdown(p) + "\n")
		}
		for i, c := range s.Cards {
			if i == 0 {
				b.WriteString("\n")
			}
			b.WriteString("- " + EscapeMarkdown(c.Text))
			for _, id := range c.Evidence {
				b.WriteString(" `" + id + "`")
			}
			if c.More != "" {
				b.WriteString(" " + EscapeMarkdown(c.More))
			}
			b.WriteString("\n")
			if c.Meaning != "" {
				b.WriteString("  - " + EscapeMarkdown(c.Meaning) + "\n")
			}
		}
		for i, item := range s.Bullets {
			if i == 0 {
				b.WriteString("\n")
			}
			b.WriteString("- " + EscapeMarkdown(item.Text))
			if item.Evidence != "" {
				b.WriteString(" `" + item.Evidence + "`")
			}
			b.WriteString("\n")
		}
		for _, t := range s.Tables {
			writeMarkdownTable(&b, t)
		}
		for _, c := range s.Charts {
			t := table{Head: []string{"", c.Label}}
			for _, bar := range c.Bars {
				t.Rows = append(t.Rows, []string{bar.Label, message.Number(bar.Value)})
			}
			writeMarkdownTable(&b, t)
		}
		if len(s.Commands) > 0 {
			b.WriteString("\n```sh\n")
			for _, c := range s.Commands {
				b.WriteString("# " + c.Says + "\n" + c.Line + "\n")
			}
			b.WriteString("```\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdownTable(b *strings.Builder, t table) {
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + EscapeMarkdown(cell) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
	line(t.Head)
	b.WriteString("|---" + strings.Repeat("|--:", len(t.Head)-1) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
}

// EscapeMarkdown makes one line of text stand for itself anywhere in CommonMark
// and GitHub's dialect of it, in a paragraph, a list, a heading or a table cell:
// no emphasis, link, image, code, HTML, block or second cell comes out of it, and
// what is hidden is visible. What a reader would turn into a link or a mention
// by itself, such as an address, stands as code: no escape prevents that.
func EscapeMarkdown(text string) string {
	text = configtrail.Visible(text)
	var b strings.Builder
	for start := 0; start < len(text); {
		end := len(text)
		if n := strings.IndexFunc(text[start:], separates); n > 0 {
			end = start + n
		} else if n == 0 {
			_, size := utf8.DecodeRuneInString(text[start:])
			end = start + size
		}
		if word := text[start:end]; linked(word) {
			b.WriteString("`" + word + "`")
		} else {
			escapeWord(&b, word, start == 0)
		}
		start = end
	}
	return b.String()
}

// separates reports what ends a word: what a code span can't hold in every
// place, and spaces and marks that belong to no address.
func separates(r rune) bool {
	return strings.ContainsRune(" |`\\", r) || r > unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r))
}

// linked reports whether a word holds what readers link by themselves: the
// autolinks and mentions of GitHub (GFM 6.9), and names that may be those of hosts.
func linked(word string) bool {
	lower := strings.ToLower(word)
	for _, part := range []string{"://", "www.", "mailto:", "xmpp:", "@"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return hostName().MatchString(word)
}

var hostName = configtrail.Pattern(`[\pL\pN-]\.\pL{2}`)

// escapeWord escapes text without links. At the beginning of a line more
// characters mean something: the marks of lists, numbers before . and ), and spaces.
func escapeWord(b *strings.Builder, word string, first bool) {
	digits := first
	for i, r := range word {
		switch {
		case strings.ContainsRune("\\`*_[]#|~!$", r),
			first && i == 0 && strings.ContainsRune("+-=", r),
			digits && i > 0 && i == len(word)-1 && (r == '.' || r == ')'):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == ' ' && first:
			b.WriteString("&#32;")
		default:
			b.WriteRune(r)
		}
		digits = digits && isDigit(r)
	}
}
