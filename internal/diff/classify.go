package diff

import (
	"strings"

	"configtrail"
)

// Classify names the noise class of an update: NoiseNone unless every edit is
// noise. Where edits are of several classes, the first in noiseOrder counts.
// The class of a type that is noise wholly is its class.
func Classify(resourceType string, edits []configtrail.Edit) configtrail.Noise {
	if class := WhollyNoise(resourceType); class != configtrail.NoiseNone {
		return class
	}
	found := map[configtrail.Noise]bool{}
	for _, edit := range edits {
		class := noiseOf(resourceType, edit.Path)
		if class == configtrail.NoiseNone && !isCompanion(edit.Path) {
			return configtrail.NoiseNone
		}
		found[class] = true
	}
	for _, class := range noiseOrder {
		if found[class] {
			return class
		}
	}
	return configtrail.NoiseNone
}

// WhollyNoise is the class of a type whose items are all noise, created and
// deleted ones too: compliance and inventory. It is NoiseNone for any other.
func WhollyNoise(resourceType string) configtrail.Noise {
	for _, wholly := range whollyNoise {
		if wholly.resourceType == resourceType {
			return wholly.class
		}
	}
	return configtrail.NoiseNone
}

func noiseOf(resourceType, path string) configtrail.Noise {
	for i := range noiseRules {
		rule := &noiseRules[i]
		if matchType(rule.types, resourceType) && matchPath(rule.path, path) {
			return rule.class
		}
	}
	return configtrail.NoiseNone
}

func isCompanion(path string) bool {
	for _, pattern := range companions {
		if matchPath(pattern, path) {
			return true
		}
	}
	return false
}

// matchPath holds a JSON Pointer against a pattern of noiseRule. Names match in
// any case, as AWS writes some types in PascalCase.
func matchPath(pattern, path string) bool {
	for {
		want, patternRest, more := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
		if want == "**" {
			return true
		}
		have, rest, deeper := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if want != "*" && !strings.EqualFold(want, have) {
			return false
		}
		if !more || !deeper {
			return more == deeper || !deeper && patternRest == "**"
		}
		pattern, path = patternRest, rest
	}
}
