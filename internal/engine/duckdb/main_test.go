package duckdb

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childRole is the argument by which the tests' own program becomes a child.
const childRole = "child-of-the-test"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childRole {
		os.Exit(beChild(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// beChild is a child as the command makes it, or one that misbehaves as told.
func beChild(misbehaviour []string) int {
	ctx := context.Background()
	switch strings.Join(misbehaviour, " ") {
	case "":
		return ServeChild(ctx, os.Stdin, os.Stdout)
	case "environment":
		// What the child sees comes back as the message of a failure.
		frames := newFrames(os.Stdout)
		frames.send(frame{Failure: &failure{Message: strings.Join(os.Environ(), " ")}})
		_ = frames.flush()
		return 0
	case "silent":
		return 3
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hanging":
		time.Sleep(time.Hour) // until it is killed
	case "flood":
		line := []byte(`{"columns":[{"Name":"a","Type":"VARCHAR"}]}` + "\n")
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				return 0
			}
			line = []byte(`{"row":["` + strings.Repeat("x", 1<<16) + `"]}` + "\n")
		}
	case "garbage":
		_, _ = os.Stdout.WriteString("\x1b[31mnonsense\n")
	}
	return 0
}

// testChild is the command of a child that is this test's own program.
func testChild(t testing.TB, misbehaviour ...string) ChildCommand {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return ChildCommand{Path: path, Args: append([]string{childRole}, misbehaviour...)}
}
