// Command run serves a function's binary on this machine under a URL, until it
// is interrupted:
//
//	run -addr 127.0.0.1:9000 -- bootstrap
//
// With -iam ACCESS:SECRET, or ACCESS:SECRET:TOKEN, requests have to be signed with
// these keys, as of a URL with the type AWS_IAM.
//
// The function's environment is that of Lambda and every CONFIGTRAIL_…, AWS_… and
// ANTHROPIC_… variable of this process, with GOGC and GOMEMLIMIT. The URL is printed first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"configtrail/internal/testserver/runtime"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	timeout := flag.Duration("timeout", 5*time.Minute, "of one invocation")
	most := flag.Int("most", 10, "environments at once")
	keys := flag.String("iam", "", "ACCESS:SECRET[:TOKEN] that requests have to be signed with")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: run [-addr HOST:PORT] [-timeout 5m] [-most 10] [-iam KEYS] -- BINARY [ARG…]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := serve(ctx, *addr, runtime.Options{
		Binary: flag.Arg(0), Args: flag.Args()[1:], Env: passedOn(os.Environ()),
		Timeout: *timeout, Most: *most, Output: os.Stderr, IAM: signedWith(*keys),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// signedWith lets one caller in; nil: everybody.
func signedWith(keys string) *runtime.IAM {
	if keys == "" {
		return nil
	}
	access, secret, _ := strings.Cut(keys, ":")
	secret, token, _ := strings.Cut(secret, ":")
	return &runtime.IAM{Keys: []runtime.Key{{Access: access, Secret: secret, Session: token, ARN: "arn:aws:iam::111122223333:user/caller"}}}
}

// passedOn are the variables that the function sees. Where the servers of the
// tests are is none of its settings.
func passedOn(all []string) []string {
	var some []string
	for _, one := range all {
		for _, prefix := range []string{"CONFIGTRAIL_", "AWS_", "ANTHROPIC_", "GOGC=", "GOMEMLIMIT="} {
			if strings.HasPrefix(one, prefix) && !strings.HasPrefix(one, "CONFIGTRAIL_STACK=") {
				some = append(some, one)
			}
		}
	}
	return some
}

func serve(ctx context.Context, addr string, options runtime.Options) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	function := runtime.New(options)
	defer function.Close()
	server := &http.Server{Handler: function, ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("http://%s/\n", listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(patience); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
