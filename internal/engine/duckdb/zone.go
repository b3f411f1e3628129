package duckdb

import (
	"fmt"
	"time"

	"configtrail"
)

// zoneName checks the name of a zone. This machine's own has none that DuckDB
// would know, so "Local" is UTC.
func zoneName(name string) (string, error) {
	if name == "" || name == "Local" {
		return "UTC", nil
	}
	if _, err := time.LoadLocation(name); err != nil {
		return "", unknownZone(name)
	}
	return name, nil
}

func unknownZone(name string) error {
	return configtrail.WithHint(
		fmt.Errorf("%w: the time zone %s is not known", configtrail.ErrInvalid, quoted(name)),
		"Name a zone of the IANA list, such as Asia/Tokyo.")
}
