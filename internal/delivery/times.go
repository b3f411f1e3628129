package delivery

import (
	"strconv"
	"strings"
	"time"
)

// The spellings of a time with a date, beside RFC 3339: of the CLI, of saved
// console items, and with an offset without a colon.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

// moment reads a time in any of the spellings that AWS Config's forms use: dates
// with and without offset (without one it is UTC), seconds since 1970 with a
// fraction or an exponent, milliseconds since 1970. It is in UTC and cut to
// microseconds, the precision of the lake, so that a time compares equal to
// itself when it comes back. Years outside of 1970 to 2999 are no capture time.
func moment(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	t, ok := date(text)
	if !ok {
		t, ok = epoch(text)
	}
	if !ok || t.Year() < 1970 || t.Year() > 2999 {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Microsecond), true
}

func date(text string) (time.Time, bool) {
	if len(text) < len("2006-01-02T15:04:05") || text[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if strings.HasSuffix(layout, "MST") && !strings.HasSuffix(text, " UTC") && !strings.HasSuffix(text, " GMT") {
			return time.Time{}, false // the offset of any other abbreviation is a guess
		}
		return t, true
	}
	return time.Time{}, false
}

// firstMillis tells seconds from milliseconds: as seconds it is the year 5138.
const firstMillis = 1e11

func epoch(text string) (time.Time, bool) {
	if len(text) == 0 || len(text) > 40 || strings.Trim(text, "0123456789.eE+-") != "" {
		return time.Time{}, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= firstMillis && n < 1e14 {
		return time.UnixMilli(n), true
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds <= 0 || seconds >= 1e14 {
		return time.Time{}, false
	}
	if seconds >= firstMillis {
		seconds /= 1000
	}
	// A float64 holds microseconds of these years to within a quarter of one.
	return time.UnixMicro(int64(seconds*1e6 + 0.5)), true
}
