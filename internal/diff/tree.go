package diff

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

type kind uint8

const (
	scalar kind = iota
	object
	list
)

// node is one value of a state. JSON that lay in a string is the value it
// holds, so that a path can go on into it.
type node struct {
	kind  kind
	text  string   // of a scalar: its canonical JSON
	names []string // of an object: the canonical keys without their quotes, in order
	kids  []*node  // members in the order of names, or elements
	rule  *listRule
	bare  bool // a list of one element that stands without its brackets
	tags  bool // a map of tags
	copy  int  // of an object: 1 + the place of a member that only repeats another one; 0 for none

	// hash is equal for values that Edits finds no difference between: the order
	// of elements counts only in lists that have one.
	hash uint64
}

// seed makes hashes that nobody outside the process can aim at. They are
// compared for equality only and decide no order, so results stay the same.
var seed = maphash.MakeSeed()

// parser makes nodes of canonical JSON, which needs no checking.
type parser struct {
	resourceType string
	src          string
	pos          int
	depth        int
	path         []string // names from the root; "*" for an element
	inTags       bool
	free         []node // allocated ahead
}

// parse gives the tree of a canonical state.
func parse(resourceType string, state []byte) *node {
	p := parser{resourceType: resourceType, src: string(state)}
	return p.value()
}

func (p *parser) node() *node {
	if len(p.free) == 0 {
		p.free = make([]node, 64)
	}
	n := &p.free[0]
	p.free = p.free[1:]
	return n
}

// value parses the value at pos. Where a list may be written without brackets,
// one value is the list of that value.
func (p *parser) value() *node {
	rule := ruleFor(p.resourceType, p.path)
	if rule == nil || !rule.bare {
		return p.plain(rule)
	}
	if p.src[p.pos] == '[' {
		return p.plain(rule)
	}
	p.path = append(p.path, "*")
	kid := p.plain(nil)
	p.path = p.path[:len(p.path)-1]
	if kid.kind == list { // in a string
		kid.rule = rule
		kid.setHash()
		return kid
	}
	n := p.node()
	*n = node{kind: list, kids: []*node{kid}, rule: rule, bare: true}
	n.setHash()
	return n
}

func (p *parser) plain(rule *listRule) *node {
	switch p.src[p.pos] {
	case '{':
		return p.object()
	case '[':
		return p.list(rule)
	case '"':
		text := p.quoted()
		if n := p.embedded(text, rule); n != nil {
			return n
		}
		return p.scalar(text)
	}
	end := p.pos
	for end < len(p.src) && !strings.ContainsRune(",]}", rune(p.src[end])) {
		end++
	}
	text := p.src[p.pos:end]
	p.pos = end
	return p.scalar(text)
}

func (p *parser) scalar(text string) *node {
	n := p.node()
	n.text, n.hash = text, maphash.String(seed, text)
	return n
}

// quoted is the string at pos, with its quotes.
func (p *parser) quoted() string {
	start := p.pos
	for p.pos++; p.src[p.pos] != '"'; p.pos++ {
		if p.src[p.pos] == '\\' {
			p.pos++
		}
	}
	p.pos++
	return p.src[start:p.pos]
}

func (p *parser) object() *node {
	p.pos++
	p.depth++
	n := p.node()
	n.kind = object
	n.tags = p.inTags || len(p.path) > 0 && isTags(p.path[len(p.path)-1])
	for p.src[p.pos] != '}' {
		if p.src[p.pos] == ',' {
			p.pos++
		}
		quoted := p.quoted()
		name := quoted[1 : len(quoted)-1]
		p.pos++
		outer := p.inTags
		p.inTags = outer || isTags(name)
		p.path = append(p.path, name)
		n.names = append(n.names, name)
		n.kids = append(n.kids, p.value())
		p.path = p.path[:len(p.path)-1]
		p.inTags = outer
	}
	p.pos++
	p.depth--
	n.copy = legacyCopy(p.path, n)
	n.setHash()
	return n
}

func (p *parser) list(rule *listRule) *node {
	p.pos++
	p.depth++
	n := p.node()
	n.kind, n.rule = list, rule
	p.path = append(p.path, "*")
	for p.src[p.pos] != ']' {
		if p.src[p.pos] == ',' {
			p.pos++
		}
		n.kids = append(n.kids, p.value())
	}
	p.path = p.path[:len(p.path)-1]
	p.pos++
	p.depth--
	if n.rule == nil {
		n.rule = shapeOf(n.kids)
	}
	n.setHash()
	return n
}

// setHash computes the hash of an object or list from those of its kids.
func (n *node) setHash() {
	const inOrder, anyOrder = 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03
	h := uint64(inOrder) + uint64(n.kind)
	switch {
	case n.kind == object:
		for i, kid := range n.kids {
			if i+1 != n.copy {
				h += mix(nameHash(n.names[i]), kid.hash)
			}
		}
	case n.rule.orderFree():
		for _, kid := range n.kids {
			h += mix(anyOrder, kid.hash)
		}
	default:
		for _, kid := range n.kids {
			h = mix(h, kid.hash)
		}
	}
	n.hash = mix(h, uint64(len(n.kids)))
	if n.copy > 0 {
		n.hash = mix(h, uint64(len(n.kids)-1))
	}
}

// mix joins two hashes, of which the order counts.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0xa0761d6478bd642f, b^bits.RotateLeft64(a, 29)^0xe7037ed1a0b428db)
	return high ^ low
}

// appendJSON writes the value. Documents that lay in strings are written as
// the values they are, so that a path into the value agrees with a path of Edits.
func (n *node) appendJSON(out []byte) []byte {
	switch {
	case n.kind == scalar:
		return append(out, n.text...)
	case n.bare:
		return n.kids[0].appendJSON(out)
	case n.kind == list:
		out = append(out, '[')
		for i, kid := range n.kids {
			if i > 0 {
				out = append(out, ',')
			}
			out = kid.appendJSON(out)
		}
		return append(out, ']')
	}
	out = append(out, '{')
	for i, kid := range n.kids {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), n.names[i]...), '"', ':')
		out = kid.appendJSON(out)
	}
	return append(out, '}')
}

// member is the value of an object's member, whichever of the two spellings
// that AWS uses the name has (groupId, GroupId); nil where there is none.
func (n *node) member(name string) *node {
	if n.kind != object {
		return nil
	}
	for i, have := range n.names {
		if sameName(have, name) {
			return n.kids[i]
		}
	}
	return nil
}

// sameName compares names without the case of their first letter.
func sameName(a, b string) bool {
	return len(a) == len(b) && len(a) > 0 && a[1:] == b[1:] && a[0]|0x20 == b[0]|0x20
}

func nameHash(name string) uint64 { return maphash.String(seed, name) }
