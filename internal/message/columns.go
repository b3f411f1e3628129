package message

import (
	"unicode"

	"golang.org/x/text/width"
)

// Columns is how many columns of a terminal text takes.
func Columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// Clip shortens text to n columns, with … for what was cut.
func Clip(text string, n int) string {
	if Columns(text) <= n {
		return text
	}
	return text[:CutAt(text, n-1)] + "…"
}

// CutAt is the length in bytes of as much of text as n columns hold, one
// character at least.
func CutAt(text string, n int) int {
	column := 0
	for i, r := range text {
		if column += runeColumns(r); column > n && i > 0 {
			return i
		}
	}
	return len(text)
}

func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case Wide(r):
		return 2
	}
	return 1
}

// Wide reports the characters to which a terminal gives two columns: those of
// Unicode Standard Annex 11, and emoji newer than its tables here.
func Wide(r rune) bool {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return true
	}
	return r >= 0x1f300 && r <= 0x1faff
}
