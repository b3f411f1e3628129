package diff

import (
	"slices"
	"strings"
	"testing"

	"configtrail"
)

// TestListRules: each rule has its reason and what its pairing needs, and none
// is hidden by one before it.
func TestListRules(t *testing.T) {
	for i := range listRules {
		rule := &listRules[i]
		if rule.reason == "" || (rule.pair == byKey) != (len(rule.keys) > 0) && rule.pair != byContent {
			t.Errorf("%s: reason %q, keys %q", rule.path, rule.reason, rule.keys)
		}
		path := strings.Split(strings.TrimPrefix(rule.path, "/"), "/")
		if path[len(path)-1] == "*" {
			path[len(path)-1] = "aws:SourceVpc"
		}
		if !strings.HasPrefix(rule.path, "/") {
			path = append([]string{"configuration", "anything", "*"}, path...)
		}
		resourceType := strings.Replace(rule.types, "*", "Thing", 1)
		if got := ruleFor(resourceType, path); got != rule {
			t.Errorf("%s %v: another rule fits: %+v", resourceType, path, got)
		}
		upper := slices.Clone(path)
		upper[len(upper)-1] = strings.ToUpper(upper[len(upper)-1])
		if got := ruleFor(resourceType, upper); got != rule {
			t.Errorf("%s %v: no rule", resourceType, upper)
		}
	}
	for _, path := range [][]string{nil, {"x"}, {"configuration", "xStatement"}, {"configuration", "Statement", "*"}, {"configuration", "relationships"}} {
		if got := ruleFor("AWS::EC2::VPC", path); got != nil {
			t.Errorf("%v: %+v", path, got)
		}
	}
}

// TestNoiseRules: each rule has a reason, a class that Classify knows, and a
// path from the root that no earlier rule of another class takes away.
func TestNoiseRules(t *testing.T) {
	for i, rule := range noiseRules {
		if rule.reason == "" || !slices.Contains(noiseOrder, rule.class) {
			t.Errorf("%s: reason %q, class %q", rule.path, rule.reason, rule.class)
		}
		root, _, _ := strings.Cut(strings.TrimPrefix(rule.path, "/"), "/")
		if !slices.Contains([]string{"configuration", "supplementaryConfiguration", "relationships"}, root) {
			t.Errorf("%s: not from the root", rule.path)
		}
		path := strings.NewReplacer("**", "below/it", "*", "7").Replace(rule.path)
		resourceType := strings.Replace(rule.types, "*", "Thing", 1)
		if got := noiseOf(resourceType, path); got != rule.class {
			t.Errorf("rule %d %s %s: class %q", i, resourceType, path, got)
		}
		if rule.types != "" {
			if got := noiseOf("AWS::Other::Thing", path); got != configtrail.NoiseNone {
				t.Errorf("%s of another type: class %q", path, got)
			}
		}
	}
	for _, path := range companions {
		if noiseOf("AWS::Lambda::Function", path) != configtrail.NoiseNone || !isCompanion(path) {
			t.Errorf("%s: a companion is no noise of its own", path)
		}
	}
}
