package anomaly

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// node is a value somewhere in a state. Looking for what is not there, or not
// of the kind looked for, gives a node that is absent: a rule that reads a
// broken state finds nothing in it.
type node struct {
	value any // as encoding/json decodes it, numbers as json.Number; nil: absent or null
}

// parse reads JSON; no text at all is absent.
func parse(text []byte) (node, error) {
	if len(text) == 0 {
		return node{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return node{}, err
	}
	if decoder.More() {
		return node{}, errTrailing
	}
	return node{value}, nil
}

var errTrailing = errors.New("text behind the JSON value")

// wrappingsAtMost is how often a document may be serialised into a string: S3's
// list of grants is twice, in API forms three times.
const wrappingsAtMost = 4

// document is the object or list that a node is or that its string holds, as
// JSON, URL-encoded or not; absent where it is or holds neither.
func (n node) document() node {
	for range wrappingsAtMost {
		text, ok := n.value.(string)
		if !ok {
			break
		}
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "%") {
			if plain, err := url.PathUnescape(text); err == nil {
				text = plain
			}
		}
		var err error
		if n, err = parse([]byte(text)); err != nil {
			return node{}
		}
	}
	switch n.value.(type) {
	case map[string]any, []any:
		return n
	}
	return node{}
}

// at follows names of members, looking into documents in strings on the way.
// Types differ in whether they write names in camelCase or PascalCase, so case
// decides only between several that match.
func (n node) at(path ...string) node {
	for _, name := range path {
		members, ok := n.document().value.(map[string]any)
		if !ok {
			return node{}
		}
		value, ok := members[name]
		if !ok {
			var found string
			for other := range members {
				if strings.EqualFold(other, name) && (found == "" || other < found) {
					found = other
				}
			}
			value = members[found]
		}
		n = node{value}
	}
	return n
}

// absent reports whether there is nothing: no member, null, "", [] or {}, which
// AWS Config uses for the same thing.
func (n node) absent() bool {
	switch v := n.value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// broken reports whether there is something where a document should be, and it is none.
func (n node) broken() bool { return !n.absent() && n.document().value == nil }

// elements are those of a list; a single value, which policies write for a list
// of one, is its own only element.
func (n node) elements() []node {
	if inner := n.document(); inner.value != nil {
		n = inner
	}
	switch v := n.value.(type) {
	case nil:
		return nil
	case []any:
		all := make([]node, len(v))
		for i := range v {
			all[i] = node{v[i]}
		}
		return all
	}
	return []node{n}
}

// members are the members of an object in the order of their names.
func (n node) members() []member {
	object, _ := n.document().value.(map[string]any)
	all := make([]member, 0, len(object))
	for name, value := range object {
		all = append(all, member{name, node{value}})
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return all
}

type member struct {
	name string
	node
}

// text is a string, or a number or truth value as it is written; "" for anything else.
func (n node) text() string {
	switch v := n.value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// texts are the texts of elements, those without one left out.
func (n node) texts() []string {
	var all []string
	for _, e := range n.elements() {
		if text := e.text(); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// on reports whether a switch is there and on, off whether it is there and off.
func (n node) on() bool  { return strings.EqualFold(n.text(), "true") }
func (n node) off() bool { return strings.EqualFold(n.text(), "false") }

// number is a whole number, also one that is written as a string.
func (n node) number() (int64, bool) {
	value, err := strconv.ParseInt(n.text(), 10, 64)
	return value, err == nil
}
