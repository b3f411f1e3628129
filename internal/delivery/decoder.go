package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"configtrail"
)

// decoder walks one document and hands out its records.
type decoder struct {
	doc    Document
	limit  int64
	yield  func(Record, error) bool
	index  int64 // of the next record
	tally  *Tally
	names  names
	parsed members // reused for each element; what it tells is copied before the next
}

// errStopped ends the walk when the consumer wants no more.
var errStopped = errors.New("stopped")

// maxWraps is how many messages may be wrapped in each other: an SQS answer holds
// an SNS envelope, which holds an event, which holds a rule invocation.
const maxWraps = 6

func newDecoder(doc Document, yield func(Record, error) bool) *decoder {
	d := &decoder{doc: doc, limit: doc.Limits.ItemBytes, yield: yield, tally: doc.Tally, names: names{}}
	if d.limit <= 0 {
		d.limit = defaultItemBytes
	}
	if d.tally == nil {
		d.tally = &Tally{}
	}
	return d
}

// run walks all JSON documents of a source.
func (d *decoder) run(src *source) {
	t := streamed(src, d.limit)
	err := d.documents(t)
	d.tally.Bytes = src.total
	var bad *flaw
	switch {
	case err == nil, errors.Is(err, errStopped):
	case errors.As(err, &bad):
		reason := bad.reason
		if d.index > 0 {
			reason = fmt.Sprintf("behind item %d: %s", d.index-1, reason)
		}
		_ = d.reject(-1, min(t.offset(), src.total), bad.code, reason) // the last record: nobody is asked to go on
	default:
		d.yield(Record{}, fmt.Errorf("decode %s: %w", d.doc.Source.Key, err))
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func (d *decoder) documents(t *text) error {
	for t.fill() && len(t.buf) < len(byteOrderMark) {
	}
	if bytes.HasPrefix(t.buf, byteOrderMark) {
		t.pos = len(byteOrderMark)
	}
	for first := true; ; first = false {
		c := t.next()
		switch {
		case t.ended() && !errors.Is(t.err, io.EOF):
			return t.err
		case t.ended() && first:
			return &flaw{configtrail.CodeEmpty, "the object is empty"}
		case t.ended():
			return nil
		case !first && c != '{' && c != '[':
			return &flaw{configtrail.CodeInvalidJSON, fmt.Sprintf("%q stands behind the document", c)}
		}
		if err := d.document(t, envelope{anchor: none}); err != nil {
			return err
		}
	}
}

// document walks one JSON document, be it the outermost or one inside a message.
func (d *decoder) document(t *text, env envelope) error {
	t.keep()
	at := t.offset()
	switch t.next() {
	case '[':
		t.release()
		return d.list(t, memberUnknown, env)
	case '{':
	default:
		if err := t.value(); err != nil {
			return err
		}
		t.release()
		return d.refuse(env, at, configtrail.CodeUnknownShape, "the document is neither an object nor a list")
	}

	var m members
	lists := false
	err := t.object(&m, func(name member) error {
		lists = true
		env = env.with(t, &m)
		m = members{}
		t.release()
		err := d.list(t, name, env)
		t.keep()
		return err
	})
	if err != nil {
		return err
	}
	defer t.release()
	if lists || m.has(memberItemList) && m.raw(t, memberItemList) == nil {
		return nil
	}
	return d.found(t, &m, memberUnknown, env, at)
}

// list walks the elements of the list at the next byte, one at a time.
func (d *decoder) list(t *text, kind member, env envelope) error {
	env.listed = true
	t.pos++
	for first := true; ; first = false {
		switch c := t.next(); {
		case c == ']':
			t.pos++
			return nil
		case first:
		case c == ',':
			t.pos++
			if t.next() == ']' {
				return t.unexpected("an element")
			}
		default:
			return t.unexpected("a comma or the end of a list")
		}
		if err := d.element(t, kind, env); err != nil {
			return err
		}
	}
}

// element reads one element of a list.
func (d *decoder) element(t *text, kind member, env envelope) error {
	t.keep()
	defer t.release()
	at := t.offset()
	if t.next() == '{' {
		d.parsed = members{}
		if err := t.object(&d.parsed, nil); err != nil {
			return err
		}
		return d.found(t, &d.parsed, kind, env, at)
	}
	if err := t.value(); err != nil {
		return err
	}
	if t.lost || t.fault != nil {
		return d.found(t, &members{}, kind, env, at)
	}
	raw := t.slice(at, t.offset())
	if kind == memberResultList && isString(raw) {
		return d.wrapped(unquote(raw), env.within(at))
	}
	return d.refuse(env, at, configtrail.CodeBadItem, kindOf(raw)+" stands where an item should")
}

// found hands out the object that t has just passed over.
func (d *decoder) found(t *text, m *members, kind member, env envelope, at int64) error {
	switch {
	case t.lost, t.src != nil && t.offset()-at > t.limit:
		return d.refuse(env, at, configtrail.CodeTooLarge, fmt.Sprintf("larger than %d bytes", t.limit))
	case t.fault != nil:
		return d.refuse(env, at, t.fault.code, fmt.Sprintf("%s, at offset %d", t.fault.reason, env.place(t.fault.offset)))
	case kind == memberItemList, kind == memberResultList:
		return d.item(t, m, env, at)
	default:
		return d.classify(t, m, env, at)
	}
}

// wrapped walks a document that stood in a member of a message.
func (d *decoder) wrapped(data []byte, env envelope) error {
	if env.wraps > maxWraps {
		return d.refuse(env, 0, configtrail.CodeUnknownShape, fmt.Sprintf("more than %d messages wrapped in each other", maxWraps))
	}
	// Elements below reuse d.parsed, and what it told of this one was read.
	t := memory(data)
	t.next()
	if t.ended() {
		return d.refuse(env, 0, configtrail.CodeEmpty, "the message is empty")
	}
	err := d.document(t, env)
	if err == nil {
		if c := t.next(); !t.ended() {
			err = &flaw{configtrail.CodeInvalidJSON, fmt.Sprintf("%q stands behind the document", c)}
		}
	}
	var bad *flaw
	if errors.As(err, &bad) {
		return d.refuse(env, 0, bad.code, fmt.Sprintf("inside the message, at its byte %d: %s", t.offset(), bad.reason))
	}
	return err
}

// hand gives a record to the consumer under the next index.
func (d *decoder) hand(record Record, env envelope, at int64) error {
	record.Index, record.Offset = d.index, env.place(at)
	d.index++
	if !d.yield(record, nil) {
		return errStopped
	}
	return nil
}

// refuse quarantines what begins at an offset and goes on. A document of its own
// that is no element and no message has no index.
func (d *decoder) refuse(env envelope, at int64, code, reason string) error {
	index := int64(-1)
	if env.listed || env.wraps > 0 {
		index = d.index
		d.index++
	}
	return d.reject(index, env.place(at), code, reason)
}

func (d *decoder) reject(index, offset int64, code, reason string) error {
	quarantined := &configtrail.Quarantined{
		Key: d.doc.Source.Key, Index: index, Offset: offset, Code: code, Reason: reason,
	}
	if !d.yield(Record{Index: index, Offset: offset, Quarantined: quarantined}, nil) {
		return errStopped
	}
	return nil
}

// source is the place of the record that is handed out next.
func (d *decoder) source() configtrail.Source {
	source := d.doc.Source
	source.Index = d.index
	return source
}

// kindOf names the kind of a value for a reason.
func kindOf(raw []byte) string {
	switch raw[0] {
	case 'n':
		return "null"
	case '"':
		return "a string"
	case '[':
		return "a list"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}
