package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"configtrail"
)

// Limits bound what a server does for one caller. The zero value has useful ones.
type Limits struct {
	Header time.Duration // to send the headers; 0: 10 s
	Read   time.Duration // to send headers and body; 0: 30 s
	Write  time.Duration // until the answer is read, making it included; 0: 15 min
	Idle   time.Duration // that a connection stays open unused; 0: 2 min
	Stop   time.Duration // that answers under way have when the server ends; 0: 10 s
}

// lastWait is how long answers that were given up may take to end.
const lastWait = 3 * time.Second

// localHosts are the names of this machine to itself.
func localHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// Serve answers on a listener until ctx ends, and then waits for the answers that
// are under way, for a while. It closes the listener. Off loopback it serves only
// a handler that has a token; on loopback it answers to the machine's own names
// unless the handler has others, so that no page on the network can point its name here.
func Serve(ctx context.Context, listener net.Listener, handler *Handler, limits Limits) error {
	if !local(listener.Addr()) && handler.options.Token == nil {
		open := &configtrail.Problem{Key: "serve_open", Args: map[string]any{"address": listener.Addr().String()},
			Err: fmt.Errorf("%w: serve %s, which others can reach, without a token", configtrail.ErrInvalid, listener.Addr())}
		return errors.Join(open, listener.Close())
	}
	if len(handler.options.Hosts) == 0 && local(listener.Addr()) {
		named := *handler
		named.options.Hosts = localHosts()
		named.routes = named.table()
		handler = &named
	}
	under, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cmp.Or(limits.Header, 10*time.Second),
		ReadTimeout:       cmp.Or(limits.Read, 30*time.Second),
		WriteTimeout:      cmp.Or(limits.Write, 15*time.Minute),
		IdleTimeout:       cmp.Or(limits.Idle, 2*time.Minute),
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(handler.options.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return under },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(under, cmp.Or(limits.Stop, 10*time.Second))
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		stop() // what is still under way is given up, and soon ends
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
		defer cancel()
		if err = server.Shutdown(last); errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
	}
	<-ended
	if err != nil {
		return fmt.Errorf("stop serving %s: %w", listener.Addr(), err)
	}
	return nil
}

// local reports whether only this machine reaches an address.
func local(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}
