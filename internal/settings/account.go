package settings

import (
	"slices"
	"strings"

	"configtrail"
)

// AccountIDs are the accounts that a person means by an id, a name or a group,
// in the order of the settings. Capitals do not matter. A name that is also a
// group means both. An id need not be in the settings; anything else that is
// not gives none.
func (s Settings) AccountIDs(filter string) []string {
	if configtrail.IsAccountID(filter) {
		return []string{filter}
	}
	var ids []string
	for _, account := range s.Accounts {
		same := func(name string) bool { return name != "" && strings.EqualFold(name, filter) }
		if same(account.Name) || slices.ContainsFunc(account.Groups, same) {
			ids = append(ids, account.ID)
		}
	}
	return ids
}

// AccountName is the name of an account, or "" where it has none.
func (s Settings) AccountName(id string) string {
	for _, account := range s.Accounts {
		if account.ID == id {
			return account.Name
		}
	}
	return ""
}
