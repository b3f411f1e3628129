package messages

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// conversation is what a request says, as a model would read it.
type conversation struct {
	model         string
	system, input int // tokens, about
	turns         int
	japanese      bool
	month         string // 2024-11
	lines         []line
}

// line is one line of the brief that stands in the prompt.
type line struct {
	ref, about, what string
	fields           map[string]string
}

var monthForm = regexp.MustCompile(`(?m)^Month: ([0-9]{4}-[0-9]{2})`)

func newConversation(body map[string]any, size int) conversation {
	turns, _ := body["messages"].([]any)
	c := conversation{turns: len(turns), input: size / 4, system: len(strings.Join(texts(body["system"]), "")) / 4}
	c.model, _ = body["model"].(string)
	first, _ := turns[0].(map[string]any)
	prompt := strings.Join(texts(first["content"]), "\n")
	c.japanese = strings.Contains(prompt, "Language: Japanese")
	if match := monthForm.FindStringSubmatch(prompt); match != nil {
		c.month = match[1]
	}
	for text := range strings.Lines(prompt) {
		fields := strings.Split(strings.TrimSuffix(text, "\n"), "\t")
		if len(fields) < 3 || !strings.HasPrefix(fields[0], "⟦") {
			continue
		}
		l := line{fields[0], fields[1], fields[2], map[string]string{}}
		for _, field := range fields[3:] {
			name, value, _ := strings.Cut(field, "=")
			l.fields[name] = value
		}
		c.lines = append(c.lines, l)
	}
	return c
}

// mending reports whether the model is asked to mend what it wrote.
func (c conversation) mending() bool { return c.turns > 1 }

// pick is one of two texts, by the language that is asked for.
func (c conversation) pick(japanese, english string) string {
	if c.japanese {
		return japanese
	}
	return english
}

// find is the first line of a topic and a figure; "" is any figure.
func (c conversation) find(about, what string) (line, bool) {
	i := slices.IndexFunc(c.lines, func(l line) bool { return l.about == about && (what == "" || l.what == what) })
	if i < 0 {
		return line{}, false
	}
	return c.lines[i], true
}

// name is the alias of a kind that a line names: res, acct, actor.
func (l line) name(kind string) string {
	for _, alias := range strings.Fields(l.fields["names"]) {
		if strings.HasPrefix(alias, kind+"_") {
			return alias
		}
	}
	return ""
}

// honest is prose that says what the brief says.
func (c conversation) honest() string { return c.told(nil) }

