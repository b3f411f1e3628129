package analyst

import (
	"fmt"
	"strings"
	"unicode"

	"configtrail"
	"configtrail/internal/message"
)

// punctuation is what may stand in prose beside letters. It leaves out whatever
// marks something up: no emphasis, code, table, heading, tag, link or address
// can be written.
const punctuation = " \n.,;:!?'\"()-/" + "、。・「」『』（）：；！？〜～－―—–‘’“”…，．／ー　"

// characters reports what prose is not made of: other scripts, which may look
// like these or hold numerals of their own, symbols, and what can't be seen.
func (c *checker) characters(raw string) []string {
	var all []string
	seen := map[rune]bool{}
	for _, r := range raw {
		if seen[r] || c.allowed(r) {
			continue
		}
		seen[r] = true
		all = append(all, fmt.Sprintf("the character %+q may not be used", r))
	}
	return all
}

func (c *checker) allowed(r rune) bool {
	switch {
	case r < unicode.MaxASCII:
		return isLetter(r) || r >= '0' && r <= '9' || strings.ContainsRune(punctuation, r) // figures have a rule of their own
	case r >= firstRef && r < pastConstant, strings.ContainsRune(punctuation, r):
		return true
	case c.lang != message.Japanese || r >= 0xff00 && r <= 0xffef:
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) && unicode.IsLetter(r)
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// kanjiNumerals tell a number wherever they stand, save in the words of kanji_free.
const kanjiNumerals = "〇零一二三四五六七八九十百千万億兆壱弐拾廿卅"

// inWords are numbers, days and shares that take more than a word in English.
var inWords = configtrail.Pattern(`(?i)\b(?:first|second|last) (?:of|day|week|weekend)\b|\b(?:all|every|almost all|nearly all|all of the|all of these|virtually all) changes?\b|` +
	`\b(?:almost|nearly|virtually|practically) (?:all|every|none)\b|\bchanges were all\b`)

var (
	latinWord   = configtrail.Pattern(`[A-Za-z]+`)
	katakanaRun = configtrail.Pattern(`[ァ-ヺー]+`)
)

// numbers reports figures and number words: they have to be references.
func (c *checker) numbers(s sentence) []string {
	var all []string
	add := func(what string) { all = append(all, fmt.Sprintf("%q tells a number; cite a line instead", what)) }
	for _, run := range strings.FieldsFunc(s.text, func(r rune) bool { return !unicode.In(r, unicode.N) }) {
		add(run)
	}
	l := words()
	text := l.kanjiFree.Replace(s.text)
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !strings.ContainsRune(kanjiNumerals, r) }) {
		add(run)
	}
	for _, word := range l.numbersJa {
		if strings.Contains(text, word) {
			add(word)
		}
	}
	for _, run := range katakanaRun().FindAllString(text, -1) {
		for _, word := range l.numbersJaWhole {
			if run == word {
				add(word)
			}
		}
	}
	for _, words := range inWords().FindAllString(text, -1) {
		add(words)
	}
	for _, word := range latinWord().FindAllString(text, -1) {
		if l.isNumber(strings.ToLower(word)) {
			add(word)
		}
	}
	return all
}

// isNumber reports whether an English word in lower case tells a number: one of
// the list, two of them in one, or one with -fold.
func (l *lexicon) isNumber(word string) bool {
	if l.numbersEn[word] {
		return true
	}
	if stem, ok := strings.CutSuffix(word, "fold"); ok && l.numbersEn[stem] {
		return true
	}
	for i := 3; i <= len(word)-3; i++ {
		if l.numbersEn[word[:i]] && l.numbersEn[word[i:]] {
			return true
		}
	}
	return false
}
