package redact

import "strings"

// context is what is known of a value besides its text.
type context struct {
	class string // the name or the place says that the value is a secret
	name  string // of the environment variable, where flags has inEnvironment
	flags flags
	flag  bool // the text before it in its list was a flag such as --password
}

// frame is one open object or list.
type frame struct {
	key    string // the member that holds it; a list hands its own on to its elements
	array  bool
	flags  flags
	member string // the name whose value comes next
	v      verdict

	name      string   // value of the sibling that names the value
	kind      string   // value of the sibling called type
	namespace string   // of an option setting
	hidden    bool     // a sibling says that the value is a secret
	waiting   []waiter // values whose class depends on siblings that may still come
	before    string   // of a list: the text before
}

// waiter is a value that is judged when its object closes.
type waiter struct {
	start, end int
	key        string
	v          verdict
}

// maxFrames is how deep names are followed. Deeper values are searched without
// the names around them.
const maxFrames = 256

// walk finds what a JSON text hides, string by string, and gives what is to be
// replaced in the order of the text. It reads tokens and does not care whether
// they make a document; clean is false where it met bytes that belong to none.
func (s *search) walk(doc string, outer flags) (spans []span, clean bool) {
	w := walker{search: s, doc: doc, outer: outer}
	clean = w.tokens()
	w.beyond = 0
	for len(w.frames) > 0 { // what was never closed
		w.pop()
	}
	sortSpans(w.spans)
	return w.spans, clean
}

// walker is one pass over one document.
type walker struct {
	*search
	doc    string
	outer  flags
	frames []frame
	beyond int // open containers that have no frame
	spans  []span
}

func (w *walker) tokens() (clean bool) {
	clean = true
	for i := 0; i < len(w.doc); {
		switch c := w.doc[i]; c {
		case '"':
			end, ok := stringEnd(w.doc, i+1)
			if !ok { // cut off: what is there is a value all the same
				w.value(i+1, len(w.doc))
				return false
			}
			next := skipSpace(w.doc, end+1)
			if next < len(w.doc) && w.doc[next] == ':' {
				w.open(w.doc[i+1 : end])
				i = next + 1
				continue
			}
			w.value(i+1, end)
			i = end + 1
		case '{', '[':
			w.push(c == '[')
			i++
		case '}', ']':
			if w.beyond > 0 {
				w.beyond--
			} else {
				w.pop()
			}
			i++
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		default:
			n := literal(w.doc[i:])
			if n == 0 {
				clean, n = false, 1
			}
			if f := w.top(); f != nil && f.v.role == roleSecret && c == 't' {
				f.hidden = true
			}
			i += n
		}
	}
	return clean && len(w.frames) == 0 && w.beyond == 0
}

// literal is the length of the number, true, false or null that t starts with.
func literal(t string) int {
	switch t[0] {
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		n := 1
		for n < len(t) && (t[n] >= '0' && t[n] <= '9' || t[n] == '.' || t[n] == '-' || t[n] == '+' || t[n] == 'e' || t[n] == 'E') {
			n++
		}
		return n
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(t, word) {
			return len(word)
		}
	}
	return 0
}

// stringEnd is the offset of the quote that closes the string that begins at start.
func stringEnd(doc string, start int) (int, bool) {
	for i := start; ; {
		n := strings.IndexByte(doc[i:], '"')
		if n < 0 {
			return 0, false
		}
		i += n
		slashes := 0
		for i-1-slashes >= start && doc[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i, true
		}
		i++
	}
}

func skipSpace(doc string, i int) int {
	for i < len(doc) && (doc[i] == ' ' || doc[i] == '\t' || doc[i] == '\n' || doc[i] == '\r') {
		i++
	}
	return i
}

// top is the innermost container with a frame, or nil.
func (w *walker) top() *frame {
	if len(w.frames) == 0 || w.beyond > 0 {
		return nil
	}
	return &w.frames[len(w.frames)-1]
}

// open notes the member whose value comes next.
func (w *walker) open(body string) {
	f := w.top()
	if f == nil {
		return
	}
	f.member, f.v = unescape(body), w.verdict(body)
}

// verdict is judge with a memory.
func (s *search) verdict(body string) verdict {
	if v, ok := s.names[body]; ok {
		return v
	}
	v := judge(unescape(body))
	if len(body) <= 128 && len(s.names) < maxNames {
		s.names[strings.Clone(body)] = v
	}
	return v
}

