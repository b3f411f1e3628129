package lake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"configtrail"
	"configtrail/internal/blob"

	"golang.org/x/sync/errgroup"
)

const (
	// uploads is how many data files are sent at once.
	uploads = 4
	// discardTime is how long the removing of files may take that no commit names.
	discardTime = time.Minute
	// wholeBytes bounds the small files of Iceberg that are kept in memory.
	wholeBytes = 32 << 20
)

// bucket is the storage of a lake on S3. Data files are staged on this machine,
// in a folder that goes with close, and sent as a whole when they are published.
type bucket struct {
	objects *blob.S3
	root    string // s3://bucket/prefix, without a slash at its end

	blocks *cache[block, []byte]
	sizes  *cache[string, int64]  // of objects whose blocks are asked for, by path
	whole  *cache[string, []byte] // manifests and their lists, by location: they never change

	copies    string // "": in the folder that goes with close
	copyBytes int64

	mu     sync.Mutex
	folder string // made with the first file that is staged
}

func newBucket(s S3) *bucket {
	return &bucket{
		objects: s.Bucket, root: strings.TrimSuffix(s.Bucket.URI(), "/"),
		copies: s.Copies, copyBytes: cmp.Or(s.CopyBytes, defaultCopyBytes),
		blocks: newCache[block, []byte](cmp.Or(s.BlockBytes, defaultBlockBytes)), sizes: newCache[string, int64](1 << 16),
		whole: newCache[string, []byte](wholeBytes),
	}
}

func (b *bucket) io(ctx context.Context) icebergIO { return bucketIO{b, ctx} }

func (b *bucket) location(below string) string { return b.root + "/" + below }

// path is the location itself, if it is one of the lake.
func (b *bucket) path(location string) (string, error) {
	_, err := b.key(location)
	return location, err
}

func (b *bucket) key(location string) (string, error) {
	below, inside := strings.CutPrefix(location, b.root+"/")
	if !inside {
		return "", fmt.Errorf("location %s is not in the lake at %s", location, b.root)
	}
	if path.Clean("/"+below) != "/"+below {
		return "", fmt.Errorf("location %s leads out of the lake", location)
	}
	return b.objects.Key(below), nil
}

func (b *bucket) stage(string) (*os.File, error) {
	dir, err := b.scratch()
	if err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, "*.parquet")
}

// scratch is a folder of this machine for the time that the lake is open.
func (b *bucket) scratch() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder == "" {
		made, err := os.MkdirTemp("", "configtrail-lake-")
		if err != nil {
			return "", err
		}
		b.folder = made
	}
	return b.folder, nil
}

func (b *bucket) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder == "" {
		return nil
	}
	folder := b.folder
	b.folder = ""
	return os.RemoveAll(folder)
}

// publish sends files. The staged ones stay, for a merge of what a failed commit
// left behind.
func (b *bucket) publish(ctx context.Context, files []*dataFile) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	for _, file := range files {
		if !file.published {
			group.Go(func() error { return b.send(ctx, file) })
		}
	}
	return group.Wait()
}

func (b *bucket) send(ctx context.Context, file *dataFile) error {
	key, err := b.key(file.location)
	if err != nil {
		return err
	}
	staged, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer staged.Close()
	if _, err := b.objects.Put(ctx, key, staged, file.bytes); err != nil {
		return err
	}
	file.published = true
	return nil
}

func (b *bucket) settled(files []*dataFile) {
	for _, file := range files {
		_ = os.Remove(file.path) // what stays goes with the folder
	}
}

// discard works where the work itself was cancelled.
func (b *bucket) discard(files []*dataFile) error {
	b.settled(files)
	var keys []string
	for _, file := range files {
		key, err := b.key(file.location)
		if err != nil {
			return err
		}
		if file.published {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), discardTime)
	defer cancel()
	return b.objects.Delete(ctx, keys...)
}

func (b *bucket) writeWhole(ctx context.Context, location string, data []byte) error {
	return bucketIO{b, ctx}.WriteFile(location, data)
}

