package analyst

import (
	"time"

	"configtrail"
	"configtrail/internal/message"
)

// Value is what code prints for a line: 1,200件 or 1,200; 11月5日 14:02 or
// 5 November 14:02. It is empty for a line that has none.
func Value(l configtrail.BriefLine, zone *time.Location, p message.Printer) string {
	if l.Unit == configtrail.UnitNone {
		return ""
	}
	at := l.Time.In(zone)
	month := any(at.Month().String())
	if p.Lang() == message.Japanese {
		month = int(at.Month())
	}
	return p.Text("analyst.value."+string(l.Unit), message.Args{
		"n": l.N, "day": at.Day(), "month": month, "clock": at.Format("15:04")})
}
