// Package cli is the command line: it puts the parts together, passes settings
// in, and maps what happened to text, JSON and exit codes. docs/cli is made from
// its commands.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
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

// exitCode maps errors to the contract, once for this surface.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errTouched):
		return exitTouched
	case errors.Is(err, configtrail.ErrOverBudget):
		return exitOverBudget
	case errors.Is(err, configtrail.ErrNotFound):
		return exitNotFound
	case errors.Is(err, configtrail.ErrInvalid), errors.Is(err, configtrail.ErrRefused),
		errors.Is(err, configtrail.ErrConflict), errors.Is(err, errUsage):
		return exitInvalid
	}
	return exitFailed
}

// errUsage marks what cobra says of flags, arguments and commands.
var errUsage = errors.New("wrong usage")

// explain writes an error for a person: in their language where the error is
// a Problem, else as it is, and below it what to do.
func (a *app) explain(err error) {
	if err == nil || errors.Is(err, errTouched) {
		return
	}
	var broken *os.PathError
	if errors.As(err, &broken) && broken.Path == "/dev/stdout" || isBrokenPipe(err) {
		return
	}
	said, hint := a.problem(err)
	fmt.Fprintf(a.Stderr, "configtrail: %s\n", oneLine(said))
	if hint != "" {
		fmt.Fprintln(a.Stderr, a.p.Text("cli.hint", message.Args{"next": oneLine(hint)}))
	}
}

// problem is an error's sentence and its next step.
func (a *app) problem(err error) (said, hint string) {
	said = err.Error()
	var problem *configtrail.Problem
	if errors.As(err, &problem) {
		if key := "error." + problem.Key; a.p.Has(key) {
			said = a.p.Text(key, problem.Args)
		}
		if key := "hint." + problem.Key; a.p.Has(key) {
			hint = a.p.Text(key, problem.Args)
		}
	}
	var next *configtrail.Hint
	if hint == "" && errors.As(err, &next) {
		hint = next.Next
	}
	if hint == "" && errors.Is(err, errUsage) {
		hint = a.p.Text("cli.usage_hint", nil)
	}
	if problem == nil {
		for _, c := range []struct {
			sentinel error
			key      string
		}{
			{configtrail.ErrNotFound, "error.not_found"}, {configtrail.ErrRefused, "error.refused"}, {configtrail.ErrConflict, "error.conflict"},
			{configtrail.ErrOverBudget, "error.over_budget"}, {configtrail.ErrTooLarge, "error.too_large"}, {configtrail.ErrInvalid, "error.invalid"},
		} {
			if errors.Is(err, c.sentinel) {
				what := strings.TrimPrefix(strings.Replace(said, c.sentinel.Error()+": ", "", 1), ": ")
				return a.p.Text(c.key, message.Args{"what": what}), hint
			}
		}
	}
	return said, hint
}

// oneLine keeps a message on its line whatever text from data it holds.
func oneLine(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = configtrail.Visible(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

func isBrokenPipe(err error) bool {
	return strings.HasSuffix(err.Error(), "broken pipe")
}
