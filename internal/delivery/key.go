package delivery

import (
	"net/url"
	"strings"
	"time"

	"configtrail"
)

// Key is what an object's key tells of the object. A member is zero where the
// key tells nothing.
type Key struct {
	Kind    configtrail.DeliveryKind
	Account string // of the folder; of the file name where no folder names one
	Region  string // likewise
	Type    string // resource type of a history or oversized object

	Day       time.Time // midnight UTC of the year/month/day folders
	WrittenAt time.Time // the last time in the file name, UTC

	// Foldered says that Account is that of a folder. A bucket's policy lets an
	// account write below its own folder only, so such an account is proven; one
	// that a file name tells is not.
	Foldered bool
}

// The folders below an account that hold what this package reads.
var services = map[string]configtrail.DeliveryKind{
	"Config":             configtrail.KindOther, // the folders below tell more
	"CloudTrail":         configtrail.KindCloudTrail,
	"CloudTrail-Digest":  configtrail.KindDigest,
	"CloudTrail-Insight": configtrail.KindDigest,
}

// The folder, and the word in the file name, of each kind of Config object.
var (
	configFolders = map[string]configtrail.DeliveryKind{
		"ConfigHistory":               configtrail.KindHistory,
		"ConfigSnapshot":              configtrail.KindSnapshot,
		"OversizedChangeNotification": configtrail.KindOversized,
	}
	configNames = map[string]configtrail.DeliveryKind{
		"ConfigHistory":      configtrail.KindHistory,
		"ConfigSnapshot":     configtrail.KindSnapshot,
		"ChangeNotification": configtrail.KindOversized,
	}
)

const writabilityCheck = "ConfigWritabilityCheckFile"

// ParseKey reads an object's key: any prefix, the organisation's id before or
// behind AWSLogs or absent, padded or unpadded dates. It also reads what is
// left of a key in a partial copy: a path that begins further down, or a bare
// file name. It never fails; a key it does not know is of KindOther.
//
// The first account folder counts. What stands before it was chosen by the
// bucket's owner, but a resource id further down may hold slashes and imitate
// another account's folder.
func ParseKey(key string) Key {
	segments := strings.Split(key, "/")
	name := segments[len(segments)-1]
	folders := segments[:len(segments)-1]

	told := parseName(name)
	if at := accountFolder(folders); at >= 0 {
		told.Account, told.Foldered = folders[at], true
		told.parseFolders(folders[at+1:])
	} else if at := kindFolder(folders); at >= 0 {
		told.parseConfigFolders(folders, at)
	}
	if name == writabilityCheck {
		told.Kind = configtrail.KindWritability
	}
	return told
}

// accountFolder is the place of the account that is followed by a service,
// below AWSLogs if there is such a folder; -1 where there is none.
func accountFolder(folders []string) int {
	for _, rooted := range []bool{true, false} {
		for i := 0; i+1 < len(folders); i++ {
			if !configtrail.IsAccountID(folders[i]) {
				continue
			}
			if _, ok := services[folders[i+1]]; !ok {
				continue
			}
			if !rooted || belowRoot(folders[:i]) {
				return i
			}
		}
	}
	return -1
}

// belowRoot reports whether the folders end in AWSLogs, or in AWSLogs and an organisation's id.
func belowRoot(folders []string) bool {
	n := len(folders)
	if n > 1 && strings.HasPrefix(folders[n-1], "o-") {
		n--
	}
	return n > 0 && folders[n-1] == "AWSLogs"
}

// kindFolder is the place of the folder that names a kind of Config object.
func kindFolder(folders []string) int {
	for i, folder := range folders {
		if _, ok := configFolders[folder]; ok {
			return i
		}
	}
	return -1
}

// parseFolders reads what follows the account: service, region, year, month, day, kind.
func (k *Key) parseFolders(folders []string) {
	k.Kind = services[folders[0]]
	if len(folders) > 1 {
		k.Region = folders[1]
	}
	if len(folders) > 4 {
		k.Day = day(folders[2:5])
	}
	if folders[0] == "Config" && len(folders) > 5 {
		k.parseKind(folders[5:])
	}
}

// parseConfigFolders reads region/year/month/day/kind of a path that begins below its account.
func (k *Key) parseConfigFolders(folders []string, at int) {
	if at >= 3 {
		k.Day = day(folders[at-3 : at])
	}
	if at >= 4 && !k.Day.IsZero() {
		k.Region = folders[at-4]
	}
	k.parseKind(folders[at:])
}

func (k *Key) parseKind(folders []string) {
	kind, ok := configFolders[folders[0]]
	if !ok {
		return
	}
	k.Kind = kind
	if kind == configtrail.KindOversized && len(folders) > 1 {
		k.Type = folders[1]
	}
}

// parseName reads a file name: ACCOUNT_Config_REGION_KIND_…, or
// ACCOUNT_CloudTrail_REGION_TIME_….
func parseName(name string) Key {
	key := Key{Kind: configtrail.KindOther, WrittenAt: lastTime(name)}
	parts := strings.SplitN(name, "_", 5)
	if len(parts) < 4 || !configtrail.IsAccountID(parts[0]) {
		return key
	}
	kind, ok := services[parts[1]]
	if !ok {
		return key
	}
	key.Account, key.Region, key.Kind = parts[0], parts[2], kind
	if parts[1] != "Config" {
		return key
	}
	if kind, ok := configNames[parts[3]]; ok {
		key.Kind = kind
	}
	if len(parts) == 5 && (key.Kind == configtrail.KindHistory || key.Kind == configtrail.KindOversized) {
		key.Type, _, _ = strings.Cut(parts[4], "_")
	}
	return key
}

// lastTime is the last 20241105T070203Z or 20241105T0702Z in a file name.
func lastTime(name string) time.Time {
	for end := strings.LastIndexByte(name, 'Z'); end >= 0; end = strings.LastIndexByte(name[:end], 'Z') {
		for _, layout := range []string{"20060102T150405Z", "20060102T1504Z"} {
			if begin := end + 1 - len(layout); begin >= 0 {
				if t, err := time.Parse(layout, name[begin:end+1]); err == nil {
					return t
				}
			}
		}
	}
	return time.Time{}
}

// day reads year, month and day folders, padded or not; zero where they are no date.
func day(folders []string) time.Time {
	t, err := time.Parse("2006/1/2", strings.Join(folders, "/"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// UnescapeKey gives the key behind the form that S3 event notifications write:
// percent-encoded, with a plus for a space. Text that is no such form comes back
// as it is. Keys of listings and of EventBridge events are not encoded.
func UnescapeKey(escaped string) string {
	key, err := url.QueryUnescape(escaped)
	if err != nil {
		return escaped
	}
	return key
}
