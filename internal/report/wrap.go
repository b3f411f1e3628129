package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// wrap breaks text at n columns, at spaces and, as Japanese is written without
// them, between wide characters. The first line begins with head, others with
// rest. What has no place to break is broken anywhere: no line is wider than n.
func wrap(text string, n int, head, rest string) string {
	var b strings.Builder
	line, column := head, columns(head)
	start := columns(rest)
	for _, word := range words(text) {
		for column+columns(strings.TrimRight(word, " ")) > n {
			if column <= start || column <= columns(head) && b.Len() == 0 { // nothing on the line yet: the word itself is too long
				cut := cutAt(word, n-column)
				line += word[:cut]
				word = word[cut:]
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, column = rest, start
		}
		line += word
		column += columns(word)
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// words splits text where a line may break; spaces stay at the end of a word.
// The rules of Japanese typesetting (kinsoku) hold: no line begins with a
// closing mark or a small kana or ends with an opening bracket, and a number
// stays with its counter. A date stays with its time of day.
func words(text string) []string {
	var all []string
	start, previous := 0, rune(0)
	for i, r := range text {
		space := previous == ' ' && r != ' ' && !(isDigit(r) && endsInDigit(text[:i-1]))
		wide := isWide(previous) || isWide(r)
		if i > start && (space || wide && r != ' ') && !neverFirst(r) && !neverLast(previous) && !(isDigit(previous) && isWide(r)) {
			all = append(all, text[start:i])
			start = i
		}
		previous = r
	}
	return append(all, text[start:])
}

func neverFirst(r rune) bool {
	return strings.ContainsRune("。、，．・：；？！…‥ー〜～々％）」』】〉》〕］｝”’ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ)]},.:;?!%", r)
}

func neverLast(r rune) bool { return strings.ContainsRune("（「『【〈《〔［｛“‘([{", r) }

func endsInDigit(text string) bool {
	return text != "" && isDigit(rune(text[len(text)-1]))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// cutAt is the length in bytes of as much of a word as n columns hold, one
// character at least.
func cutAt(word string, n int) int {
	column := 0
	for i, r := range word {
		if column += runeColumns(r); column > n && i > 0 {
			return i
		}
	}
	return len(word)
}

// clip shortens text to n columns, with … for what was cut.
func clip(text string, n int) string {
	if columns(text) <= n {
		return text
	}
	return text[:cutAt(text, n-1)] + "…"
}

// columns is how many columns of a terminal text takes.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case isWide(r):
		return 2
	}
	return 1
}

// isWide reports the characters to which a terminal gives two columns: those of
// Unicode Standard Annex 11, and emoji newer than its tables here.
func isWide(r rune) bool {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return true
	}
	return r >= 0x1f300 && r <= 0x1faff
}
