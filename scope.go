package configtrail

// Scope says which rows a question can touch. It chooses files and partitions,
// and is never read out of SQL text; the SQL still holds the exact predicates.
// An empty member means no limit.
type Scope struct {
	Window    // zero From or To: open at that end
	Accounts  []string
	Regions   []string
	Types     []string // full names
	Resources []string // resource ids
}
