// Package redact takes secrets out of configuration items and events before
// anything is stored, and out of text before it is shown.
//
// A secret is replaced by a marker, [REDACTED:class:1f2e3d4c]. The class says
// which kind of place or shape gave it away. The eight hexadecimal digits are
// the start of a keyed hash of what was hidden: a secret that changes still
// changes, two resources that share a secret are seen to share it, and nobody
// without the key can try guesses against the marker.
//
// What is searched, from certain to probable: places that are known to hold
// secrets (the environment of a function, user data), names of members
// (masterUserPassword), shapes inside text (URLs with a password, assignments,
// flags, private keys), documents inside strings (JSON, URL encoding, base64),
// the rules of gitleaks, and randomness in tags and descriptions. Names, ARNs,
// ids, digests and access-key ids are never touched: they are what the ledger
// is read by. docs/redaction.md has the tables and how well it works.
//
// Every byte that is not part of a secret stays as it was delivered, and
// redacting a second time changes nothing.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"

	"configtrail"
)

// Version counts the rules. An item stored with a lower version was redacted by
// fewer of them.
const Version int32 = 1

// Redactor replaces secrets by markers of one key. It is safe for concurrent use.
type Redactor struct {
	key      []byte
	searches sync.Pool // of *search, which keep their caches from item to item
}

// New gives a Redactor whose markers are made with key. Two redactors of one key
// make the same marker of the same secret, on any machine. An empty key is
// legal and gives markers against which secrets can be guessed; use RandomKey
// where there is none.
func New(key []byte) *Redactor {
	return &Redactor{key: append([]byte(nil), key...)}
}

// Item redacts an item's configuration, supplementary configuration and tags in
// place, sets its RedactionVersion, and tells how many secrets were replaced.
// The item's hash must have been taken before.
func (r *Redactor) Item(item *configtrail.ConfigurationItem) int {
	s := r.search(structureOf(item.Key.Type))
	defer r.searches.Put(s)
	if s.places.named {
		s.subject = item.Key.ID
	}
	var redacted int
	item.Configuration = s.document(item.Configuration, &redacted)
	item.SupplementaryConfiguration = s.document(item.SupplementaryConfiguration, &redacted)
	for key, value := range item.Tags {
		if spans := s.settle(value, s.tagContext(key)); len(spans) > 0 {
			item.Tags[key] = apply(value, spans)
			redacted += len(spans)
		}
	}
	item.RedactionVersion = Version
	return redacted
}

// Event redacts an event's request, response and user agent in place and tells
// how many secrets were replaced.
func (r *Redactor) Event(event *configtrail.Event) int {
	s := r.search(structureOf(event.Source + "/" + event.Name))
	defer r.searches.Put(s)
	var redacted int
	event.Request = s.document(event.Request, &redacted)
	event.Response = s.document(event.Response, &redacted)
	spans := s.settle(event.UserAgent, context{})
	event.UserAgent = apply(event.UserAgent, spans)
	return redacted + len(spans)
}

// Text is s without the secrets that its own text gives away. It is the last
// guard before output, where it is not known which member s was the value of.
func (r *Redactor) Text(text string) string {
	s := r.search(structure{})
	defer r.searches.Put(s)
	return apply(text, s.settle(text, context{}))
}

// search is the state of redacting one item, event or text.
type search struct {
	r       *Redactor
	places  structure
	subject string // the resource's own name, where it tells what its value is
	names   map[string]verdict
	seen    []int // by word: the stretch, from 1, in which a text has it
	budget  int   // bytes that may still go through regular expressions
	level   int   // documents around the one that is being searched
}

// The limits of one search. Hostile input reaches them, real items do not: the
// largest string that AWS Config delivers is a template of about one megabyte.
const (
	regexpBudget = 16 << 20
	maxNames     = 4096
	maxLevel     = 8
)

func (r *Redactor) search(places structure) *search {
	s, ok := r.searches.Get().(*search)
	if !ok {
		s = &search{r: r, names: make(map[string]verdict)}
	}
	if len(s.names) > maxNames {
		clear(s.names)
	}
	s.places, s.subject, s.budget, s.level = places, "", regexpBudget, 0
	return s
}

// document redacts a JSON text and adds what it replaced to the count. Text that
// is no JSON is searched like any other text, around its strings too.
func (s *search) document(raw json.RawMessage, redacted *int) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	spans, clean := s.walk(string(raw), 0)
	if clean || json.Valid(raw) {
		if len(spans) == 0 {
			return raw
		}
		*redacted += len(spans)
		return json.RawMessage(apply(string(raw), spans))
	}
	text := string(raw)
	spans = s.settled(text, func(t string) []span {
		if spans, _ := s.walk(t, 0); len(spans) > 0 {
			return spans
		}
		return s.text(t, context{})
	})
	*redacted += len(spans)
	return json.RawMessage(apply(text, spans))
}

// maxRounds bounds how often a rewritten value is searched again. What still
// changes after that is hidden whole.
const maxRounds = 4

// settle finds what the text of one value hides, and searches what is left until
// nothing more is found, so that redacting twice changes nothing.
func (s *search) settle(text string, c context) []span {
	if s.level > 0 { // the outermost value does it for all documents inside
		return s.value(text, c)
	}
	return s.settled(text, func(t string) []span { return s.value(t, c) })
}

func (s *search) settled(text string, find func(string) []span) []span {
	all := find(text)
	if len(all) == 0 {
		return nil
	}
	for range maxRounds {
		more := find(apply(text, all))
		if len(more) == 0 {
			return all
		}
		all = compose(all, more)
	}
	return s.whole(text, classMixed)
}

// marker is what stands in the place of a secret.
func (r *Redactor) marker(class, secret string) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte("configtrail redacted value\x00"))
	mac.Write([]byte(secret))
	return markerStart + class + ":" + hex.EncodeToString(mac.Sum(nil)[:4]) + "]"
}
