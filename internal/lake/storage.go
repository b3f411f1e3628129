package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
)

// storage is where the files of a lake are: a folder or a bucket. Iceberg records
// absolute locations; all of a lake begin with one root, and one that does not is
// refused, so that nothing a metadata file says can lead out of the lake.
type storage interface {
	opener

	// io is the access that Iceberg is given for the work of ctx. What was
	// written is durable when its Close has returned.
	io(ctx context.Context) icebergIO

	// location is that of a slash-separated path below the lake. Path is where
	// its file is: what File.Path says, and what open takes.
	location(below string) string
	path(location string) (string, error)

	// ahead gets files ready that are going to be opened one after the other.
	ahead(ctx context.Context, files []planned) error

	// noted is told the size of a file before it is opened.
	noted(path string, size int64)

	// stage begins a data file of that location on this machine. Until a commit
	// names it nobody reads it. Publish makes staged files durable at their
	// location, which is to come before the commit; doing it again does nothing.
	// Settled gives up what publishing kept of them on this machine, and discard
	// removes files that no commit is going to name.
	stage(location string) (*os.File, error)
	publish(ctx context.Context, files []*dataFile) error
	settled(files []*dataFile)
	discard(files []*dataFile) error

	// writeWhole writes a small file that is there whole and durable, or not at
	// all. Remove removes files; those that are gone already are no error.
	// RemoveParts removes what writeWhole left in a folder long ago.
	writeWhole(ctx context.Context, location string, data []byte) error
	remove(ctx context.Context, locations []string) error
	removeParts(ctx context.Context, folder string, age time.Duration) error

	// fetch gives data files as files of this machine.
	fetch(ctx context.Context, files []File) ([]File, error)

	// holdsData reports whether a table of the lake has data files.
	holdsData(ctx context.Context) (bool, error)

	// close removes what is of this machine and of no use without the lake.
	close() error
}

// sizesIn lists the files right in a folder of the lake by their names, with
// their sizes. One that is not there holds none.
func sizesIn(ctx context.Context, files storage, folder string) (map[string]int64, error) {
	found := make(map[string]int64)
	err := files.io(ctx).WalkDir(files.location(folder), func(location string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it went meanwhile, or was never there
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case entry.IsDir() || location != files.location(folder)+"/"+path.Base(location):
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		found[path.Base(location)] = info.Size()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", files.location(folder), err)
	}
	return found, nil
}

// icebergIO is what iceberg-go asks of a file system in our use of it.
type icebergIO interface {
	icebergio.ReadFileIO
	icebergio.WriteFileIO
	icebergio.ListableIO
}

// opener opens data files by path.
type opener interface {
	open(ctx context.Context, path string) (content, int64, error)
}

// content is an open data file. What ReadAt asks of a bucket ends with the
// context it was opened with.
type content interface {
	io.ReaderAt
	io.Closer
}

// scratch opens files of this machine that are in no lake.
type scratch struct{}

func (scratch) open(_ context.Context, path string) (content, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // it was only opened
		return nil, 0, err
	}
	return file, info.Size(), nil
}
