package redact

import "strings"

// Limits on the texts around a name, so that a search is linear in the text.
const (
	maxName   = 64
	maxQuoted = 16 << 10
)

// nameAround is the name that an offset lies in or behind.
func nameAround(t string, at int) (left, right int) {
	left, right = at, at
	for left > 0 && at-left < maxName && isNameByte(t[left-1]) {
		left--
	}
	for right < len(t) && right-at < maxName && isNameByte(t[right]) {
		right++
	}
	return left, right
}

// assignment finds the value that the name t[left:right] gives away: name=value, name: value, "name": "value", --name value,
// <name>value</name>, key="name" value="value".
func assignment(t string, left, right int) (find, bool) {
	name := strings.TrimRight(t[left:right], ".-")
	right = left + len(name)
	flag := strings.HasPrefix(name, "-")
	class := classOf(name)
	tag := left > 0 && t[left-1] == '<'
	value, loose := valueStart(t, right, flag, tag)
	if value < 0 {
		return find{}, false
	}
	start, end := valueExtent(t, value, tag)
	if start == end {
		return find{}, false
	}
	text := t[start:end]
	switch {
	case class == "" && hasKeyStem(name) && looksRandom(text) && !strings.Contains(text, "/"):
		class = classKey
	case class == "" || class == classUserData:
		return find{}, false
	case excused(class, text) || isPlaceholder(text):
		return find{}, false
	}
	quoted := start > value
	switch {
	case loose == looseWord:
		return find{start, end, class}, looksRandom(text) || strings.ContainsAny(text, "0123456789") && end-start >= 6 && t[value-1] == ' ' && strings.HasSuffix(t[:value], " is ")
	case loose == looseColon && !quoted && class != classPassword:
		// aws:secretsmanager…:secret:name has no value behind its colons.
		return find{}, false
	case loose != tight && !quoted && !endsLine(t, end) && !flag:
		return find{}, false // "Password: see the wiki" is prose
	case class != classPassword && class != classShared && !quoted && len(text) < 6:
		return find{}, false
	case len(text) < 3:
		return find{}, false
	case loose != tight && !quoted && isProse(text):
		return find{}, false
	}
	return find{start, end, class}, true
}

// assignmentJa finds the value behind a Japanese word for a password, given the
// offset behind the word: パスワード：value, パスワードは value. The value is written in
// ASCII; a word that follows is not.
func assignmentJa(t string, i int) (find, bool) {
	i = skipBlank(t, i)
	separated := false
	for _, mark := range []string{"：", ":", "＝", "=", "は", "が"} {
		if strings.HasPrefix(t[i:], mark) {
			i, separated = skipBlank(t, i+len(mark)), true
			break
		}
	}
	end := i
	for end < len(t) && t[end] > ' ' && t[end] < 0x7f && !endsValue(t, end) {
		end++
	}
	if !separated || end-i < 4 || isPlaceholder(t[i:end]) || stands(t[i:end]) {
		return find{}, false
	}
	return find{i, end, classPassword}, true
}

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '_' || c == '-' || c == '.' }

// hasKeyStem reports a name in which a random value is no accident.
func hasKeyStem(name string) bool {
	j := joined(name)
	for _, stem := range []string{"pass", "secret", "token", "cred", "apikey", "auth"} {
		if strings.Contains(j, stem) {
			return true
		}
	}
	return strings.HasSuffix(j, "key") && !strings.HasSuffix(j, "publickey")
}

// looseness is how much a separator can also be something else.
type looseness int

const (
	tight      looseness = iota // = or a quoted name
	looseSpace                  // "name: value"
	looseColon                  // "name:value"
	looseWord                   // "name value", "name is value"
)

// valueStart is the offset behind the separator that follows a name, or -1.
func valueStart(t string, i int, flag, tag bool) (int, looseness) {
	if tag {
		if n := strings.IndexByte(t[i:min(len(t), i+maxName)], '>'); n >= 0 && !strings.Contains(t[i:i+n], "/") {
			return i + n + 1, tight
		}
	}
	named := false
	if i < len(t) && t[i] == '\\' { // JSON that is quoted once more inside a text
		i++
	}
	if i < len(t) && (t[i] == '"' || t[i] == '\'' || t[i] == '`') {
		named = true
		i++
	}
	if i < len(t) && t[i] == ']' { // config["password"] = …
		i++
	}
	gap := i
	for i < len(t) && i-gap < 8 && (t[i] == ' ' || t[i] == '\t') {
		i++
	}
	if i == len(t) {
		return -1, tight
	}
	switch {
	case named && strings.HasPrefix(strings.ToLower(t[i:min(len(t), i+7)]), "value="):
		return i + len("value="), tight
	case t[i] == '=':
		i++
		for i < len(t) && (t[i] == '=' || t[i] == '>') {
			i++
		}
		return skipBlank(t, i), tight
	case t[i] == ':' && i+1 < len(t) && t[i+1] == '=':
		return skipBlank(t, i+2), tight
	case t[i] == ':':
		if i+1 < len(t) && t[i+1] == ':' {
			return -1, tight
		}
		next := skipBlank(t, i+1)
		switch {
		case named:
			return next, tight
		case next > i+1:
			return next, looseSpace
		}
		return next, looseColon
	case flag && i > gap && t[i] != '-':
		return i, tight
	case strings.HasPrefix(t[i:], "is ") && i > gap:
		return i + len("is "), looseWord
	case i > gap && !named && t[i] != '-':
		return i, looseWord
	case named && t[i] == ',' && gap == i: // ["--password", "value"], setenv("X", "value")
		return skipBlank(t, i+1), tight
	}
	return -1, tight
}

