package lake

import (
	"errors"
	"io/fs"
	"syscall"

	"configtrail"

	"modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"
)

// explain adds what to do to the errors of the system that people meet.
func explain(err error) error {
	var hint *configtrail.Hint
	var database *sqlite.Error
	code := 0
	if errors.As(err, &database) {
		code = database.Code() & 0xff // without its extension
	}
	const (
		full    = "free space on the disk that holds the lake, then run the command again: nothing is lost or doubled"
		denied  = "give this user the right to read and write the lake's folder"
		missing = "restore the missing file, or ingest into a new lake"
		damaged = "restore the lake's catalog.db from a copy, or ingest into a new lake"
		busy    = "wait until the other process that holds the lake's catalog is done, then run the command again"
	)
	switch {
	case err == nil || errors.As(err, &hint):
		return err
	case errors.Is(err, syscall.ENOSPC) || code == sqlitecodes.SQLITE_FULL:
		return configtrail.WithHint(err, full)
	case errors.Is(err, fs.ErrPermission) || code == sqlitecodes.SQLITE_READONLY || code == sqlitecodes.SQLITE_CANTOPEN:
		return configtrail.WithHint(err, denied)
	case errors.Is(err, fs.ErrNotExist):
		return configtrail.WithHint(err, missing)
	case code == sqlitecodes.SQLITE_CORRUPT || code == sqlitecodes.SQLITE_NOTADB:
		return configtrail.WithHint(err, damaged)
	case code == sqlitecodes.SQLITE_BUSY:
		return configtrail.WithHint(err, busy)
	}
	return err
}
