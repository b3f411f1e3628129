package cli

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/price"
)

// foreseen prints an estimate for a person.
func (a *app) foreseen(out io.Writer, sight *foresight) {
	o, b := sight.Objects, sight.Bytes
	fmt.Fprintln(out, a.p.Text("estimate.objects", message.Args{
		"seen": o.Seen, "new": o.New, "bytes": size(b.New), "already": o.Already, "ignored": o.Ignored, "archived": o.Archived}))
	switch {
	case o.Seen == o.Ignored:
		fmt.Fprintln(out, a.t("ingest.nothing"))
	case o.New == 0:
		fmt.Fprintln(out, a.t("estimate.nothing"))
	default:
		a.foreseenParts(out, sight)
	}
	billed := false
	for _, s := range sight.Sources {
		a.foreseenOf(out, s)
		billed = billed || s.Objects.New > 0 && len(s.Here.Lines) > 0
	}
	if billed {
		a.priced(out, sight.Prices)
	}
}

// foreseenParts prints what is new by account and region, and by month.
func (a *app) foreseenParts(out io.Writer, sight *foresight) {
	places := table{head: []string{a.t("report.table.account"), a.t("report.table.region"), a.t("estimate.new"), a.t("estimate.bytes")}, right: []bool{false, false, true, true}}
	for _, p := range sight.By.Place {
		places.row(orDash(a.accountLabel(p.Account)), orDash(p.Region), message.Number(p.Objects), size(p.Bytes))
	}
	months := table{head: []string{a.t("estimate.month"), a.t("estimate.new"), a.t("estimate.bytes")}, right: []bool{false, true, true}}
	for _, m := range sight.By.Month {
		months.row(orDash(m.Month), message.Number(m.Objects), size(m.Bytes))
	}
	for _, t := range []table{places, months} {
		fmt.Fprintln(out)
		_ = t.write(out) // to the person's terminal: if it is gone nobody misses the rest
	}
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// foreseenOf prints the time and the money of one source, and what its bucket
// will do to it.
func (a *app) foreseenOf(out io.Writer, s *foreseenSource) {
	fated := s.Lifecycle != nil && (!s.Lifecycle.Known || len(s.Lifecycle.Actions) > 0)
	if s.Objects.New == 0 && !fated {
		return
	}
	source := configtrail.Visible(s.Source)
	if s.Region != "" {
		source = a.p.Text("estimate.source", message.Args{"source": source, "region": s.Region})
	}
	fmt.Fprintln(out, "\n"+source)
	if s.Objects.New > 0 {
		fmt.Fprintln(out, a.p.Text("estimate.here", message.Args{"time": a.about(s.Here.Seconds)}))
		a.costs(out, s.Here.Estimate)
	}
	if s.Functions != nil && s.Objects.New > 0 {
		fmt.Fprintln(out, a.p.Text("estimate.functions", message.Args{"time": a.about(s.Functions.Seconds), "messages": s.Functions.Messages}))
		a.costs(out, s.Functions.Estimate)
	}
	if fated {
		a.fated(out, s.Lifecycle)
	}
}

// about is a time that is no more than an estimate.
func (a *app) about(seconds float64) string {
	switch {
	case seconds < 60:
		return a.t("estimate.minute")
	case seconds < 2*3600:
		return a.p.Text("estimate.minutes", message.Args{"n": int64(math.Ceil(seconds / 60))})
	case seconds < 3*86400:
		return a.p.Text("estimate.hours", message.Args{"n": int64(math.Ceil(seconds / 3600))})
	}
	return a.p.Text("estimate.days", message.Args{"n": int64(math.Ceil(seconds / 86400))})
}

// costs prints the lines of an estimate and their sum.
func (a *app) costs(out io.Writer, e price.Estimate) {
	if len(e.Lines) == 0 {
		fmt.Fprintln(out, "  "+a.t("cost.nothing"))
		return
	}
	t := table{head: []string{"", a.t("cost.quantity"), "", a.t("cost.price"), "USD", a.t("cost.how")}, right: []bool{false, true, false, true, true, false}}
	starred := false
	for _, l := range e.Lines {
		label := a.p.Text("cost.line."+l.Key, nil)
		if l.Assumed {
			label += " *"
			starred = true
		}
		t.row(label, figure(l.Quantity), a.p.Text("cost.unit."+l.Unit, nil), a.unitPrice(l), a.usd(l.USD), a.how(l))
	}
	total := a.t("cost.total")
	if len(e.Unknown) > 0 {
		total = a.p.Text("cost.total.known", message.Args{"n": len(e.Unknown)})
	}
	t.row(total, "", "", "", a.usd(e.USD), "")
	_ = t.write(out)
	if starred {
		fmt.Fprintln(out, "* "+a.t("cost.assumed"))
	}
}

// how is what a line's quantity is made of.
func (a *app) how(l price.Line) string {
	values := message.Args{}
	for name, n := range l.Args {
		switch name {
		case "bytes", "json", "rate":
			values[name] = size(int64(n))
		case "scanned":
			values[name] = figure(n/(1<<20)) + " MiB" // as Athena counts
		case "most":
			values[name] = a.usd(&n)
		default:
			values[name] = figure(n)
		}
	}
	key := "cost.how." + l.Key
	if _, ok := values["most"]; ok && a.p.Has(key+".most") {
		key += ".most"
	}
	return a.p.Text(key, values)
}

func (a *app) unitPrice(l price.Line) string {
	if l.UnitPrice == nil {
		return a.t("cost.unknown")
	}
	text := strconv.FormatFloat(*l.UnitPrice, 'f', -1, 64)
	if l.Per > 1 {
		text += " / " + message.Number(int64(l.Per))
	}
	return text
}

// usd is an amount of money; what is unknown is never shown as nothing.
func (a *app) usd(n *float64) string {
	switch {
	case n == nil:
		return a.t("cost.unknown")
	case *n > 0 && *n < 0.01:
		return "<0.01"
	}
	whole, cents, _ := strings.Cut(strconv.FormatFloat(*n, 'f', 2, 64), ".")
	thousands, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return whole + "." + cents
	}
	return message.Number(thousands) + "." + cents
}

// figure is a quantity with three digits that count, or more where it is large.
func figure(n float64) string {
	switch {
	case n >= 100 || n == math.Trunc(n):
		return message.Number(int64(math.Round(n)))
	case n >= 1:
		return trimmed(strconv.FormatFloat(n, 'f', 2, 64))
	}
	return trimmed(strconv.FormatFloat(n, 'f', 2-int(math.Floor(math.Log10(n))), 64))
}

func trimmed(text string) string { return strings.TrimRight(strings.TrimRight(text, "0"), ".") }

// priced says of which day the prices are, and whether anybody has looked them up.
func (a *app) priced(out io.Writer, p pricesJSON) {
	key := "cost.prices"
	if !p.Verified {
		key += ".unverified"
	}
	fmt.Fprintln(out, "\n"+a.p.Text(key, message.Args{"day": configtrail.Visible(p.AsOf)}))
	if p.File != "" {
		fmt.Fprintln(out, a.p.Text("cost.prices.file", message.Args{"file": configtrail.Visible(p.File)}))
	}
}

// dayText is a day of UTC, in which S3 counts.
func dayText(t time.Time) string { return t.UTC().Format(time.DateOnly) }
