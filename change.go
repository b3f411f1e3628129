package configtrail

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what happened to a resource.
type Kind string

// The kinds of a change, and below them the two sightings that are none.
const (
	Created   Kind = "created"
	Updated   Kind = "updated"
	Deleted   Kind = "deleted"
	Recreated Kind = "recreated"

	// FirstRecorded is the first item of a resource that existed before its
	// account and region were recorded. It is an entry of a timeline, never a change.
	FirstRecorded Kind = "first_recorded"
	// NotRecorded is the end of recording. It is an entry of a timeline, never a change.
	NotRecorded Kind = "not_recorded"
)

// Kinds lists the kinds of change in the order in which people read them.
var Kinds = []Kind{Created, Updated, Deleted, Recreated}

// Noise names why a change says nothing to a person; empty for a change that does.
type Noise string

// The noise classes. Their rules, each with its reason, are data of package diff.
const (
	NoiseNone                 Noise = ""
	NoiseCounter              Noise = "counter"               // a measured number such as availableIpAddressCount
	NoiseMirroredRelationship Noise = "mirrored_relationship" // the other end of a change to another resource
	NoiseCompliance           Noise = "compliance"            // a rule's verdict, not the resource
	NoiseInventory            Noise = "inventory"             // software inventory reported by an agent
	NoiseServiceTimestamp     Noise = "service_timestamp"     // a time a service moves without a write call
)

// Edit is one property path that differs between two states.
type Edit struct {
	Path string          `json:"path"` // JSON Pointer below /configuration, /supplementaryConfiguration, /tags or /relationships
	Op   string          `json:"op"`   // "add", "remove" or "replace"
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
}

// The operations of an Edit.
const (
	OpAdd     = "add"
	OpRemove  = "remove"
	OpReplace = "replace"
)

// Change is the step between two neighbouring, different items of one timeline.
// It happened after After and not later than Time.
type Change struct {
	Key   ResourceKey
	Name  string
	ARN   string
	Tags  map[string]string // of the state after, or of the last state of a deleted resource
	Time  time.Time         // capture time of the item that shows the change, UTC
	After time.Time         // capture time of the item before it; zero where there is none
	Kind  Kind
	Noise Noise
	Edits []Edit // never nil; empty for created and deleted

	HashBefore string
	HashAfter  string

	Actor       *Actor // nil where none is known
	ActorStatus string // "known", "ambiguous", "unknown" or "no_trail"

	Source       Source
	SourceBefore *Source // nil where there is no item before
}

// ID is the same for a change after every derivation and on every engine: "c_"
// and the first 16 characters of lower-case base32 of SHA-256 over account,
// region, type, resource id and capture time in microseconds, joined by 0x1f.
func (c Change) ID() string { return ChangeID(c.Key, c.Time) }

// ChangeID is the id of the one change that a resource can have at a capture time.
func ChangeID(key ResourceKey, captured time.Time) string {
	joined := strings.Join([]string{
		key.Account, key.Region, key.Type, key.ID, strconv.FormatInt(captured.UnixMicro(), 10),
	}, "\x1f")
	sum := sha256.Sum256([]byte(joined))
	return "c_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:16]
}

// Actor is the identity that an event ties to a change.
type Actor struct {
	ID         string    `json:"id"` // ARN; empty when ambiguous
	Name       string    `json:"name"`
	Confidence float64   `json:"confidence"` // 0 to 1
	EventID    string    `json:"event_id"`
	EventName  string    `json:"event_name"`
	EventTime  time.Time `json:"event_time"`
	Ambiguous  bool      `json:"ambiguous"`
	Candidates []Actor   `json:"candidates"`
}

// The states of the search for an actor.
const (
	ActorKnown     = "known"
	ActorAmbiguous = "ambiguous"
	ActorUnknown   = "unknown"
	ActorNoTrail   = "no_trail"
)

// Finding is one detector's claim, with the changes that are its evidence.
type Finding struct {
	Detector string
	Severity string // "low", "medium", "high" or "critical"
	Score    int    // 0 to 100
	Time     time.Time
	Resource ResourceKey
	Name     string   // what people call the resource; empty where it has no name
	Summary  string   // one line in the asked language
	Evidence []string // ids of changes
	Sets     []string // ids of public rule sets, such as "CIS 5.3"
}

// ID is "f_" and the first 16 characters of lower-case base32 of SHA-256 over
// the detector and the sorted ids of its changes, joined by 0x1f. Where the ids
// of its changes are not at hand, its resource and time stand in for them.
func (f Finding) ID() string {
	parts := append([]string{f.Detector}, slices.Sorted(slices.Values(f.Evidence))...)
	if len(f.Evidence) == 0 {
		parts = append(parts, f.Resource.String(), strconv.FormatInt(f.Time.UnixMicro(), 10))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x1f")))
	return "f_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:16]
}

// Event is one CloudTrail record of a write call.
type Event struct {
	ID        string // eventID
	SharedID  string // sharedEventID; ties the two sides of a cross-account call
	Account   string // recipientAccountId: the account whose trail recorded the call
	Region    string // awsRegion of the call
	Time      time.Time
	Source    string // eventSource, "ec2.amazonaws.com"
	Name      string // eventName
	ErrorCode string // not empty: the call was refused or failed and changed nothing
	SourceIP  string
	UserAgent string
	ActorType string // userIdentity.type
	ActorARN  string
	ActorID   string // principalId
	ActorName string // session, user or role name a person would recognise
	RoleARN   string // sessionContext.sessionIssuer.arn of an assumed role
	InvokedBy string // the service that called on somebody's behalf
	Resources []EventResource
	Request   json.RawMessage // requestParameters, redacted before it is stored
	Response  json.RawMessage // responseElements, redacted before it is stored
	Origin    Source
}

// EventResource is one resource that an event names.
type EventResource struct {
	ARN     string `json:"arn,omitempty"`
	Account string `json:"account,omitempty"`
	Type    string `json:"type,omitempty"`
}
