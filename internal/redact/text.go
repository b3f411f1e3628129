package redact

import "strings"

// The stretch of a text that a rule's expression gets to see around a keyword.
// Texts up to stretch bytes are seen whole.
const (
	stretch = 12 << 10
	overlap = 4 << 10
)

// text finds what a text gives away by itself.
func (s *search) text(t string, c context) []span {
	var finds []find
	between(t, func(part string, offset int) {
		for _, f := range s.part(part, c) {
			finds = append(finds, find{f.start + offset, f.end + offset, f.class})
		}
	})
	return s.mark(t, finds)
}

// ruleAt is a rule to run on one stretch of a text.
type ruleAt struct {
	word, at int
}

// part searches a text without markers.
func (s *search) part(t string, c context) []find {
	var finds []find
	var rules []ruleAt
	past := 0  // everything before is already part of a find
	named := 0 // names that begin before are already judged
	vocabulary := theVocabulary()
	if s.seen == nil {
		s.seen = make([]int, len(vocabulary.rules))
	}
	vocabulary.words.scan(t, func(word, end int) {
		if word >= len(stems) {
			if at := end/stretch + 1; s.seen[word] != at {
				s.seen[word] = at
				rules = append(rules, ruleAt{word, at - 1})
			}
			return
		}
		if end <= past {
			return
		}
		var f find
		var ok bool
		switch stems[word] {
		case stemURL:
			f, ok = userinfo(t, end)
		case stemPEM:
			f, ok = privateKey(t, end-len(stemPEM))
		case stemBasic, stemBearer:
			f, ok = scheme(t, end)
		case stemPasswordJa, stemPinJa:
			f, ok = assignmentJa(t, end)
		default:
			if end <= named {
				return
			}
			left, right := nameAround(t, end)
			f, ok = assignment(t, left, right)
			named = right
		}
		if ok {
			finds = append(finds, f)
			past = f.end
		}
	})
	for _, r := range rules {
		s.seen[r.word] = 0
	}
	finds = append(finds, commandFlags(t)...)
	finds = append(finds, s.rules(t, vocabulary, rules)...)
	finds = append(finds, s.encoded(t)...)
	if c.flags&(inTags|inProse) != 0 && !strings.HasPrefix(c.name, "aws:") {
		finds = append(finds, random(t)...)
	}
	return finds
}

// rules runs the rules of gitleaks whose keywords were met. Where that would
// cost more than the search may, the text is hidden whole: nothing is stored
// that was not searched.
func (s *search) rules(t string, v vocabulary, at []ruleAt) []find {
	var finds []find
	for _, r := range at {
		from := max(0, r.at*stretch-overlap)
		to := min(len(t), (r.at+1)*stretch+overlap)
		if !worthwhile(t[from:to]) {
			continue
		}
		compiled := theRules()
		for _, id := range v.rules[r.word] {
			if s.budget -= to - from; s.budget < 0 || compiled == nil {
				return []find{{0, len(t), classUnsearched}}
			}
			for _, f := range matches(compiled[id], t[from:to]) {
				finds = append(finds, find{f.start + from, f.end + from, f.class})
			}
		}
	}
	return finds
}

// worthwhile tells whether a text holds anything that a rule could match: every
// rule's secret is a run of at least ten characters of tokens, with a digit or
// both cases where it is short. Most prose and names have none.
func worthwhile(t string) bool {
	run, digit, upper, lower := 0, false, false, false
	for _, c := range []byte(t) {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'A' && c <= 'Z':
			upper = true
		case c >= 'a' && c <= 'z':
			lower = true
		case c == '_' || c == '-' || c == '+' || c == '/' || c == '=' || c == '.':
		default:
			run, digit, upper, lower = 0, false, false, false
			continue
		}
		if run++; run >= 10 && (digit || upper && lower) {
			return true
		}
		if run >= 16 {
			return true
		}
	}
	return false
}

// userinfo finds the password of scheme://user:password@host, given the offset
// behind the "://". The user stays: it is a name. A user without a password is
// one unless it is a token.
func userinfo(t string, start int) (find, bool) {
	end := start
	at := -1
	for ; end < len(t) && end-start < 1024; end++ {
		c := t[end]
		if c == '@' {
			at = end
		}
		if c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == ':' && strings.HasPrefix(t[end:], "://") {
			break
		}
		if (c == '/' || c == '?' || c == '#') && at >= 0 {
			break
		}
	}
	if at < 0 {
		return find{}, false
	}
	user := t[start:at]
	colon := strings.IndexByte(user, ':')
	if colon < 0 {
		if looksRandom(user) && !strings.ContainsAny(user, "/?") {
			return find{start, at, classURL}, true
		}
		return find{}, false
	}
	password := user[colon+1:]
	// A slash before the @ is a path with an @ in it, unless a port can't be what stands behind the colon.
	if slash := strings.IndexAny(password, "/?#"); slash >= 0 && (slash == 0 || isNumber(password[:slash])) || strings.ContainsAny(user[:colon], "/?") {
		return find{}, false
	}
	if stands(password) {
		return find{}, false
	}
	return find{start + colon + 1, at, classURL}, true
}

// privateKey finds a private key in PEM or PGP armour, given where it begins. One
// that never ends goes to the end of the text.
func privateKey(t string, start int) (find, bool) {
	head := t[start:min(len(t), start+120)]
	if !strings.Contains(strings.ToUpper(head), "PRIVATE KEY") {
		return find{}, false
	}
	body := start + len(stemPEM)
	n := strings.Index(t[body:], "-----END")
	if n < 0 {
		return find{start, len(t), classPrivateKey}, true
	}
	end := body + n + len("-----END")
	if n := strings.Index(t[end:min(len(t), end+120)], "-----"); n >= 0 {
		end += n + len("-----")
	}
	return find{start, end, classPrivateKey}, true
}

// scheme finds the credentials behind "Basic " and "Bearer ".
func scheme(t string, start int) (find, bool) {
	end := start
	digits, upper := 0, 0
	for ; end < len(t) && (isTokenByte(t[end]) || t[end] == '-' || t[end] == '.' || t[end] == '~'); end++ {
		if t[end] >= '0' && t[end] <= '9' {
			digits++
		} else if t[end] >= 'A' && t[end] <= 'Z' {
			upper++
		}
	}
	token := t[start:end]
	if len(token) < 12 || digits == 0 && (upper < 3 || !strings.HasSuffix(token, "=")) && !(digits == 0 && upper >= 4) {
		return find{}, false
	}
	return find{start, end, classCredentials}, true
}
