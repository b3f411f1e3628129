package configtrail

import "time"

// DeliveryKind says what an object of the bucket is, as its key tells.
type DeliveryKind string

// The kinds of object in a Config or CloudTrail bucket.
const (
	KindHistory     DeliveryKind = "history"     // ConfigHistory
	KindSnapshot    DeliveryKind = "snapshot"    // ConfigSnapshot
	KindOversized   DeliveryKind = "oversized"   // OversizedChangeNotification
	KindCloudTrail  DeliveryKind = "cloudtrail"  // a log file of events
	KindDigest      DeliveryKind = "digest"      // CloudTrail digest or Insights: ignored
	KindWritability DeliveryKind = "writability" // ConfigWritabilityCheckFile: ignored
	KindOther       DeliveryKind = "other"       // a document whose key tells nothing; its content decides

	// Messages of Config's stream: no object, and no delivery in the sense of
	// coverage. It tells which items came by the stream.
	KindNotification DeliveryKind = "notification"
)

// Delivery is one object as it was read. Rows of the table of deliveries are
// only ever added: the newest row of a URI counts.
type Delivery struct {
	URI, Key, ETag string
	Size           int64 // compressed bytes
	Kind           DeliveryKind
	Account        string    // of the key; empty where the key names none
	Region         string    // of the key; empty where the key names none
	WrittenAt      time.Time // last time in the file name, else the latest capture in the object, else zero
	ReadAt         time.Time
	FirstCapture   time.Time // zero where the object holds no item
	LastCapture    time.Time

	Read       int64 // items and events decoded
	Added      int64
	Duplicates int64
	Rejected   int64
	Bytes      int64 // uncompressed

	Archived    bool // in a storage class that can't be read without a restore: a gap
	Quarantined []Quarantined
}

// Quarantined is one thing that could not be read, kept so that nothing is lost in silence.
type Quarantined struct {
	Key    string `json:"key"`
	Index  int64  `json:"index"`  // of the item in its document; -1 for the object as a whole
	Offset int64  `json:"offset"` // in the uncompressed document
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// The codes of Quarantined.
const (
	CodeTruncated       = "truncated"
	CodeInvalidJSON     = "invalid_json"
	CodeEmpty           = "empty"
	CodeBadItem         = "bad_item"
	CodeUnknownShape    = "unknown_shape"
	CodeNoAccount       = "no_account"
	CodeNoRegion        = "no_region"
	CodeAccountMismatch = "account_mismatch"
	CodeTooLarge        = "too_large"  // an item above the limit, or a suspicious compression ratio
	CodeUnreadable      = "unreadable" // the object could not be fetched
)

// Gap is a stretch in which an account and region delivered nothing or recorded less.
type Gap struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Types   []string  `json:"types"` // empty: all
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Reason  string    `json:"reason"` // a Gap… constant
}

// The reasons of a Gap.
const (
	GapNoDelivery  = "no_delivery" // longer than 36 h and 1.5 × the median snapshot interval
	GapScope       = "scope"       // types first recorded only at To
	GapExcluded    = "excluded"    // types no longer recorded from From on
	GapQuarantined = "quarantined" // items lost in an object that can't be read
	GapArchived    = "archived"    // objects in an archive storage class
)

// Coverage tells what the deliveries span, and so how far an answer can be trusted.
type Coverage struct {
	Places      []Place
	Gaps        []Gap
	Quarantined int64 // things quarantined, in objects that no later read mended
	Archived    int64
}

// Place is the coverage of one account and region.
type Place struct {
	Account, Region string
	First, Last     time.Time     // first and last delivery written
	CompleteUntil   time.Time     // Last less six hours
	Snapshots       int64         // snapshot deliveries
	Interval        time.Duration // median snapshot interval; 0: unknown, so gaps are unknown too
}

// Lag is how long after a capture its history file may still come.
const Lag = 6 * time.Hour

// MinGap is the shortest stretch without deliveries that is called a gap.
const MinGap = 36 * time.Hour
