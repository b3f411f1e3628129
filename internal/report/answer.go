package report

import (
	"fmt"
	"strings"

	"configtrail"
	"configtrail/internal/message"
)

// Telling is a report in the words of a model, or why there are none.
type Telling struct {
	Text     string           // prose without markup; paragraphs stand apart by an empty line
	By       string           // the model's name, or ByCode
	Why      string           // one sentence on why code tells it; empty where a model does
	Verified bool             // every figure and name in the prose was held against the report
	Cost     configtrail.Cost // of the telling alone
}

// Told is the report as somebody tells it: a model's prose in the place of the
// code's, or the code's with the reason why it stands in. The figures, the
// findings and what is said of the data stay as they are. r does not change.
func (r *Report) Told(t Telling) *Report {
	told, facts := *r, *r.teller.facts
	facts.Telling = &t
	facts.Cost = sum(r.Cost, t.Cost)
	told.teller.facts = &facts
	told.ToldBy, told.Verified, told.Why, told.Cost = t.By, t.Verified, t.Why, facts.Cost
	told.document = write(told.teller, r.Version)
	told.Text = r.Text
	if t.By != ByCode {
		told.Text = visibleLines(t.Text)
	}
	return &told
}

// visibleLines shows what is hidden in a text of several lines.
func visibleLines(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		b.WriteString(configtrail.Visible(strings.TrimRight(line, " \r")) + "\n")
	}
	return b.String()
}

// sum adds costs; money that is unknown in one of them is unknown in all.
func sum(a, b configtrail.Cost) configtrail.Cost {
	all := configtrail.Cost{
		InputTokens: a.InputTokens + b.InputTokens, OutputTokens: a.OutputTokens + b.OutputTokens, Bytes: a.Bytes + b.Bytes,
	}
	if a.USD != nil && b.USD != nil {
		usd := *a.USD + *b.USD
		all.USD = &usd
	}
	return all
}

// Notes are the lines that stand below a model's prose whatever it says: how
// many findings there are, each of severity high or above, and what the data
// covers and leaves open. They come from code alone.
func (r *Report) Notes() []string {
	var all []string
	if r.teller.hasMonth() {
		findings := r.teller.findings()
		findings.Bullets = nil
		all = append(append(all, findings.lines()...), "")
	}
	coverage := section{Heading: r.teller.say("report.section.coverage"), Bullets: bullets(r.teller.coverageNote())}
	return append(all, coverage.lines()...)
}

// Answer is the report as plain text for a chat window: who tells it, the prose,
// every finding of severity high or above, what the data covers, and the cost. It
// has no tables and no control characters, and breaks no line but where a
// sentence ends.
func (r *Report) Answer() string {
	parts := []string{strings.TrimSpace(r.Text)}
	if r.ToldBy != ByCode {
		lead := append([]string{r.document.Title}, r.document.Lead...)
		parts = append([]string{strings.Join(lead, "\n")}, parts...)
		parts = append(parts, strings.Join(r.Notes(), "\n"))
	}
	if r.Why != "" {
		parts = append([]string{configtrail.Visible(r.Why)}, parts...)
	}
	if cost := r.teller.cost(); cost != "" {
		parts = append(parts, cost)
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// cost says in one line what the report cost; empty where nothing was read and
// nothing is to be paid.
func (t teller) cost() string {
	c := t.Cost
	if c.Bytes+c.InputTokens+c.OutputTokens == 0 && (c.USD == nil || *c.USD == 0) {
		return ""
	}
	var words []string
	if c.Bytes > 0 {
		words = append(words, t.Text("report.cost.bytes", message.Args{"size": size(c.Bytes)}))
	}
	if c.InputTokens+c.OutputTokens > 0 {
		words = append(words, t.Text("report.cost.tokens", message.Args{"in": c.InputTokens, "out": c.OutputTokens}))
	}
	switch {
	case c.USD == nil:
		words = append(words, t.say("report.cost.unknown"))
	default:
		words = append(words, t.Text("report.cost.usd", message.Args{"usd": money(*c.USD)}))
	}
	return t.list(words)
}

// size is a number of bytes in the unit that people read, of a thousand each.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value := float64(bytes)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		if value /= 1000; value < 999.95 || unit == "TB" {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
	}
	return ""
}

// money is an amount to the hundredth of a cent.
func money(usd float64) string {
	switch {
	case usd == 0:
		return "0"
	case usd < 0.0001:
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", usd)
}
