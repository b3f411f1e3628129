package redact

import (
	"math"
	"strings"
)

// The measures of randomness. Words written together, such as the names that
// CloudFormation makes, have the entropy of a key but long runs of one kind of
// character: letters of a word in a row. Random text changes kind every second
// character.
const (
	randomLength  = 20
	randomEntropy = 3.5 // bits for each character, after Shannon
	randomRun     = 2.3 // characters of one kind in a row, on average
)

// looksRandom reports one token that nobody wrote by hand. Hexadecimal text is a
// digest or an id until something else says otherwise.
func looksRandom(t string) bool {
	if len(t) < randomLength || isHex(t) || isUUID(t) {
		return false
	}
	var lower, upper, digit, runs int
	last := byte(0)
	for _, c := range []byte(t) {
		kind := byte('o')
		switch {
		case c >= 'a' && c <= 'z':
			kind = 'a'
			lower++
		case c >= 'A' && c <= 'Z':
			kind = 'A'
			upper++
		case c >= '0' && c <= '9':
			kind = '0'
			digit++
		}
		if kind != last {
			runs++
		}
		last = kind
	}
	letters := lower + upper
	if digit < 2 || letters < 4 || float64(len(t))/float64(runs) > randomRun {
		return false
	}
	if lower == 0 || upper == 0 { // one case only: base32 and the like need more of it
		if len(t) < randomLength+4 {
			return false
		}
	}
	return shannon(t) >= randomEntropy
}

// shannon is the entropy of a text in bits for each byte.
func shannon(t string) float64 {
	var seen [256]int
	for _, c := range []byte(t) {
		seen[c]++
	}
	bits := 0.0
	for _, n := range seen {
		if n > 0 {
			p := float64(n) / float64(len(t))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// isTokenByte reports the characters of base64, base64url and plain tokens,
// without those that also separate words.
func isTokenByte(c byte) bool {
	return isAlphanumeric(c) || c == '+' || c == '/' || c == '_' || c == '='
}

// random finds tokens without meaning in a text that people write. Nothing is
// hidden of an ARN, a URL's path, an AMI's name or an id with its prefix.
func random(t string) []find {
	var finds []find
	for i := 0; i < len(t); {
		if !isTokenByte(t[i]) {
			i++
			continue
		}
		end := i
		for end < len(t) && isTokenByte(t[end]) {
			end++
		}
		token := t[i:end]
		prefixed := i > 0 && (t[i-1] == '-' || t[i-1] == ':' && strings.HasPrefix(t, "arn:") || t[i-1] == '.')
		if !prefixed && strings.Count(token, "/") <= 3 && !strings.HasPrefix(token, "/") && !isAccessKeyID(token) && looksRandom(token) {
			finds = append(finds, find{i, end, classEntropy})
		}
		i = end
	}
	return finds
}
