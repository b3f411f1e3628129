package analyst

import (
	"fmt"
	"slices"
	"strings"

	"configtrail"
)

// Words that a sentence has to hold for a figure to be what it says it is.
var (
	noiseWords    = newPhrase(`ノイズ`, `\bnoise\b`)
	beforeWords   = newPhrase(`前月|先月|前の月|前回`, `\bmonth before\b|\bmonth earlier\b|\b(?:previous|prior|preceding|last) month\b`)
	stepWords     = newPhrase(`差`, `\bdifference\b|\bgap between\b`)
	evidenceWords = newPhrase(`裏付け|根拠|証拠|該当|関連|検出|背景`, `\bevidence\b|\bbehind\b|\bbacked\b|\binvolv|\bfinding|\bburst\b|\bconsist`)
)

// countedWords are what a line counts, where that is not changes.
var countedWords = map[configtrail.Unit]phrase{
	configtrail.UnitResources: newPhrase(`リソース`, `\bresources?\b`),
	configtrail.UnitAccounts:  newPhrase(`アカウント`, `\baccounts?\b`),
	configtrail.UnitFindings:  newPhrase(`検出|指摘`, `\bfindings?\b`),
	configtrail.UnitGaps:      newPhrase(`途切れ|ギャップ|欠|抜け|空白`, `\bgaps?\b|\bmissing\b`),
	configtrail.UnitObjects:   newPhrase(`読み|読め|取り込め|隔離`, `\bread\b|\bunreadable\b|\bquarantined?\b`),
	configtrail.UnitCaptures:  newPhrase(`記録|取得`, `\bcaptures?d?\b|\brecords?\b|\brecorded\b`),
}

// named reports a figure whose sentence does not say what it counts, so that it
// could be taken for another: deletions for all changes, the month before for
// the month, one account for all of them.
func (c *checker) named(s sentence) []string {
	var all []string
	for _, l := range s.refs {
		if l.Unit.Counts() && !c.says(s, l) {
			all = append(all, fmt.Sprintf("say in the sentence what ⟦%s⟧ is: %s", l.Ref, strings.Join(slices.Concat(
				[]string{string(l.About), l.What}, l.Aliases, l.Types, l.Regions), " ")))
		}
	}
	return all
}

// says reports whether a sentence says what a line counts.
func (c *checker) says(s sentence, l configtrail.BriefLine) bool {
	if of, _ := kindOf(l); len(of) == 1 && !slices.Contains(kindsIn(s.text), of[0]) {
		return false
	}
	if words, ok := countedWords[l.Unit]; ok && !words.in(s.text) {
		return false
	}
	switch l.About {
	case configtrail.AboutTotal:
		return l.What != "noise" || noiseWords.in(s.text)
	case configtrail.AboutMonthBefore:
		return beforeWords.in(s.text) || c.holdsMonth(s, c.brief.Month.Add(-1))
	case configtrail.AboutDifference:
		return stepWords.in(s.text) || slices.ContainsFunc(directions, func(d direction) bool { return d.words.in(s.text) })
	case configtrail.AboutGroup:
		return c.namesAny(s, l)
	case configtrail.AboutEvidence:
		return c.namesAny(s, l) || evidenceWords.in(s.text)
	}
	return true
}

// holdsMonth reports whether a sentence names a month.
func (c *checker) holdsMonth(s sentence, m configtrail.Month) bool {
	return slices.ContainsFunc(s.constants, func(k constant) bool { return slices.Contains(spellings(m), k.text) })
}

// namesAny reports whether a sentence names any of what a line is about.
func (c *checker) namesAny(s sentence, l configtrail.BriefLine) bool {
	for _, alias := range s.aliases {
		if slices.Contains(l.Aliases, alias) {
			return true
		}
	}
	for _, k := range s.constants {
		if slices.Contains(l.Types, k.typ) || slices.Contains(l.Regions, k.region) {
			return true
		}
	}
	for prefix := range c.spoken(s) {
		if anyPrefix(l.Types, prefix) {
			return true
		}
	}
	return false
}
