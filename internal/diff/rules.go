package diff

import (
	"strings"
)

// indexedRules holds listRules by the last segment of their path, in lower case.
var indexedRules = func() map[string][]*listRule {
	index := map[string][]*listRule{}
	for i := range listRules {
		path := listRules[i].path
		last := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
		index[last] = append(index[last], &listRules[i])
	}
	return index
}()

// orderFree reports whether the place of an element means nothing. A nil rule
// is that of an ordered list.
func (r *listRule) orderFree() bool { return r != nil && r.pair != inOrder }

// ruleFor is the rule of the list at a path of names, in which an element's
// place is "*"; nil where none is known.
func ruleFor(resourceType string, path []string) *listRule {
	if len(path) == 0 || path[len(path)-1] == "*" {
		return nil
	}
	var buffer [32]byte
	if last := path[len(path)-1]; len(last) <= len(buffer) {
		lower := buffer[:len(last)]
		for i := range len(last) {
			c := last[i]
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			lower[i] = c
		}
		for _, rule := range indexedRules[string(lower)] {
			if rule.fits(resourceType, path) {
				return rule
			}
		}
	}
	if len(path) < 4 { // the shortest pattern that ends in *
		return nil
	}
	for _, rule := range indexedRules["*"] {
		if rule.fits(resourceType, path) {
			return rule
		}
	}
	return nil
}

func (r *listRule) fits(resourceType string, path []string) bool {
	if !matchType(r.types, resourceType) {
		return false
	}
	pattern := r.path
	if rest, rooted := strings.CutPrefix(pattern, "/"); rooted {
		if pattern = rest; len(path) != strings.Count(rest, "/")+1 {
			return false
		}
	}
	for i := len(path) - 1; ; i-- {
		cut := strings.LastIndexByte(pattern, '/')
		if segment := pattern[cut+1:]; segment != "*" && !strings.EqualFold(segment, path[i]) {
			return false
		}
		if cut < 0 {
			return true
		}
		if i == 0 {
			return false
		}
		pattern = pattern[:cut]
	}
}

// matchType reports whether a pattern of listRule or noiseRule covers a type.
func matchType(pattern, resourceType string) bool {
	if pattern == "" || pattern == resourceType {
		return true
	}
	service, any := strings.CutSuffix(pattern, "*")
	return any && strings.HasPrefix(resourceType, service)
}

// shapeOf is the rule of a list that is a map written as pairs; nil for others.
func shapeOf(elements []*node) *listRule {
	if len(elements) == 0 || elements[0].kind != object {
		return nil
	}
next:
	for i := range shapes {
		shape := &shapes[i]
		if elements[0].member(shape.key) == nil {
			continue
		}
		seen := make(map[uint64]bool, len(elements))
		valued := false
		for _, e := range elements {
			key := e.member(shape.key)
			if key == nil || key.kind != scalar || seen[key.hash] {
				continue next
			}
			seen[key.hash] = true
			valued = valued || e.member(shape.value) != nil
		}
		if valued {
			return &shape.rule
		}
	}
	return nil
}

// legacyCopy tells, as 1 + its place, that ipRanges of a security group's rule
// only repeats ipv4Ranges. EC2 writes both since 2016; a reviewer wants to read
// of a range once, with its description. 0: no copy.
func legacyCopy(path []string, n *node) int {
	if len(path) < 2 || !strings.HasPrefix(strings.ToLower(path[len(path)-2]), "ippermissions") {
		return 0
	}
	old, ranges := n.member("ipRanges"), n.member("ipv4Ranges")
	if old == nil || ranges == nil || old.kind != list || ranges.kind != list || len(old.kids) != len(ranges.kids) {
		return 0
	}
	count := map[string]int{}
	for _, r := range ranges.kids {
		cidr := r.member("cidrIp")
		if cidr == nil {
			return 0
		}
		count[cidr.text]++
	}
	for _, r := range old.kids {
		if r.kind == object { // the SDK's spelling: ipRanges is a list of objects
			if r = r.member("cidrIp"); r == nil {
				return 0
			}
		}
		if count[r.text]--; count[r.text] < 0 {
			return 0
		}
	}
	for i, kid := range n.kids {
		if kid == old {
			return i + 1
		}
	}
	return 0
}
