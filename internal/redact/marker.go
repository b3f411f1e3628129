package redact

import (
	"slices"
	"strings"
)

// The classes that a marker can name. Rules of gitleaks share classRule.
const (
	classEnvironment = "environment"       // the value of an environment variable
	classUserData    = "user-data"         // a start script
	classContent     = "content"           // of a document that runs commands
	classPassword    = "password"          // password, passphrase, PIN
	classSecret      = "secret"            // anything called a secret
	classToken       = "token"             // bearer and session tokens
	classKey         = "key"               // API keys, signing keys, access keys
	classEncryption  = "encryption-key"    // a key that encrypts, where it is no id of a KMS key
	classPrivateKey  = "private-key"       // PEM and members called private key
	classShared      = "pre-shared-key"    // of a VPN tunnel
	classConnection  = "connection-string" // with or without a visible password
	classCredentials = "credentials"       // authorization headers, basic auth
	classURL         = "url"               // the password in scheme://user:password@
	classSignature   = "signature"         // of a signed URL
	classBase64      = "base64"            // decodes to text that holds a secret
	classRule        = "pattern"           // a rule of gitleaks
	classEntropy     = "entropy"           // random text in a tag or a description
	classUnsearched  = "unsearched"        // too costly to search, so hidden whole
	classMixed       = "mixed"             // did not settle, so hidden whole
)

const (
	markerStart = "[REDACTED:"
	hashLength  = 8
	maxClass    = 20
)

// span is one stretch of a text and what stands there afterwards.
type span struct {
	start, end int
	with       string
}

// markerLength is the length of the marker that text starts with, or 0. Only the
// exact form counts, so that nothing can be hidden from a search inside of it.
func markerLength(text string) int {
	if !strings.HasPrefix(text, markerStart) {
		return 0
	}
	i := len(markerStart)
	for i < len(text) && i < len(markerStart)+maxClass && (text[i] >= 'a' && text[i] <= 'z' || text[i] >= '0' && text[i] <= '9' || text[i] == '-') {
		i++
	}
	if i == len(markerStart) || len(text) < i+1+hashLength+1 || text[i] != ':' || text[i+1+hashLength] != ']' {
		return 0
	}
	for _, c := range []byte(text[i+1 : i+1+hashLength]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0
		}
	}
	return i + 1 + hashLength + 1
}

// isMarker reports whether text is one marker and nothing else.
func isMarker(text string) bool { return text != "" && markerLength(text) == len(text) }

// between calls f for each stretch of text outside of markers, with its offset.
func between(text string, f func(part string, offset int)) {
	start := 0
	for i := 0; ; {
		next := strings.Index(text[i:], markerStart)
		if next < 0 {
			break
		}
		i += next
		n := markerLength(text[i:])
		if n == 0 {
			i += len(markerStart)
			continue
		}
		if start < i {
			f(text[start:i], start)
		}
		i += n
		start = i
	}
	if start < len(text) {
		f(text[start:], start)
	}
}

// apply writes the text with its spans replaced. Spans are sorted and apart.
func apply(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	at := 0
	for _, sp := range spans {
		b.WriteString(text[at:sp.start])
		b.WriteString(sp.with)
		at = sp.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// compose makes one list of spans out of two, where the second belongs to the
// text that the first one left. A later span that reaches into an earlier marker
// takes over what the marker hides.
func compose(first, second []span) []span {
	out := make([]span, 0, len(first)+len(second))
	moved := 0 // how much later offsets are larger after the spans of first before them
	i := 0
	shift := func() { moved += len(first[i].with) - (first[i].end - first[i].start); i++ }
	for _, sp := range second {
		for i < len(first) && first[i].start+moved+len(first[i].with) <= sp.start {
			out = append(out, first[i])
			shift()
		}
		start := sp.start - moved
		least := 0
		for i < len(first) && first[i].start+moved < sp.end {
			start = min(start, first[i].start)
			least = first[i].end
			shift()
		}
		out = append(out, span{start, max(sp.end-moved, least), sp.with})
	}
	return append(out, first[i:]...)
}

// find is a secret that a search met: a stretch of the searched text and its class.
type find struct {
	start, end int
	class      string
}

// mark turns finds into spans. Finds that touch the same bytes become one, of
// the class of the first: no half of a secret may stay because two rules
// disagree on where it ends.
func (s *search) mark(text string, finds []find) []span {
	if len(finds) == 0 {
		return nil
	}
	slices.SortStableFunc(finds, func(a, b find) int { return a.start - b.start })
	var merged []find
	for _, f := range finds {
		if last := len(merged) - 1; last >= 0 && f.start < merged[last].end {
			merged[last].end = max(merged[last].end, f.end)
			continue
		}
		merged = append(merged, f)
	}
	spans := make([]span, len(merged))
	for i, f := range merged {
		spans[i] = span{f.start, f.end, s.r.marker(f.class, text[f.start:f.end])}
	}
	return spans
}

// whole is the span that hides all of a text.
func (s *search) whole(text, class string) []span {
	return []span{{0, len(text), s.r.marker(class, text)}}
}
