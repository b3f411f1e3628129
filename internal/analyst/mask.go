package analyst

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"configtrail"
)

// What may stand in prose as it is, references, aliases and constants, is taken
// out before anything is looked for. In its place stands one rune of a private
// use area, which no rule lets through in the text itself.
const (
	firstRef      = '\ue000'
	firstAlias    = '\ue800'
	firstConstant = '\uf000'
	pastConstant  = '\uf800'
	perKind       = firstAlias - firstRef
)

// Patterns of a masked text.
const (
	refMark   = `[\x{e000}-\x{e7ff}]`
	aliasMark = `[\x{e800}-\x{efff}]`
)

func isRef(r rune) bool { return r >= firstRef && r < firstAlias }

// masked is a text with what was taken out.
type masked struct {
	raw       string
	text      string // raw in NFKC
	refs      []configtrail.BriefLine
	aliases   []string
	constants []constant
	problems  []string // of marks that are none
}

// constant is a spelling that stands as it is. What it is tied to limits the
// lines it may stand beside.
type constant struct {
	text   string
	typ    string // a full type name; empty where it is no type
	region string // empty where it is no region
	set    string // a public rule set; empty where it is none
}

var (
	refForm   = configtrail.Pattern(`^⟦(b[0-9]{1,4})⟧`)
	aliasForm = configtrail.Pattern(`^(?:res|acct|actor|type|region)_[0-9]{1,5}`)
)

// mask takes references, aliases and constants out of a text. Only exact
// spellings count: what looks like one of them in another script or in other
// brackets stays, and its digits are found there.
func (c *checker) mask(text string) masked {
	var m masked
	var b strings.Builder
	last := rune(0) // before the place looked at
	for len(text) > 0 {
		if n, mark := c.markAt(text, last, &m); n > 0 {
			b.WriteRune(mark)
			text, last = text[n:], mark
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if unicode.Is(unicode.Co, r) {
			r = utf8.RuneError // nobody but us may write marks
		}
		b.WriteRune(r)
		text, last = text[size:], r
	}
	m.raw = b.String()
	m.text = norm.NFKC.String(m.raw)
	return m
}

// markAt is the length of what can be taken out at the beginning of text, and
// its mark.
func (c *checker) markAt(text string, last rune, m *masked) (int, rune) {
	if strings.HasPrefix(text, "⟦") {
		match := refForm().FindStringSubmatch(text)
		if match == nil {
			m.problems = append(m.problems, "a reference has to have the form ⟦b1⟧")
			return 0, 0
		}
		line, ok := c.lines[match[1]]
		if !ok {
			m.problems = append(m.problems, match[0]+" is no line of the brief")
			line.Ref = match[1]
		}
		return take(&m.refs, line, len(match[0]), firstRef)
	}
	if isWordRune(last) || last == '_' {
		return 0, 0
	}
	if match := aliasForm().FindString(text); match != "" && ends(text[len(match):]) {
		if _, ok := c.brief.Names[match]; !ok {
			m.problems = append(m.problems, strconv.Quote(match)+" is no name of the brief")
		}
		return take(&m.aliases, match, len(match), firstAlias)
	}
	for _, one := range c.constants[text[0]] {
		if strings.HasPrefix(text, one.text) && (!isWordByte(one.text[len(one.text)-1]) || ends(text[len(one.text):])) &&
			(isWordByte(text[0]) || !strings.ContainsRune(":.-/", last)) {
			return take(&m.constants, one, len(one.text), firstConstant)
		}
	}
	return 0, 0
}

// take adds to a list, as long as there are marks for it.
func take[T any](list *[]T, one T, length int, first rune) (int, rune) {
	if len(*list) == int(perKind) {
		return 0, 0
	}
	*list = append(*list, one)
	return length, first + rune(len(*list)-1)
}

// ends reports whether a word in Latin letters ends before rest.
func ends(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !isWordRune(r) && r != '_'
}

// isWordRune reports whether r goes on a word in Latin letters or a number,
// whatever the width it is written in.
func isWordRune(r rune) bool {
	return r < utf8.RuneSelf && isWordByte(byte(r)) || unicode.In(r, unicode.Latin, unicode.Nd)
}

// newConstants are all constants of a brief by their first byte, longest first:
// those of the protocol, the period, and the types, regions and rule sets that
// its lines name.
func newConstants(b configtrail.Brief) map[byte][]constant {
	var all []constant
	for _, text := range words().constants {
		all = append(all, constant{text: text})
	}
	months := []configtrail.Month{b.Month}
	for _, l := range b.Lines {
		if l.About == configtrail.AboutMonthBefore && len(months) == 1 {
			months = append(months, b.Month.Add(-1))
		}
		for _, name := range l.Types {
			all = append(all, constant{text: name, typ: name})
		}
		for _, name := range l.Regions {
			all = append(all, constant{text: name, region: name})
		}
		for _, name := range l.Sets {
			all = append(all, constant{text: name, set: name})
		}
	}
	for _, m := range months {
		for _, text := range spellings(m) {
			all = append(all, constant{text: text})
		}
	}
	by := map[byte][]constant{}
	seen := map[string]bool{}
	for _, one := range all {
		if one.text != "" && !seen[one.text] {
			seen[one.text] = true
			by[one.text[0]] = append(by[one.text[0]], one)
		}
	}
	for _, list := range by {
		sortConstants(list)
	}
	return by
}

// spellings are how a month may be written.
func spellings(m configtrail.Month) []string {
	return []string{
		m.String(), fmt.Sprintf("%d年%d月", m.Year, int(m.Month)), fmt.Sprintf("%d年 %d月", m.Year, int(m.Month)),
		fmt.Sprintf("%d月", int(m.Month)), fmt.Sprintf("%s %d", m.Month, m.Year), m.Month.String(),
	}
}
