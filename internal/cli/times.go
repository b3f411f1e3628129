package cli

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the ways to write a time or a date; those without an offset are
// in the asked zone.
var layouts = []string{
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
}

// parseTime reads RFC 3339, a date, a date and time in zone, or a clock time of
// the day that now is in zone. A date is its first instant.
func parseTime(text string, zone *time.Location, now time.Time) (t time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, true
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, text); err == nil {
			year, month, day := now.In(zone).Date()
			return time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), 0, zone), true
		}
	}
	return time.Time{}, false
}

// parseSpan reads how far back --last goes: 90m, 2h, 7d, 4w.
func parseSpan(text string) (span time.Duration, ok bool) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if text == "" {
		return 0, false
	}
	unit, ok := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 0)
	const most = 100_000 // of any unit: far beyond all deliveries, and no overflow
	return time.Duration(n) * unit, ok && err == nil && 0 < n && n <= most
}
