//go:build unix

// Command run starts S3, Glue, Trino and a server that speaks Athena's API on
// loopback, runs a command with CONFIGTRAIL_STACK set to the file of their
// endpoints, and stops them:
//
//	go run ./internal/testserver/stack/run -- go test ./...
//
// Its exit code is the command's; 3 where versitygw, Java or Trino is missing.
// (Under `go run` every code but 0 becomes 1: build it where that matters.)
// Without a command it serves until it is interrupted. A stack in two parts, of
// which the second can be started anew: -only base for what is slow to start,
// and -only front for the Athena server and the router before it, at the
// addresses in the base's file.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"configtrail/internal/testserver/stack"
)

// absentError says which program is not on this machine.
type absentError string

func (e absentError) Error() string { return string(e) }

var errInterrupted = errors.New("interrupted")

// Exit codes besides the command's own.
const (
	exitBroken = 1
	exitUsage  = 2
	exitAbsent = 3
)

func main() {
	var options options
	flag.StringVar(&options.file, "file", "", "`PATH` of the file of endpoints; by default one that is removed at the end")
	flag.StringVar(&options.only, "only", "", "base: S3, Glue and Trino; front: Athena and the router, for the base that -file names")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: run [-file PATH] [-only base|front] [-- COMMAND [ARGUMENT]...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	interrupted := make(chan os.Signal, 2)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := options.run(flag.Args(), interrupted)
	var absent absentError
	switch {
	case errors.As(err, &absent):
		fmt.Fprintln(os.Stderr, "servers:", err)
		code = exitAbsent
	case err != nil:
		fmt.Fprintln(os.Stderr, "servers:", err)
		code = max(code, exitBroken)
	}
	os.Exit(code)
}

type options struct {
	file, only string
}

// run starts the servers, then the command or a wait, and stops the servers.
func (o options) run(command []string, interrupted <-chan os.Signal) (code int, err error) {
	dir, err := os.MkdirTemp("", "configtrail-stack-")
	if err != nil {
		return exitBroken, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	servers := &servers{dir: dir, interrupted: interrupted}
	defer servers.stop()
	file := o.file
	if file == "" {
		file = filepath.Join(dir, "stack.json")
	}
	switch o.only {
	case "", "base":
		if err := servers.base(); err != nil {
			return exitBroken, err
		}
		if o.only == "" {
			if err := servers.front(); err != nil {
				return exitBroken, err
			}
		}
		if err := servers.stack.Write(file); err != nil {
			return exitBroken, err
		}
		if o.file != "" {
			defer func() { err = errors.Join(err, os.Remove(o.file)) }()
		}
	case "front":
		base, err := stack.Read(o.file)
		if err != nil {
			return exitUsage, err
		}
		servers.stack = *base
		if err := servers.front(); err != nil {
			return exitBroken, err
		}
	default:
		flag.Usage()
		return exitUsage, nil
	}
	if len(command) == 0 {
		fmt.Printf("export %s=%s\n", stack.Variable, file)
		<-interrupted
		return 0, nil
	}
	return follow(command, file, interrupted)
}

// follow runs the command, passes on what interrupts it, and gives its exit
// code.
func follow(command []string, file string, interrupted <-chan os.Signal) (int, error) {
	child := exec.Command(command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Env = append(os.Environ(), stack.Variable+"="+file)
	if err := child.Start(); err != nil {
		return exitBroken, err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case signal := <-interrupted:
			_ = child.Process.Signal(signal) // it may have ended
		case err := <-ended:
			var failed *exec.ExitError
			if errors.As(err, &failed) {
				return max(failed.ExitCode(), exitBroken), nil
			}
			return 0, err
		}
	}
}
