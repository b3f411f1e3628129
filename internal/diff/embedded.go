package diff

import (
	"net/url"
	"strings"
)

// maxWrappings is how often a document may be serialised into a string: S3's
// ACL is twice.
const maxWrappings = 4

// embedded is the object or list that a string holds, as JSON text, which may
// be URL-encoded or serialised again; nil where it holds none. The values of
// tags are words that somebody chose, and are never looked into.
func (p *parser) embedded(quoted string, rule *listRule) *node {
	if p.inTags || !mayHoldDocument(quoted) {
		return nil
	}
	text := unquote(quoted)
	for range maxWrappings {
		text = strings.TrimLeft(text, " \t\r\n")
		if strings.HasPrefix(text, "%") {
			plain, err := url.PathUnescape(text)
			if err != nil {
				return nil
			}
			text = strings.TrimLeft(plain, " \t\r\n")
		}
		if text == "" || !strings.ContainsRune(`{["`, rune(text[0])) {
			return nil
		}
		document, err := canonicalDocument([]byte(text), p.depth)
		if err != nil {
			return nil
		}
		if document[0] == '"' {
			text = unquote(string(document))
			continue
		}
		outer, at := p.src, p.pos
		p.src, p.pos = string(document), 0
		n := p.plain(rule)
		p.src, p.pos = outer, at
		return n
	}
	return nil
}

// mayHoldDocument looks at the first characters only.
func mayHoldDocument(quoted string) bool {
	for i := 1; i < len(quoted)-1; i++ {
		switch quoted[i] {
		case '{', '[', '%':
			return true
		case ' ':
		case '\\':
			i++
			if c := quoted[i]; c != 'n' && c != 'r' && c != 't' {
				return c == '"'
			}
		default:
			return false
		}
	}
	return false
}

// isTags tells members that hold tags by their name: tags, tagList, tagSets,
// FileSystemTags and so on.
func isTags(name string) bool {
	return endsWith(name, "tags") || endsWith(name, "taglist") || endsWith(name, "tagset") || endsWith(name, "tagsets")
}

func endsWith(name, suffix string) bool {
	return len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}
