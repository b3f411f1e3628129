package configtrail

import (
	"fmt"
	"strings"
	"unicode"
)

// Visible is text as it is safe to show on a terminal or a page: whatever
// would move the cursor, change colours, reorder the line or hide itself is
// written as its code, such as \x1b or \u202e. Tabs and line breaks become \t,
// \n and \r, so that one value stays on one line. Letters, spaces and emoji of
// every language stay as they are.
func Visible(text string) string {
	plain := true
	for _, r := range text {
		if unsafe(r) {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], string(unicode.ReplacementChar)):
			fmt.Fprintf(&b, `\x%02x`, text[i]) // a byte that is no UTF-8
		case !unsafe(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unsafe reports control (Cc), format (Cf: bidi, zero width, tags), line and
// paragraph separators, private use, surrogates and bytes that are no UTF-8.
// The zero-width joiner inside emoji is a format character too: it is shown, as
// it can also make two names look alike.
func unsafe(r rune) bool {
	return r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) ||
		r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' // Hangul fillers: letters that show nothing
}
