package analyst

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"configtrail"
)

// phrase is a claim as either language words it. Both are looked for in every
// text, so that none hides in the other language.
type phrase struct{ ja, en func() *regexp.Regexp }

// newPhrase takes a pattern of Japanese, which needs no ASCII letter, and one of
// English, which needs one.
func newPhrase(ja, en string) phrase {
	return phrase{configtrail.Pattern(ja), configtrail.Pattern(`(?i)` + en)}
}

// in reports whether a text makes the claim. Most texts are of one language, and
// looking for the other's words is what takes time.
func (p phrase) in(text string) bool {
	return strings.ContainsFunc(text, isLetter) && p.en().MatchString(text) ||
		strings.ContainsFunc(text, isWide) && p.ja().MatchString(text)
}

// cut is a text without it.
func (p phrase) cut(text string) string {
	return p.en().ReplaceAllString(p.ja().ReplaceAllString(text, ""), "")
}

// isWide reports characters of Japanese.
func isWide(r rune) bool { return r >= 0x3000 && r < firstRef }

// severityWords are how grave a finding is called.
var severityWords = []struct {
	severity string
	words    phrase
}{
	{"critical", newPhrase(`重大|緊急|クリティカル`, `\bcritical\b`)},
	{"high", newPhrase(`(?:重要度|深刻度|リスク)[はがの]?「?高|高い(?:重要度|深刻度)|高リスク`, `\bhigh[- ](?:severity|risk)|\bseverity (?:is )?high`)},
	{"medium", newPhrase(`中程度|(?:重要度|深刻度)[はがの]?「?中`, `\bmedium\b|\bmoderate\b`)},
	{"low", newPhrase(`軽微|些細|無害|(?:重要度|深刻度)[はがの]?「?低`, `\blow[- ](?:severity|risk)|\bminor\b|\btrivial\b|\bharmless\b`)},
}

// severities reports a finding that is called graver or milder than it is.
func (c *checker) severities(s sentence) []string {
	var named []string
	for _, w := range severityWords {
		if w.words.in(s.text) {
			named = append(named, w.severity)
		}
	}
	var all []string
	for _, l := range s.refs {
		if len(named) > 0 && l.Severity != "" && !slices.Contains(named, l.Severity) {
			all = append(all, fmt.Sprintf("the severity of ⟦%s⟧ is %s", l.Ref, l.Severity))
		}
	}
	return all
}

// noDirection are words that hold one of direction and tell none.
var noDirection = configtrail.Pattern(`軽減|低減|加減|増強|増設|削減|より(?:多|少な)い(?:可能性|かもしれ)`)

// direction is one way a figure can go.
type direction struct {
	trend configtrail.Trend
	words phrase
}

// directions are words of a step, by its sign.
var directions = []direction{
	{configtrail.Up, newPhrase(`増|上回|上昇|伸び|伸長|多くな|(?:より|比べて)`+refMark+`?[件個]?も?多`, `\bincreas\w*|\brose\b|\bris(?:e|es|en|ing)\b|\bgrew\b|\bgrow(?:s|n|th|ing)?\b|\bclimb\w*|\bsurg(?:e|ed|es|ing)\b|\bjump\w*|\bspik(?:e|ed|es|ing)\b|`+
		`\bsoar\w*|\bexceed\w*|\boutnumber\w*|\boutpac\w*|\b(?:more|greater|higher|larger|busier)\b.{0,40}\bthan\b|`+
		`\bup (?:from|by|on|against|over|compared|sharply|slightly)\b|\b(?:is|are|was|were|went|gone|going|trended|edged) up\b|\buptick\b|\bupwards?\b|`+
		`\babove (?:the )?(?:last|previous|prior|month)`)},
	{configtrail.Down, newPhrase(`減|下回|低下|下落|落ち込|落ち着|少なくな|(?:より|比べて)`+refMark+`?[件個]?も?少な`, `\bdecreas\w*|\bfell\b|\bfall(?:s|en|ing)?\b|\bdrop(?:s|ped|ping)?\b|\bdeclin\w*|\bshr[aiu]nk\w*|\bdip(?:s|ped)?\b|\bslump\w*|\bplung\w*|\bplummet\w*|`+
		`\bdwindl\w*|\bslid\b|\b(?:fewer|less|lower|smaller|quieter)\b.{0,40}\bthan\b|\bdown (?:from|by|on|against|compared|sharply|slightly)\b|`+
		`\b(?:is|are|was|were|went|gone|going|trended|edged) down\b|\bdownwards?\b|\bdownturn\b|\bbelow (?:the )?(?:last|previous|prior|month)|\breduced\b`)},
	{configtrail.Level, newPhrase(`横ばい|横這い|変わらず|変わらない|変わりなく|変わりません|変わりはな|同程度|同水準|同じ水準|ほぼ同じ|同数|同件数`, `\bunchanged\b|\bflat\b|\bsteady\b|\bthe same (?:as|number)\b|\blevel with\b|\bon par\b`)},
}

