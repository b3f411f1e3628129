//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldestJava is what Trino 476 needs.
const oldestJava = 24

// javaVersion is the line of a JDK's release file that says its version.
var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

// java is the home of a JDK that is new enough: $JAVA_HOME, or the first that
// is installed beside the system's.
func java() (string, error) {
	homes, err := filepath.Glob("/usr/lib/jvm/*")
	if err != nil {
		return "", err
	}
	if home := os.Getenv("JAVA_HOME"); home != "" {
		homes = append([]string{home}, homes...)
	}
	for _, home := range homes {
		release, err := os.ReadFile(filepath.Join(home, "release"))
		if err != nil {
			continue // no JDK, or one too old to have the file
		}
		if found := javaVersion.FindSubmatch(release); found != nil {
			if version, err := strconv.Atoi(string(found[1])); err == nil && version >= oldestJava {
				return home, nil
			}
		}
	}
	return "", absentError(fmt.Sprintf("no JDK %d or later: set JAVA_HOME to one", oldestJava))
}
