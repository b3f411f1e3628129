// Package delivery reads what AWS Config and CloudTrail deliver: the keys of
// their objects, and the documents in them.
//
// Configuration items reach people in many wire forms: snapshot and history
// files, change notifications inside envelopes of SNS, SQS, EventBridge and rule
// invocations, answers of the API, saved console items. Decode knows them by
// their members, never by the name of the file, and maps all of them to one
// ConfigurationItem, so no other package knows that there is more than one.
//
// The decoder streams. It holds one element of a list at a time, so a snapshot of
// any size needs the memory of its largest item. What can't be read becomes a
// Quarantined record beside the good ones; only I/O ends a sequence with an error.
package delivery

import (
	"context"
	"io"
	"iter"
	"time"

	"configtrail"
)

// Document tells where a document comes from.
type Document struct {
	Source configtrail.Source // Index is set per record
	Key    Key                // fills a missing account or region; a differing account is refused
	Limits Limits
	Tally  *Tally // where not nil, is complete when the sequence has ended
}

// Limits bound what a hostile document may cost. Zero members take the defaults.
type Limits struct {
	ItemBytes int64   // largest item or single message; default 64 MiB
	Ratio     float64 // largest compression ratio behind the first 64 MiB; default 2000
}

const (
	defaultItemBytes = 64 << 20
	defaultRatio     = 2000
	ratioGrace       = 64 << 20
)

// Tally counts what a sequence of records does not show by itself.
type Tally struct {
	Bytes    int64 // uncompressed bytes read
	ReadOnly int64 // events of calls that only read: read, but not handed out
}

// Record is one thing found in a document. Exactly one of the pointers is set,
// and what it points to belongs to the consumer.
type Record struct {
	// Index counts the elements of a document's lists, and the documents that
	// are no list, from 0. It is -1 for a Quarantined that ends the document.
	Index int64
	// Offset is where the element begins in the uncompressed document; for
	// what is wrapped in a string, where the outermost element begins.
	Offset int64

	Item        *configtrail.ConfigurationItem
	Event       *configtrail.Event
	Notice      *Notice
	Quarantined *configtrail.Quarantined
}

// Notice is a message that carries no state: an oversized item left in S3, a
// delivery that failed or is complete, a verdict of a rule.
type Notice struct {
	Type     string // messageType, such as "OversizedConfigurationItemChangeNotification"
	Resource configtrail.ResourceKey
	Status   configtrail.Status
	Time     time.Time // capture time, else the time of the message; zero where it has none
	// Location is where the message says the data lies: bucket/key. It is text
	// from the document, so it is shown and counted but never followed.
	Location string
	Failure  string // why a delivery failed
}

// Decode gives the records of a document in its order. The document may be
// gzip-compressed, in one or several members, or plain; it may hold one JSON
// document or several one after another.
//
// An error is one of I/O or of the context, and the document may be tried again;
// it is the last element. Whatever is wrong with the content is a Quarantined
// record instead: a bad element has its own index and the rest goes on; with index
// -1 the document can't be read from the offset on. An item that lacks an account
// or a region, in itself, its ARN, its envelope and its key, is quarantined as
// no_account or no_region, since it has no place in the history.
//
// When the consumer stops early, Decode returns after the running read of r has
// come back. It does not close r.
func Decode(ctx context.Context, r io.Reader, doc Document) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		d := newDecoder(doc, yield)
		src := openSource(ctx, r, doc.Limits)
		defer src.close()
		d.run(src)
	}
}
