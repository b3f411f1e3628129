package anomaly

import (
	"cmp"
	"strings"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// scene is one month as the detectors look at it. It puts what they saw into words.
type scene struct {
	*history.Month
	options Options

	calendar *calendar // made once, when the first detector asks
	coverage coverage
}

// known is the calendar of the days that counts are known of, and what is known
// of each; false where the month is not told.
func (s *scene) known() (calendar, coverage, bool) {
	if s.Summary.Window.From.IsZero() || !s.Summary.Window.From.Before(s.Summary.Window.To) {
		return calendar{}, coverage{}, false
	}
	if s.calendar == nil {
		since := s.options.Since
		if since.IsZero() {
			since = s.Summary.Window.From
			for _, e := range s.Earlier {
				if from := e.Month.Window(s.options.Zone).From; from.Before(since) {
					since = from
				}
			}
		}
		now := s.options.Now
		if now.IsZero() {
			now = s.Now
		}
		c := newCalendar(since, s.Summary.Window, now, s.options.Zone)
		s.calendar, s.coverage = &c, newCoverage(c, s.Month.Coverage)
	}
	return *s.calendar, s.coverage, true
}

// text is a message of the catalogue in the reader's language.
func (s *scene) text(key string, args message.Args) string { return s.options.Printer.Text(key, args) }

// shownAtMost is how many characters of a name or id stand in a summary.
const shownAtMost = 80

// show is text from data as it may stand in a sentence: one short, visible line.
func show(text string) string {
	text = configtrail.Visible(text)
	if runes := []rune(text); len(runes) > shownAtMost {
		return string(runes[:shownAtMost-1]) + "…"
	}
	return text
}

// shown is each of the texts as show has it.
func shown(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = show(text)
	}
	return all
}

// account is an account, by its name where it has one.
func (s *scene) account(id string) string {
	if s.options.AccountName != nil {
		if name := s.options.AccountName(id); name != "" {
			return show(name) + " (" + show(id) + ")"
		}
	}
	return show(id)
}

// place is an account and its region.
func (s *scene) place(key configtrail.ResourceKey) string {
	return strings.TrimSpace(s.account(key.Account) + " " + show(key.Region))
}

// typeName is a resource type without the vendor: EC2 SecurityGroup.
func typeName(resourceType string) string {
	return show(strings.ReplaceAll(strings.TrimPrefix(resourceType, "AWS::"), "::", " "))
}

// resource is a changed resource's name, and its id where that tells more.
func resource(c configtrail.Change) string {
	return show(cmp.Or(c.Name, c.Tags["Name"], c.Key.ID))
}

// list joins words as the language does, and counts those beyond the first few.
func (s *scene) list(words []string) string {
	const atMost = 6
	more := len(words) - atMost
	if more > 1 {
		words = words[:atMost]
	}
	text := strings.Join(words, s.text("anomaly.list", nil))
	if more > 1 {
		return s.text("anomaly.list.more", message.Args{"first": text, "n": more})
	}
	return text
}
