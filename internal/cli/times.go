package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"configtrail"
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
func parseTime(text string, zone *time.Location, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, text); err == nil {
			year, month, day := now.In(zone).Date()
			return time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), 0, zone), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: %q is no time; write 2024-11-05T14:05:00+09:00, 2024-11-05, \"2024-11-05 14:05\" or 14:05", configtrail.ErrInvalid, text)
}

// parseSpan reads how far back --last goes: 90m, 2h, 7d, 4w.
func parseSpan(text string) (time.Duration, error) {
	invalid := fmt.Errorf("%w: %q is no span; write 90m, 2h, 7d or 4w", configtrail.ErrInvalid, text)
	if text == "" {
		return 0, invalid
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || n <= 0 || n > 100_000 {
		return 0, invalid
	}
	switch text[len(text)-1] {
	case 'm':
		return time.Duration(n) * time.Minute, nil
	case 'h':
		return time.Duration(n) * time.Hour, nil
	case 'd':
		return time.Duration(n) * 24 * time.Hour, nil
	case 'w':
		return time.Duration(n) * 7 * 24 * time.Hour, nil
	}
	return 0, invalid
}
