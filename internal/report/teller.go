package report

import (
	"fmt"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

// teller puts facts into words. What comes from data is made visible and cut to
// a readable length here; escaping is up to each format.
type teller struct {
	message.Printer
	*facts
}

// nameAtMost is how many characters of a name, an id or a value are shown.
const nameAtMost = 60

// say is the message of a key without arguments.
func (t teller) say(key string) string { return t.Text(key, nil) }

// list joins words as the language does: a, b, c.
func (t teller) list(words []string) string { return strings.Join(words, t.say("report.list")) }

// sentences joins whole sentences to a paragraph.
func (t teller) sentences(all []string) string {
	if t.Lang() == message.Japanese {
		return strings.Join(all, "")
	}
	return strings.Join(all, " ")
}

// account is an account as people know it: name (id).
func (t teller) account(id string) string {
	if name := t.Names[id]; name != "" {
		return show(name) + " (" + show(id) + ")"
	}
	return show(id)
}

// accountID is the id of an account that was asked for by id or by name; the
// text itself where it is no name, or that of several.
func (t teller) accountID(asked string) string {
	var ids []string
	for id, name := range t.Names {
		if name == asked {
			ids = append(ids, id)
		}
	}
	if len(ids) == 1 {
		return ids[0]
	}
	return asked
}

// place is an account and, where there is one, its region.
func (t teller) place(account, region string) string {
	switch {
	case account == "" && region == "":
		return t.say("report.place.unknown")
	case account == "":
		return show(region)
	case region == "":
		return t.account(account)
	}
	return t.account(account) + " " + show(region)
}

// types names a few resource types and counts the others.
func (t teller) types(types []string) string {
	const atMost = 3
	if len(types) == 0 {
		return t.say("report.coverage.all_types")
	}
	var names []string
	for _, name := range types {
		names = append(names, typeName(name))
	}
	if len(types) > atMost+1 {
		return t.Text("report.coverage.more_types", message.Args{"first": t.list(names[:atMost]), "n": len(types) - atMost})
	}
	return t.list(names)
}

// month is November 2024, or 2024年11月.
func (t teller) month(m configtrail.Month) string {
	name := m.Month.String()
	if t.Lang() == message.Japanese {
		name = fmt.Sprint(int(m.Month))
	}
	return t.Text("report.month", message.Args{"name": name, "year": fmt.Sprint(m.Year)})
}

// day is 5 November, or 11月5日, of 2024-11-05.
func (t teller) day(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return show(day)
	}
	if t.Lang() == message.Japanese {
		return fmt.Sprintf("%d月%d日", int(at.Month()), at.Day())
	}
	return fmt.Sprintf("%d %s", at.Day(), at.Month())
}

// moment is a time to the minute, in the report's zone.
func (t teller) moment(at time.Time) string {
	if at.IsZero() {
		return "…"
	}
	return at.In(t.Zone).Format("2006-01-02 15:04")
}

// show is text from data as it may stand in a sentence: one short line.
func show(text string) string { return shorten(configtrail.Visible(text), nameAtMost) }

// shorten cuts text to n characters, with … for what was cut.
func shorten(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// typeName is a resource type without the vendor: EC2 SecurityGroup.
func typeName(resourceType string) string {
	return show(strings.ReplaceAll(strings.TrimPrefix(resourceType, "AWS::"), "::", " "))
}

// factor is how many times usual fits into n, to one decimal: 2.5, 3.
func factor(n, usual int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(usual)), ".0")
}
