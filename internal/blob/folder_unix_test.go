//go:build unix

package blob_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
)

// Opening a pipe that nobody writes to would wait for ever.
func TestFolderPassesOverPipes(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "file")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	folder := openFolder(t, dir)
	if diff := cmp.Diff([]string{"file"}, keys(t, folder.List(t.Context(), ""))); diff != "" {
		t.Error(diff)
	}
	if _, err := folder.Open(t.Context(), blob.Object{Key: "pipe"}); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("open a pipe: %v", err)
	}
	if _, err := blob.OpenFolder(filepath.Join(dir, "pipe")); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("a pipe as source: %v", err)
	}
}
