package testorg

// Trap is one thing in a bucket that a careless reader gets wrong.
type Trap string

// The traps. Truth.Trapped counts how often each was set.
const (
	TrapCopiedPrefix      Trap = "copied_prefix"      // an account's objects a second time under another prefix
	TrapFrequentSnapshots Trap = "frequent_snapshots" // a region with a snapshot every three hours
	TrapStateIDs          Trap = "state_ids"          // a delivery repeats an item with another configurationStateId
	TrapRecaptured        Trap = "recaptured"         // the same state again at another capture time
	TrapTwoStates         Trap = "two_states"         // two states at one capture time; the higher state id counts
	TrapOutOfOrder        Trap = "out_of_order"       // items of a file not in order of capture
	TrapRepeatedKeys      Trap = "repeated_keys"      // a member twice in one JSON object
	TrapEmptyFlips        Trap = "empty_flips"        // null, absent and [] for the same nothing
	TrapStatusFlips       Trap = "status_flips"       // OK in one delivery, ResourceDiscovered in another
	TrapMissingIdentity   Trap = "missing_identity"   // an item without its account or region
	TrapOldSpelling       Trap = "old_spelling"       // availibilityZone and configurationStateID
	TrapMonthEnd          Trap = "month_end"          // captures whose month depends on the zone
	TrapRespaced          Trap = "respaced"           // a policy with other white space; a list in another order
	TrapReverted          Trap = "reverted"           // A, B, A: two changes
	TrapSecrets           Trap = "secrets"            // a secret value changes
	TrapHostileNames      Trap = "hostile_names"      // names that attack whoever shows them
	TrapCaseTags          Trap = "case_tags"          // tags that differ only in case
	TrapGlobalTwice       Trap = "global_twice"       // IAM recorded in two regions
	TrapDaily             Trap = "daily"              // types recorded once a day
	TrapNoise             Trap = "noise"              // changes of every class of noise
	TrapDeletedState      Trap = "deleted_state"      // a live item whose own state says deleted
	TrapDeletedTwice      Trap = "deleted_twice"      // a second item of the same deletion
	TrapDeletedUnrecorded Trap = "deleted_unrecorded" // ResourceDeletedNotRecorded
	TrapFirstDeleted      Trap = "first_deleted"      // a first item that is a deletion
	TrapRecreated         Trap = "recreated"          // another life under the same id
	TrapOldCreation       Trap = "old_creation"       // a first item long after the creation: no change
	TrapExcludedType      Trap = "excluded_type"      // ResourceNotRecorded, later live again
	TrapScopeChange       Trap = "scope_change"       // a type switched on in an account
	TrapRecorderGap       Trap = "recorder_gap"       // a recorder off for more than two days
	TrapSnapshotOnly      Trap = "snapshot_only"      // an item whose history object was lost
	TrapLost              Trap = "lost"               // an item that no object holds
	TrapLate              Trap = "late"               // a history object written days later
	TrapOversized         Trap = "oversized"          // items that only an OversizedChangeNotification holds
	TrapOversizedSummary  Trap = "oversized_summary"  // a message without the configuration
	TrapTruncated         Trap = "truncated"          // a gzip stream that breaks off, delivered again later
	TrapTruncatedLost     Trap = "truncated_lost"     // one that is not delivered again
	TrapInvalidJSON       Trap = "invalid_json"       // an object whose JSON breaks
	TrapEmptyObject       Trap = "empty_object"       // no byte at all
	TrapBadMembers        Trap = "bad_members"        // elements that are no items
	TrapAccountMismatch   Trap = "account_mismatch"   // an item of an account that the key does not name
	TrapUnknownShape      Trap = "unknown_shape"      // JSON that is no delivery
	TrapNoAccount         Trap = "no_account"         // an item that nothing gives an account
	TrapNoRegion          Trap = "no_region"          // an item that nothing gives a region
	TrapWritability       Trap = "writability"        // ConfigWritabilityCheckFile
	TrapTwoTrails         Trap = "two_trails"         // the same event from two trails
	TrapRefusedCalls      Trap = "refused_calls"      // events with errorCode
	TrapReadEvents        Trap = "read_events"        // events that read
	TrapDigests           Trap = "digests"            // CloudTrail digest files
	TrapEmptySnapshot     Trap = "empty_snapshot"     // a snapshot without items
	TrapMembersSwapped    Trap = "members_swapped"    // configurationItems before fileVersion
)

// Traps lists every trap.
func Traps() []Trap {
	return []Trap{
		TrapCopiedPrefix, TrapFrequentSnapshots, TrapStateIDs, TrapRecaptured, TrapTwoStates, TrapOutOfOrder,
		TrapRepeatedKeys, TrapEmptyFlips, TrapStatusFlips, TrapMissingIdentity, TrapOldSpelling, TrapMonthEnd,
		TrapRespaced, TrapReverted, TrapSecrets, TrapHostileNames, TrapCaseTags, TrapGlobalTwice, TrapDaily,
		TrapNoise, TrapDeletedState, TrapDeletedTwice, TrapDeletedUnrecorded, TrapFirstDeleted, TrapRecreated,
		TrapOldCreation, TrapExcludedType, TrapScopeChange, TrapRecorderGap, TrapSnapshotOnly, TrapLost, TrapLate,
		TrapOversized, TrapOversizedSummary, TrapTruncated, TrapTruncatedLost, TrapInvalidJSON, TrapEmptyObject,
		TrapBadMembers, TrapAccountMismatch, TrapUnknownShape, TrapNoAccount, TrapNoRegion, TrapWritability,
		TrapTwoTrails, TrapRefusedCalls, TrapReadEvents, TrapDigests, TrapEmptySnapshot, TrapMembersSwapped,
	}
}
