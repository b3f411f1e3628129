package analyst

import (
	"unicode/utf8"

	"configtrail"
	"configtrail/internal/message"
)

// Values are printed where references stand, so what stands beside them must not
// make another value of them: ⟦b1⟧⟦b2⟧, ⟦b1⟧.⟦b2⟧, -⟦b1⟧, ⟦b1⟧k, at least ⟦b1⟧.
var (
	glued   = configtrail.Pattern(refMark + `[^\pL]*` + refMark + `|` + refMark + aliasMark + `|` + aliasMark + refMark)
	signed  = configtrail.Pattern(`[-–—―−+/.,:;'"]` + refMark + `|` + refMark + `(?:[-–—―/:'"A-Za-z]|[.,][^\s\pL」』)]|` + `[.,]` + refMark + `)`)
	counted = configtrail.Pattern(refMark + ` ?(?:[割%‰倍つ回人台名番位点度歳年月日時分秒週]|か所|か月|ヶ|カ所|箇所|以上|以下|未満|超|を超|を上回る|を下回る|弱|強|余り|あまり|もの間|or (?:more|less|fewer)|times\b|and (?:more|counting))`)
	bounded = configtrail.Pattern(`(?i)(?:少なくとも|最大|最低|最低でも|最高|最小|最大で|最大でも|のべ|延べ|\bat (?:least|most)|\bup to|\bmore than|\bless than|\bfewer than|\bgreater than|\bover|\bunder|\bminus|\bplus|\btop|\bno\.?|\bnumber) ?` + refMark)
	aged    = configtrail.Pattern(aliasMark + `[-A-Za-z]`)
)

// place reports references whose surroundings change what they say.
func (c *checker) place(s sentence) []string {
	var all []string
	if glued().MatchString(s.text) {
		all = append(all, "references and names have to be parted by words")
	}
	if signed().MatchString(s.text) || aged().MatchString(s.text) {
		all = append(all, "no sign or letter may touch a reference or a name")
	}
	if counted().MatchString(s.text) || bounded().MatchString(s.text) {
		all = append(all, "a reference prints an exact value with its unit; add no unit, bound or factor")
	}
	if letters(s.text) == 0 && len(s.refs)+len(s.aliases)+len(s.constants) == 0 {
		all = append(all, "a line has to hold words")
	}
	if len(s.refs) > 0 && letters(s.text) < c.fewest() {
		all = append(all, "a sentence has to say what its reference is about")
	}
	return all
}

// fewest is how many letters a sentence with a reference has at least.
func (c *checker) fewest() int {
	if c.lang == message.Japanese {
		return 4
	}
	return 8
}

var letterRun = configtrail.Pattern(`\pL+`)

func letters(text string) int {
	n := 0
	for _, run := range letterRun().FindAllString(text, -1) {
		n += utf8.RuneCountInString(run)
	}
	return n
}
