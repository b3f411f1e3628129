package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"
)

// folder is the file access that Iceberg is given. It survives what iceberg-go's
// own does not: each written file and its folder are synced before Close
// returns, and the lake may have been moved or copied since it was made. Iceberg
// records absolute locations; root is how they begin, and everything below it is
// looked for in dir. A location that is not below root is refused, so that
// nothing a metadata file says can lead out of the lake.
type folder struct {
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

// location is the inverse of path for a slash-separated path below the lake.
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
