package diff

import (
	"cmp"
	"slices"
)

// alike is the share of equal leaves from which two elements are held to be one
// that changed. A policy statement with two of its four members kept is.
const alike = 0.5

// pairs says which elements of two lists belong together: old[i] is the place
// in the new list of the i-th old element, new[j] the reverse, and none where
// there is no partner.
type pairs struct {
	old, new []int
}

const none = -1

func newPairs(n, m int) pairs {
	p := pairs{make([]int, n), make([]int, m)}
	for i := range p.old {
		p.old[i] = none
	}
	for j := range p.new {
		p.new[j] = none
	}
	return p
}

func (p pairs) join(i, j int) { p.old[i], p.new[j] = j, i }

// list compares two lists by the rule of either.
func (d *differ) list(a, b *node) {
	rule := a.rule
	if rule == nil {
		rule = b.rule
	}
	switch {
	case a.bare && b.bare:
		d.node(a.kids[0], b.kids[0])
		return
	case !rule.orderFree():
		d.ordered(a, b)
		return
	}
	p := newPairs(len(a.kids), len(b.kids))
	joinEqual(a.kids, b.kids, p)
	if (a.bare || b.bare) && rule.pair == asSet && !slices.ContainsFunc(p.old, isPaired) {
		d.replace(a, b)
		return
	}
	if rule.pair != asSet {
		joinKeys(rule.keys, a.kids, b.kids, p)
	}
	if rule.pair == byContent {
		d.joinAlike(a.kids, b.kids, p, unpaired(p.old), unpaired(p.new))
	}
	d.paired(a, b, p, d.node)
}

func isPaired(at int) bool { return at != none }

func unpaired(places []int) (left []int) {
	for i, at := range places {
		if at == none {
			left = append(left, i)
		}
	}
	return left
}

// paired tells, by change, what differs inside the pairs, and which elements
// have no partner.
func (d *differ) paired(a, b *node, p pairs, change func(a, b *node)) {
	old, new := len(d.old), len(d.new)
	for i, kid := range a.kids {
		j := p.old[i]
		if j != none && kid.hash == b.kids[j].hash {
			continue
		}
		d.old = enter(d.old, a, i)
		if j == none {
			d.remove(kid)
		} else {
			d.new = enter(d.new, b, j)
			change(kid, b.kids[j])
			d.new = d.new[:new]
		}
		d.old = d.old[:old]
	}
	for j, kid := range b.kids {
		if p.new[j] == none {
			d.new = enter(d.new, b, j)
			d.add(kid)
			d.new = d.new[:new]
		}
	}
}

// joinEqual pairs equal elements, the first with the first.
func joinEqual(a, b []*node, p pairs) {
	waiting := make(map[uint64][]int, len(b))
	for j, n := range b {
		waiting[n.hash] = append(waiting[n.hash], j)
	}
	for i, n := range a {
		if places := waiting[n.hash]; len(places) > 0 {
			p.join(i, places[0])
			waiting[n.hash] = places[1:]
		}
	}
}

// joinKeys pairs elements without partner that have equal keys, the first with the first.
func joinKeys(keys []string, a, b []*node, p pairs) {
	waiting := map[string][]int{}
	for j, n := range b {
		if p.new[j] == none {
			if key := keyOf(n, keys); key != "" {
				waiting[key] = append(waiting[key], j)
			}
		}
	}
	for i, n := range a {
		if p.old[i] != none || len(waiting) == 0 {
			continue
		}
		key := keyOf(n, keys)
		if places := waiting[key]; key != "" && len(places) > 0 {
			p.join(i, places[0])
			waiting[key] = places[1:]
		}
	}
}

// keyOf is the JSON of an element's key members; empty where it has none of them.
func keyOf(n *node, keys []string) string {
	var key []byte
	found := false
	for _, name := range keys {
		if member := n.member(name); member != nil {
			key = member.appendJSON(key)
			found = true
		}
		key = append(key, ',')
	}
	if !found {
		return ""
	}
	return string(key)
}

// joinAlike pairs the elements at the given places, the most alike first, as far
// as they are alike at all and the budget allows to look.
func (d *differ) joinAlike(a, b []*node, p pairs, olds, news []int) {
	if len(olds) == 0 || len(news) == 0 {
		return
	}
	left, right := leavesOf(a, olds), leavesOf(b, news)
	work := 0
	for _, l := range left {
		work += len(l) * len(news)
	}
	for _, r := range right {
		work += len(r) * len(olds)
	}
	if work > d.budget {
		return
	}
	d.budget -= work
	type candidate struct {
		share float64
		i, j  int
	}
	var candidates []candidate
	for x, i := range olds {
		for y, j := range news {
			if a[i].kind != b[j].kind || a[i].kind == scalar {
				continue
			}
			if share := shareOf(left[x], right[y]); share >= alike {
				candidates = append(candidates, candidate{share, i, j})
			}
		}
	}
	slices.SortFunc(candidates, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.share, x.share), cmp.Compare(x.i, y.i), cmp.Compare(x.j, y.j))
	})
	for _, c := range candidates {
		if p.old[c.i] == none && p.new[c.j] == none {
			p.join(c.i, c.j)
		}
	}
}

// leavesOf gives, for each element at the places, the sorted hashes of its
// leaves, each with the names that lead to it.
func leavesOf(elements []*node, places []int) [][]uint64 {
	leaves := make([][]uint64, len(places))
	for x, i := range places {
		leaves[x] = appendLeaves(nil, elements[i], 0)
		slices.Sort(leaves[x])
	}
	return leaves
}

func appendLeaves(leaves []uint64, n *node, path uint64) []uint64 {
	switch n.kind {
	case scalar:
		return append(leaves, mix(path, n.hash))
	case list:
		for _, kid := range n.kids {
			leaves = appendLeaves(leaves, kid, path)
		}
	default:
		for i, kid := range n.kids {
			if i+1 != n.copy {
				leaves = appendLeaves(leaves, kid, mix(path, nameHash(n.names[i])))
			}
		}
	}
	return leaves
}

// shareOf is how much of two sorted multisets is common to both, from 0 to 1.
func shareOf(a, b []uint64) float64 {
	common, j := 0, 0
	for _, leaf := range a {
		for j < len(b) && b[j] < leaf {
			j++
		}
		if j < len(b) && b[j] == leaf {
			common++
			j++
		}
	}
	return 2 * float64(common) / float64(max(1, len(a)+len(b)))
}
