package diff

import (
	"slices"
)

// workBudget bounds, for one call of Edits, the comparisons spent on the best
// alignment of lists and the most alike elements. Lists beyond it are still
// aligned, in n log n, but not always with the fewest edits. It is a count, not
// a time, so that the same states always give the same edits.
const workBudget = 4 << 20

// ordered compares two lists whose order means something. Equal elements are
// aligned so that as many as possible keep their order; between them, what went
// and what came is paired where it is the same thing changed.
func (d *differ) ordered(a, b *node) {
	p := newPairs(len(a.kids), len(b.kids))
	d.align(a.kids, b.kids, p)
	i, j := 0, 0
	for i < len(p.old) || j < len(p.new) {
		from, to := i, j
		for i < len(p.old) && p.old[i] == none {
			i++
		}
		for j < len(p.new) && p.new[j] == none {
			j++
		}
		d.gap(a.kids, b.kids, p, span(from, i), span(to, j))
		i, j = i+1, j+1
	}
	d.paired(a, b, p, d.change)
}

func span(from, to int) []int {
	places := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		places = append(places, i)
	}
	return places
}

// gap pairs elements between two aligned ones: by identity, by content, then
// scalars by place, and last the only one left with the only one left.
func (d *differ) gap(a, b []*node, p pairs, olds, news []int) {
	if len(olds) == 0 || len(news) == 0 {
		return
	}
	byIdentity := map[string]int{}
	for _, j := range slices.Backward(news) {
		if id := identityOf(b[j]); id != "" {
			byIdentity[id] = j
		}
	}
	for _, i := range olds {
		if id := identityOf(a[i]); id != "" {
			if j, ok := byIdentity[id]; ok {
				p.join(i, j)
				delete(byIdentity, id)
			}
		}
	}
	olds, news = left(p, olds, news)
	d.joinAlike(a, b, p, olds, news)
	olds, news = left(p, olds, news)
	if len(olds) == 1 && len(news) == 1 {
		p.join(olds[0], news[0])
		return
	}
	for x := range min(len(olds), len(news)) {
		if a[olds[x]].kind == scalar && b[news[x]].kind == scalar {
			p.join(olds[x], news[x])
		}
	}
}

func left(p pairs, olds, news []int) ([]int, []int) {
	olds = slices.DeleteFunc(olds, func(i int) bool { return p.old[i] != none })
	news = slices.DeleteFunc(news, func(j int) bool { return p.new[j] != none })
	return olds, news
}

// change tells what differs in a pair of an ordered list, which may also be two
// things, of which one has replaced the other.
func (d *differ) change(a, b *node) {
	if sameThing(a, b) {
		d.node(a, b)
	} else {
		d.replace(a, b)
	}
}

// sameThing reports whether two elements are one that changed: of one kind,
// without identities that differ, and with a member in common.
func sameThing(a, b *node) bool {
	if a.kind != b.kind || a.kind != object {
		return a.kind == b.kind
	}
	if x, y := identityOf(a), identityOf(b); x != "" && y != "" && x != y {
		return shareOf(leavesOf([]*node{a}, []int{0})[0], leavesOf([]*node{b}, []int{0})[0]) >= alike
	}
	return slices.ContainsFunc(a.names, func(name string) bool { return slices.Contains(b.names, name) })
}

// identityOf is the first of the members that name a thing; empty where an
// element has none.
func identityOf(n *node) string {
	for _, name := range identities {
		if member := n.member(name); member != nil && member.kind == scalar {
			return name + "\x00" + member.text
		}
	}
	return ""
}

// align pairs equal elements in order.
func (d *differ) align(a, b []*node, p pairs) {
	first := 0
	for first < len(a) && first < len(b) && a[first].hash == b[first].hash {
		p.join(first, first)
		first++
	}
	n, m := len(a), len(b)
	for n > first && m > first && a[n-1].hash == b[m-1].hash {
		n, m = n-1, m-1
		p.join(n, m)
	}
	switch work := (n - first) * (m - first); {
	case work == 0:
	case work <= d.budget:
		d.budget -= work
		alignBest(a[first:n], b[first:m], first, p)
	default:
		alignFast(a[first:n], b[first:m], first, p)
	}
}

// alignBest pairs a longest common subsequence; of several, the one that
// removes early.
func alignBest(a, b []*node, at int, p pairs) {
	n, m := len(a), len(b)
	width := m + 1
	longest := make([]int32, (n+1)*width)
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i].hash == b[j].hash {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case a[i].hash == b[j].hash:
			p.join(at+i, at+j)
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			i++
		default:
			j++
		}
	}
}

// alignFast takes the k-th of several equal elements for the partner of the
// k-th on the other side, and keeps the longest run of partners that is in
// order on both: patience sorting, n log n. It gives a longest common
// subsequence where elements are unique.
func alignFast(a, b []*node, at int, p pairs) {
	q := newPairs(len(a), len(b))
	joinEqual(a, b, q)
	tails := []int{}              // for each length, the old place that ends the run with the smallest new place
	before := make([]int, len(a)) // the old place before it in its run
	for i, j := range q.old {
		if j == none {
			continue
		}
		length, _ := slices.BinarySearchFunc(tails, j, func(tail, j int) int { return q.old[tail] - j })
		before[i] = none
		if length > 0 {
			before[i] = tails[length-1]
		}
		if length == len(tails) {
			tails = append(tails, i)
		} else {
			tails[length] = i
		}
	}
	if len(tails) == 0 {
		return
	}
	for i := tails[len(tails)-1]; i != none; i = before[i] {
		p.join(at+i, at+q.old[i])
	}
}
