package analyst

import (
	"fmt"
	"regexp"

	"configtrail"
)

// monthBefore is how English calls it.
const monthBefore = `(?:month before|month earlier|(?:previous|prior|preceding|last) month)`

// roles are places in a comparison that only one kind of figure can take: what
// grew by, what it grew from, what it grew to. A right figure in the place of
// another is a wrong one.
var roles = []struct {
	form func() *regexp.Regexp
	fits func(configtrail.BriefLine) bool
	what string
}{
	{configtrail.Pattern(`(?i)\b(?:increas\w*|rose|ris(?:e|es|en|ing)|gr[eo]w\w*|climb\w*|jump\w*|surg\w*|soar\w*|decreas\w*|fell|fall\w*|drop\w*|declin\w*|dip\w*|up|down)(?: \w+)? (?:by|of) (` + refMark +
		`)|(` + refMark + `)(?: changes| of them)? (?:more|fewer|less)\b|(` + refMark + `)[件個]?の?(?:増|減|多[くい]|少な[くい]|上回|下回)`),
		func(l configtrail.BriefLine) bool { return l.About == configtrail.AboutDifference }, "is no difference between months"},
	{configtrail.Pattern(`(?i)\b(?:to|at|reach\w*) (` + refMark + `)|(` + refMark + `)[件個]?[にへと](?:増|減|上昇|低下|達し|な[りっ])`),
		func(l configtrail.BriefLine) bool {
			return l.About != configtrail.AboutDifference && l.About != configtrail.AboutMonthBefore
		}, "is no figure of the month itself"},
	{configtrail.Pattern(`(?i)\bfrom (?:the )?(` + refMark + `)|(` + refMark + `)(?:件|個|リソース)?から`), ofMonthBefore, "is no figure of the month before"},
	{configtrail.Pattern(`(?:前月|先月)(?:の|は|が|の実績)?[(「]?(?:変更)?(?:数|件数)?[はが]?(` + refMark + `)|(?i)(` + refMark +
		`)(?: \w+)? (?:in|of|during|for) the ` + monthBefore + `|` + monthBefore + `(?:['’]s)? (?:total |figure )?(?:of |was |had |saw |with |\()(` + refMark + `)`),
		ofMonthBefore, "is no figure of the month before"},
}

func ofMonthBefore(l configtrail.BriefLine) bool { return l.About == configtrail.AboutMonthBefore }

// role reports a figure in the place of another: from the month's figure to that
// of the month before, or a rise by the month's whole.
func (c *checker) role(s sentence) []string {
	var all []string
	for _, r := range roles {
		for _, match := range r.form().FindAllStringSubmatch(s.text, -1) {
			for _, group := range match[1:] {
				if group == "" {
					continue
				}
				if l := s.at([]rune(group)[0]); l.Unit.Counts() && !r.fits(l) {
					all = append(all, fmt.Sprintf("⟦%s⟧ %s", l.Ref, r.what))
				}
			}
		}
	}
	return all
}

// otherBaselines are comparisons with anything but the month before.
var otherBaselines = newPhrase(`前年|昨年|去年|例年|平年|先週|前週|前日|前々月|先々月|過去最|史上|初めて|年間|年ぶり|か月ぶり`,
	`\b(?:last|previous|prior|past|this) (?:year|week|day|decade)\b|\byear[- ]o(?:n|ver)[- ]year\b|\ball-time\b|\brecord (?:high|low)\b|\bfor the first time\b|\bever\b|\bannual`)

// Words of how far a figure moved.
var (
	greatly  = newPhrase(`大幅|急増|激増|急減|激減|大きく[増減]|著しく`, `\bsharp|\bsurg|\bsoar|\bplung|\bplummet|\bspik|\bjump|\bsteep|\bdramatic|\bhuge|\bmassive`)
	slightly = newPhrase(`わずか|微増|微減|若干|やや`, `\bslight|\bmarginal|\ba little\b|\bmodest`)
)

// How far a month's figure has to be from that of the month before to be called
// greatly or slightly different.
const (
	greatStep  = 1.5
	slightStep = 1.25
)

// extent reports a step that is called greater or smaller than it is, and a
// comparison with a time that the brief knows nothing of.
func (c *checker) extent(s sentence) []string {
	if otherBaselines.in(s.text) {
		return []string{"the brief compares with the month before only"}
	}
	great, slight := greatly.in(s.text), slightly.in(s.text)
	if !great && !slight {
		return nil
	}
	var all []string
	for _, l := range s.refs {
		before, known := c.before[l.What]
		if l.About != configtrail.AboutTotal || !known || l.Trend == configtrail.NotCompared {
			continue
		}
		more, less := float64(max(l.N, before)), float64(min(l.N, before))
		if great && more < less*greatStep || slight && more > less*slightStep {
			all = append(all, fmt.Sprintf("the step of ⟦%s⟧ is not of that size", l.Ref))
		}
	}
	return all
}
