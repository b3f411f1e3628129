package redact

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// shortestBase64 is the length below which an encoded text is left alone: a
// shorter one holds no assignment.
const shortestBase64 = 24

// encoded finds runs of base64 that decode to text which gives a secret away. A
// run is hidden whole: half of it would still decode.
func (s *search) encoded(t string) []find {
	if s.level == maxLevel || len(t) < shortestBase64 {
		return nil
	}
	var finds []find
	for i := 0; i < len(t); {
		end := i
		var lower, upper bool
		for end < len(t) && isBase64Byte(t[end]) {
			lower = lower || t[end] >= 'a' && t[end] <= 'z'
			upper = upper || t[end] >= 'A' && t[end] <= 'Z'
			end++
		}
		if end-i >= shortestBase64 && lower && upper && s.hides(t[i:end]) {
			finds = append(finds, find{i, end, classBase64})
		}
		i = end + 1
	}
	return finds
}

func isBase64Byte(c byte) bool {
	return isAlphanumeric(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_'
}

// hides reports that a run of base64 decodes to text with a secret in it.
func (s *search) hides(run string) bool {
	plain, ok := decodeText(run)
	if !ok {
		return false
	}
	s.level++
	defer func() { s.level-- }()
	return len(s.value(plain, context{})) > 0
}

// decodeText decodes standard and URL-safe base64, with padding or without, to
// UTF-8 or to what PowerShell encodes, UTF-16. Bytes that are no text, such as
// digests and certificates, are none.
func decodeText(run string) (string, bool) {
	run = strings.TrimRight(run, "=")
	if strings.IndexByte(run, '=') >= 0 || len(run)%4 == 1 {
		return "", false
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(run, "-_") {
		encoding = base64.RawURLEncoding
	}
	// Most runs are no text, and their first bytes tell.
	if head, err := encoding.DecodeString(run[:min(len(run), 32)&^3]); err != nil || !isText(head) {
		return "", false
	}
	plain, err := encoding.DecodeString(run)
	if err != nil {
		return "", false
	}
	if len(plain) >= 4 && plain[1] == 0 && plain[3] == 0 {
		narrow := make([]byte, 0, len(plain)/2)
		for i := 0; i+1 < len(plain); i += 2 {
			if plain[i+1] != 0 {
				return "", false
			}
			narrow = append(narrow, plain[i])
		}
		plain = narrow
	}
	return string(plain), utf8.Valid(plain) && isText(plain)
}

// isText reports bytes without control characters, but for the breaks of lines
// and the second bytes of UTF-16.
func isText(b []byte) bool {
	for i, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && (c != 0 || i%2 == 0) || c == 0x7f {
			return false
		}
	}
	return true
}
