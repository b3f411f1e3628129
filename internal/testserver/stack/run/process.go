//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// quick asks whether a server is there.
var quick = &http.Client{Timeout: time.Second}

// process is a server in a process group of its own, so that what it starts
// ends with it.
type process struct {
	name  string
	group int
	ended chan struct{}
	log   string // path of what it printed
}

// launch starts a server; what it prints goes to a file.
func launch(name, log string, command *exec.Cmd) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, group: command.Process.Pid, ended: make(chan struct{}), log: log}
	go func() {
		_ = command.Wait() // it ends because it is told to, or its output says why
		close(p.ended)
	}()
	return p, nil
}

// await waits until ready says yes.
func (p *process) await(limit time.Duration, interrupted <-chan os.Signal, ready func() bool) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at once:\n%s", p.name, p.said())
		case <-deadline.C:
			return fmt.Errorf("%s was not ready within %s:\n%s", p.name, limit, p.said())
		case <-interrupted:
			return errInterrupted
		case <-again.C:
			if ready() {
				return nil
			}
		}
	}
}

// said is the end of what the server printed.
func (p *process) said() []byte {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return data[max(0, len(data)-4000):]
}

// patience is how long a server may take to end when asked.
const patience = 10 * time.Second

// stop asks the group to end, and ends it when it does not.
func (p *process) stop() {
	_ = syscall.Kill(-p.group, syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(patience):
	}
	_ = syscall.Kill(-p.group, syscall.SIGKILL)
	<-p.ended
}

// serve answers on an address of loopback until the listener is closed.
func serve(address string, handler http.Handler) (string, *http.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "serve", address, err)
		}
	}()
	return "http://" + listener.Addr().String(), server, nil
}

// freePort is an address of this machine with a port that nobody uses.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
