package diff

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"configtrail"
)

// Canonical is the state of an item as JSON in one spelling: two items have
// equal bytes exactly when their states are equal.
//
// The object has the members configuration, relationships,
// supplementaryConfiguration and tags. In objects, members that are null, "", []
// or {} are left out, recursively, as absent ones are; list elements all stay,
// in the order in which they came. Keys are sorted by bytes, of a repeated key
// the last counts, numbers and strings have one spelling each, and numbers lose
// no digit. An item that is nil, deleted or not recorded has the state {}.
//
// Invalid JSON and invalid UTF-8 give ErrInvalid, JSON nested deeper than
// maxDepth gives ErrTooLarge.
func Canonical(item *configtrail.ConfigurationItem) ([]byte, error) {
	if item == nil || !item.Status.Live() {
		return []byte("{}"), nil
	}
	w := writer{
		// Twice the length, because an object out of order is written again behind itself.
		out:     make([]byte, 0, 2*(len(item.Configuration)+len(item.SupplementaryConfiguration))+1024),
		members: make([]member, 0, 64),
	}
	w.out = append(w.out, '{')
	if err := w.document("configuration", item.Configuration); err != nil {
		return nil, err
	}
	if err := w.relationships(item.Relationships); err != nil {
		return nil, err
	}
	if err := w.document("supplementaryConfiguration", item.SupplementaryConfiguration); err != nil {
		return nil, err
	}
	if err := w.tags(item.Tags); err != nil {
		return nil, err
	}
	return append(w.out, '}'), nil
}

// Hash is the HMAC-SHA-256 of the canonical state in lower-case hexadecimal. It
// is keyed because the state may hold secrets that are short enough to guess.
func Hash(key []byte, item *configtrail.ConfigurationItem) (string, error) {
	state, err := Canonical(item)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(state)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// document writes one member of the state from JSON as it was delivered.
func (w *writer) document(name string, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	start := w.name(name)
	w.src, w.pos, w.depth = src, 0, 0
	empty, err := w.whole()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if empty {
		w.out = w.out[:start]
	}
	return nil
}

// relationships writes the list in its order. The spaces that AWS Config leaves
// behind some names are no part of the state.
func (w *writer) relationships(list []configtrail.Relationship) error {
	if len(list) == 0 {
		return nil
	}
	w.name("relationships")
	w.out = append(w.out, '[')
	for i, r := range list {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, '{')
		for _, member := range [...]struct{ name, text string }{
			{"name", strings.TrimRight(r.Name, " ")},
			{"resourceId", r.ResourceID},
			{"resourceName", r.ResourceName},
			{"resourceType", r.ResourceType},
		} {
			if member.text == "" {
				continue
			}
			w.name(member.name)
			if err := w.text(member.text); err != nil {
				return fmt.Errorf("relationships: %d: %w", i, err)
			}
		}
		w.out = append(w.out, '}')
	}
	w.out = append(w.out, ']')
	return nil
}

// tags writes the map of tags. A tag without a value is absent, as any member is.
func (w *writer) tags(tags map[string]string) error {
	keys := make([]string, 0, len(tags))
	for key, value := range tags {
		if value != "" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	start := w.name("tags")
	body := len(w.out)
	w.out = append(w.out, '{')
	base := len(w.members)
	for _, key := range keys {
		m := member{start: uint32(len(w.out))}
		if err := w.text(key); err != nil {
			return fmt.Errorf("tags: key %q: %w", key, err)
		}
		m.key = uint32(len(w.out))
		w.out = append(w.out, ':')
		if err := w.text(tags[key]); err != nil {
			return fmt.Errorf("tags: %q: %w", key, err)
		}
		m.end = uint32(len(w.out))
		m.prefix = prefix(w.out[m.start+1 : m.key-1])
		w.members = append(w.members, m)
		w.out = append(w.out, ',')
	}
	w.out = w.out[:len(w.out)-1]
	if w.closeObject(body, base) {
		w.out = w.out[:start]
	}
	return nil
}

// name writes a comma where one is due, the name and a colon, and tells where
// the output ended before.
func (w *writer) name(name string) (start int) {
	start = len(w.out)
	if w.out[start-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, name...)
	w.out = append(w.out, '"', ':')
	return start
}

// canonicalDocument is one JSON value in the spelling of Canonical.
func canonicalDocument(src []byte, depth int) ([]byte, error) {
	w := writer{src: src, depth: depth, out: make([]byte, 0, len(src))}
	if _, err := w.whole(); err != nil {
		return nil, err
	}
	return slices.Clip(w.out), nil
}