func skipBlank(t string, i int) int {
	for n := 0; i < len(t) && n < 8 && (t[i] == ' ' || t[i] == '\t'); n++ {
		i++
	}
	return i
}

// valueExtent is where a value lies that begins at an offset, without quotes.
func valueExtent(t string, i int, tag bool) (start, end int) {
	if tag {
		if n := strings.IndexByte(t[i:min(len(t), i+maxQuoted)], '<'); n >= 0 {
			return trim(t, i, i+n)
		}
	}
	start = i
	if start+1 < len(t) && t[start] == '\\' && (t[start+1] == '"' || t[start+1] == '\'') {
		start++
	}
	if start < len(t) && (t[start] == '"' || t[start] == '\'' || t[start] == '`') {
		quote := t[start]
		for end = start + 1; end < len(t) && end-start < maxQuoted; end++ {
			if t[end] == '\\' && start == i {
				end++
				continue
			}
			if t[end] == quote {
				if start > i && t[end-1] == '\\' {
					return start + 1, end - 1
				}
				return start + 1, end
			}
		}
	}
	for _, word := range []string{"Basic ", "Bearer ", "basic ", "bearer ", "Token ", "token "} {
		if strings.HasPrefix(t[start:], word) {
			start += len(word)
		}
	}
	for end = start; end < len(t) && !endsValue(t, end); end++ {
	}
	return start, end
}

func trim(t string, start, end int) (int, int) {
	for start < end && t[start] <= ' ' {
		start++
	}
	for end > start && t[end-1] <= ' ' {
		end--
	}
	return start, end
}

// endsValue reports what an unquoted value can't go over.
func endsValue(t string, i int) bool {
	switch c := t[i]; c {
	case ' ', '\t', '\n', '\r', ';', '&', ',', '"', '\'', '`', '|', '<', '>', 0:
		return true
	case '\\':
		return i+1 < len(t) && (t[i+1] == 'n' || t[i+1] == 'r' || t[i+1] == '"')
	case ')', ']', '}':
		return i+1 == len(t) || t[i+1] <= ' ' || t[i+1] == ',' || t[i+1] == ';' || t[i+1] == c
	}
	return false
}

// endsLine reports that nothing but space follows on the line.
func endsLine(t string, i int) bool {
	for i < len(t) && (t[i] == ' ' || t[i] == '\t' || t[i] == '\r' || t[i] == ',' || t[i] == ';' || t[i] == '"' || t[i] == '\'' || t[i] == '}') {
		i++
	}
	return i == len(t) || t[i] == '\n' || t[i] == '\\'
}

// isProse reports a value of lower-case letters only: behind a colon that is
// the next word of a sentence.
func isProse(t string) bool {
	for _, c := range []byte(t) {
		if (c < 'a' || c > 'z') && c < 0x80 && c != '.' {
			return false
		}
	}
	return true
}

// isPlaceholder reports what manuals write in the place of a value, and shell
// expressions that compute it.
func isPlaceholder(t string) bool {
	if strings.HasPrefix(t, "$") || strings.HasPrefix(t, "{{") || strings.HasPrefix(t, "<") || strings.HasPrefix(t, "%(") {
		return true
	}
	switch strings.ToLower(t) {
	case "your-password", "yourpassword", "your_password", "...", "string", "required", "optional", "password", "secret", "token":
		return true
	}
	return strings.HasSuffix(t, "(") || strings.HasPrefix(t, "os.environ") || strings.HasPrefix(t, "process.env") || strings.HasPrefix(t, "getenv")
}

// commands are programs whose short flags carry a password.
var commands = []struct {
	program, flag string
	joined        bool // the password follows the flag without a space
	user          bool // user:password
}{
	{"sshpass", "-p", true, false},
	{"sshpass", "-p", false, false},
	{"mysql", "-p", true, false},
	{"mysqldump", "-p", true, false},
	{"mysqladmin", "-p", true, false},
	{"redis-cli", "-a", false, false},
	{"docker login", "-p", false, false},
	{"curl", "-u", false, true},
	{"curl", "--user", false, true},
	{"wget", "--http-passwd", false, false},
	{"ldapsearch", "-w", false, false},
	{"sqlcmd", "-P", false, false},
	{"mongo", "-p", false, false},
	{"mongosh", "-p", false, false},
}

// maxCommand is how far behind a program its flag is looked for.
const maxCommand = 400

// commandFlags finds passwords behind the short flags of known programs.
func commandFlags(t string) []find {
	if len(t) < 12 || !strings.Contains(t, " -") {
		return nil
	}
	var finds []find
	for _, c := range commands {
		for from := 0; ; {
			n := strings.Index(t[from:], c.program+" ")
			if n < 0 {
				break
			}
			start := from + n + len(c.program)
			from = start
			line := t[start:min(len(t), start+maxCommand)]
			if n := strings.IndexAny(line, "\n|;"); n >= 0 {
				line = line[:n]
			}
			n = strings.Index(line, " "+c.flag)
			if n < 0 {
				continue
			}
			at := start + n + 1 + len(c.flag)
			if !c.joined {
				if at == len(t) || t[at] != ' ' && t[at] != '=' {
					continue
				}
				at = skipBlank(t, at+1)
			}
			low, high := valueExtent(t, at, false)
			if c.user {
				colon := strings.IndexByte(t[low:high], ':')
				if colon < 0 {
					continue
				}
				low += colon + 1
			}
			if high-low >= 3 && !isPlaceholder(t[low:high]) && !stands(t[low:high]) && t[low] != '-' {
				finds = append(finds, find{low, high, classPassword})
			}
		}
	}
	return finds
}
