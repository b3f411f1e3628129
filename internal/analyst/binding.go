package analyst

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"configtrail"
)

// subject reports a sentence that cites a line and speaks of something that the
// line is not about: another name, type, region or rule set. So a right figure
// can't be told of the wrong resource.
func (c *checker) subject(s sentence) []string {
	if len(s.refs)+len(s.aliases)+len(s.constants) == 0 {
		return nil
	}
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	spoken := c.spoken(s)
	for _, l := range s.refs {
		for _, alias := range s.aliases {
			if !slices.Contains(l.Aliases, alias) {
				add("⟦%s⟧ is not about %s", l.Ref, alias)
			}
		}
		for _, k := range s.constants {
			if k.typ != "" && !slices.Contains(l.Types, k.typ) || k.region != "" && !slices.Contains(l.Regions, k.region) ||
				k.set != "" && !slices.Contains(l.Sets, k.set) {
				add("⟦%s⟧ is not about %s", l.Ref, k.text)
			}
		}
		for prefix, word := range spoken {
			if !anyPrefix(l.Types, prefix) {
				add("⟦%s⟧ is not about %s", l.Ref, word)
			}
		}
	}
	for _, alias := range s.aliases {
		for prefix, word := range spoken {
			if types := c.typesOf[alias]; len(types) > 0 && !anyPrefix(types, prefix) {
				add("%s is no %s", alias, word)
			}
		}
	}
	for i, a := range s.aliases {
		for _, b := range s.aliases[:i] {
			if len(s.refs) == 0 && kindOfAlias(a) != kindOfAlias(b) && !c.together(a, b) {
				add("no line names %s and %s together", b, a)
			}
		}
	}
	for _, k := range s.constants {
		if k.set != "" && len(s.refs) == 0 {
			add("%s needs the line that names it", k.text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// kindOfAlias is res of res_17.
func kindOfAlias(alias string) string {
	kind, _, _ := strings.Cut(alias, "_")
	return kind
}

// together reports whether any line names both.
func (c *checker) together(a, b string) bool {
	return slices.ContainsFunc(c.brief.Lines, func(l configtrail.BriefLine) bool {
		return slices.Contains(l.Aliases, a) && slices.Contains(l.Aliases, b)
	})
}

func anyPrefix(types []string, prefix string) bool {
	return slices.ContainsFunc(types, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// spoken gives the prefixes of the types that a sentence speaks of, with a word for each.
func (c *checker) spoken(s sentence) map[string]string {
	text := s.text
	if len(s.constants) > 0 { // S3 and EC2 are constants
		var b strings.Builder
		i := 0
		for _, r := range s.text {
			if r >= firstConstant && r < pastConstant {
				b.WriteString(s.constants[i].text)
				i++
				continue
			}
			b.WriteRune(r)
		}
		text = b.String()
	}
	found := map[string]string{}
	lower := strings.ToLower(text)
	for _, one := range c.subjects {
		if !slices.ContainsFunc(one.plain, func(word string) bool { return strings.Contains(lower, word) }) {
			continue
		}
		if word := one.words.FindString(text); word != "" {
			found[one.prefix] = strings.TrimFunc(word, func(r rune) bool { return strings.ContainsRune(" 、。「」()", r) })
		}
	}
	return found
}

// kindWords are what happened, in words. What comes first hides what it holds.
var kindWords = []struct {
	kind  configtrail.Kind
	words phrase
}{
	{configtrail.Recreated, newPhrase(`再作成`, `\bre-?creat\w*`)},
	{configtrail.Created, newPhrase(`作成|新規`, `\bcreat\w*`)},
	{configtrail.Updated, newPhrase(`更新`, `\bupdat\w*`)},
	{configtrail.Deleted, newPhrase(`削除`, `\bdelet\w*`)},
}

// kindsIn are the kinds that a text speaks of.
func kindsIn(text string) []configtrail.Kind {
	var all []configtrail.Kind
	for _, k := range kindWords {
		if k.words.in(text) {
			all = append(all, k.kind)
			text = k.words.cut(text)
		}
	}
	return all
}

// clauseEnd parts what is listed: created ⟦b2⟧, updated ⟦b3⟧ and deleted ⟦b4⟧.
var clauseEnd = configtrail.Pattern(`[、,;・()（）]| and |(` + refMark + `)(?:と|および|及び|や)`)

// kinds reports a figure of one kind of change that is told of another kind.
func (c *checker) kinds(s sentence) []string {
	whole := kindsIn(s.text)
	if len(whole) == 0 {
		return nil
	}
	var all []string
	for _, alias := range s.aliases {
		if of := c.kindsOf[alias]; len(s.refs) == 0 && len(of) > 0 && !slices.Contains(of, whole[0]) {
			all = append(all, fmt.Sprintf("%s was %s", alias, of[0]))
		}
	}
	i := 0
	for _, clause := range strings.Split(clauseEnd().ReplaceAllString(s.text, "$1\x00"), "\x00") {
		here := kindsIn(clause)
		for _, r := range clause {
			if !isRef(r) {
				continue
			}
			l := s.refs[i]
			i++
			of, ok := kindOf(l)
			if ok && len(here) > 0 && !slices.Equal(here, of) || ok && len(here) == 0 && len(of) > 0 && !slices.Contains(whole, of[0]) {
				all = append(all, fmt.Sprintf("⟦%s⟧ is about %s", l.Ref, l.What))
			}
		}
	}
	return all
}

// kindOf is the kind that a line counts or dates: one, or none where it counts
// all kinds; false where kinds don't matter.
func kindOf(l configtrail.BriefLine) ([]configtrail.Kind, bool) {
	switch l.About {
	case configtrail.AboutTotal, configtrail.AboutMonthBefore, configtrail.AboutChange:
		if kind := configtrail.Kind(l.What); slices.Contains(configtrail.Kinds, kind) {
			return []configtrail.Kind{kind}, true
		}
		return nil, l.What == "noise"
	}
	return nil, false
}

// unitWords are what is counted, in words.
var unitWords = []struct {
	unit  configtrail.Unit
	words string
}{
	{configtrail.UnitResources, `リソース|resources?`},
	{configtrail.UnitAccounts, `アカウント|accounts?`},
	{configtrail.UnitChanges, `変更|changes?|deletions?|updates?|creations?`},
	{configtrail.UnitFindings, `検出|指摘|findings?`},
	{configtrail.UnitGaps, `途切れ|ギャップ|gaps?`},
}

// behind and before match a reference and the word of a unit: right behind it, or right
// before it where no such word is behind it.
var behind, before = func() (behind, before []func() *regexp.Regexp) {
	for _, u := range unitWords {
		behind = append(behind, configtrail.Pattern(`(?i)(`+refMark+`) ?の?(?:AWS |distinct |different |affected |other |more )?(?:`+u.words+`)`))
		before = append(before, configtrail.Pattern(`(?i)(?:`+u.words+`)(?:数|件数|の数|の件数|の総数)?(?:は|が|:|: )(`+refMark+`)`))
	}
	return behind, before
}()

// countedAs matches a reference and a counter behind it. Its own one is left out
// when the value is put in.
var countedAs = configtrail.Pattern(`(` + refMark + `)([件個])`)

// units reports a figure of one thing that is told of another: accounts as resources.
func (c *checker) units(s sentence) []string {
	if len(s.refs) == 0 {
		return nil
	}
	said := map[rune]configtrail.Unit{} // by the mark of a reference
	for _, forms := range [][]func() *regexp.Regexp{behind, before} {
		found := map[rune]configtrail.Unit{}
		for i, form := range forms {
			for _, match := range form().FindAllStringSubmatch(s.text, -1) {
				found[[]rune(match[1])[0]] = unitWords[i].unit
			}
		}
		for mark, unit := range found {
			if _, known := said[mark]; !known {
				said[mark] = unit
			}
		}
	}
	var all []string
	for _, match := range countedAs().FindAllStringSubmatch(s.text, -1) {
		l := s.at([]rune(match[1])[0])
		if pieces := l.Unit == configtrail.UnitResources || l.Unit == configtrail.UnitAccounts; !l.Unit.Counts() || pieces != (match[2] == "個") {
			all = append(all, fmt.Sprintf("⟦%s⟧ is printed with its own counter", l.Ref))
		}
	}
	for mark, unit := range said {
		if l := s.at(mark); l.Unit.Counts() && l.Unit != unit {
			all = append(all, fmt.Sprintf("⟦%s⟧ counts %s", l.Ref, l.Unit))
		}
	}
	slices.Sort(all)
	return all
}

// at is the line of a reference's mark in the sentence.
func (s sentence) at(mark rune) configtrail.BriefLine {
	i := 0
	for _, r := range s.text {
		if r == mark {
			return s.refs[i]
		}
		if isRef(r) {
			i++
		}
	}
	return configtrail.BriefLine{}
}
