package cli

import (
	"fmt"
	"slices"
	"time"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// warningsAtMost is how many warnings of one kind are told before they are counted.
const warningsAtMost = 3

// judge decides the exit code of an answer: errTouched where --fail-on names a
// kind of what touches it.
func (a *app) judge(warnings []history.Warning, pending bool) error {
	kinds := map[string]bool{}
	for _, w := range warnings {
		switch w.Kind {
		case history.WarnPending, history.WarnLate:
			kinds["late"] = true
		default:
			kinds[string(w.Kind)] = true
		}
	}
	if pending {
		kinds["late"] = true
	}
	for _, kind := range a.fail {
		if kinds[kind] {
			return errTouched
		}
	}
	return nil
}

// warn prints warnings for a person: what is not delivered yet first.
func (a *app) warn(warnings []history.Warning, pending bool) {
	if pending {
		a.remark(a.t("report.situation.pending"))
	}
	for _, kinds := range [][]history.WarningKind{{history.WarnLate, history.WarnPending}, {history.WarnGap}, {history.WarnQuarantine}} {
		told := 0
		for _, w := range warnings {
			if !slices.Contains(kinds, w.Kind) {
				continue
			}
			if told++; told <= warningsAtMost {
				a.remark(a.warning(w))
			}
		}
		if told > warningsAtMost {
			a.remark(a.p.Text("warn.more", message.Args{"n": told - warningsAtMost}))
		}
	}
}

// warning is one warning in a sentence.
func (a *app) warning(w history.Warning) string {
	key := "warn." + string(w.Kind)
	if w.Kind == history.WarnGap && a.p.Has(key+"."+w.Reason) {
		key += "." + w.Reason
	}
	if w.To.IsZero() && a.p.Has(key+".open") {
		key += ".open"
	}
	types := a.t("report.coverage.all_types")
	if len(w.Types) > 0 {
		types = configtrail.Visible(join(w.Types, a.t("report.list"), 4))
	}
	return a.p.Text(key, message.Args{
		"place": a.place(w.Account, w.Region), "from": a.stamp(w.From), "to": a.stamp(w.To), "types": types,
		"key": configtrail.Visible(w.Key), "n": w.Count, "reason": w.Reason})
}

// place is an account and region as people know them.
func (a *app) place(account, region string) string {
	switch {
	case account == "" && region == "":
		return a.t("warn.everywhere")
	case region == "":
		return a.accountLabel(account)
	}
	return a.accountLabel(account) + " " + configtrail.Visible(region)
}

// accountLabel is name (id) where the settings name the account.
func (a *app) accountLabel(id string) string {
	if name := a.set.AccountName(id); name != "" {
		return configtrail.Visible(name) + " (" + id + ")"
	}
	return configtrail.Visible(id)
}

func join(values []string, by string, most int) string {
	text := ""
	for i, v := range values {
		if i == most {
			return text + by + "…"
		}
		if i > 0 {
			text += by
		}
		text += v
	}
	return text
}

// reach says on the second line of a text up to when its answer is complete,
// where the asked span ends later.
func (a *app) reach(warnings []history.Warning) {
	var until time.Time
	for _, w := range warnings {
		if (w.Kind == history.WarnLate || w.Kind == history.WarnPending) && !w.From.IsZero() && (until.IsZero() || w.From.Before(until)) {
			until = w.From
		}
	}
	if !until.IsZero() {
		fmt.Fprintln(a.Stdout, a.p.Text("cli.reach", message.Args{"until": a.stamp(until)}))
	}
}
