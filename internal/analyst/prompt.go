package analyst

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

//go:embed prompts/*.txt
var prompts embed.FS

// prompt is one of the files, without the line break at its end.
func prompt(name string) string {
	text, err := fs.ReadFile(prompts, "prompts/"+name+".txt")
	if err != nil {
		return "" // the files are embedded by name, and a test reads each
	}
	return strings.TrimSuffix(string(text), "\n")
}

// languages are how the prompts call them.
var languages = map[message.Lang]string{message.English: "English", message.Japanese: "Japanese"}

// First is the request that Tell begins with: all that leaves for a model, save
// what the repair turn adds, which is the model's own text and remarks on it.
func First(options TellOptions) Request {
	window := options.Brief.Month.Window(zone(options.Brief))
	turn := strings.NewReplacer(
		"{language}", languages[options.Printer.Lang()],
		"{style}", prompt("style_"+string(options.Printer.Lang())),
		"{month}", options.Brief.Month.String(),
		"{from}", window.From.Format(time.DateOnly),
		"{to}", window.To.AddDate(0, 0, -1).Format(time.DateOnly),
		"{zone}", zone(options.Brief).String(),
		"{brief}", write(options.Brief, options.Printer),
		"{must}", strings.Join(cite(must(options.Brief)), " "),
	).Replace(prompt("month"))
	return Request{
		System:    prompt("system"),
		Turns:     []Turn{{User, turn}},
		MaxTokens: options.maxTokens(),
	}
}

func zone(b configtrail.Brief) *time.Location {
	if b.Zone == nil {
		return time.UTC
	}
	return b.Zone
}

// cite writes references as a model is to write them.
func cite(refs []string) []string {
	var all []string
	for _, ref := range refs {
		all = append(all, "⟦"+ref+"⟧")
	}
	return all
}

// write is a brief as a model reads it: one line each, fields by tabs. What a
// detector is called and means comes from the catalogues. Nothing of Brief.Names
// is used.
func write(b configtrail.Brief, p message.Printer) string {
	var text strings.Builder
	for _, l := range b.Lines {
		fields := []string{"⟦" + l.Ref + "⟧", string(l.About), l.What}
		add := func(name, value string) {
			if value != "" {
				fields = append(fields, name+"="+value)
			}
		}
		add("means", means(l, p))
		add("value", plain(l, zone(b)))
		add("trend", l.Trend.String())
		add("severity", l.Severity)
		add("names", strings.Join(l.Aliases, " "))
		add("types", strings.Join(l.Types, " "))
		add("regions", strings.Join(l.Regions, " "))
		add("sets", strings.Join(l.Sets, "; "))
		fmt.Fprintln(&text, strings.Join(fields, "\t"))
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// means is what the detector of a finding is called; empty for other lines.
func means(l configtrail.BriefLine, p message.Printer) string {
	if key := "anomaly." + l.What + ".name"; l.About == configtrail.AboutFinding && p.Has(key) {
		return p.Text(key, nil)
	}
	return ""
}

// plain is a line's value as a model is shown it.
func plain(l configtrail.BriefLine, zone *time.Location) string {
	switch l.Unit {
	case configtrail.UnitNone:
		return ""
	case configtrail.UnitTime:
		return l.Time.In(zone).Format("2006-01-02 15:04")
	case configtrail.UnitDay:
		return fmt.Sprintf("%d changes on %s", l.N, l.Time.In(zone).Format(time.DateOnly))
	}
	return fmt.Sprintf("%d %s", l.N, l.Unit)
}
