package analyst

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/message"
)

// names reports words that may be somebody's name: of a person, a vendor, a
// product, a resource. In Japanese prose every word in Latin letters or
// katakana has to be a known one; in English prose every word with a capital,
// where one that begins a sentence may be an ordinary word.
func (c *checker) names(s sentence) []string {
	var all []string
	add := func(word string) {
		all = append(all, fmt.Sprintf("%q is no name or word of the brief; use the names given, and plain words", word))
	}
	l := words()
	for _, at := range latinWord().FindAllStringIndex(s.text, -1) {
		word := s.text[at[0]:at[1]]
		switch {
		case l.latin[word] || c.latin[word] || l.isNumber(strings.ToLower(word)): // numbers have a rule of their own
		case c.lang == message.Japanese, l.vendors[strings.ToLower(word)]:
			add(word)
		case word == strings.ToLower(word):
		case !begins(s.text[:at[0]]) || !l.starters[strings.ToLower(word)] || word[1:] != strings.ToLower(word[1:]):
			add(word)
		}
	}
	for _, word := range somebody().FindAllString(notSomebody().ReplaceAllString(s.text, ""), -1) {
		add(word)
	}
	if c.lang == message.Japanese {
		for _, run := range katakanaRun().FindAllString(s.text, -1) {
			if !c.katakana[run] && !l.composed(run) {
				add(run)
			}
		}
	}
	return all
}

// somebody are words in kanji that name a person, a company or a place. Most
// names in kanji can't be told from words; these give themselves away.
var (
	somebody    = configtrail.Pattern(`\p{Han}さん|\p{Han}氏[はがにのをも、]|株式会社|有限会社|業界を|業界最|他社|東京|大阪|香港`)
	notSomebody = configtrail.Pattern(`皆さん|担当者さん`)
)

// begins reports whether a word behind this text begins a sentence or what is
// quoted or listed like one.
func begins(before string) bool {
	before = strings.TrimRightFunc(before, unicode.IsSpace)
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || strings.ContainsRune(`"'“‘(-:`, r)
}

// composed reports whether a run of katakana is made of known words. A single
// character, such as that of a counter, is no name.
func (l *lexicon) composed(run string) bool {
	r := []rune(run)
	if len(r) == 1 {
		return true
	}
	reached := make([]bool, len(r)+1) // by known words from the beginning
	reached[0] = true
	for i := range r {
		if !reached[i] {
			continue
		}
		for n := 1; n <= l.longest && i+n <= len(r); n++ {
			reached[i+n] = reached[i+n] || l.katakana[string(r[i:i+n])]
		}
	}
	return reached[len(r)]
}

var (
	linkForm = configtrail.Pattern(`(?i)www|https?:|://|//|\barn ?:|[a-z]\.[a-z]`)
	typeForm = configtrail.Pattern(`[A-Za-z]*::[A-Za-z]*(::[A-Za-z]*)?`)
	latinAbb = configtrail.Pattern(`(?i)\b(e\.g|i\.e)\.`)
)

// links reports addresses of any kind, and types that the brief does not name.
func (c *checker) links(s sentence) []string {
	var all []string
	text := latinAbb().ReplaceAllString(s.text, "")
	if found := linkForm().FindString(text); found != "" {
		all = append(all, fmt.Sprintf("%q looks like a link or an address", found))
	}
	if found := typeForm().FindString(text); found != "" {
		all = append(all, fmt.Sprintf("%q is no type of the brief", found))
	}
	return all
}
