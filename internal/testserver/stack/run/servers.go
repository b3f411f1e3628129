//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"configtrail/internal/testserver/athena"
	"configtrail/internal/testserver/glue"
	"configtrail/internal/testserver/stack"
)

// What the servers let in, and how long they may take to start.
const (
	accessKey = "testaccess"
	secretKey = "testsecret"
	region    = "ap-northeast-1"

	s3Time    = 30 * time.Second
	trinoTime = 3 * time.Minute
)

// servers are what was started, to be stopped in reverse.
type servers struct {
	stack       stack.Stack
	dir         string
	interrupted <-chan os.Signal
	stops       []func()
}

func (s *servers) stop() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

// keep serves a handler until the end.
func (s *servers) keep(address string, handler http.Handler) (string, error) {
	url, server, err := serve(address, handler)
	if err == nil {
		s.stops = append(s.stops, func() { _ = server.Close() }) // what is still asked then, nobody waits for
	}
	return url, err
}

// base starts S3, Glue and Trino, and chooses the addresses of the others.
func (s *servers) base() error {
	s.stack = stack.Stack{AccessKey: accessKey, SecretKey: secretKey, Region: region, LakeCatalog: "lake", RawCatalog: "raw"}
	if err := s.startS3(); err != nil {
		return err
	}
	var err error
	if s.stack.Glue, err = s.keep("127.0.0.1:0", glue.New(glue.Options{AccessKey: accessKey, SecretKey: secretKey})); err != nil {
		return err
	}
	for _, url := range []*string{&s.stack.Athena, &s.stack.Endpoint} {
		port, err := freePort()
		if err != nil {
			return err
		}
		*url = "http://" + port
	}
	return s.startTrino()
}

// front starts the Athena server and the router, at the addresses chosen.
func (s *servers) front() error {
	server, err := athena.New(athena.Options{
		Trino: s.stack.Trino, Catalog: s.stack.RawCatalog, S3: s.stack.Client(), AccessKey: s.stack.AccessKey, SecretKey: s.stack.SecretKey, Dir: s.dir,
	})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "servers: close athena:", err)
		}
	})
	if _, err = s.keep(strings.TrimPrefix(s.stack.Athena, "http://"), server); err != nil {
		return err
	}
	router := &stack.Router{Services: map[string]http.Handler{
		"athena": server, "sts": http.HandlerFunc(stack.Identity), "organizations": stack.Organization(nil, nil),
	}}
	if router.S3, err = stack.Proxy(s.stack.S3); err != nil {
		return err
	}
	if router.Services["glue"], err = stack.Proxy(s.stack.Glue); err != nil {
		return err
	}
	_, err = s.keep(strings.TrimPrefix(s.stack.Endpoint, "http://"), router)
	return err
}

// startS3 starts versitygw. A port is free when it is chosen and may be taken a
// moment later, so it is tried again.
func (s *servers) startS3() error {
	program := os.Getenv("VERSITYGW")
	if program == "" {
		found, err := exec.LookPath("versitygw")
		if err != nil {
			return absentError("no versitygw: set VERSITYGW to its path, or put it in PATH")
		}
		program = found
	}
	buckets, sidecar := filepath.Join(s.dir, "buckets"), filepath.Join(s.dir, "metadata")
	for _, dir := range []string{buckets, sidecar} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	var err error
	for range 3 {
		var port string
		if port, err = freePort(); err != nil {
			return err
		}
		command := exec.Command(program, "--port", port, "--region", region, "--quiet", "--health", "/health",
			"posix", "--sidecar", sidecar, buckets)
		command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
		s.stack.S3 = "http://" + port
		err = s.start("versitygw", command, s3Time, func() bool {
			response, err := quick.Get(s.stack.S3 + "/health")
			if err != nil {
				return false
			}
			response.Body.Close()
			return response.StatusCode == http.StatusOK
		})
		if err == nil || errors.Is(err, errInterrupted) {
			return err
		}
	}
	return err
}

// startTrino starts Trino with both catalogs.
func (s *servers) startTrino() error {
	jdk, err := java()
	if err != nil {
		return err
	}
	home, err := trinoHome()
	if err != nil {
		return err
	}
	for attempt := range 3 {
		var address string
		if address, err = freePort(); err != nil {
			return err
		}
		_, port, splitErr := net.SplitHostPort(address)
		if splitErr != nil {
			return splitErr
		}
		settings := filepath.Join(s.dir, fmt.Sprintf("etc-%d", attempt))
		if err := configure(settings, trinoSettings{
			Port: port, Data: filepath.Join(s.dir, fmt.Sprintf("trino-%d", attempt)), S3: s.stack.S3, Glue: s.stack.Glue,
			AccessKey: accessKey, SecretKey: secretKey, Region: region,
		}); err != nil {
			return err
		}
		command := exec.Command(filepath.Join(home, "bin", "launcher"), "run", "--etc-dir", settings)
		command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
			"JAVA_HOME="+jdk, "PATH="+filepath.Join(jdk, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
		s.stack.Trino = "http://127.0.0.1:" + port
		err = s.start("trino", command, trinoTime, func() bool { return trinoReady(s.stack.Trino) })
		switch {
		case err == nil:
			return warm(s.stack.Trino)
		case errors.Is(err, errInterrupted):
			return err
		}
	}
	return err
}

// start launches a server, waits for it and keeps it to be stopped.
func (s *servers) start(name string, command *exec.Cmd, limit time.Duration, ready func() bool) error {
	p, err := launch(name, filepath.Join(s.dir, name+".log"), command)
	if err != nil {
		return err
	}
	if err := p.await(limit, s.interrupted, ready); err != nil {
		p.stop()
		return err
	}
	s.stops = append(s.stops, p.stop)
	return nil
}
