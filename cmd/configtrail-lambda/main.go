// Command configtrail-lambda is the function that answers: the month endpoint of
// package web behind a Lambda Function URL, and the same for direct invocations
// and schedules. It is pure Go, and nothing that costs time is done before the
// first request that needs it.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // the zones, as Lambda's own runtime has none

	"github.com/aws/aws-lambda-go/lambda"

	"configtrail/internal/web"
)

// version is set when a release is built.
var version = "dev"

func main() {
	c, err := load(os.Environ())
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(os.Stderr, "configtrail: settings: "+strings.TrimSuffix(line, "\n"))
		}
		os.Exit(1)
	}
	f, err := newFunction(c, slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "configtrail:", err)
		os.Exit(1)
	}
	lambda.Start(f.invoke)
}

// function answers events.
type function struct {
	handler *web.Handler
	zone    *time.Location
	now     func() time.Time
}

// newFunction puts the handler before the parts.
func newFunction(c config, log *slog.Logger) (*function, error) {
	zone, err := time.LoadLocation(c.TZ)
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", c.TZ, err)
	}
	p := &parts{config: c, log: log, now: time.Now}
	options := web.Options{
		Tell: p.tell, Accounts: c.Accounts, Zone: zone, Lang: c.lang(), MaxBytes: maxAnswer, Log: log, Version: version,
	}
	if c.TokenSecret != "" {
		options.Token = p.token
	}
	handler, err := web.New(options)
	if err != nil {
		return nil, fmt.Errorf("make the handler: %w", err)
	}
	return &function{handler, zone, time.Now}, nil
}
