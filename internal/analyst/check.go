package analyst

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/message"
)

// How long prose may be, in characters.
const (
	shortest = 60
	longest  = 6000
)

// Violation is one thing in a reply that the brief does not support.
type Violation struct {
	Rule     string
	Sentence string // masked text restored; empty for the reply as a whole
	What     string // in English, for the model to mend it
}

// checker holds the prose of one brief in one language.
type checker struct {
	brief     configtrail.Brief
	lang      message.Lang
	lines     map[string]configtrail.BriefLine
	constants map[byte][]constant
	subjects  []subject
	typesOf   map[string][]string           // by alias of a resource
	kindsOf   map[string][]configtrail.Kind // by alias of a resource of which only changes are told
	before    map[string]int64              // figures of the month before
	leaders   map[string]string             // by dimension of a group: the line with most changes
	latin     map[string]bool               // words of the brief's own types and detectors
	katakana  map[string]bool               // words of its detectors
}

func newChecker(b configtrail.Brief, p message.Printer) *checker {
	c := &checker{brief: b, lang: p.Lang(), katakana: map[string]bool{}, constants: newConstants(b), subjects: slices.Clip(words().subjects),
		lines: map[string]configtrail.BriefLine{}, typesOf: map[string][]string{}, kindsOf: map[string][]configtrail.Kind{}, before: map[string]int64{}, leaders: map[string]string{}, latin: map[string]bool{}}
	most := map[string]int64{}
	for _, l := range b.Lines {
		c.lines[l.Ref] = l
		if l.About == configtrail.AboutMonthBefore {
			c.before[l.What] = l.N
		}
		for _, alias := range l.Aliases {
			if !strings.HasPrefix(alias, "res_") {
				continue
			}
			c.typesOf[alias] = append(c.typesOf[alias], l.Types...)
			if l.About == configtrail.AboutChange {
				c.kindsOf[alias] = append(c.kindsOf[alias], configtrail.Kind(l.What))
			}
		}
		if l.About == configtrail.AboutGroup && l.N > most[l.What] {
			most[l.What], c.leaders[l.What] = l.N, l.Ref
		}
		for _, name := range l.Types {
			c.learn(name)
		}
		for _, word := range latinWord().FindAllString(means(l, p), -1) {
			c.latin[word] = true
		}
		for _, run := range katakanaRun().FindAllString(means(l, p), -1) {
			c.katakana[run] = true
		}
	}
	for _, l := range b.Lines {
		if l.About == configtrail.AboutFinding { // it may be about something that a kind does not tell
			for _, alias := range l.Aliases {
				delete(c.kindsOf, alias)
			}
		}
	}
	return c
}

// learn takes the parts of a type's name as words for it.
func (c *checker) learn(name string) {
	parts := strings.Split(name, "::")
	last := parts[len(parts)-1]
	if len(parts) != 3 || c.latin[last] {
		return
	}
	c.latin[parts[1]], c.latin[last] = true, true
	if len(last) > 3 {
		var prefixes []string // of all types whose last part this is: the service does not matter
		for _, l := range c.brief.Lines {
			for _, other := range l.Types {
				if strings.HasSuffix(other, "::"+last) {
					prefixes = append(prefixes, other)
				}
			}
		}
		slices.Sort(prefixes)
		if prefixes = slices.Compact(prefixes); len(prefixes) == 1 {
			c.subjects = append(c.subjects, newSubject(name, last))
		}
	}
}

// rule is one thing that is held against every sentence. It gives what is
// wrong, in English.
type rule struct {
	name  string
	finds func(c *checker, s sentence) []string
}

// rules in the order in which a model is told of them.
var rules = []rule{
	{"number", (*checker).numbers},
	{"name", (*checker).names},
	{"link", (*checker).links},
	{"subject", (*checker).subject},
	{"named", (*checker).named},
	{"kind", (*checker).kinds},
	{"unit", (*checker).units},
	{"severity", (*checker).severities},
	{"direction", (*checker).direction},
	{"role", (*checker).role},
	{"extent", (*checker).extent},
	{"most", (*checker).most},
	{"absence", (*checker).absence},
	{"cause", (*checker).cause},
	{"comfort", (*checker).comfort},
	{"place", (*checker).place},
}

