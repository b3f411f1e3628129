package analyst

import (
	"strings"
	"unicode/utf8"
)

// sentence is one sentence of a masked text, with what was taken out of it.
type sentence struct {
	masked
	first bool // it begins a line
}

// sentences splits a text after its full stops, and at line breaks. Splitting
// too little only makes the rules stricter, as they look at one sentence.
func (m masked) sentences() []sentence {
	var all []sentence
	for line := range strings.Lines(m.text) {
		first := true
		for rest := strings.TrimSpace(line); rest != ""; {
			end := sentenceEnd(rest)
			if text := strings.TrimSpace(rest[:end]); text != "" {
				all = append(all, sentence{m.of(text), first})
				first = false
			}
			rest = strings.TrimSpace(rest[end:])
		}
	}
	return all
}

// of is a part of m: its text and what was taken out of it.
func (m masked) of(text string) masked {
	part := masked{text: text}
	for _, r := range text {
		switch {
		case r >= firstRef && r < firstAlias:
			part.refs = append(part.refs, m.refs[r-firstRef])
		case r >= firstAlias && r < firstConstant:
			part.aliases = append(part.aliases, m.aliases[r-firstAlias])
		case r >= firstConstant && r < pastConstant:
			part.constants = append(part.constants, m.constants[r-firstConstant])
		}
	}
	return part
}

// sentenceEnd is where the first sentence of a line ends.
func sentenceEnd(line string) int {
	for i, r := range line {
		next := i + utf8.RuneLen(r)
		switch r {
		case '。', '!', '?':
		case '.':
			if !stops(line, i) {
				continue
			}
		default:
			continue
		}
		for { // what closes belongs to the sentence
			r, size := utf8.DecodeRuneInString(line[next:])
			if size == 0 || !strings.ContainsRune("」』)\"”’'。!?", r) {
				return next
			}
			next += size
		}
	}
	return len(line)
}

// stops reports whether the dot at i ends a sentence: one inside a word does
// not, nor does that of an abbreviation that a sentence can't end with.
func stops(line string, i int) bool {
	if rest := line[i+1:]; rest != "" && !strings.ContainsAny(rest[:1], " \t\"')") && !strings.HasPrefix(rest, "”") && !strings.HasPrefix(rest, "’") {
		return false
	}
	word := strings.ToLower(line[strings.LastIndexAny(line[:i], " (\t")+1 : i+1])
	return !abbreviations[word]
}

// abbreviations end with a dot that ends no sentence.
var abbreviations = map[string]bool{"e.g.": true, "i.e.": true, "vs.": true, "cf.": true, "incl.": true, "approx.": true}
