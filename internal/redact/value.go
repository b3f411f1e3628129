package redact

import "strings"

// shortest is the length below which a text can't hold a secret that its own
// text gives away.
const shortest = 8

// value finds what one string hides, decoded, in its context.
func (s *search) value(t string, c context) []span {
	switch {
	case t == "" || isMarker(t):
		return nil
	case c.class != "" && !excused(c.class, t):
		return s.whole(t, c.class)
	case c.flags&inEnvironment != 0 && !harmlessVariable(c.name, t):
		return s.whole(t, classEnvironment)
	case len(t) < shortest || isARN(t):
		return nil
	}
	if spans, ok := s.nested(t, c); ok {
		return spans
	}
	return s.text(t, c)
}

// nested searches a document inside of a string: JSON, or percent-encoding of
// anything. It tells whether t is one.
func (s *search) nested(t string, c context) ([]span, bool) {
	if s.level == maxLevel {
		return nil, false
	}
	s.level++
	defer func() { s.level-- }()
	if first := skipSpace(t, 0); first < len(t) && (t[first] == '{' || t[first] == '[' || t[first] == '"') {
		if spans, clean := s.walk(t, c.flags&(inTags|inProse)); clean {
			return spans, true
		}
		return nil, false
	}
	if i := strings.Index(t, "%"); i >= 0 && i+2 < len(t) && isHex(t[i+1:i+3]) && strings.IndexByte(t, ' ') < 0 {
		plain := unpercent(t)
		spans := s.value(plain, context{flags: c.flags & inProse})
		return moved(t, spans, percentAt), len(spans) > 0
	}
	return nil, false
}
