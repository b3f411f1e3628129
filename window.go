package configtrail

import (
	"fmt"
	"time"
)

// Window is a half-open span of time: From belongs to it, To does not.
type Window struct {
	From, To time.Time
}

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Overlaps reports whether the two windows share an instant.
func (w Window) Overlaps(other Window) bool {
	return w.From.Before(other.To) && other.From.Before(w.To)
}

// Month is one calendar month. What instants it spans depends on a time zone.
type Month struct {
	Year  int
	Month time.Month
}

// ParseMonth reads 2024-11.
func ParseMonth(text string) (Month, error) {
	t, err := time.Parse("2006-01", text)
	if err != nil || t.Year() < 1 {
		return Month{}, fmt.Errorf("%w: %q is no month; write it as 2024-11", ErrInvalid, text)
	}
	return Month{t.Year(), t.Month()}, nil
}

// MonthOf is the month of an instant in a zone.
func MonthOf(t time.Time, zone *time.Location) Month {
	t = t.In(zone)
	return Month{t.Year(), t.Month()}
}

// String is the form that ParseMonth reads.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// Window is the month's span in a zone.
func (m Month) Window(zone *time.Location) Window {
	from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, zone)
	return Window{from, from.AddDate(0, 1, 0)}
}

// Add is the month n months later, or earlier for a negative n.
func (m Month) Add(n int) Month {
	return MonthOf(time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC), time.UTC)
}

// Before reports whether m is earlier than other.
func (m Month) Before(other Month) bool {
	return m.Year < other.Year || m.Year == other.Year && m.Month < other.Month
}

// Since1970 is the number of months since January 1970: the value of the lake's partitions.
func (m Month) Since1970() int { return (m.Year-1970)*12 + int(m.Month) - 1 }

// MonthSince1970 is the inverse of Since1970.
func MonthSince1970(n int) Month { return Month{1970, time.January}.Add(n) }