func (b *bucket) remove(ctx context.Context, locations []string) error {
	_, err := bucketIO{b, ctx}.DeleteFiles(ctx, locations)
	return err
}

// removeParts has nothing to do: S3 has no part of what it was not sent whole.
func (b *bucket) removeParts(context.Context, string, time.Duration) error { return nil }

func (b *bucket) holdsData(ctx context.Context) (bool, error) {
	for _, name := range tableNames() {
		for _, err := range b.objects.List(ctx, b.objects.Key(name+"/data/")) {
			return err == nil, err
		}
	}
	return false, nil
}

// bucketIO is a bucket as Iceberg uses it in the work of one context.
type bucketIO struct {
	*bucket
	ctx context.Context
}

// ReadFile gives the caller a copy of its own.
func (b bucketIO) ReadFile(location string) ([]byte, error) {
	data, err := b.read(location)
	return bytes.Clone(data), err
}

func (b bucketIO) read(location string) ([]byte, error) {
	if data, found := b.whole.find(location); found {
		return data, nil
	}
	key, err := b.key(location)
	if err != nil {
		return nil, err
	}
	r, err := b.objects.Open(b.ctx, blob.Object{Key: key})
	if err != nil {
		return nil, gone(location, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	b.remember(location, data)
	return data, nil
}

// remember keeps what commits and plans read again and again.
func (b bucketIO) remember(location string, data []byte) {
	if path.Ext(location) == ".avro" {
		b.whole.keep(location, data, int64(len(data)))
	}
}

// gone makes of a missing object a missing file, as of a folder: that something
// is not found is an answer of the lake, and this is damage.
func gone(location string, err error) error {
	if errors.Is(err, configtrail.ErrNotFound) {
		return &fs.PathError{Op: "open", Path: location, Err: fs.ErrNotExist}
	}
	return err
}

// Open reads a file as a whole: what Iceberg opens is small.
func (b bucketIO) Open(location string) (icebergFile, error) {
	data, err := b.read(location)
	if err != nil {
		return nil, err
	}
	return &wholeFile{bytes.NewReader(data), objectInfo{name: path.Base(location), size: int64(len(data))}}, nil
}

// Create makes a file that is there when it was closed.
func (b bucketIO) Create(location string) (icebergFileWriter, error) {
	if _, err := b.key(location); err != nil {
		return nil, err
	}
	return &upload{io: b, location: location}, nil
}

// WriteFile writes a whole file.
func (b bucketIO) WriteFile(location string, data []byte) error {
	key, err := b.key(location)
	if err != nil {
		return err
	}
	if _, err := b.objects.Put(b.ctx, key, bytes.NewReader(data), int64(len(data))); err != nil {
		return err
	}
	b.remember(location, bytes.Clone(data))
	return nil
}

// Remove removes a file; one that is already gone is no error.
func (b bucketIO) Remove(location string) error {
	_, err := b.DeleteFiles(b.ctx, []string{location})
	return err
}

// DeleteFiles removes many files by few requests.
func (b bucketIO) DeleteFiles(ctx context.Context, locations []string) (deleted []string, err error) {
	keys := make([]string, len(locations))
	for i, location := range locations {
		if keys[i], err = b.key(location); err != nil {
			return nil, err
		}
	}
	if err := b.objects.Delete(ctx, keys...); err != nil {
		return nil, err
	}
	return locations, nil
}

// WalkDir tells of the files below a location.
func (b bucketIO) WalkDir(location string, visit fs.WalkDirFunc) error {
	key, err := b.key(location)
	if err != nil {
		return err
	}
	for object, err := range b.objects.List(b.ctx, key+"/") {
		info := objectInfo{path.Base(object.Key), object.Size, object.Modified}
		err := visit(object.URI, fs.FileInfoToDirEntry(info), err)
		switch {
		case errors.Is(err, fs.SkipAll):
			return nil
		case err != nil && !errors.Is(err, fs.SkipDir):
			return err
		}
	}
	return nil
}
