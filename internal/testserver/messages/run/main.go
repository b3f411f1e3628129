// Command run is the server of package messages on its own: for a browser, curl,
// or a program that is tested from outside.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"configtrail/internal/testserver/messages"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "messages:", err)
		os.Exit(1)
	}
}

func run() error {
	script := flag.String("script", string(messages.Right), fmt.Sprintf("how to answer: one of %v", messages.Scripts()))
	addr := flag.String("addr", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	key := flag.String("key", "test-key", "the API key that is accepted")
	name := flag.String("log", "", "file that gets every request, one JSON object a line")
	flag.Parse()

	server, err := messages.New(messages.Script(*script), *key)
	if err != nil {
		return err
	}
	if *name != "" {
		file, err := os.OpenFile(*name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer file.Close()
		var mu sync.Mutex
		server.Log = func(r messages.Request) {
			mu.Lock()
			defer mu.Unlock()
			if err := json.NewEncoder(file).Encode(r); err != nil {
				fmt.Fprintln(os.Stderr, "messages: log:", err)
			}
		}
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	service := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := make(chan error, 1)
	go func() { stopped <- service.Serve(listener) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	if err := service.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