// negation is whatever may turn a sentence round.
var negation = newPhrase(`ない|なかっ|なく|なし|ませ|ぬ|ず(?:、|に|。|,|$)`, `\bnot\b|n't|n’t|\bno\b|\bnone\b|\bnever\b|\bwithout\b|\bneither\b|\bnor\b|\bhardly\b|\bbarely\b|\bfail|\bcannot\b`)

// trendsIn are the directions that a text tells.
func trendsIn(text string) (told []configtrail.Trend, rest string) {
	text = noDirection().ReplaceAllString(text, "")
	for _, d := range directions {
		if d.words.in(text) {
			told = append(told, d.trend)
			text = d.words.cut(text)
		}
	}
	return told, text
}

// stepEnd parts what goes one way from what goes another: created ones rose to
// ⟦b2⟧, while deleted ones fell to ⟦b4⟧.
var stepEnd = configtrail.Pattern(`[、,;]| and | while | but `)

// direction reports a step that is told the wrong way round, or can't be told at
// all. A sentence with a word of direction cites a line with that trend, nothing
// with another trend or none but the month before, and has no negation: that
// would leave open what it says. Where it tells several directions, the same
// holds for each of its clauses that tells one.
func (c *checker) direction(s sentence) []string {
	told, _ := trendsIn(s.text)
	switch len(told) {
	case 0:
		return nil
	case 1:
		return steps(s.text, s.refs)
	}
	var all []string
	i := 0
	for _, clause := range stepEnd().Split(s.text, -1) {
		n := strings.Count(strings.Map(markOnly, clause), "x")
		if told, _ := trendsIn(clause); len(told) > 0 {
			all = append(all, steps(clause, s.refs[i:i+n])...)
		}
		i += n
	}
	return all
}

// markOnly keeps a reference's mark as an x and drops everything else.
func markOnly(r rune) rune {
	if isRef(r) {
		return 'x'
	}
	return -1
}

// steps holds one text against the lines it cites.
func steps(text string, refs []configtrail.BriefLine) []string {
	told, rest := trendsIn(text)
	switch {
	case len(told) > 1:
		return []string{"tell one direction a sentence"}
	case negation.in(rest):
		return []string{"tell a direction without a negation"}
	}
	var all []string
	shown := false
	for _, l := range refs {
		switch {
		case l.About == configtrail.AboutMonthBefore || l.Unit == configtrail.UnitNone:
		case l.Trend == configtrail.NotCompared:
			all = append(all, fmt.Sprintf("⟦%s⟧ is not compared with anything, so no direction can be told of it", l.Ref))
		case l.Trend != told[0]:
			all = append(all, fmt.Sprintf("the trend of ⟦%s⟧ is %s", l.Ref, l.Trend))
		default:
			shown = true
		}
	}
	if !shown && len(all) == 0 {
		all = append(all, "a direction needs a line with that trend in the same sentence")
	}
	return all
}

var (
	mostWords  = newPhrase(`最も多|もっとも多|最多|一番多|最大|首位`, `\bthe most(?: ?[,.;]|\b ?(?:changes|active|activity|of)\b)|\bmost (?:changes|active)\b|\blargest\b|\bbiggest\b|\bbusiest\b|\bhighest number\b`)
	leastWords = newPhrase(`最も少|もっとも少|最少|最小`, `\bfewest\b|\bleast (?:changes|active)\b|\bsmallest\b|\bquietest\b`)
)

