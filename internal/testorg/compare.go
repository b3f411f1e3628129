package testorg

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"configtrail"
)

// Edit is one property path that differs, as the truth knows it. Where a whole
// object appears or vanishes, the path is that of the object; the elements of a
// list that appears or vanishes are told one by one.
type Edit struct {
	Path string
	Op   string // configtrail.OpAdd, OpRemove or OpReplace
}

// compare lists what differs between two states, sorted by path. It works on
// the simulation's own trees and pairs the elements of lists by identity.
func compare(before, after value) []Edit {
	var c comparison
	c.values("", "", before, after)
	slices.SortFunc(c.edits, func(a, b Edit) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Op, b.Op))
	})
	return c.edits
}

// comparison walks two trees with two pointers: the place of a list's element
// may differ, and the old one names removals and replacements, the new one additions.
type comparison struct{ edits []Edit }

func (c *comparison) values(oldAt, newAt string, before, after value) {
	switch b := before.(type) {
	case *object:
		if a, ok := after.(*object); ok {
			c.objects(oldAt, newAt, b, a)
			return
		}
	case *list:
		if a, ok := after.(*list); ok {
			c.lists(oldAt, newAt, b, a)
			return
		}
	case *document:
		if a, ok := after.(*document); ok {
			c.values(oldAt, newAt, b.body, a.body)
			return
		}
	}
	if before != after {
		c.edits = append(c.edits, Edit{oldAt, configtrail.OpReplace})
	}
}

func (c *comparison) objects(oldAt, newAt string, before, after *object) {
	if before == after {
		return
	}
	for _, m := range before.members {
		other := at(after, []string{m.name})
		c.members(oldAt+"/"+escape(m.name), newAt+"/"+escape(m.name), m.value, other)
	}
	for _, m := range after.members {
		if !slices.ContainsFunc(before.members, func(b member) bool { return b.name == m.name }) {
			c.members(oldAt+"/"+escape(m.name), newAt+"/"+escape(m.name), nil, m.value)
		}
	}
}

func (c *comparison) members(oldAt, newAt string, before, after value) {
	wasEmpty, isEmpty := empty(before), empty(after)
	if l, ok := after.(*list); ok && wasEmpty {
		c.lists(oldAt, newAt, &list{}, l)
		return
	}
	if l, ok := before.(*list); ok && isEmpty {
		c.lists(oldAt, newAt, l, &list{})
		return
	}
	switch {
	case wasEmpty && isEmpty:
	case wasEmpty:
		c.edits = append(c.edits, Edit{newAt, configtrail.OpAdd})
	case isEmpty:
		c.edits = append(c.edits, Edit{oldAt, configtrail.OpRemove})
	default:
		c.values(oldAt, newAt, before, after)
	}
}

func (c *comparison) lists(oldAt, newAt string, before, after *list) {
	if before == after {
		return
	}
	places := make(map[string]int, len(after.elements))
	for i, e := range after.elements {
		places[e.id] = i
	}
	for i, e := range before.elements {
		place, stayed := places[e.id]
		if !stayed {
			c.edits = append(c.edits, Edit{oldAt + "/" + strconv.Itoa(i), configtrail.OpRemove})
			continue
		}
		delete(places, e.id)
		c.values(oldAt+"/"+strconv.Itoa(i), newAt+"/"+strconv.Itoa(place), e.value, after.elements[place].value)
	}
	for i, e := range after.elements {
		if _, added := places[e.id]; added {
			c.edits = append(c.edits, Edit{newAt + "/" + strconv.Itoa(i), configtrail.OpAdd})
		}
	}
}

// escape writes a member's name as a segment of a JSON Pointer (RFC 6901).
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