// told is prose by the brief, with its trends turned as asked.
func (c conversation) told(turned map[string]string) string {
	var paragraphs []string
	for _, one := range [][]string{c.overview(turned), c.groups(), c.findings(), c.coverage(), c.advice()} {
		if len(one) > 0 {
			paragraphs = append(paragraphs, strings.Join(one, c.pick("", " ")))
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// overview tells the figures of the month and how they compare.
func (c conversation) overview(turned map[string]string) []string {
	total, ok := c.find("total", "changes")
	if !ok {
		return nil
	}
	trend := total.fields["trend"]
	if other, ok := turned[trend]; ok {
		trend = other
	}
	var all []string
	say := func(japanese, english string, args ...any) {
		all = append(all, fmt.Sprintf(c.pick(japanese, english), args...))
	}
	switch before, _ := c.find("month_before", "changes"); trend {
	case "up":
		say("この月の変更は、前月の%sから増えて%sになりました。", "Compared with the %s changes of the month before, the month saw an increase to %s.", before.ref, total.ref)
	case "down":
		say("この月の変更は、前月の%sから減って%sになりました。", "Compared with the %s changes of the month before, the month saw a decrease to %s.", before.ref, total.ref)
	case "level":
		say("この月の変更は%sで、前月と横ばいです。", "The month saw %s changes, on par with the month before.", total.ref)
	default:
		say("この月に記録された変更は%sです。", "The month saw %s changes.", total.ref)
	}
	var kinds []string
	for _, k := range [][3]string{{"created", "作成", "created"}, {"updated", "更新", "updated"}, {"deleted", "削除", "deleted"}, {"recreated", "再作成", "recreated"}} {
		if l, ok := c.find("total", k[0]); ok && !strings.HasPrefix(l.fields["value"], "0 ") {
			kinds = append(kinds, fmt.Sprintf(c.pick(k[1]+"が%s", "%s "+k[2]), l.ref))
		}
	}
	if len(kinds) > 0 {
		say("内訳は、%sです。", "Of these, there were %s.", strings.Join(kinds, c.pick("、", ", ")))
	}
	if resources, ok := c.find("total", "resources"); ok {
		if accounts, ok := c.find("total", "accounts"); ok {
			say("変更のあったリソースは%s、アカウントは%sです。", "They touched %s resources in %s accounts.", resources.ref, accounts.ref)
		}
	}
	return all
}

// groups tells where most happened.
func (c conversation) groups() []string {
	var all []string
	if l, ok := c.find("group", "account"); ok {
		all = append(all, fmt.Sprintf(c.pick("アカウント別では、%sの変更が最も多く、%sを占めました。", "The account with the most changes was %s, with %s of them."), l.name("acct"), l.ref))
	}
	if l, ok := c.find("group", "type"); ok && l.fields["types"] != "" {
		all = append(all, fmt.Sprintf(c.pick("種類別では、%sの変更が最も多く、%sでした。", "The type with the most changes was %s, with %s of them."), l.fields["types"], l.ref))
	}
	return all
}

// grades are how findings are called.
var grades = map[string][2]string{
	"critical": {"重大な", "A critical"}, "high": {"重要度の高い", "A high-severity"},
	"medium": {"中程度の", "A medium"}, "low": {"軽微な", "A low-severity"},
}

// findings tells what was flagged, the gravest first.
func (c conversation) findings() []string {
	const atMost = 5
	var all []string
	for _, l := range c.lines {
		grade, graded := grades[l.fields["severity"]]
		if l.about != "finding" || !graded || len(all) == atMost {
			continue
		}
		means := l.fields["means"]
		if means != "" {
			means = c.pick("（"+means+"）", " ("+means+")")
		}
		at := l.name("res")
		if at == "" {
			at = l.name("acct")
		}
		all = append(all, fmt.Sprintf(c.pick("%[1]sに、%[2]sで%[3]s検出%[4]sがありました。", "%[3]s finding%[4]s concerns %[2]s at %[1]s."),
			l.ref, at, c.pick(grade[0], grade[1]), means))
	}
	return all
}

// coverage tells what is not known.
func (c conversation) coverage() []string {
	var all []string
	for _, l := range c.lines {
		if l.about == "gap" && l.what == "no_delivery" && l.name("acct") != "" && l.fields["value"] != "" && len(all) < 3 {
			all = append(all, fmt.Sprintf(c.pick("%[2]sでは、%[1]sからのデータがそろっていません。", "For %[2]s the data that begins at %[1]s is incomplete."), l.ref, l.name("acct")))
		}
	}
	return all
}

func (c conversation) advice() []string {
	return []string{c.pick("まず、検出された変更が意図したものかどうかを、担当者に確認してください。設定の公開範囲や権限に関わるものから順に見ることをおすすめします。",
		"First, ask the owners whether the changes flagged here were intended. Begin with those that concern public access and permissions.")}
}

// misplaced tells a right figure of the wrong resource or account.
func (c conversation) misplaced() string {
	other := ""
	for _, l := range c.lines {
		for _, alias := range strings.Fields(l.fields["names"]) {
			other = alias
		}
	}
	for _, l := range c.lines {
		if l.about == "group" && l.fields["names"] != "" && l.name("acct") != other {
			return fmt.Sprintf(c.pick("%sでは%sの変更がありました。", "There were changes in %s, %s of them."), other, l.ref)
		}
	}
	total, _ := c.find("total", "changes")
	return fmt.Sprintf(c.pick("%sでは%sの変更がありました。", "There were changes in %s, %s of them."), other, total.ref)
}
