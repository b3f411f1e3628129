package cli

import (
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// completeJSON is up to when deliveries are complete.
type completeJSON struct {
	Min *configtrail.Stamp  `json:"min"` // null where nothing was delivered
	By  []placeCompleteJSON `json:"by"`
}

type placeCompleteJSON struct {
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Time    configtrail.Stamp `json:"time"`
}

func (a *app) completeJSON(c history.Completeness) completeJSON {
	out := completeJSON{Min: a.moment(c.Min), By: []placeCompleteJSON{}}
	for _, p := range c.By {
		out.By = append(out.By, placeCompleteJSON{p.Account, p.Region, configtrail.Stamp(p.Time.In(a.zone))})
	}
	return out
}

// warningJSON is one reason why an answer may not be whole.
type warningJSON struct {
	Kind    string             `json:"kind"` // "gap", "quarantine", "late" or "pending"
	Reason  string             `json:"reason,omitempty"`
	Account string             `json:"account,omitempty"`
	Region  string             `json:"region,omitempty"`
	Types   []string           `json:"types,omitempty"`
	From    *configtrail.Stamp `json:"from,omitempty"`
	To      *configtrail.Stamp `json:"to,omitempty"`
	Key     string             `json:"key,omitempty"`
	Count   int64              `json:"count,omitempty"`
}

// warningsJSON are the warnings of an answer, and whether changes of it are not derived yet.
func (a *app) warningsJSON(warnings []history.Warning, pending bool) []warningJSON {
	out := []warningJSON{}
	for _, w := range warnings {
		out = append(out, warningJSON{string(w.Kind), w.Reason, w.Account, w.Region, w.Types, a.moment(w.From), a.moment(w.To), w.Key, w.Count})
	}
	if pending {
		out = append(out, warningJSON{Kind: string(history.WarnPending), Reason: "not_derived"})
	}
	return out
}

// moment is a time of JSON in the asked zone; null where it is open.
func (a *app) moment(t time.Time) *configtrail.Stamp { return configtrail.StampIn(t, a.zone) }
