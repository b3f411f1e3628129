//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheCommandsExitCodeAndEnvironment(t *testing.T) {
	out := filepath.Join(t.TempDir(), "seen")
	code, err := follow([]string{"sh", "-c", `printf %s "$CONFIGTRAIL_STACK" > "$0"; exit 7`, out}, "/the/file", nil)
	if code != 7 || err != nil {
		t.Errorf("exit code %d, %v; want 7", code, err)
	}
	if seen, err := os.ReadFile(out); string(seen) != "/the/file" {
		t.Errorf("the command saw the file %q, %v", seen, err)
	}
	if code, err := follow([]string{"true"}, "", nil); code != 0 || err != nil {
		t.Errorf("exit code %d, %v; want 0", code, err)
	}
}

func TestASignalReachesTheCommand(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted := make(chan os.Signal, 1)
	go func() {
		_, _ = os.ReadFile(ready) // it blocks until the command has set its trap
		interrupted <- syscall.SIGTERM
	}()
	code, err := follow([]string{"sh", "-c", `trap 'exit 5' TERM; : > "$0"; while :; do sleep 0.01; done`, ready}, "", interrupted)
	if code != 5 || err != nil {
		t.Errorf("exit code %d, %v; want 5 of the trap", code, err)
	}
}

// A start that is interrupted ends: it is not taken for a port that was lost,
// and tried again.
func TestAnInterruptedStartIsNotTriedAgain(t *testing.T) {
	dir := t.TempDir()
	started, program := filepath.Join(dir, "started"), filepath.Join(dir, "never-ready")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho started >> "+started+"\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VERSITYGW", program)
	interrupted := make(chan os.Signal, 1)
	interrupted <- syscall.SIGINT
	if _, err := (options{}).run([]string{"true"}, interrupted); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v, want an interruption", err)
	}
	if times, err := os.ReadFile(started); len(times) > len("started\n") {
		t.Errorf("the server was started more than once: %q, %v", times, err)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	t.Setenv("VERSITYGW", "")
	t.Setenv("PATH", t.TempDir())
	before, err := filepath.Glob(filepath.Join(os.TempDir(), "configtrail-stack-*"))
	if err != nil {
		t.Fatal(err)
	}
	var absent absentError
	if _, err := (options{}).run([]string{"true"}, nil); !errors.As(err, &absent) || !strings.Contains(err.Error(), "VERSITYGW") {
		t.Errorf("without versitygw: %v", err)
	}
	t.Setenv("TRINO_HOME", t.TempDir())
	if _, err := trinoHome(); !errors.As(err, &absent) || !strings.Contains(err.Error(), "scripts/trino") {
		t.Errorf("without Trino: %v", err)
	}
	after, err := filepath.Glob(filepath.Join(os.TempDir(), "configtrail-stack-*"))
	if err != nil || len(after) > len(before) {
		t.Errorf("a folder was left: %v, before %v, %v", after, before, err)
	}
}

func TestJavaIsNewEnough(t *testing.T) {
	home := t.TempDir()
	t.Setenv("JAVA_HOME", home)
	for release, want := range map[string]bool{
		"IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"24.0.1\"\n": true,
		"JAVA_VERSION=\"17.0.9\"\n":                    false,
		"JAVA_VERSION=\"1.8.0_392\"\n":                 false,
	} {
		if err := os.WriteFile(filepath.Join(home, "release"), []byte(release), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := java()
		if (got == home) != want {
			t.Errorf("with %q Java is %q, %v", release, got, err)
		}
	}
}

// What a server started in its turn ends too: it holds a pipe open as long as it
// lives.
func TestStopEndsTheWholeGroup(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := launch("parent", filepath.Join(dir, "log"), exec.Command("sh", "-c", `sleep 1000 > "$0" & wait`, pipe))
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(pipe) // it waits until the child is there
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	p.stop()
	if _, err := io.ReadAll(held); err != nil { // it waits until nobody holds it
		t.Fatal(err)
	}
}

func TestAServerThatEndsSaysWhy(t *testing.T) {
	p, err := launch("broken", filepath.Join(t.TempDir(), "log"), exec.Command("sh", "-c", "echo no such port >&2; exit 1"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.await(10*time.Second, nil, func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "broken ended at once:\nno such port") {
		t.Errorf("got %v", err)
	}
}

func TestTrinosSettings(t *testing.T) {
	dir := t.TempDir()
	settings := trinoSettings{Port: "1234", Data: "/data", S3: "http://s3", Glue: "http://glue", AccessKey: "key", SecretKey: "secret", Region: "here"}
	if err := configure(dir, settings); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"config.properties": "http-server.http.port=1234", "node.properties": "node.data-dir=/data", "jvm.config": "-Xmx2G",
		"catalog/lake.properties": "hive.metastore.glue.endpoint-url=http://glue", "catalog/raw.properties": "s3.endpoint=http://s3",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains("\n"+string(text), "\n"+want+"\n") {
			t.Errorf("%s has no line %s: %v\n%s", name, want, err, text)
		}
	}
}
