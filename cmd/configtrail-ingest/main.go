// Command configtrail-ingest is the function that keeps a lake on AWS: it takes
// what a queue brings, gathers what was taken, lists buckets that send nothing,
// compacts, makes the lake's tables, and tells the news of a day and a month. What
// it does is said by its event; what it may do, by its role.
//
// An object too large for a function is read by the same binary as a command:
//
//	bootstrap object s3://bucket/key
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the zones, as Lambda's own runtime has none

	"github.com/aws/aws-lambda-go/lambda"

	"configtrail/internal/ingest"
)

// The exit codes of the command.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitTouched = 3 // done, but something is quarantined or archived
	exitMissing = 4
)

func main() {
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" && len(os.Args) == 1 {
		serve()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// serve answers Lambda's events. With settings that are wrong it takes none of
// them, but for CloudFormation's: a stack that is given no answer waits an hour.
func serve() {
	c, err := load(os.Environ())
	printWrong(os.Stderr, err)
	limitMemory(c)
	f := newFunction(c, err, os.Stdout)
	lambda.Start(f.invoke)
}

func newFunction(c config, settings error, out io.Writer) *function {
	p := &parts{config: c, log: slog.New(slog.NewJSONHandler(out, nil)), now: time.Now, http: answering()}
	return &function{parts: p, settings: settings}
}

// printWrong prints what is wrong with settings, a line each.
func printWrong(w io.Writer, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(w, "configtrail: settings: "+strings.TrimSuffix(line, "\n"))
	}
}

// limitMemory keeps Go's memory below what the function has: a quarter is for what
// the runtime counts late, and for files that are mapped. GOMEMLIMIT goes before.
func limitMemory(c config) {
	limit := int64(ingest.MemoryLimit)
	if c.Memory > 0 {
		limit = c.Memory << 20 / 4 * 3
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

// command runs one object without Lambda, and gives the exit code.
func command(ctx context.Context, args, environment []string, stdout, stderr io.Writer) int {
	if len(args) != 2 || args[0] != "object" {
		fmt.Fprintln(stderr, "usage: bootstrap object s3://bucket/key\nWithout arguments it is a Lambda function, and needs Lambda's runtime.")
		return exitUsage
	}
	c, err := load(environment)
	if err == nil {
		err = c.need(taskObject, needOfTaking...)
	}
	if err != nil {
		printWrong(stderr, err)
		return exitUsage
	}
	limitMemory(c)
	f := newFunction(c, nil, stdout)
	outcome, err := f.object(ctx, args[1])
	if err != nil {
		fmt.Fprintln(stderr, "configtrail:", unnamed(err))
		if next := hintOf(err); next != "" {
			fmt.Fprintln(stderr, "  "+next)
		}
	}
	return outcome
}

// answering is a client for the one request to CloudFormation: it follows nothing.
func answering() *http.Client {
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errSettings = errors.New("the settings are wrong; the log of the function's start says how")
