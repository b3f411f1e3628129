package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"configtrail"

	sqlitecodes "modernc.org/sqlite/lib"
)

// explain adds what to do to the errors of the system that people meet.
func explain(err error) error {
	var hint *configtrail.Hint
	code := resultCode(err)
	const (
		full    = "free space on the disk that holds the lake, then run the command again: nothing is lost or doubled"
		denied  = "give this user the right to read and write the lake's folder"
		missing = "restore the missing file, or ingest again into a new lake"
		damaged = "restore catalog.db from a backup, or ingest again into a new folder"
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

// damagedCatalog is the error of a lake that has lost track of its tables.
func damagedCatalog(cause error) error {
	return configtrail.WithHint(fmt.Errorf("the catalog of the lake is damaged: %w", cause),
		"restore catalog.db from a backup, or ingest again into a new folder")
}

// errNoLake says that where a lake was looked for there is none.
var errNoLake = fmt.Errorf("%w: there is no lake", configtrail.ErrNotFound)

// incomplete is the error of a catalog that lacks a table: one whose making was
// cut short, which Create completes, or one that lost it.
func (l *Lake) incomplete(ctx context.Context, table string) error {
	used, err := l.files().holdsData(ctx)
	if err != nil {
		return l.openError(err)
	}
	if used {
		return l.openError(l.home.damaged(fmt.Errorf("it has no table %s", table)))
	}
	return l.openError(errNoLake)
}

// noFile refuses a place for a lake that is a file, or below one.
func noFile(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() || err != nil && !errors.Is(err, syscall.ENOTDIR) {
		return nil // of other errors whoever uses the folder tells
	}
	at := dir
	for err != nil && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		_, err = os.Stat(at)
	}
	return configtrail.WithHint(fmt.Errorf("%w: %s is a file", configtrail.ErrInvalid, at), "name a folder with --lake")
}
