package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"configtrail"
)

// Message is what one message of a queue says: that objects were written, or what
// Config's own stream tells. Where it says neither, What names what it is.
type Message struct {
	Kind    MessageKind
	What    string // event name, detail-type or messageType, as the message spells it
	Objects []Written
	Ignored int // records in it that tell of no new object, such as a removal

	// Document holds the item of a message of Config's stream, for Decode. URI is
	// where the item is said to come from: sns: and the message's id, or events:
	// and the event's. It is empty for a message that SNS delivered raw, which
	// carries no id: the queue's own stands in.
	Document []byte
	URI      string
	Key      Key // for Decode: whose event it is, where AWS vouches for it
}

// MessageKind is what a Message is about.
type MessageKind int

// The kinds of Message.
const (
	MessageIgnored MessageKind = iota // nothing to read: a verdict, a completed delivery, a removal
	MessageObjects                    // objects were written
	MessageItem                       // an item of Config's stream, in Document
	MessageWaiting                    // an item too large for a message: its history file brings it
	MessageTest                       // S3 tries out whether it may send
)

// Written is an object that a message says was written or restored. All of it is
// text from a message, so a reader looks for it only where it reads anyway.
type Written struct {
	Bucket    string
	Key       string // as S3 knows it, whatever the message's encoding
	Size      int64
	ETag      string
	Version   string // "" where the bucket keeps no versions
	Sequencer string // of S3: of two events of one key, the later one's is larger; see LaterThan
	Account   string // the bucket's owner, where told
	Region    string // the bucket's, where told
}

// LaterThan reports whether w tells of a later state of the same key. Where S3
// gave no sequencer the two can't be told apart, and it is false.
func (w Written) LaterThan(other Written) bool {
	// Hexadecimal numbers of different lengths, to be padded on the right:
	// docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
	a, b := strings.ToUpper(w.Sequencer), strings.ToUpper(other.Sequencer)
	n := max(len(a), len(b))
	return a+strings.Repeat("0", n-len(a)) > b+strings.Repeat("0", n-len(b))
}

// maxEnvelopes is how many envelopes a message may come in: S3's event may go
// through EventBridge and from there through a topic to the queue.
const maxEnvelopes = 3

// ParseMessage reads the body of a queue's message, whichever way it came: from
// S3, through a topic with or without its envelope, or through EventBridge. A
// message of another kind, and one that should hold what it does not, is an error
// that says what it is: it can't be told apart from one that something is lost with.
func ParseMessage(body []byte) (Message, error) {
	m, err := (&parcel{document: body}).open(body)
	if err != nil {
		return Message{}, fmt.Errorf("parse message: %w", err)
	}
	return m, nil
}

// parcel is a message being taken out of its envelopes.
type parcel struct {
	document []byte // the message as it came: Decode reads what its envelopes tell too
	depth    int
	uri      string
}

// fields are the members of a JSON object by their exact names.
type fields map[string]json.RawMessage

// text is a member that is a string, a number or a boolean; "" for anything else.
func (f fields) text(name string) string { return scalar(bytes.TrimSpace(f[name])) }

// object is a member that is an object; without members where it is none.
func (f fields) object(name string) fields {
	inside, _ := objectOf(f[name])
	return inside
}

func objectOf(raw []byte) (fields, error) {
	if raw = bytes.TrimSpace(raw); !isObject(raw) {
		return nil, errNoObject
	}
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoObject, err)
	}
	return f, nil
}

var errNoObject = fmt.Errorf("%w: it is no JSON object", configtrail.ErrInvalid)

// unknown is the error for a message of a kind that nothing is known of.
func unknown(format string, args ...any) error {
	return fmt.Errorf("%w: %s", configtrail.ErrInvalid, fmt.Sprintf(format, args...))
}

func (p *parcel) open(body []byte) (Message, error) {
	m, err := objectOf(body)
	if err != nil {
		return Message{}, err
	}
	if p.depth++; p.depth > maxEnvelopes {
		return Message{}, unknown("more than %d envelopes in each other", maxEnvelopes)
	}
	switch {
	case m.text("Event") == testEvent:
		return Message{Kind: MessageTest, What: testEvent}, nil
	case isList(bytes.TrimSpace(m["Records"])):
		return records(m["Records"])
	case m["detail-type"] != nil && m["detail"] != nil:
		return p.event(m)
	case m["Type"] != nil && m["MessageId"] != nil:
		return p.notification(m)
	case m["messageType"] != nil:
		return p.stream(m)
	}
	return Message{}, unknown("neither S3, SNS, EventBridge nor AWS Config writes a message like this")
}

const testEvent = "s3:TestEvent"

// notification opens the envelope of SNS, whose message is a string; an object in
// some of Config's documents.
func (p *parcel) notification(m fields) (Message, error) {
	if kind := m.text("Type"); kind != "Notification" {
		if kind == "SubscriptionConfirmation" {
			return Message{}, unknown("the topic %s asks to confirm its subscription; it sends nothing until somebody does", excerpt(m.text("TopicArn")))
		}
		return Message{}, unknown("a message of SNS of type %s", excerpt(kind))
	}
	inside := bytes.TrimSpace(m["Message"])
	if isString(inside) {
		inside = unquote(inside)
	}
	if err := p.named("sns:", m.text("MessageId")); err != nil {
		return Message{}, err
	}
	return p.open(inside)
}

// named notes the id of an envelope as where an item came from. It is kept with
// the item and shown, so it has to look like an id.
func (p *parcel) named(way, id string) error {
	if len(id) == 0 || len(id) > 100 || strings.Trim(id, idLetters) != "" {
		return unknown("its id is %s", excerpt(id))
	}
	p.uri = way + id
	return nil
}

