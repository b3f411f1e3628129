package report

import (
	"slices"
	"strings"
	"time"

	"configtrail"
)

// lookAt is a command that shows what a finding is about: the history of its
// resource, or the changes of its place. It is empty where something in it could
// mean more than itself to a shell or to a reader of mail, and of raw tables,
// whose resources have no histories to ask for.
func (t teller) lookAt(f configtrail.Finding) string {
	if t.Raw != nil {
		return ""
	}
	zone := t.zoneFlag()
	if key := f.Resource.String(); f.Resource.ID != "" {
		if !inert(key) {
			return ""
		}
		return "configtrail timeline '" + key + "'" + zone
	}
	at := f.Time.In(t.Zone)
	command := "configtrail changes --from " + at.Format(time.DateOnly) + " --to " + at.AddDate(0, 0, 1).Format(time.DateOnly)
	for _, flag := range [][2]string{{"account", f.Resource.Account}, {"region", f.Resource.Region}, {"type", f.Resource.Type}} {
		switch name, value := flag[0], flag[1]; {
		case value == "":
		case !inert(value):
			return ""
		default:
			command += " --" + name + " " + value
		}
	}
	return command + zone
}

func (t teller) zoneFlag() string {
	if zone := t.Zone.String(); zone != "Local" {
		return " --tz " + zone
	}
	return ""
}

// everything are the commands that show all findings, of each month that holds
// one, and all gaps.
func (t teller) everything(findings []configtrail.Finding, gaps []configtrail.Gap) []string {
	var all []string
	for _, f := range findings {
		command := "configtrail report " + configtrail.MonthOf(f.Time, t.Zone).String() + t.zoneFlag()
		if !slices.Contains(all, command) {
			all = append(all, command)
		}
	}
	slices.Sort(all)
	if len(gaps) > 0 && t.Raw == nil {
		all = append(all, "configtrail doctor"+t.zoneFlag())
	}
	return all
}

// inert reports whether a word of a command line may be pasted, and is no link.
func inert(word string) bool { return safeArgument(word) && !linked(word) && len(word) <= 300 }

// unlinked is text in which a reader of mail finds no link: what looks like an
// address or the name of a host is written as example[.]com.
func unlinked(text string) string {
	text = strings.ReplaceAll(text, "://", "[:]//")
	return hostName().ReplaceAllStringFunc(text, func(match string) string { return strings.Replace(match, ".", "[.]", 1) })
}
