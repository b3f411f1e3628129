package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"configtrail"
)

// lockName is the file whose lock lets one writer of a folder's objects in at a time.
const lockName = ".configtrail.lock"

// Read implements Store. The ETag is a hash of the content.
func (f *Folder) Read(ctx context.Context, key string) (data []byte, etag string, err error) {
	if err := f.stores(ctx, key); err != nil {
		return nil, "", fmt.Errorf("read %s: %w", key, err)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", f.uri(key), notFound(err))
	}
	defer func() { _ = root.Close() }() // nothing was written
	return f.read(root, key)
}

func (f *Folder) read(root *os.Root, key string) (data []byte, etag string, err error) {
	file, err := root.Open(filepath.FromSlash(key))
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", f.uri(key), notFound(err))
	}
	defer file.Close()
	if data, err = readSmall(f.uri(key), file); err != nil {
		return nil, "", err
	}
	return data, contentETag(data), nil
}

// contentETag tells two contents apart even where they were written within one
// tick of the file system's clock.
func contentETag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Swap implements Store. What it wrote is on disk when it returns. Files are
// readable by their owner only.
func (f *Folder) Swap(ctx context.Context, key string, data []byte, etag string) (newETag string, err error) {
	if err := f.stores(ctx, key); err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", f.uri(key), notFound(err))
	}
	defer func() { _ = root.Close() }() // each file was closed before
	if err := f.swap(root, key, data, etag); err != nil {
		return "", fmt.Errorf("write %s: %w", f.uri(key), err)
	}
	return contentETag(data), nil
}

func (f *Folder) swap(root *os.Root, key string, data []byte, etag string) (err error) {
	name := filepath.FromSlash(key)
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	unlock, err := lockFolder(root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	_, current, err := f.read(root, key)
	if err != nil && !errors.Is(err, configtrail.ErrNotFound) {
		return err
	}
	if current != etag {
		return errOutdated
	}
	// Under the lock the name of the new file is this writer's own. One that a
	// killed process left is written over.
	fresh := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".new")
	if err := writeWhole(root, fresh, data); err != nil {
		return err
	}
	if err := root.Rename(fresh, name); err != nil {
		return err
	}
	return syncNames(root, filepath.Dir(name))
}

// stores reports whether this place can hold an object of the key.
func (f *Folder) stores(ctx context.Context, key string) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case f.only != "":
		return fmt.Errorf("%w: %s is a file, not a folder", configtrail.ErrInvalid, f.URI())
	}
	return storable(key)
}

// writeWhole makes or replaces a file, durably.
func writeWhole(root *os.Root, name string, data []byte) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncNames makes the names in a folder durable, on systems that can.
func syncNames(root *os.Root, name string) error {
	folder, err := root.Open(name)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) {
		err = nil // Windows: the file's own sync is all there is
	}
	return errors.Join(err, folder.Close())
}

// lockFolder waits until no other writer, in this process or in another one, is
// in the folder. The file stays: removing it would let two writers hold two of them.
// The system gives the lock free when its holder dies.
func lockFolder(root *os.Root) (unlock func() error, err error) {
	file, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
	}
	return file.Close, nil // closing gives the lock up
}
