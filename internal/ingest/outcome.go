package ingest

import (
	"strings"

	"configtrail/internal/blob"
	"configtrail/internal/delivery"
)

// Message is one message of a queue.
type Message struct {
	ID   string // the queue's
	Body string
}

// Outcome is what became of a message, or of an object that it names. They are
// in the order of what counts for the message when its objects differ.
type Outcome int

// The outcomes. Of all but Large and Failed nothing is left to do.
const (
	Ingested  Outcome = iota // read, and staged; what can't be decoded in it is quarantined
	Already                  // in before, or in the same batch
	TestEvent                // S3 tried out whether it may send
	Ignored                  // nothing to read: a removal, a verdict, a digest, a folder, another service's log
	Foreign                  // in no source
	Gone                     // no longer there
	Waiting                  // an oversized item, whose history file brings it
	Archived                 // in a storage class that can't be read; told as a gap
	Large                    // above TakeOptions.Large: nothing was read
	Failed                   // to be tried again; Err says why
)

var outcomeNames = [...]string{
	"ingested", "already", "test_event", "ignored", "foreign", "gone", "waiting", "archived", "large", "failed",
}

// String is the outcome's name, as logs and metrics write it.
func (o Outcome) String() string { return outcomeNames[o] }

// Taken is what became of one message.
type Taken struct {
	ID      string
	Outcome Outcome // the worst of its objects
	URI     string  // of the object, or of the item's source, that Outcome is about; "" where there is none
	What    string  // what the message calls itself: an event's name, a messageType; "" where that can't be told
	Err     error   // of Failed
	Objects []TakenObject
}

// TakenObject is what became of one object that a message names.
type TakenObject struct {
	URI     string // s3://bucket/key, as the message names it
	Size    int64  // compressed bytes, as far as known
	Outcome Outcome
	Err     error // of Failed
}

// settle gives a message the worst outcome of its objects.
func (t *Taken) settle() {
	for i, object := range t.Objects {
		if i == 0 || object.Outcome > t.Outcome {
			t.Outcome, t.URI, t.Err = object.Outcome, object.URI, object.Err
		}
	}
}

// ofKind is the outcome of a message that names no object and holds no item.
func ofKind(kind delivery.MessageKind) Outcome {
	switch kind {
	case delivery.MessageTest:
		return TestEvent
	case delivery.MessageWaiting:
		return Waiting
	}
	return Ignored
}

// Source is a place whose objects are taken.
type Source struct{ Bucket blob.Bucket }

// sourceOf is the source that an object lies in, the narrowest of several, and
// false where there is none: what a message names beyond them is never looked for.
func sourceOf(sources []Source, object blob.URL) (blob.Bucket, bool) {
	var found blob.Bucket
	narrowest := -1
	for _, source := range sources {
		place, err := blob.ParseURL(source.Bucket.URI())
		if err == nil && place.Bucket == object.Bucket && below(place.Prefix, object.Prefix) && len(place.Prefix) > narrowest {
			found, narrowest = source.Bucket, len(place.Prefix)
		}
	}
	return found, found != nil
}

// below reports whether a key is that of a place or lies in the place's folder:
// logs holds logs/a, and nothing of logs-old/.
func below(prefix, key string) bool {
	return prefix == "" || key == prefix || strings.HasPrefix(key, strings.TrimSuffix(prefix, "/")+"/")
}
