package configtrail

import "time"

// StampLayout is RFC 3339 with milliseconds, always three of them, as AWS Config
// writes its times: text that sorts like the instants of one zone.
const StampLayout = "2006-01-02T15:04:05.000Z07:00"

// Stamp is a time as JSON output writes it: RFC 3339 with milliseconds, Z for UTC.
type Stamp time.Time

// MarshalText implements encoding.TextMarshaler, and so JSON's string.
func (s Stamp) MarshalText() ([]byte, error) {
	return time.Time(s).AppendFormat(nil, StampLayout), nil
}

// UnmarshalText reads RFC 3339.
func (s *Stamp) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(text))
	*s = Stamp(t)
	return err
}

// StampIn is t in a zone, nil where t is zero: an open end or an unknown time.
func StampIn(t time.Time, zone *time.Location) *Stamp {
	if t.IsZero() {
		return nil
	}
	s := Stamp(t.In(zone))
	return &s
}
