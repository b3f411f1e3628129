package athena

import "strings"

// token is a piece of a statement: sql[start:end]. Spaces and comments are none.
type token struct {
	kind       tokenKind
	start, end int
}

type tokenKind int

const (
	word   tokenKind = iota // a keyword or a name
	quoted                  // a name in double quotes
	text                    // a string in single quotes
	number
	symbol // one byte of anything else
)

// tokens reads a statement as Trino's grammar splits it. What is not closed goes
// to the end: Trino says what is wrong with it.
func tokens(sql string) []token {
	var all []token
	for at := 0; at < len(sql); {
		start := at
		switch c := sql[at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at++
			continue
		case strings.HasPrefix(sql[at:], "--"):
			at = after(sql, at, "\n")
			continue
		case strings.HasPrefix(sql[at:], "/*"):
			at = after(sql, at+2, "*/")
			continue
		case c == '\'':
			at = closing(sql, at)
			all = append(all, token{text, start, at})
		case c == '"':
			at = closing(sql, at)
			all = append(all, token{quoted, start, at})
		case isDigit(c) || c == '.' && at+1 < len(sql) && isDigit(sql[at+1]) && !joined(sql, all, at):
			at = endOfNumber(sql, at)
			all = append(all, token{number, start, at})
		case isLetter(c):
			for at < len(sql) && (isLetter(sql[at]) || isDigit(sql[at])) {
				at++
			}
			all = append(all, token{word, start, at})
		default:
			at++
			all = append(all, token{symbol, start, at})
		}
	}
	return all
}

// after is the place behind the mark, or the end.
func after(sql string, from int, mark string) int {
	if i := strings.Index(sql[min(from, len(sql)):], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(sql)
}

// closing is the place behind the quote that closes the one at from; a doubled
// quote is a quote inside.
func closing(sql string, from int) int {
	quote := sql[from]
	for at := from + 1; at < len(sql); at++ {
		if sql[at] != quote {
			continue
		}
		if at+1 < len(sql) && sql[at+1] == quote {
			at++
			continue
		}
		return at + 1
	}
	return len(sql)
}

// joined says whether a dot belongs to the name or bracket before it.
func joined(sql string, before []token, at int) bool {
	if len(before) == 0 {
		return false
	}
	last := before[len(before)-1]
	return last.end == at && (last.kind == word || last.kind == quoted || sql[last.start] == ']' || sql[last.start] == ')')
}

// endOfNumber is the place behind digits, a fraction and an exponent.
func endOfNumber(sql string, at int) int {
	digits := func() {
		for at < len(sql) && (isDigit(sql[at]) || sql[at] == '_') {
			at++
		}
	}
	digits()
	if at < len(sql) && sql[at] == '.' {
		at++
		digits()
	}
	if at < len(sql) && (sql[at] == 'e' || sql[at] == 'E') {
		mark := at
		at++
		if at < len(sql) && (sql[at] == '+' || sql[at] == '-') {
			at++
		}
		if at == len(sql) || !isDigit(sql[at]) {
			return mark // a name follows: 1else
		}
		digits()
	}
	return at
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c == '@' || c >= 0x80
}
