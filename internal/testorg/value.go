package testorg

import (
	"slices"
	"strings"
)

// A value is a piece of a resource's state: nil, bool, int64, number, string,
// *object, *list or *document. Values are never changed once they are part of a
// state; edit makes a new one that shares what stayed, so that a state kept for
// the truth costs only what differs.
type value = any

// object is a JSON object whose members keep their order.
type object struct{ members []member }

type member struct {
	name  string
	value value
}

// list is a JSON array. Its elements have an identity that only the simulation
// knows: what AWS calls the key of the element, or its whole content. It is what
// makes the truth exact where a reader has to guess which elements belong together.
type list struct{ elements []element }

type element struct {
	id    string
	value value
}

// document is JSON inside a string, as policies are.
type document struct {
	body    value
	url     bool // percent-encoded, as IAM's documents are
	twice   bool // a JSON string inside the JSON string, as the S3 ACL is
	spacing int  // 0 compact; 1 and 2 are two ways to indent. It means nothing.
}

// number is a JSON number that is no integer, as it is spelled.
type number string

// absent is what edit's function gives to take a value away.
type absent struct{}

// edit is v with the value at path replaced by what change makes of it. Change
// sees nil where there is none. Lists are walked by the identity of elements; a
// member or element that is not there is put at the end.
func edit(v value, path []string, change func(value) value) value {
	if len(path) == 0 {
		return change(v)
	}
	switch v := v.(type) {
	case *object:
		at := slices.IndexFunc(v.members, func(m member) bool { return m.name == path[0] })
		if at < 0 {
			made := edit(nil, path[1:], change)
			if made == (absent{}) {
				return v
			}
			return &object{append(slices.Clip(slices.Clone(v.members)), member{path[0], made})}
		}
		made := edit(v.members[at].value, path[1:], change)
		if made == (absent{}) {
			return &object{slices.Delete(slices.Clone(v.members), at, at+1)}
		}
		members := slices.Clone(v.members)
		members[at].value = made
		return &object{members}
	case *list:
		at := slices.IndexFunc(v.elements, func(e element) bool { return e.id == path[0] })
		if at < 0 {
			made := edit(nil, path[1:], change)
			if made == (absent{}) {
				return v
			}
			return &list{append(slices.Clip(slices.Clone(v.elements)), element{path[0], made})}
		}
		made := edit(v.elements[at].value, path[1:], change)
		if made == (absent{}) {
			return &list{slices.Delete(slices.Clone(v.elements), at, at+1)}
		}
		elements := slices.Clone(v.elements)
		elements[at].value = made
		return &list{elements}
	case *document:
		copied := *v
		copied.body = edit(v.body, path, change)
		return &copied
	case nil:
		return edit(&object{}, path, change)
	}
	return v // a scalar has nothing below it
}

// at is the value at path, or nil.
func at(v value, path []string) value {
	for len(path) > 0 {
		switch node := v.(type) {
		case *object:
			i := slices.IndexFunc(node.members, func(m member) bool { return m.name == path[0] })
			if i < 0 {
				return nil
			}
			v, path = node.members[i].value, path[1:]
		case *list:
			i := slices.IndexFunc(node.elements, func(e element) bool { return e.id == path[0] })
			if i < 0 {
				return nil
			}
			v, path = node.elements[i].value, path[1:]
		case *document:
			v = node.body
		default:
			return nil
		}
	}
	return v
}

// set puts value at path.
func set(v value, path []string, to value) value {
	return edit(v, path, func(value) value { return to })
}

// remove takes away what is at path.
func remove(v value, path []string) value {
	return edit(v, path, func(value) value { return absent{} })
}

// segments splits a path of a template, "/configuration/tags/Owner/value".
// A slash inside a segment is written ~1, a tilde ~0, as in JSON Pointers.
func segments(path string) []string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

// empty reports values that mean the same as no value inside an object.
func empty(v value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case *list:
		return len(v.elements) == 0
	case *object:
		for _, m := range v.members {
			if !empty(m.value) {
				return false
			}
		}
		return true
	}
	return false
}