func (w *walker) push(array bool) {
	if len(w.frames) == maxFrames || w.beyond > 0 {
		w.beyond++
		return
	}
	inner := frame{array: array, flags: w.outer}
	if f := w.top(); f != nil {
		inner.key, inner.flags = f.member, f.flags&(inEnvironment|inTags)|f.v.flags
		inner.v.class = f.v.class
		switch {
		case f.array: // an element is held by what holds its list
			inner.key = f.key
			inner.flags = f.flags
		case inner.v.flags&belowEnvironment == 0 && f.flags&belowEnvironment != 0 && joined(f.member) == "variables":
			inner.flags |= inEnvironment
		}
		if array {
			inner.member = inner.key
			inner.v = f.v
		}
	}
	w.frames = append(w.frames, inner)
}

func (w *walker) pop() {
	f := w.top()
	if f == nil {
		return
	}
	for _, held := range f.waiting {
		w.leaf(held.start, held.end, w.named(f, held))
	}
	w.frames = w.frames[:len(w.frames)-1]
}

// value handles the string between two quotes.
func (w *walker) value(start, end int) {
	f := w.top()
	if f == nil {
		w.leaf(start, end, context{flags: w.outer & (inEnvironment | inTags | inProse)})
		return
	}
	body := w.doc[start:end]
	switch f.v.role {
	case roleName:
		if !f.array {
			f.name = body
		}
	case roleKind:
		f.kind = body
	case roleNamespace:
		f.namespace = body
	case roleSecret:
		f.hidden = f.hidden || strings.EqualFold(body, "true")
	case roleValue:
		f.waiting = append(f.waiting, waiter{start, end, f.member, f.v})
		return
	}
	c := context{class: f.v.class, flags: f.flags&(inEnvironment|inTags) | f.v.flags&inProse}
	if f.array {
		c.flag = isFlag(f.before)
		if c.flag {
			c.class = classOf(f.before)
		}
		f.before = body
	}
	switch {
	case f.flags&inTags != 0:
		c = w.tagContext(f.member)
	case f.flags&inEnvironment != 0 && !f.array && f.v.role == roleNone:
		c.name = f.member
	case f.flags&belowEnvironment != 0 && !f.array && isVariable(f.member):
		c.flags, c.name = c.flags|inEnvironment, f.member
	default:
		c.flags &^= inEnvironment
	}
	if len(w.places.places) > 0 && c.class == "" {
		c.class = w.places.match(w.frames, f.member)
	}
	w.leaf(start, end, c)
}

// named is the context of a value that its siblings describe.
func (w *walker) named(f *frame, held waiter) context {
	c := context{class: held.v.class, flags: f.flags & inTags}
	name := unescape(f.name)
	switch {
	case name == "" && f.flags&inEnvironment != 0:
		name = held.key // a variable that is itself called VALUE or DEFAULT
	case name == "":
		name = f.key
		if w.subject != "" && len(w.frames) == 1 {
			name = w.subject
		}
	}
	if f.flags&inTags != 0 {
		c.name = name // tags of AWS's own are told by their prefix
		name = tagName(name)
	}
	if class := w.verdict(name).class; class != "" {
		c.class = class
	}
	if f.hidden || strings.EqualFold(f.kind, "SecureString") {
		c.class = classSecret
	}
	if len(w.places.places) > 0 && c.class == "" {
		c.class = w.places.match(w.frames, held.key)
	}
	if f.flags&(inEnvironment|belowEnvironment) != 0 || strings.HasSuffix(f.namespace, ":environment") {
		c.flags, c.name = c.flags|inEnvironment, name
		if f.kind == "PARAMETER_STORE" || f.kind == "SECRETS_MANAGER" {
			return context{} // the value names a parameter or a secret
		}
	}
	return c
}

// isVariable reports the spelling of environment variables, which tells a map of
// them from an object that describes an environment.
func isVariable(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return name != ""
}

// isFlag reports a list element that gives the next one its meaning.
func isFlag(t string) bool {
	return len(t) > 2 && len(t) < 64 && t[0] == '-' && !strings.ContainsAny(t, "= ")
}

// tagContext is the context of a tag's value.
func (s *search) tagContext(key string) context {
	return context{class: s.verdict(tagName(key)).class, flags: inTags, name: key}
}

// tagName drops what people put before a tag's name: team:db/password.
func tagName(key string) string { return key[strings.LastIndexAny(key, ":/")+1:] }

// leaf searches the string whose body is doc[start:end] and notes its new body.
func (w *walker) leaf(start, end int, c context) {
	body := w.doc[start:end]
	if c == (context{}) && len(body) < shortest {
		return
	}
	text := unescape(body)
	spans := w.settle(text, c)
	if len(text) != len(body) {
		spans = moved(body, spans, escapeAt)
	}
	for _, sp := range spans {
		w.spans = append(w.spans, span{sp.start + start, sp.end + start, sp.with})
	}
}
