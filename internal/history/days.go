package history

import (
	"strings"
	"time"

	"configtrail"
)

// A day is counted as the number of days since 1970-01-01 on the clock of a
// zone. SQL gets the zone as the seconds its clock was ahead of UTC in each part
// of the window: so any zone of Go will do, the machine's own and one with a
// fixed offset too, and no engine needs rules of its own that may differ.

const day = 24 * time.Hour

// offset is the SQL of the seconds that zone's clock is ahead of UTC at a
// row's capture time, for rows within the window.
func offset(zone *time.Location, window configtrail.Window) clause {
	seconds := func(t time.Time) int64 {
		_, ahead := t.In(zone).Zone()
		return int64(ahead)
	}
	var steps clause
	at := window.From
	for {
		_, change := at.In(zone).ZoneBounds()
		if change.IsZero() || !change.Before(window.To) {
			break
		}
		if seconds(change) != seconds(at) {
			steps.sql += " WHEN capture_time < ? THEN ?"
			steps.args = append(steps.args, change.UTC(), seconds(at))
		}
		at = change
	}
	last := value(seconds(at))
	if steps.sql == "" {
		return last
	}
	return clause{strings.TrimSpace("CASE"+steps.sql) + " ELSE " + last.sql + " END", append(steps.args, last.args...)}
}

// dayNumber is the day of an instant on the clock of a zone.
func dayNumber(t time.Time, zone *time.Location) int64 {
	year, month, date := t.In(zone).Date()
	return int64(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Sub(time.Unix(0, 0)) / day)
}

// dayName is the date of a day, 2024-11-05.
func dayName(number int64) string {
	return time.Unix(0, 0).UTC().AddDate(0, 0, int(number)).Format(time.DateOnly)
}
