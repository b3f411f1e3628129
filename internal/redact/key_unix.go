//go:build unix

package redact

import "io/fs"

// loose reports a mode that gives group or others any right.
func loose(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
