package duckdb

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// headroom is what a child needs beside the memory that DuckDB counts: Go, the
// threads' stacks, the text of results.
const headroom = 1 << 30

// confine lowers the limits of this process, which no later code can raise
// without privileges: no core dump, no byte written to any file, no more memory
// than the query may have, no more processor time than all threads can use
// until the deadline. DuckDB keeps within its memory limit by itself for most of
// what it does; the process's limit catches the rest, such as one huge string.
func confine(r request) error {
	seconds := uint64(r.Seconds+1) * uint64(max(1, r.Threads))
	return errors.Join(
		limit("core", unix.RLIMIT_CORE, 0),
		limit("file size", unix.RLIMIT_FSIZE, 0),
		limit("data", unix.RLIMIT_DATA, uint64(r.Memory)+headroom),
		limit("processor time", unix.RLIMIT_CPU, seconds+1),
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
	)
}

func limit(name string, resource int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(resource, &now); err != nil {
		return fmt.Errorf("read the limit of %s: %w", name, err)
	}
	most = min(most, now.Max)
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
		return fmt.Errorf("limit %s to %d: %w", name, most, err)
	}
	return nil
}