const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// The event buses take events of a source that begins with aws. from AWS only.
const (
	sourceS3     = "aws.s3"
	sourceConfig = "aws.config"
)

// event reads an event of EventBridge. Its account is the one it happened in,
// which AWS writes, also where it was sent on to a bus of another.
func (p *parcel) event(m fields) (Message, error) {
	source, kind, detail := m.text("source"), m.text("detail-type"), m.object("detail")
	switch source {
	case sourceS3:
		return written(m, kind, detail)
	case sourceConfig:
		if err := p.named("events:", m.text("id")); err != nil {
			return Message{}, err
		}
		message, err := p.stream(detail)
		if account := m.text("account"); configtrail.IsAccountID(account) {
			message.Key.Account, message.Key.Foldered = account, true
		}
		return message, err
	}
	return Message{}, unknown("an event %s of %s", excerpt(kind), excerpt(source))
}

// written reads an event of S3 through EventBridge, where keys are not encoded.
func written(m fields, kind string, detail fields) (Message, error) {
	switch kind {
	case "Object Created", "Object Restore Completed":
	default:
		if strings.HasPrefix(kind, "Object ") {
			return Message{Kind: MessageIgnored, What: kind, Ignored: 1}, nil
		}
		return Message{}, unknown("an event %s of S3", excerpt(kind))
	}
	object := detail.object("object")
	w := Written{
		Bucket: detail.object("bucket").text("name"), Key: object.text("key"), ETag: unquotedTag(object.text("etag")),
		Version: versionOf(object.text("version-id")), Sequencer: object.text("sequencer"),
		Account: firstAccount(m.text("account")), Region: firstRegion(m.text("region")),
	}
	if w.Bucket == "" || w.Key == "" {
		return Message{}, unknown("an event %s without bucket or key", excerpt(kind))
	}
	var err error
	if w.Size, err = sizeOf(object.text("size")); err != nil {
		return Message{}, err
	}
	return Message{Kind: MessageObjects, What: kind, Objects: []Written{w}}, nil
}

// records reads the notification that S3 itself sends, where keys are encoded.
func records(raw []byte) (Message, error) {
	var list []fields
	if err := json.Unmarshal(raw, &list); err != nil {
		return Message{}, unknown("its Records are no list of objects: %v", err)
	}
	m := Message{Kind: MessageIgnored}
	for i, record := range list {
		name := strings.TrimPrefix(record.text("eventName"), "s3:")
		if source := record.text("eventSource"); source != "aws:s3" {
			return Message{}, unknown("record %d is of %s, not of S3", i, excerpt(source))
		}
		if m.What == "" {
			m.What = name
		}
		if !strings.HasPrefix(name, "ObjectCreated:") && name != "ObjectRestore:Completed" {
			if name == "" {
				return Message{}, unknown("record %d is an event of S3 without a name", i)
			}
			m.Ignored++
			continue
		}
		w, err := record.written()
		if err != nil {
			return Message{}, fmt.Errorf("record %d: %w", i, err)
		}
		m.Kind, m.What = MessageObjects, name
		m.Objects = append(m.Objects, w)
	}
	return m, nil
}

// written reads the object of one record.
func (f fields) written() (Written, error) {
	s3 := f.object("s3")
	object := s3.object("object")
	w := Written{
		Bucket: s3.object("bucket").text("name"), Key: UnescapeKey(object.text("key")), ETag: unquotedTag(object.text("eTag")),
		Version: versionOf(object.text("versionId")), Sequencer: object.text("sequencer"), Region: firstRegion(f.text("awsRegion")),
	}
	if w.Bucket == "" || w.Key == "" {
		return Written{}, unknown("it names no bucket or no key")
	}
	var err error
	w.Size, err = sizeOf(object.text("size"))
	return w, err
}

func sizeOf(text string) (int64, error) {
	if text == "" { // a restored object's
		return 0, nil
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return 0, unknown("its size is %s", excerpt(text))
	}
	return size, nil
}

func unquotedTag(etag string) string { return strings.Trim(etag, `"`) }

// versionOf is a version's id; a bucket that keeps none says null.
func versionOf(id string) string {
	if id == "null" {
		return ""
	}
	return id
}

// The messages of Config's stream that are about items.
const (
	itemChanged     = "ConfigurationItemChangeNotification"
	itemOversized   = "OversizedConfigurationItemChangeNotification"
	oversizedFailed = "OversizedConfigurationItemChangeDeliveryFailed"
)

// stream reads a message of Config. One of a type that AWS has yet to invent is
// ignored unless it holds an item.
func (p *parcel) stream(m fields) (Message, error) {
	kind := m.text("messageType")
	item := bytes.TrimSpace(m["configurationItem"])
	switch {
	case isObject(item), isList(item):
		return Message{Kind: MessageItem, What: kind, Document: p.document, URI: p.uri}, nil
	case kind == itemOversized:
		return Message{Kind: MessageWaiting, What: kind}, nil
	case kind == oversizedFailed:
		return Message{}, unknown("AWS Config could not deliver an oversized item: %s",
			excerpt(m.object("s3DeliverySummary").text("errorMessage")))
	case kind == itemChanged:
		return Message{}, unknown("a change notification without an item")
	case kind == "":
		return Message{}, unknown("a message of AWS Config without a type")
	}
	return Message{Kind: MessageIgnored, What: kind, Ignored: 1}, nil
}
