package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
)

// folder is the storage of a lake in a folder. It survives what iceberg-go's own
// access to files does not: each written file and its folder are synced before
// Close returns, and the lake may have been moved or copied since it was made:
// what is recorded below root is looked for in dir.
type folder struct {
	scratch
	root string // file:///where/it/was/made, without a slash at its end
	dir  string // where it is now
}

// rootURI is the location recorded for a lake made in dir.
func rootURI(dir string) string {
	slashed := filepath.ToSlash(dir)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/lake
	}
	return (&url.URL{Scheme: "file", Path: slashed}).String()
}

func (f folder) path(location string) (string, error) {
	rest, below := strings.CutPrefix(location, f.root+"/")
	if !below {
		return "", fmt.Errorf("location %s is not in the lake made at %s", location, f.root)
	}
	local := filepath.FromSlash(rest)
	if !filepath.IsLocal(local) {
		return "", fmt.Errorf("location %s leads out of the lake", location)
	}
	return filepath.Join(f.dir, local), nil
}

func (f folder) io(context.Context) icebergIO { return f }

func (f folder) location(below string) string { return f.root + "/" + below }

// Open opens a file for reading.
func (f folder) Open(location string) (icebergio.File, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadFile reads a whole file.
func (f folder) ReadFile(location string) ([]byte, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Create makes a new file; it is on disk when Close has returned without error.
func (f folder) Create(location string) (icebergio.FileWriter, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &durableFile{file}, nil
}

// WriteFile writes a whole file and returns when it is on disk.
func (f folder) WriteFile(location string, content []byte) error {
	file, err := f.Create(location)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

// Remove removes a file. One that is already gone is no error: several
// processes clean up behind the same commit.
func (f folder) Remove(location string) error {
	path, err := f.path(location)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// WalkDir walks a location, telling of locations.
func (f folder) WalkDir(location string, visit fs.WalkDirFunc) error {
	path, err := f.path(location)
	if err != nil {
		return err
	}
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		below, relErr := filepath.Rel(f.dir, path)
		if relErr != nil {
			return relErr
		}
		return visit(f.location(filepath.ToSlash(below)), entry, err)
	})
}

type durableFile struct{ *os.File }

func (d *durableFile) Close() error {
	if err := d.Sync(); err != nil {
		return errors.Join(err, d.File.Close())
	}
	if err := d.File.Close(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(d.Name()))
}

func (f folder) ahead(context.Context, []planned) error { return nil } // they are here

func (f folder) noted(string, int64) {} // the file system knows

// stage makes the file where it will stay: what it takes to be there at a crash
// is for publish.
func (f folder) stage(location string) (*os.File, error) {
	path, err := f.path(location)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// publish syncs files, and then the folders that name them.
func (f folder) publish(_ context.Context, files []*dataFile) error {
	folders := map[string]bool{}
	for _, file := range files {
		handle, err := os.OpenFile(file.path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(handle.Sync(), handle.Close()); err != nil {
			return err
		}
		folders[filepath.Dir(file.path)] = true
	}
	for dir := range folders {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole gives the file its name when all of it is on disk.
func (f folder) writeWhole(_ context.Context, location string, data []byte) error {
	path, err := f.path(location)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := makeFolder(dir); err != nil {
		return err
	}
	part, err := os.OpenFile(path+partSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name()) // what stays goes with Compact
		return err
	}
	return syncFolder(dir)
}

func (f folder) remove(_ context.Context, locations []string) error {
	var errs []error
	for _, location := range locations {
		errs = append(errs, f.Remove(location))
	}
	return errors.Join(errs...)
}

func (f folder) removeParts(_ context.Context, name string, age time.Duration) error {
	dir := filepath.Join(f.dir, name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreGone(err)
	}
	var errs []error
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != partSuffix {
			continue
		}
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > age {
			err = os.Remove(filepath.Join(dir, entry.Name()))
		}
		errs = append(errs, ignoreGone(err))
	}
	return errors.Join(errs...)
}

func (f folder) settled([]*dataFile) {} // there is only one copy

func (f folder) discard(files []*dataFile) error {
	var errs []error
	for _, file := range files {
		if err := os.Remove(file.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (f folder) close() error { return nil }

func (f folder) holdsData(context.Context) (bool, error) {
	for _, name := range tableNames() {
		data, err := os.Open(filepath.Join(f.dir, name, "data"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		_, err = data.Readdirnames(1)
		closeErr := data.Close()
		if err == nil {
			return true, closeErr
		}
		if !errors.Is(err, io.EOF) {
			return false, errors.Join(err, closeErr)
		}
	}
	return false, nil
}

// syncFolder makes the names in a folder durable. Systems that can't sync a
// folder (Windows) refuse to open it for that; there the file's own sync is all.
func syncFolder(dir string) error {
	handle, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = handle.Sync()
	closeErr := handle.Close()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) {
		err = nil
	}
	return errors.Join(err, closeErr)
}

// makeFolder makes dir and what is missing above it, durably.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}
