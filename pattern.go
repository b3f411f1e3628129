package configtrail

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled when it is first used. A
// function's cold start pays for everything that packages prepare beforehand, and
// most runs use few of their patterns. A text that is no expression panics then,
// as regexp.MustCompile does.
func Pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
