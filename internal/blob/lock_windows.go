package blob

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile waits for the only lock of a file. It ends with the closing of the file.
func lockFile(file *os.File) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}
