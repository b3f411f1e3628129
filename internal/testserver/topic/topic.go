// Package topic speaks SNS's Publish for tests, and keeps what was published.
package topic

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"
)

// The limits of SNS.
const (
	maxMessage = 256 << 10 // bytes
	maxSubject = 100       // characters
)

// Published is a message of a topic.
type Published struct {
	Topic, Subject, Message string
}

// Server has topics. New makes one.
type Server struct {
	mu        sync.Mutex
	topics    map[string]bool
	published []Published
	failures  []Failure
}

// Failure is an answer that says no.
type Failure struct {
	Status        int
	Code, Message string
}

// New has topics of some ARNs.
func New(arns ...string) *Server {
	s := &Server{topics: map[string]bool{}}
	for _, arn := range arns {
		s.topics[arn] = true
	}
	return s
}

// Published is all that was published, in its order.
func (s *Server) Published() []Published {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Published(nil), s.published...)
}

// FailNext makes the next calls fail, one for each failure.
func (s *Server) FailNext(failures ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failures...)
}

// answer is what Publish says.
type answer struct {
	XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ PublishResponse"`
	MessageID string   `xml:"PublishResult>MessageId"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type refusal struct {
	XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// ServeHTTP answers one call in the query protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(s.published)+1)
	if no := s.publish(r); no != nil {
		kind := "Sender"
		if no.Status >= 500 {
			kind = "Receiver"
		}
		w.WriteHeader(no.Status)
		_ = xml.NewEncoder(w).Encode(refusal{Type: kind, Code: no.Code, Message: no.Message, RequestID: id}) // a caller who left needs none
		return
	}
	_ = xml.NewEncoder(w).Encode(answer{MessageID: id, RequestID: id}) // as above
}

func (s *Server) publish(r *http.Request) *Failure {
	invalid := func(format string, args ...any) *Failure {
		return &Failure{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + fmt.Sprintf(format, args...)}
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		return invalid("the form")
	}
	if len(s.failures) > 0 {
		no := s.failures[0]
		s.failures = s.failures[1:]
		return &no
	}
	p := Published{r.PostForm.Get("TopicArn"), r.PostForm.Get("Subject"), r.PostForm.Get("Message")}
	switch {
	case r.PostForm.Get("Action") != "Publish" || r.PostForm.Get("Version") != "2010-03-31":
		return &Failure{http.StatusBadRequest, "InvalidAction", "only Publish here"}
	case !s.topics[p.Topic]:
		return &Failure{http.StatusNotFound, "NotFound", "Topic does not exist"}
	case p.Message == "":
		return invalid("Empty message")
	case len(p.Message) > maxMessage:
		return invalid("Message too long")
	case !utf8.ValidString(p.Message):
		return invalid("Message Reason: Message must be UTF-8")
	case r.PostForm.Has("Subject") && !subject(p.Subject):
		return invalid("Subject")
	}
	s.published = append(s.published, p)
	return nil
}

// subject reports what SNS takes: ASCII, fewer than 100 characters, no line breaks
// or control characters, and no space in front.
func subject(text string) bool {
	if text == "" || len(text) >= maxSubject || text[0] == ' ' {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