// most reports a group that is called the largest and is not, or the smallest,
// which a brief of the larger ones can't tell.
func (c *checker) most(s sentence) []string {
	most, least := mostWords.in(s.text), leastWords.in(s.text)
	if !most && !least {
		return nil
	}
	shown := false
	var all []string
	for _, l := range s.refs {
		if l.About != configtrail.AboutGroup {
			continue
		}
		if least || c.leaders[l.What] != l.Ref {
			all = append(all, fmt.Sprintf("⟦%s⟧ is not known to be that", l.Ref))
		}
		shown = true
	}
	if !shown {
		all = append(all, "the most or the least of something needs its line in the same sentence")
	}
	return all
}

var (
	absenceWords = newPhrase(`ありません|ございません|(?:見られ|見当たり|見つかり|検出され|記録され|発生し|確認され|認められ|見当たら|見つから)(?:ません|なかっ|ず|ない)|なかっ|`+
		`[はがも](?:ない|なし|無い|無し|無く|なく)|(?:異常|問題|変更|検出)(?:なし|無し)|問題(?:は|が)?(?:な|無|あり?ませ)|正常|平穏|無事`,
		`\bno\b|\bnone\b|\bnothing\b|\bnobody\b|\bnever\b|\bwithout any\b|\bnot any\b|n't any\b|\babsen(?:t|ce)\b|\buneventful\b|\bnot (?:found|detected|recorded|seen)\b|\bfree of\b`)
	noAbsence = newPhrase(`ではありません|できません|ないか`, `\bno longer\b|\bno later\b`)
)

// worries are what a sentence can soothe a reader about.
var worries = newPhrase(`異常|問題|懸念|心配|リスク|不審|危険|正常|平穏|無事`,
	`\bunusual\b|\babnormal|\bsuspicious\b|\bwrong\b|\bproblems?\b|\bconcern|\bissues?\b|\brisks?\b|\bworr|\buneventful\b|\bnothing (?:to|stands|stood|happened|of note)\b|\bnotable\b|\battention\b`)

// absence reports a sentence that says that there is nothing. That takes a line
// that counts none of just that, or one that says what is not covered. That
// nothing is wrong can't be said at all: a brief tells what was looked for, not
// what could have been.
func (c *checker) absence(s sentence) []string {
	var all []string
	i := 0
	for _, clause := range stepEnd().Split(s.text, -1) {
		n := strings.Count(strings.Map(markOnly, clause), "x")
		refs := s.refs[i : i+n]
		i += n
		if !absenceWords.in(noAbsence.cut(clause)) {
			continue
		}
		if worries.in(clause) {
			return []string{"the brief can't say that all is well"}
		}
		if n == 0 { // what it speaks of stands elsewhere in the sentence
			refs = s.refs
		}
		for _, l := range refs {
			if of := l.About; of != configtrail.AboutGap && of != configtrail.AboutCoverage && !(l.Unit.Counts() && l.N == 0) ||
				of == configtrail.AboutCoverage && l.Unit.Counts() && l.N != 0 {
				all = append(all, fmt.Sprintf("⟦%s⟧ does not say that there is nothing", l.Ref))
			}
		}
		if len(refs) == 0 {
			all = append(all, "that there is nothing needs a line that says so in the same sentence")
		}
	}
	return all
}

var (
	causeWords = newPhrase(`原因|せいで|引き起こ`, `\bbecause\b|\bcaused? by\b|\bdue to\b|\bas a result of\b`)
	hedges     = newPhrase(`可能性|かもしれ|推定|考えられ|思われ|恐れ|おそれ|不明|わから|調べ|調査|確認|特定|ください`,
		`\bmay\b|\bmight\b|\bcould\b|\bpossibl|\bperhaps\b|\blikely\b|\bprobabl|\bunknown\b|\bfind out\b|\bcheck\b|\bconfirm\b|\binvestigat|\bidentif|\bflagged\b|\blearn\b`)
)

// cause reports a cause that is told as a fact: a brief holds none.
func (c *checker) cause(s sentence) []string {
	if causeWords.in(s.text) && !hedges.in(s.text) {
		return []string{"a cause can only be told as a guess"}
	}
	return nil
}
