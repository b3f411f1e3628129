// Package trinosql is what the engines that speak Trino's SQL share: the one
// place where values become literals of a statement, the way back from text to
// values, and what their failures mean to a person.
//
// Neither Athena nor a proxy in front of Trino can be trusted to bind
// parameters as values, so they are written into the text. Every string is
// attacker-controlled.
package trinosql

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"configtrail"
)

// Literal spells a value as one literal of Trino's SQL that reads back as that
// value: string, int64, float64, bool or time.Time, which is cut to whole
// microseconds. Text that is no UTF-8, numbers that are none and years outside
// of 1 to 9999 give configtrail.ErrInvalid.
func Literal(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return text(value)
	case int64:
		return strconv.FormatInt(value, 10), nil // bare, as LIMIT takes nothing else
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return "", fmt.Errorf("%w: %v is no number to compare with", configtrail.ErrInvalid, value)
		}
		return strconv.FormatFloat(value, 'E', -1, 64), nil // without an exponent it would be a decimal
	case bool:
		if value {
			return "TRUE", nil
		}
		return "FALSE", nil
	case time.Time:
		value = value.UTC()
		if year := value.Year(); year < 1 || year > 9999 {
			return "", fmt.Errorf("%w: a time in the year %d", configtrail.ErrInvalid, year)
		}
		return value.Format("TIMESTAMP '2006-01-02 15:04:05.000000 UTC'"), nil
	}
	return "", fmt.Errorf("%w: %T has no literal", configtrail.ErrInvalid, value)
}

// text spells a string. A backslash means itself in '…', and in U&'…', which is
// used only where something would not print, two of them do.
func text(value string) (string, error) {
	if !utf8.ValidString(value) {
		return "", fmt.Errorf("%w: %q is no text in UTF-8", configtrail.ErrInvalid, value)
	}
	doubled := strings.ReplaceAll(value, "'", "''")
	if !strings.ContainsFunc(value, unprintable) {
		return "'" + doubled + "'", nil
	}
	var b strings.Builder
	b.WriteString("U&'")
	for _, r := range doubled {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case !unprintable(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\+%06x`, r)
		default:
			fmt.Fprintf(&b, `\%04x`, r)
		}
	}
	b.WriteString("'")
	return b.String(), nil
}

// unprintable are controls, marks that reorder or hide a line, spaces other than
// the common one, and what is assigned to nothing.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }
