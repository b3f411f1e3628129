package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is where this run's binaries lie.
var built = struct {
	folder string
	binary func() (string, error)
	least  func() (string, error)
}{}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "configtrail-ingest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.folder = folder
	built.binary = sync.OnceValues(func() (string, error) { return compile("bootstrap", ".") })
	built.least = sync.OnceValues(func() (string, error) { return compile("least", "./testdata/least") })
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// compile builds a function as it is delivered: without cgo.
func compile(name, source string) (string, error) {
	path := filepath.Join(built.folder, name)
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return path, nil
}

// binary is the function's.
func binary(t *testing.T) string {
	t.Helper()
	path, err := built.binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// output holds what a function prints, from any number of processes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
