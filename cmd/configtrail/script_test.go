package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"configtrail/internal/cli"
)

// nowVariable stops the clock of the command in tests. Only the test binary reads it.
const nowVariable = "CONFIGTRAIL_TEST_NOW"

// TestMain makes the test binary the command itself when it is started under
// the command's name, as scripts and the process for free SQL do.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"configtrail": func() { os.Exit(run(testClock())) },
	})
}

func testClock() func() time.Time {
	text := os.Getenv(nowVariable)
	if text == "" {
		return time.Now
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return now }
}

// TestScripts runs testdata/script. Each script has the small organisation of
// testdata/bucket.txtar in $WORK/bucket, no lake, and a clock that stands at
// noon of 1 December 2024 in Tokyo.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "pages": pages, "refused": refused,
		},
	})
}

func setUp(env *testscript.Env) error {
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("CONFIGTRAIL_LAKE", filepath.Join(env.WorkDir, "lake"))
	env.Setenv("CONFIGTRAIL_TZ", "Asia/Tokyo")
	env.Setenv(nowVariable, "2024-12-01T12:00:00+09:00")
	return unpackBucket(filepath.Join(env.WorkDir, "bucket"))
}

// unpackBucket writes the objects of testdata/bucket.txtar. Their keys hold
// colons, which not every file system that a repository is on can have.
func unpackBucket(dir string) error {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "bucket.txtar"))
	if err != nil {
		return err
	}
	written := time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC) // part of each etag
	for _, file := range archive.Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(path, written, written); err != nil {
			return err
		}
	}
	return nil
}

// code is the command of scripts that runs a program and compares its exit
// code: code 3 configtrail doctor.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [args…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// pages is the command of scripts that follows the cursors of changes from page
// to page and compares all of them with a file of the same changes as JSONL:
// pages FILE configtrail changes … --format json.
func pages(ts *testscript.TestScript, neg bool, args []string) {
	var all strings.Builder
	cursor, read := "", 0
	for {
		command := args[1:]
		if cursor != "" {
			command = append(slices.Clone(command), "--cursor", cursor)
		}
		ts.Check(ts.Exec(command[0], command[1:]...))
		var page struct {
			Changes []json.RawMessage
			Next    *string
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &page))
		for _, change := range page.Changes {
			all.Write(append(change, '\n'))
		}
		if read++; page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if want := ts.ReadFile(args[0]); all.String() != want || read < 2 {
		ts.Fatalf("%d pages:\n%swant\n%s", read, all.String(), want)
	}
}

// refused is the command of scripts that gives free SQL to query, which has to
// refuse it with exit code 2, no output, one line that holds a text, and what to do.
// It runs in this process, which starts faster than forty others.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	var out, said bytes.Buffer
	got := cli.Main(context.Background(), cli.Environment{
		Args: []string{"query", args[0]}, Getenv: ts.Getenv, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, Now: time.Now,
	})
	text := said.String()
	if got != 2 || !strings.HasPrefix(text, "configtrail: refused: ") || !strings.Contains(text, args[1]) || strings.Count(text, "\n") != 2 {
		ts.Fatalf("exit code %d, said %s\nwant a refusal of %s, and what to do", got, text, args[1])
	}
	if out.Len() > 0 {
		ts.Fatalf("output: %s", &out)
	}
}
