package lake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"

	"configtrail"
	"configtrail/internal/lake"
)

// lakeOfOne makes a lake in dir that holds one item, and closes it.
func lakeOfOne(t *testing.T, dir string) {
	t.Helper()
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// readWithoutWriting opens a lake, counts its items and tries to commit to it.
func readWithoutWriting(ctx context.Context, dir string) (err error) {
	l, err := lake.Open(ctx, lake.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	n := 0
	for _, err := range l.Headers(ctx, configtrail.Scope{}) {
		if err != nil {
			return err
		}
		n++
	}
	fmt.Println(n, "items")
	if err := l.MarkVersion(ctx, lake.Items, "1"); err == nil {
		return errors.New("committed without the right to write")
	}
	return nil
}

// unprivileged is readWithoutWriting by a user who owns nothing.
func unprivileged(t *testing.T, dir string) (string, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may become another user")
	}
	// The test's own program may lie where others can't look.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(dir), "program")
	if err := exec.CommandContext(t.Context(), "cp", self, program).Run(); err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "reader", dir, 0)
	cmd.Path = program
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	var told, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &failed
	if err := cmd.Run(); err != nil {
		return told.String(), fmt.Errorf("%w: %s", err, failed.String())
	}
	return told.String(), nil
}

// public is a new folder that every user may look into, with a copy of from.
func public(t *testing.T, from string) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "lake")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	dir := filepath.Join(parent, "lake")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(parent, 0o755), filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return errors.Join(err, os.Chmod(path, 0o444))
		}
		return os.Chmod(path, 0o555)
	})); err != nil {
		t.Fatal(err)
	}
	return dir
}

// entriesBelow lists what lies in a folder, with sizes.
func entriesBelow(t *testing.T, dir string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			lines = append(lines, fmt.Sprintf("%s %d %v", path, info.Size(), info.ModTime().UnixNano()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func TestALakeIsReadWithoutTheRightToWrite(t *testing.T) {
	dir := t.TempDir()
	lakeOfOne(t, dir)
	copied := public(t, dir)
	before := entriesBelow(t, copied)
	told, err := unprivileged(t, copied)
	if err != nil || told != "1 items\n" {
		t.Errorf("told %q, error %v; want 1 items", told, err)
	}
	if after := entriesBelow(t, copied); after != before {
		t.Errorf("reading changed the folder from\n%s\nto\n%s", before, after)
	}
}

// While a writer has the lake open, its newest commits are in the write-ahead
// log: another user reads them through it.
func TestALakeIsReadBesideItsWriter(t *testing.T) {
	parent, err := os.MkdirTemp("", "lake")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "lake")
	w := writer(t, create(t, dir))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"), bucket(prod, "b", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	if told, err := unprivileged(t, dir); err != nil || told != "2 items\n" {
		t.Errorf("told %q, error %v; want 2 items", told, err)
	}
}

// A log that was left behind and can't be read without writing holds commits
// that must not be passed over.
func TestALeftLogIsNotPassedOver(t *testing.T) {
	dir := t.TempDir()
	w := writer(t, create(t, dir))
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	copied := public(t, dir) // with the log of a lake that was not closed
	if err := os.Remove(filepath.Join(copied, "catalog.db-shm")); err != nil {
		t.Fatal(err)
	}
	told, err := unprivileged(t, copied)
	if err == nil || !strings.Contains(err.Error(), "catalog.db-wal") {
		t.Errorf("told %q, error %v; want one that names catalog.db-wal", told, err)
	}
	l, err := lake.Open(t.Context(), lake.Options{Dir: copied})
	if os.Geteuid() != 0 { // root may write whatever the mode
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := names(headers(t, l, configtrail.Scope{})); len(got) != 1 {
		t.Errorf("by a user who may write: %v, want one item", got)
	}
}

func TestAPlaceThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "lake")} {
		_, created := lake.Create(t.Context(), lake.Options{Dir: dir, RedactKeyID: "key-1"})
		_, opened := lake.Open(t.Context(), lake.Options{Dir: dir})
		for _, err := range []error{created, opened} {
			wantHint(t, err, file+" is a file", "name a folder with --lake")
		}
	}
}

func wantHint(t *testing.T, err error, text, next string) {
	t.Helper()
	var hint *configtrail.Hint
	if err == nil || !strings.Contains(err.Error(), text) || !errors.As(err, &hint) || hint.Next != next {
		t.Errorf("error %v with hint %+v; want %q and %q", err, hint, text, next)
	}
}

func TestALostCatalogIsNotMadeAnew(t *testing.T) {
	sound := t.TempDir()
	lakeOfOne(t, sound)
	whole, err := os.ReadFile(filepath.Join(sound, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(path string) error
	}{
		{"missing", os.Remove},
		{"empty", func(path string) error { return os.Truncate(path, 0) }},
		{"no database", func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("nonsense ", 1000)), 0o600) }},
		{"cut", func(path string) error { return os.WriteFile(path, whole[:4096], 0o600) }},
		{"overwritten", func(path string) error {
			return os.WriteFile(path, append(whole[:100:100], bytes.Repeat([]byte{0xff}, len(whole)-100)...), 0o600)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			if err := test.spoil(filepath.Join(dir, "catalog.db")); err != nil {
				t.Fatal(err)
			}
			_, opened := lake.Open(t.Context(), lake.Options{Dir: dir})
			_, created := lake.Create(t.Context(), lake.Options{Dir: dir, RedactKeyID: "key-1"})
			for _, err := range []error{opened, created} {
				wantHint(t, err, "the catalog of the lake is damaged", "restore catalog.db from a backup, or ingest again into a new folder")
			}
		})
	}
}

func TestAMissingDataFile(t *testing.T) { everywhere(t, testAMissingDataFile) }

func testAMissingDataFile(t *testing.T, dir place) {
	l := create(t, dir)
	w := writer(t, l)
	addItems(t, w, bucket(prod, "a", "2024-11-05T00:00:00Z", "1"))
	commit(t, w)
	hs := headers(t, l, configtrail.Scope{})
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	removeFile(t, dir, files[0].Path)
	l = create(t, dir) // one that has read nothing yet
	text, next := "data file "+files[0].Path+" of the lake is missing", "restore it, or ingest again into a new lake"
	for _, err := range l.Headers(t.Context(), configtrail.Scope{}) {
		wantHint(t, err, text, next)
	}
	for _, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
		wantHint(t, err, text, next)
	}
	_, err = l.Load(t.Context(), hs)
	wantHint(t, err, text, next)
}
