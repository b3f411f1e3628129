package diff

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"configtrail"
)

// Edits are the properties in which the state of after differs from that of
// before, sorted by path; never nil, and empty where there is no difference. A
// nil item, and one that is deleted or not recorded, has no state.
//
// A path is a JSON Pointer that resolves, for remove and replace, in the state
// before and, for add, in the state after: so every list index in it is the
// place in that one's list. Where JSON lies in a string, plainly, URL-encoded or
// serialised several times, the pointer goes on into the value it holds, and Old
// and New show that value. Old and New are canonical JSON: without empty
// members, keys sorted.
//
// A member or element that only one side has is one edit with the whole value,
// with these exceptions, so that a thing has the same path whether or not it is
// the first of its kind: tags, relationships, members of the supplementary
// configuration and elements of lists with keys come one by one. A
// configuration that only one side has is one edit, and so is whatever differs
// below a path longer than maxPath.
//
// Errors are those of Canonical.
func Edits(before, after *configtrail.ConfigurationItem) ([]configtrail.Edit, error) {
	old, err := Canonical(before)
	if err != nil {
		return nil, fmt.Errorf("state before: %w", err)
	}
	new, err := Canonical(after)
	if err != nil {
		return nil, fmt.Errorf("state after: %w", err)
	}
	d := differ{edits: []configtrail.Edit{}, budget: workBudget}
	if bytes.Equal(old, new) {
		return d.edits, nil
	}
	d.node(parse(resourceType(before, after), old), parse(resourceType(before, after), new))
	slices.SortFunc(d.edits, func(a, b configtrail.Edit) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(opRank(a.Op), opRank(b.Op)))
	})
	return d.edits, nil
}

func resourceType(before, after *configtrail.ConfigurationItem) string {
	if after != nil && after.Key.Type != "" {
		return after.Key.Type
	}
	if before != nil {
		return before.Key.Type
	}
	return ""
}

// opRank orders edits of one path: what stood there before what stands there now.
func opRank(op string) int {
	return slices.Index([]string{configtrail.OpRemove, configtrail.OpReplace, configtrail.OpAdd}, op)
}

// differ collects the edits between two trees.
type differ struct {
	old, new []byte // JSON Pointers to where the walk is, in either tree
	edits    []configtrail.Edit
	budget   int // comparisons that may still be spent on finding the best pairs
}

// maxPath is the length in bytes from which a path is not gone on with: what
// lies below differs as a whole. Names in documents are chosen by whoever wrote
// them; without a limit a long one would be repeated for everything below it.
const maxPath = 1024

// node compares two values at one place.
func (d *differ) node(a, b *node) {
	switch {
	case a.hash == b.hash:
	case len(d.old) > maxPath || len(d.new) > maxPath:
		d.replace(a, b)
	case a.kind == object && b.kind == object:
		d.object(a, b)
	case a.kind == list && b.kind == list:
		d.list(a, b)
	default:
		d.replace(a, b)
	}
}

var (
	noObject = &node{kind: object}
	noList   = &node{kind: list}
)

// object walks the members of both sides, which are sorted by name.
func (d *differ) object(a, b *node) {
	skip := skipped(a, b)
	i, j := 0, 0
	for i < len(a.names) || j < len(b.names) {
		var order int
		switch {
		case i == len(a.names):
			order = 1
		case j == len(b.names):
			order = -1
		default:
			order = strings.Compare(a.names[i], b.names[j])
		}
		var name string
		var left, right *node
		if order <= 0 {
			name, left = a.names[i], a.kids[i]
			i++
		}
		if order >= 0 {
			name, right = b.names[j], b.kids[j]
			j++
		}
		if skip != "" && sameName(name, skip) {
			continue
		}
		d.member(name, left, right)
	}
}

// member compares the values of one member; nil where a side has none.
func (d *differ) member(name string, a, b *node) {
	old, new := len(d.old), len(d.new)
	d.old, d.new = appendName(d.old, name), appendName(d.new, name)
	switch {
	case a != nil && b != nil:
		d.node(a, b)
	case d.collection(old, a, b) && len(d.old) <= maxPath && len(d.new) <= maxPath:
		d.node(orEmpty(a, b), orEmpty(b, a))
	case a == nil:
		d.add(b)
	default:
		d.remove(a)
	}
	d.old, d.new = d.old[:old], d.new[:new]
}

// collection reports whether a value that one side lacks is a collection of
// things, which is never absent, only empty. depth is the length of the path to
// the object that holds it.
func (d *differ) collection(depth int, a, b *node) bool {
	n := a
	if n == nil {
		n = b
	}
	switch {
	case n.kind == list:
		return n.rule != nil && n.rule.pair == byKey && !n.bare
	case n.kind == object && n.tags:
		return true
	case n.kind == object && depth == 0:
		return string(d.old) == "/supplementaryConfiguration"
	}
	return false
}

// orEmpty is n, or an empty value of the other one's kind.
func orEmpty(n, other *node) *node {
	switch {
	case n != nil:
		return n
	case other.kind == list:
		return noList
	}
	return noObject
}

// skipped is the member that is not compared, because another one says the
// same; see legacyCopy.
func skipped(a, b *node) string {
	if a.copy == 0 && b.copy == 0 {
		return ""
	}
	for _, n := range [...]*node{a, b} {
		if n.copy > 0 || n.member("ipRanges") == nil {
			continue
		}
		if n.member("ipv4Ranges") == nil {
			return "ipv4Ranges" // of the time before them: only ipRanges can be compared
		}
		return ""
	}
	return "ipRanges"
}

// appendName puts the name of a member, as it stands in canonical JSON, behind a JSON Pointer.
func appendName(path []byte, name string) []byte {
	path = append(path, '/')
	if !strings.ContainsAny(name, `~/\`) {
		return append(path, name...)
	}
	for i, text := 0, unquote(`"`+name+`"`); i < len(text); i++ {
		switch text[i] {
		case '~':
			path = append(path, "~0"...)
		case '/':
			path = append(path, "~1"...)
		default:
			path = append(path, text[i])
		}
	}
	return path
}

// enter puts the place of an element behind a path. An element that stands
// without its list has the list's own path.
func enter(path []byte, l *node, i int) []byte {
	if l.bare {
		return path
	}
	return strconv.AppendInt(append(path, '/'), int64(i), 10)
}

func (d *differ) add(n *node) {
	d.edits = append(d.edits, configtrail.Edit{Path: string(d.new), Op: configtrail.OpAdd, New: n.appendJSON(nil)})
}

func (d *differ) remove(n *node) {
	d.edits = append(d.edits, configtrail.Edit{Path: string(d.old), Op: configtrail.OpRemove, Old: n.appendJSON(nil)})
}

func (d *differ) replace(a, b *node) {
	d.edits = append(d.edits, configtrail.Edit{
		Path: string(d.old), Op: configtrail.OpReplace, Old: a.appendJSON(nil), New: b.appendJSON(nil),
	})
}
