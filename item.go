package configtrail

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Global is the region AWS Config gives to resources of services without one, such as IAM.
const Global = "global"

// ResourceKey names one resource in an organisation. Two items belong to the
// same timeline exactly when their keys are equal; a resource that is deleted
// and made again under the same id has one key and several lives.
type ResourceKey struct {
	Account string // twelve digits
	Region  string // "ap-northeast-1", or Global
	Type    string // "AWS::EC2::SecurityGroup"
	ID      string // may itself hold slashes, colons, spaces, any text
}

// String is the form people may type: account/region/type/id.
func (k ResourceKey) String() string {
	return k.Account + "/" + k.Region + "/" + k.Type + "/" + k.ID
}

// Compare orders keys by account, region, type and id, each by bytes. It is
// the order of rows in every file of the lake.
func (k ResourceKey) Compare(other ResourceKey) int {
	return cmp.Or(
		strings.Compare(k.Account, other.Account),
		strings.Compare(k.Region, other.Region),
		strings.Compare(k.Type, other.Type),
		strings.Compare(k.ID, other.ID),
	)
}

// ParseResourceKey reads the form that String writes. The id is everything
// behind the third slash. Text that is no such form gives ErrInvalid.
func ParseResourceKey(text string) (ResourceKey, error) {
	parts := strings.SplitN(text, "/", 4)
	if len(parts) != 4 || !IsAccountID(parts[0]) || parts[1] == "" || parts[2] == "" || parts[3] == "" {
		return ResourceKey{}, fmt.Errorf("%w: %q is not account/region/type/id", ErrInvalid, text)
	}
	return ResourceKey{parts[0], parts[1], parts[2], parts[3]}, nil
}

// IsAccountID reports whether text is twelve ASCII digits.
func IsAccountID(text string) bool {
	if len(text) != 12 {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// Status is AWS Config's configurationItemStatus.
type Status string

// The statuses that mean something to the ledger. Any other text, such as
// "OK", is the status of a live resource.
const (
	StatusOK                         Status = "OK"
	StatusResourceDiscovered         Status = "ResourceDiscovered"
	StatusResourceNotRecorded        Status = "ResourceNotRecorded"
	StatusResourceDeleted            Status = "ResourceDeleted"
	StatusResourceDeletedNotRecorded Status = "ResourceDeletedNotRecorded"
)

// Deleted reports whether an item of this status ends its resource's life.
func (s Status) Deleted() bool {
	return s == StatusResourceDeleted || s == StatusResourceDeletedNotRecorded
}

// NotRecorded reports whether AWS Config stopped recording the resource: such
// an item carries no state and says nothing about the resource itself.
func (s Status) NotRecorded() bool { return s == StatusResourceNotRecorded }

// Live reports whether an item of this status carries the state of an existing resource.
func (s Status) Live() bool { return !s.Deleted() && !s.NotRecorded() }

// Relationship ties a resource to another one. AWS Config leaves out the id or
// the name of some, and ends some names ("Is contained in ") with a space.
type Relationship struct {
	ResourceType string `json:"resourceType,omitempty"`
	ResourceID   string `json:"resourceId,omitempty"`
	ResourceName string `json:"resourceName,omitempty"`
	Name         string `json:"name,omitempty"`
}

// ConfigurationItem is the state of one resource at one capture time, whichever
// of AWS Config's wire forms it arrived in.
type ConfigurationItem struct {
	Key              ResourceKey
	Name             string
	ARN              string
	AvailabilityZone string
	Version          string // configurationItemVersion
	Status           Status
	StateID          string    // configurationStateId in decimal; neither unique nor an identity
	CaptureTime      time.Time // UTC
	CreationTime     time.Time // resourceCreationTime in UTC; zero where there is none

	Tags          map[string]string // nil where the item has no tags member
	Relationships []Relationship
	RelatedEvents []string

	// The JSON as it was delivered, or nil where it is absent or null. API
	// forms, which carry it as a JSON string, are unwrapped once.
	Configuration              json.RawMessage
	SupplementaryConfiguration json.RawMessage

	// ContentHash is the keyed hash of the canonical state before redaction,
	// in hexadecimal; empty until ingest has computed it.
	ContentHash      string
	RedactionVersion int32 // rules that were applied; 0: not redacted yet

	Source Source
}

// Source is one place that holds an item or an event.
type Source struct {
	URI   string `json:"uri"`  // s3://bucket/key, or file:///path
	Key   string `json:"key"`  // the S3 key, or the slash-separated path below the source folder
	ETag  string `json:"etag"` // of S3, or made of a file's size and modification time
	Index int64  `json:"index"`
}
