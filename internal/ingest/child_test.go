package ingest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// childTask is the environment variable that makes the test binary a child,
// which ingests and tells on its output how far it has come.
const childTask = "CONFIGTRAIL_INGEST_CHILD"

// task is what a child does.
type task struct {
	Source, Lake string
	CommitBytes  int64
	MemoryLimit  int64 // of Go's heap, as the command sets it; 0: none
	Take         bool  // all objects as one batch of messages, which is gathered
}

// What a child says, one a line.
const (
	saysOpened = "opened" // an object is about to be read
	saysRead   = "read"   // every object has been read; the last commit and the derivation follow
	saysDone   = "done"   // followed by a childResult
)

type childResult struct {
	Summary ingest.Summary
	PeakRSS int64 // bytes; 0 where the system does not tell
}

func runChild(text string) (err error) {
	var do task
	if err := json.Unmarshal([]byte(text), &do); err != nil {
		return err
	}
	if do.MemoryLimit > 0 {
		debug.SetMemoryLimit(do.MemoryLimit)
	}
	ctx := context.Background()
	l, err := lake.Create(ctx, lake.Options{Dir: do.Lake, RedactKeyID: theKey().ID})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	folder, err := blob.OpenFolder(do.Source)
	if err != nil {
		return err
	}
	options := optionsFor(l, arranged{Bucket: folder, arrange: asListed, open: func(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
		fmt.Println(saysOpened)
		return folder.Open(ctx, object)
	}})
	options.CommitBytes = do.CommitBytes
	options.Progress = func(p ingest.Progress) {
		if p.Listed && p.Done == p.Due {
			fmt.Println(saysRead)
		}
	}
	work := func() (ingest.Summary, error) { return ingest.Run(ctx, options) }
	if do.Take {
		work = func() (ingest.Summary, error) { return takeFolder(ctx, l, named{folder, "logs"}) }
	}
	summary, err := work()
	if err != nil {
		return err
	}
	result, err := json.Marshal(childResult{summary, peakRSS()})
	fmt.Println(saysDone, string(result))
	return err
}

// peakRSS is the most memory this process ever held, in bytes.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// child is a process that does a task.
type child struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	errors  strings.Builder
}

func startChild(t *testing.T, do task) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(do)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{command: exec.CommandContext(t.Context(), program)}
	// What a killed child leaves behind is removed with the test.
	c.command.Env = append(os.Environ(), childTask+"="+string(text), "TMPDIR="+t.TempDir())
	c.command.Stderr = &c.errors
	output, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(output)
	c.lines.Buffer(nil, 1<<20)
	return c
}

// wait reads what the child says up to its n-th line that begins with word. It
// reports whether there was one.
func (c *child) wait(word string, n int) (line string, said bool) {
	for n > 0 && c.lines.Scan() {
		if strings.HasPrefix(c.lines.Text(), word) {
			n--
		}
	}
	return c.lines.Text(), n == 0
}

// result waits for the child to end by itself.
func (c *child) result(t *testing.T) childResult {
	t.Helper()
	line, _ := c.wait(saysDone, 1)
	if err := c.command.Wait(); err != nil {
		t.Fatalf("child: %v\n%s", err, c.errors.String())
	}
	var result childResult
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, saysDone)), &result); err != nil {
		t.Fatalf("child said %q: %v", line, err)
	}
	return result
}

// kill ends the child with SIGKILL and reports whether it was still alive.
func (c *child) kill(t *testing.T) (killed bool) {
	t.Helper()
	if err := c.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	for c.lines.Scan() {
	}
	err := c.command.Wait()
	if err != nil && c.errors.Len() > 0 {
		t.Fatalf("child: %v\n%s", err, c.errors.String())
	}
	return err != nil
}

// takeFolder takes every object of a folder in one batch, gathers and derives.
func takeFolder(ctx context.Context, l *lake.Lake, bucket named) (ingest.Summary, error) {
	var messages []ingest.Message
	for object, err := range bucket.List(ctx, "") {
		if err != nil {
			return ingest.Summary{}, err
		}
		messages = append(messages, ingest.Message{ID: object.ETag, Body: written(bucket.name, object)})
	}
	taken, summary, err := ingest.Take(ctx, takeOptions(l, bucket), messages)
	for _, one := range taken {
		err = errors.Join(err, one.Err)
	}
	if err != nil {
		return summary, err
	}
	if _, err := l.Gather(ctx); err != nil {
		return summary, err
	}
	_, err = ingest.Derive(ctx, l)
	return summary, err
}
