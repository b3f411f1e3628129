package trinosql

import (
	"fmt"
	"strings"

	"configtrail"
)

// Render writes args into sql, in place of its parameters. A question mark in a
// string, a quoted name or a comment is none. Too few or too many values, and
// quotes or comments that nothing closes, give configtrail.ErrInvalid.
func Render(sql string, args []any) (string, error) {
	var b strings.Builder
	given := 0
	for at := 0; at < len(sql); {
		if sql[at] != '?' {
			end, err := tokenEnd(sql, at)
			if err != nil {
				return "", err
			}
			b.WriteString(sql[at:end])
			at = end
			continue
		}
		if given == len(args) {
			return "", fmt.Errorf("%w: the statement has more parameters than the %d values given", configtrail.ErrInvalid, len(args))
		}
		literal, err := Literal(args[given])
		if err != nil {
			return "", fmt.Errorf("parameter %d: %w", given+1, err)
		}
		given++
		// A literal must not grow together with what stands beside it: U and &,
		// two minus signs, a quote and a quote.
		if at > 0 && !separates(sql[at-1]) {
			b.WriteByte(' ')
		}
		b.WriteString(literal)
		at++
		if at < len(sql) && !separates(sql[at]) {
			b.WriteByte(' ')
		}
	}
	if given != len(args) {
		return "", fmt.Errorf("%w: %d values for the %d parameters of the statement", configtrail.ErrInvalid, len(args), given)
	}
	return b.String(), nil
}

func separates(c byte) bool { return strings.IndexByte(" \t\r\n(),", c) >= 0 }

// tokenEnd is the end of what begins at a place that is no parameter: of a whole
// string, quoted name or comment, else of one byte.
func tokenEnd(sql string, at int) (int, error) {
	rest := sql[at:]
	switch {
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
		return quotedEnd(sql, at)
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return at + n, nil
		}
		return len(sql), nil
	case strings.HasPrefix(rest, "/*"): // they do not nest
		n := strings.Index(rest[2:], "*/")
		if n < 0 {
			return 0, fmt.Errorf("%w: a comment of the statement has no end", configtrail.ErrInvalid)
		}
		return at + 2 + n + 2, nil
	}
	return at + 1, nil
}

// quotedEnd is the end of what is quoted from a place on; the quote itself is
// doubled in it.
func quotedEnd(sql string, at int) (int, error) {
	quote := sql[at]
	for i := at + 1; i < len(sql); i++ {
		switch {
		case sql[i] != quote:
		case i+1 < len(sql) && sql[i+1] == quote:
			i++
		default:
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("%w: a %c of the statement is never closed", configtrail.ErrInvalid, quote)
}
