// Command configtrail answers questions about how an AWS organisation changed.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"configtrail/internal/cli"
)

// version is set by the release build.
var version string

// patience is how long a command may take to stop when it is told to. The lake
// stands any end, so that nothing is lost by not waiting longer.
const patience = 900 * time.Millisecond

func main() { os.Exit(run(time.Now)) }

// run is the whole of the process but its end. The clock is all that a test of
// the real command sets.
func run(now func() time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		time.AfterFunc(patience, func() { os.Exit(1) })
	})
	executable, err := os.Executable()
	if err != nil {
		executable = os.Args[0]
	}
	return cli.Main(ctx, cli.Environment{
		Args: os.Args[1:], Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: now,
		Terminal: term.IsTerminal(int(os.Stderr.Fd())), Executable: executable, Version: versionText(),
	})
}

// versionText is the release, or the commit that the go command noted.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
