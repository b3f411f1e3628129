package analyst

import (
	"strings"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/message"
)

// render puts values and names into prose that has no violation. What comes out
// is plain text: names are made visible, and the surface that shows it escapes
// it as it escapes all text.
func (c *checker) render(text string, p message.Printer) string {
	text = strings.TrimSpace(text)
	m := c.mask(text)
	var b strings.Builder
	for rest := m.raw; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		switch {
		case isRef(r):
			value := Value(m.refs[r-firstRef], zone(c.brief), p)
			b.WriteString(value)
			rest = strings.TrimPrefix(rest, counter(value))
		case r >= firstAlias && r < firstConstant:
			b.WriteString(configtrail.Visible(c.brief.Names[m.aliases[r-firstAlias]]))
		case r >= firstConstant && r < pastConstant:
			b.WriteString(m.constants[r-firstConstant].text)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// counter is the unit at the end of a value, which models like to write again.
func counter(value string) string {
	return strings.TrimLeft(value, "0123456789,")
}
