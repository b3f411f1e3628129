package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"configtrail"
)

// Open implements Bucket. A file that is no longer the one that was listed, or
// that is written while it is read, gives ErrChanged.
func (f *Folder) Open(ctx context.Context, object Object) (io.ReadCloser, error) {
	uri := f.uri(object.Key)
	if !clean(object.Key) || f.only != "" && object.Key != f.only {
		return nil, fmt.Errorf("read %s: %w", object.Key, configtrail.ErrNotFound)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, notFound(err))
	}
	defer func() { _ = root.Close() }() // nothing was written
	path := filepath.FromSlash(object.Key)
	info, err := root.Stat(path) // before opening, which for a pipe would wait
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: it is no file", configtrail.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, notFound(err))
	}
	file, err := root.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, notFound(err))
	}
	r := &fileReader{ctx, file, uri, object.ETag}
	if r.etag == "" {
		r.etag = fileETag(info)
	}
	if err := r.unchanged(); err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

// notFound adds the root's sentinel to a file system's "does not exist".
func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", configtrail.ErrNotFound, err)
	}
	return err
}

// fileReader reads a file for as long as its context lives, and tells at its
// end whether it was still the same file.
type fileReader struct {
	ctx  context.Context
	file *os.File
	uri  string
	etag string
}

// Read implements io.Reader.
func (r *fileReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, fmt.Errorf("read %s: %w", r.uri, err)
	}
	n, err := r.file.Read(p)
	switch {
	case err == io.EOF:
		if changed := r.unchanged(); changed != nil {
			return n, changed
		}
		return n, io.EOF
	case err != nil:
		return n, fmt.Errorf("read %s: %w", r.uri, err)
	}
	return n, nil
}

func (r *fileReader) unchanged() error {
	info, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", r.uri, err)
	}
	if fileETag(info) != r.etag {
		return fmt.Errorf("read %s: %w", r.uri, ErrChanged)
	}
	return nil
}

// Close implements io.Closer.
func (r *fileReader) Close() error { return r.file.Close() }
