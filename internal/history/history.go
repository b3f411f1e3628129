// Package history answers questions about the past of an organisation: what
// changed, how often, what a resource looked like at some time, and how far the
// deliveries reach that the answer stands on.
//
// A question is one file of package folder sql, written in the SQL that DuckDB
// and Trino share. What a person may filter by is compiled into predicates whose
// values are always parameters, never text of the statement. Months and days are
// cut in Go, by the zone of History, so that every engine cuts them alike.
package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/engine"
)

// History asks questions of one engine. It holds no state of its own and is
// safe for concurrent use as long as its fields are left alone.
type History struct {
	Engine engine.Engine
	Zone   *time.Location   // of days, months and times that are given back; nil: UTC
	Now    func() time.Time // nil: time.Now

	// Accounts are what the settings know: filters may name an account by its
	// id, its name or one of its groups.
	Accounts []configtrail.Account

	limits
}

func (h *History) zone() *time.Location {
	if h.Zone == nil {
		return time.UTC
	}
	return h.Zone
}

func (h *History) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// accountIDs turns ids, names and groups into ids, sorted, each once. A text
// that is neither an id nor known from the settings gives ErrInvalid.
func (h *History) accountIDs(names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		if configtrail.IsAccountID(name) {
			ids = append(ids, name)
			continue
		}
		known := len(ids)
		for _, account := range h.Accounts {
			if strings.EqualFold(account.Name, name) || slices.ContainsFunc(account.Groups, func(group string) bool {
				return strings.EqualFold(group, name)
			}) {
				ids = append(ids, account.ID)
			}
		}
		if len(ids) == known || name == "" {
			return nil, configtrail.WithHint(
				fmt.Errorf("%w: account %q is neither twelve digits nor a name or group of the settings", configtrail.ErrInvalid, name),
				"name the account by its twelve digits, or give it a name in the settings file")
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// AccountName is what the settings call an account; empty where they don't.
func (h *History) AccountName(id string) string {
	for _, account := range h.Accounts {
		if account.ID == id {
			return account.Name
		}
	}
	return ""
}
