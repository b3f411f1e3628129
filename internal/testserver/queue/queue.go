// Package queue speaks SQS for tests, and brings what is in a queue to a function
// as Lambda's event source mapping does.
//
// Time stands still in it, so that tests need not wait: what was received and not
// deleted is seen again when somebody calls Elapse, as when the visibility timeout
// is over.
package queue

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"sync"
	"unicode/utf8"

	"configtrail/internal/testserver/awsjson"
)

// The limits of SQS.
const (
	MaxMessage    = 1 << 20 // bytes of a message with its attributes, and of a batch
	maxBatch      = 10      // messages of one call
	maxAttributes = 10
)

// Options say what a queue does with what nobody takes.
type Options struct {
	Receives    int    // deliveries after which a message goes to DeadLetters; 0: never
	DeadLetters string // name of that queue, which is there already
}

// Server has queues. New makes one.
type Server struct {
	*awsjson.Server

	mu     sync.Mutex
	queues map[string]*Queue
	serial int
}

// Queue is one queue.
type Queue struct {
	server  *Server
	name    string
	options Options
	dead    *Queue

	messages []*message // in the order in which they came
}

// Message is a message of a queue.
type Message struct {
	ID         string
	Body       string
	Attributes map[string]Attribute
	Receives   int
}

// Attribute is what a sender says besides the body.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

type message struct {
	Message
	receipt string // of the last delivery; "": it can be seen
}

// New has no queue yet.
func New() *Server {
	s := &Server{queues: map[string]*Queue{}}
	s.Server = &awsjson.Server{
		Target: "AmazonSQS", SigningAs: "sqs", Faults: &awsjson.Faults{}, ContentType: awsjson.Version10,
		Operations: s.operations(),
	}
	return s
}

// Make makes a queue.
func (s *Server) Make(name string, options Options) *Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &Queue{server: s, name: name, options: options, dead: s.queues[options.DeadLetters]}
	s.queues[name] = q
	return q
}

const (
	region  = "us-east-1"
	account = "123456789012"
)

// URL is what clients call the queue. It need not lead to this server, which knows
// the queue by its end.
func (q *Queue) URL() string {
	return "https://sqs." + region + ".amazonaws.com/" + account + "/" + q.name
}

// ARN names the queue in policies and events.
func (q *Queue) ARN() string { return "arn:aws:sqs:" + region + ":" + account + ":" + q.name }

// Send puts messages into the queue, as another service of AWS does.
func (q *Queue) Send(bodies ...string) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	for _, body := range bodies {
		q.add(body, nil)
	}
}

// Messages are all that are in the queue, also those that somebody received.
func (q *Queue) Messages() []Message {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	var all []Message
	for _, m := range q.messages {
		one := m.Message
		one.Attributes = maps.Clone(m.Attributes)
		all = append(all, one)
	}
	return all
}

// Elapse ends the visibility timeout of all that was received, and tells how many
// messages are seen again.
func (q *Queue) Elapse() (n int) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	for _, m := range q.messages {
		if m.receipt != "" {
			m.receipt = ""
			n++
		}
	}
	return n
}

// add puts one message in. The lock is held.
func (q *Queue) add(body string, attributes map[string]Attribute) *message {
	q.server.serial++
	m := &message{Message: Message{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", q.server.serial), Body: body, Attributes: attributes}}
	q.messages = append(q.messages, m)
	return m
}

// receive gives up to most messages that can be seen, of no more bytes together
// than given. One that was delivered as often as it may goes to the dead letters.
// The lock is held.
func (q *Queue) receive(most, bytes int) (got []*message) {
	var kept []*message
	for _, m := range q.messages {
		switch {
		case m.receipt != "" || len(got) == most || len(got) > 0 && len(m.Body) > bytes:
		case q.options.Receives > 0 && m.Receives >= q.options.Receives:
			q.dead.messages = append(q.dead.messages, &message{Message: m.Message})
			continue
		default:
			m.Receives++
			q.server.serial++
			m.receipt = fmt.Sprintf("receipt-%d", q.server.serial)
			bytes -= len(m.Body)
			got = append(got, m)
		}
		kept = append(kept, m)
	}
	q.messages = kept
	return got
}

// remove deletes what was received under a receipt. The lock is held.
func (q *Queue) remove(receipt string) {
	var kept []*message
	for _, m := range q.messages {
		if receipt == "" || m.receipt != receipt {
			kept = append(kept, m)
		}
	}
	q.messages = kept
}

func (m *message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

func sum(text string) string {
	hash := md5.Sum([]byte(text))
	return hex.EncodeToString(hash[:])
}

// check says what SQS says to a message that it does not take.
func (m *message) check() *awsjson.Error {
	invalid := func(format string, args ...any) *awsjson.Error {
		return awsjson.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: "+format, args...)
	}
	switch {
	case m.Body == "":
		return awsjson.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	case !characters(m.Body):
		return awsjson.Errorf("InvalidMessageContents", "Invalid binary character was found in the message body.")
	case m.size() > MaxMessage:
		return invalid("Message must be shorter than %d bytes.", MaxMessage)
	case len(m.Attributes) > maxAttributes:
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(m.Attributes), maxAttributes)
	}
	for name, a := range m.Attributes {
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case name == "" || len(name) > 256 || strings.Trim(name, nameLetters) != "":
			return invalid("The message attribute name %q is invalid.", name)
		case kind == "String" && a.StringValue == "" || kind == "Binary" && len(a.BinaryValue) == 0:
			return invalid("The message attribute '%s' must contain a non-empty value.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return invalid("The type of message attribute '%s' is invalid.", name)
		case !characters(a.StringValue):
			return awsjson.Errorf("InvalidMessageContents", "Invalid binary character was found in the message attribute %s.", name)
		}
	}
	return nil
}

const nameLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

// characters reports whether a text has only those that SQS takes: XML's.
func characters(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}
