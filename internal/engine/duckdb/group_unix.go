//go:build unix

package duckdb

import (
	"os/exec"
	"syscall"
)

// ownGroup starts cmd in a process group of its own, so that it doesn't hear the
// terminal's interrupts, and lets cancelling kill the whole group.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
