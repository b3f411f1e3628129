package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPack(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "built")
	if err := os.WriteFile(binary, []byte("\x7fELF of a function"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := packed(t, binary, filepath.Join(dir, "first.zip"))
	if err := os.Chtimes(binary, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, packed(t, binary, filepath.Join(dir, "second.zip"))) {
		t.Error("the same binary gave two archives")
	}

	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode() != 0o755 {
		t.Errorf("got %d files, the first %s %s", len(archive.File), archive.File[0].Name, archive.File[0].Mode())
	}
}

func packed(t *testing.T, binary, archive string) []byte {
	t.Helper()
	if err := pack(binary, archive); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
