package anomaly

import (
	"slices"
	"time"

	"configtrail"
)

// calendar numbers the days that are known about, in a zone.
type calendar struct {
	zone  *time.Location
	begin []time.Time // of each day, and at last the end of the last
	month int         // the first day of the month that is looked at
	end   int         // the first day that has not come yet, or the number of days
}

// newCalendar spans the days from since to the end of the month.
func newCalendar(since time.Time, month configtrail.Window, now time.Time, zone *time.Location) calendar {
	c := calendar{zone: zone}
	year, m, date := since.In(zone).Date()
	for i := 0; ; i++ {
		day := time.Date(year, m, date+i, 0, 0, 0, 0, zone)
		c.begin = append(c.begin, day)
		if !day.Before(month.To) {
			break
		}
		if day.Before(month.From) {
			c.month = i + 1
		}
		if now.IsZero() || day.Before(now) {
			c.end = i + 1
		}
	}
	return c
}

// days is how many days there are.
func (c calendar) days() int { return len(c.begin) - 1 }

// day is the number of an instant's day; false outside of the calendar.
func (c calendar) day(t time.Time) (int, bool) {
	if t.Before(c.begin[0]) || !t.Before(c.begin[c.days()]) {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(c.begin, t, func(begin, t time.Time) int {
		if begin.After(t) {
			return 1
		}
		return -1
	})
	return i - 1, true
}

// weekend tells the two classes of days apart.
func (c calendar) weekend(day int) bool {
	w := c.begin[day].Weekday()
	return w == time.Saturday || w == time.Sunday
}
