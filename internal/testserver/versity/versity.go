// Package versity starts a real S3 server for tests: versitygw, which checks
// signatures, keeps objects as files and answers as S3 does.
package versity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Server is a running server that ends with its test.
type Server struct {
	Endpoint  string // http://127.0.0.1:PORT
	Region    string
	AccessKey string
	SecretKey string

	// Dir holds one folder for each bucket. A file put there is an object, but
	// one whose ETag the server does not know.
	Dir string
}

// Env is the server as the environment of a program that uses AWS's SDKs.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.Endpoint,
		"AWS_REGION=" + s.Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_SESSION_TOKEN=",
		"AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// startTime is how long the server may take until it answers.
const startTime = 30 * time.Second

// Start runs the versitygw that $VERSITYGW or PATH names, and skips the test
// where there is none. The server is stopped when the test ends.
func Start(t *testing.T) *Server {
	t.Helper()
	program := os.Getenv("VERSITYGW")
	if program == "" {
		found, err := exec.LookPath("versitygw")
		if err != nil {
			t.Skip("no versitygw: set VERSITYGW to its path, or put it in PATH, to test against a real S3 server")
		}
		program = found
	}
	home := t.TempDir()
	server := &Server{
		Region: "ap-northeast-1", AccessKey: "testaccess", SecretKey: "testsecret",
		Dir: filepath.Join(home, "buckets"),
	}
	sidecar := filepath.Join(home, "metadata") // extended attributes are not everywhere
	for _, dir := range []string{server.Dir, sidecar} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// The port is free when it is chosen and may be taken a moment later.
	var err error
	for range 3 {
		if err = server.run(t, program, sidecar); err == nil {
			return server
		}
	}
	t.Fatal(err)
	return nil
}

// run starts the program on a free port and waits until it answers.
func (s *Server) run(t *testing.T, program, sidecar string) error {
	t.Helper()
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Endpoint = "http://" + port
	var output bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, "--port", port, "--region", s.Region, "--quiet", "--health", "/health",
		"posix", "--sidecar", sidecar, s.Dir)
	command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		stop()
		return fmt.Errorf("start %s: %w", program, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // it ends because it is told to, or its output says why
		close(ended)
	}()
	if err := s.answers(ended); err != nil {
		stop()
		<-ended
		return fmt.Errorf("start %s: %w\n%s", program, err, output.Bytes())
	}
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return nil
}

// answers waits for the first answer.
func (s *Server) answers(ended <-chan struct{}) error {
	deadline := time.NewTimer(startTime)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	client := &http.Client{Timeout: time.Second}
	for {
		select {
		case <-ended:
			return errors.New("it ended at once")
		case <-deadline.C:
			return fmt.Errorf("no answer within %s", startTime)
		case <-again.C:
			response, err := client.Get(s.Endpoint + "/health")
			if err != nil {
				continue
			}
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
}

// freePort is an address of this machine with a port that nobody uses.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
