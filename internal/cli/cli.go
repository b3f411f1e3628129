// Package cli is the command line: it puts the parts together, passes settings
// in, and maps what happened to text, JSON and exit codes. docs/cli is made from
// its commands.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Environment is all that a run sees of the process it runs in.
type Environment struct {
	Args       []string // without the program's name
	Getenv     func(string) string
	Stdin      io.Reader
	Stdout     io.Writer
	Stderr     io.Writer
	Now        func() time.Time
	Terminal   bool   // Stderr is a terminal: progress and colour are welcome
	Executable string // path of this binary, for the child that runs free SQL
	Version    string
}

// The exit codes of the contract.
const (
	exitDone       = 0
	exitFailed     = 1
	exitInvalid    = 2
	exitTouched    = 3 // done, but a gap, quarantine or late data touches the answer
	exitNotFound   = 4
	exitOverBudget = 5
)

// errTouched ends a command that is done and whose answer something touches.
var errTouched = errors.New("touched")

// Main runs one command and returns the exit code. Errors are written to Stderr
// as one line that says what happened and one that says what to do.
func Main(ctx context.Context, env Environment) int {
	a := newApp(env)
	command := a.root()
	command.SetArgs(env.Args)
	command.SetIn(env.Stdin)
	command.SetOut(env.Stdout)
	command.SetErr(env.Stderr)
	err := command.ExecuteContext(ctx)
	if ctx.Err() != nil && err != nil {
		fmt.Fprintln(env.Stderr, a.p.Text("cli.interrupted", nil))
		return exitFailed
	}
	a.explain(err)
	return exitCode(err)
}
