package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"configtrail"
)

// localZone is what Go calls the zone of the machine.
const localZone = "Local"

// machineZone is the IANA name of this machine's zone: what TZ says, else what
// the link at localtime points to. Where the link names none it is "Local",
// which time.LoadLocation takes as well.
//
// A TZ that is no name, such as JST-9, is an error: Go would read it as UTC,
// and every day would begin at the wrong hour without a word.
func machineZone(getenv func(string) string, localtime string) (string, error) {
	if tz := strings.TrimPrefix(getenv("TZ"), ":"); tz != "" {
		name := tz
		if filepath.IsAbs(tz) {
			if name = belowZoneinfo(tz); name == "" {
				return "", fmt.Errorf("%w: TZ=%s is a file without the name of a zone", configtrail.ErrInvalid, tz)
			}
		}
		if _, err := time.LoadLocation(name); err != nil {
			return "", fmt.Errorf("%w: TZ=%s is not the name of a zone", configtrail.ErrInvalid, tz)
		}
		return name, nil
	}
	if localtime == "" {
		localtime = "/etc/localtime"
	}
	if target, err := os.Readlink(localtime); err == nil {
		if name := belowZoneinfo(target); name != "" {
			if _, err := time.LoadLocation(name); err == nil {
				return name, nil
			}
		}
	}
	return localZone, nil
}

// belowZoneinfo is the name in …/zoneinfo/Asia/Tokyo, or "".
func belowZoneinfo(path string) string {
	_, name, _ := strings.Cut(filepath.ToSlash(path), "/zoneinfo/")
	for _, variant := range []string{"posix/", "right/"} {
		name = strings.TrimPrefix(name, variant)
	}
	return name
}
