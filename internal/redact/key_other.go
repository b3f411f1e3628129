//go:build !unix

package redact

import "io/fs"

// loose reports nothing where a file's mode does not tell who may read it.
func loose(fs.FileMode) bool { return false }