// violations is everything in a reply that the brief does not support; empty
// for prose that may be shown.
func (c *checker) violations(text string) []Violation {
	var all []Violation
	add := func(rule, sentence string, what ...string) {
		for _, w := range what {
			all = append(all, Violation{rule, sentence, w})
		}
	}
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n < shortest:
		add("length", "", "the text is too short to tell the month")
	case n > longest:
		add("length", "", fmt.Sprintf("the text is longer than %d characters", longest))
		return all
	}
	m := c.mask(text)
	add("character", "", c.characters(m.raw)...)
	add("reference", "", m.problems...)
	add("language", "", c.language(m.text)...)
	add("missing", "", c.missing(m)...)
	for _, s := range m.sentences() {
		for _, r := range rules {
			if found := r.finds(c, s); len(found) > 0 {
				add(r.name, restore(m, s), found...)
			}
		}
	}
	return all
}

// missing are the lines that the prose has to cite and does not: the figure of
// the month, and the gravest findings. So a model can't be silent about them.
func (c *checker) missing(m masked) []string {
	var all []string
	for _, ref := range must(c.brief) {
		if !slices.ContainsFunc(m.refs, func(l configtrail.BriefLine) bool { return l.Ref == ref }) {
			all = append(all, "⟦"+ref+"⟧ has to be told")
		}
	}
	return all
}

// mustFindings is how many findings the prose has to tell.
const mustFindings = 3

// must are the references that prose has to hold.
func must(b configtrail.Brief) []string {
	var all []string
	findings := 0
	for _, l := range b.Lines {
		switch {
		case l.About == configtrail.AboutTotal && l.What == "changes":
			all = append(all, l.Ref)
		case l.About == configtrail.AboutFinding && (l.Severity == "critical" || l.Severity == "high") && findings < mustFindings:
			all = append(all, l.Ref)
			findings++
		}
	}
	return all
}

// restore is a sentence as the model wrote it, up to NFKC.
func restore(whole masked, s sentence) string {
	var b strings.Builder
	for _, r := range s.text {
		switch {
		case r >= firstRef && r < firstAlias:
			b.WriteString("⟦" + whole.refs[r-firstRef].Ref + "⟧")
		case r >= firstAlias && r < firstConstant:
			b.WriteString(whole.aliases[r-firstAlias])
		case r >= firstConstant && r < pastConstant:
			b.WriteString(whole.constants[r-firstConstant].text)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func sortConstants(list []constant) {
	slices.SortStableFunc(list, func(a, b constant) int { return cmp.Compare(len(b.text), len(a.text)) })
}

var (
	kana  = configtrail.Pattern(`[\p{Hiragana}\p{Katakana}]`)
	latin = configtrail.Pattern(`[A-Za-z]`)
)

// language reports prose in another language than was asked for.
func (c *checker) language(text string) []string {
	japanese, english := len(kana().FindAllString(text, -1)), len(latin().FindAllString(text, -1))
	if c.lang == message.Japanese && japanese < english {
		return []string{"the text has to be in Japanese"}
	}
	if c.lang == message.English && japanese > 0 {
		return []string{"the text has to be in English"}
	}
	return nil
}

// repair is what a model is told of its violations.
func repair(violations []Violation) string {
	const atMost = 40
	var list strings.Builder
	for i, v := range violations {
		if i == atMost {
			break
		}
		if v.Sentence != "" {
			fmt.Fprintf(&list, "- %s: %s\n", v.Sentence, v.What)
		} else {
			fmt.Fprintf(&list, "- %s\n", v.What)
		}
	}
	return strings.ReplaceAll(prompt("repair"), "{list}", strings.TrimSuffix(list.String(), "\n"))
}
