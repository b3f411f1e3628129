package analyst

import "fmt"

// What a brief never says, as it tells what changed and what was flagged, and
// nothing of what came of it: that something is safe, settled or not worth a
// look, that somebody attacked, or that something should be bought. Whoever gets
// a model to say so, by a tag or otherwise, is after just that.
var (
	comforts = newPhrase(`誤検知|過検知|対応[はが]?(?:不要|要りません|いりません)|無視して|心配[はしごな]|ご?安心|安全(?:です|な状態|に戻|であ|が確認)|`+
		`(?:解消|解決|修正|是正|復旧|対処)(?:済|され|しま|して(?:い|おり))|元に戻(?:って|りま|されて)|影響は(?:軽|小さ|限定|ほぼ|ありま)|軽い問題|問題視`,
		`\bfalse (?:alarm|positive)s?\b|\bignor(?:e|ed|able|ing)\b|\bsafely\b|\b(?:is|are|was|were|be|now|perfectly|completely|all|remains?) (?:safe|secure|fine|well|harmless|benign|ok|good)\b|`+
			`\bnot at risk\b|\bneed(?:s)? not\b|n['’]t (?:need|worry|have to)\b|\brest assured\b|\breassur|\b(?:was|were|is|are|been) (?:since |already |now |later )?(?:resolved|closed|fixed|remediated|reverted|restored|undone|settled)\b|`+
			`\broutine\b|\bnegligible\b|\bexpected behaviou?r\b|\bby design\b`)
	accusations = newPhrase(`攻撃|不正アクセス|侵害|侵入|悪意|漏えい|漏洩|流出|内部犯行`, `\battack|\bbreach|\bcompromis|\bmalicious|\bintru[ds]|\bhack|\bexfiltrat|\bleak|\bsabotage`)
	offers      = newPhrase(`購入|ご契約|製品|有償`, `\bbuy(?:ing)?\b|\bpurchas|\bsubscri|\bvendors?\b|\bbest[- ]in[- ]class\b|\bindustry[- ]leading\b|\bmarket[- ]leading\b|\bworld[- ]class\b|\bproducts?\b`)
	conditions  = newPhrase(`場合|であれば|なら|ければ|防ぐ|防止|備え`, `\bif\b|\bunless\b|\bwhether\b|\bprevent|\bagainst\b|\bin case\b|\buntil\b`)
)

// comfort reports what no brief supports.
func (c *checker) comfort(s sentence) []string {
	var all []string
	claims := func(p phrase, what string) {
		if p.in(s.text) {
			all = append(all, fmt.Sprintf("the brief does not say that %s", what))
		}
	}
	if !conditions.in(s.text) {
		claims(comforts, "anything is safe, settled or not worth a look")
		if !hedges.in(s.text) {
			claims(accusations, "anybody attacked or anything leaked")
		}
	}
	claims(offers, "anything should be bought")
	return all
}
