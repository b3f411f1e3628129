package report

import (
	"strings"

	"configtrail/internal/message"
)

// wrap breaks text at n columns, at spaces and, as Japanese is written without
// them, between wide characters. The first line begins with head, others with
// rest. What has no place to break is broken anywhere: no line is wider than n.
func wrap(text string, n int, head, rest string) string {
	var b strings.Builder
	line, column := head, message.Columns(head)
	start := message.Columns(rest)
	for _, word := range words(text) {
		for column+message.Columns(strings.TrimRight(word, " ")) > n {
			if column <= start || column <= message.Columns(head) && b.Len() == 0 { // nothing on the line yet: the word itself is too long
				cut := message.CutAt(word, n-column)
				line += word[:cut]
				word = word[cut:]
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, column = rest, start
		}
		line += word
		column += message.Columns(word)
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
		wide := message.Wide(previous) || message.Wide(r)
		if i > start && (space || wide && r != ' ') && !neverFirst(r) && !neverLast(previous) && !(isDigit(previous) && message.Wide(r)) {
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
