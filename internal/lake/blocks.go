package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"configtrail/internal/blob"

	"golang.org/x/sync/errgroup"
)

const (
	// blockBytes is what objects are read by: a row group's columns lie in a few.
	blockBytes = 512 << 10
	// defaultBlockBytes is how much of them is kept in memory where S3.BlockBytes is 0.
	defaultBlockBytes = 64 << 20
	// mostBlocks is how many are asked for at once of what is read on and on.
	mostBlocks = 8
	// asked is how many files are begun at once.
	asked = 16
)

// block names a part of an object.
type block struct {
	path  string
	index int64
}

// open opens a data file: one that is in the bucket, or one that is staged.
func (b *bucket) open(ctx context.Context, path string) (content, int64, error) {
	if !strings.HasPrefix(path, b.root+"/") {
		return scratch{}.open(ctx, path)
	}
	key, err := b.key(path)
	if err != nil {
		return nil, 0, err
	}
	size, known := b.sizes.find(path)
	if !known {
		found, err := b.objects.Stat(ctx, key)
		if err != nil {
			return nil, 0, gone(path, err)
		}
		size = found.Size
		b.sizes.keep(path, size, 1)
	}
	f := &blocks{ctx: ctx, bucket: b, path: path, object: blob.Object{Key: key}, size: size, runs: make(map[int64]int64)}
	if size > 0 {
		if _, err := f.block((size - 1) / blockBytes); err != nil { // the footer, which every reader begins with
			return nil, 0, err
		}
	}
	return f, size, nil
}

// ahead asks for the ends of files side by side. Most files are small, and their
// end is all there is of them.
func (b *bucket) ahead(ctx context.Context, files []planned) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	var bytes int64
	for _, file := range files {
		if bytes += min(file.entry.FileSizeBytes(), 2*blockBytes); bytes > b.blocks.limit/2 {
			break
		}
		group.Go(func() error {
			_, _, err := b.open(ctx, file.path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // whoever reads it tells of it
			}
			return err
		})
	}
	return group.Wait()
}

func (b *bucket) noted(path string, size int64) { b.sizes.keep(path, size, 1) }

// blocks reads an object of the bucket by blocks, which all readers of it share.
// It is no more safe for concurrent use than a file's reader.
type blocks struct {
	ctx    context.Context
	bucket *bucket
	path   string
	object blob.Object
	size   int64

	// runs holds, by the block that would come next, how many were asked for at
	// once. Columns are read side by side, each on and on.
	runs map[int64]int64
}

// Close implements io.Closer.
func (f *blocks) Close() error { return nil }

// ReadAt implements io.ReaderAt.
func (f *blocks) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		if offset >= f.size {
			return n, io.EOF
		}
		data, err := f.block(offset / blockBytes)
		if err != nil {
			return n, err
		}
		some := copy(p[n:], data[offset%blockBytes:])
		n += some
		offset += int64(some)
	}
	return n, nil
}

func (f *blocks) block(index int64) ([]byte, error) {
	if data, found := f.bucket.blocks.find(block{f.path, index}); found {
		return data, nil
	}
	first, count := index, min(max(1, 2*f.runs[index]), mostBlocks)
	delete(f.runs, index)
	last := (f.size - 1) / blockBytes
	if index == last {
		first = max(0, index-1) // the footer is at the end, and may be longer than what is there
	}
	count = min(count+index-first, last-first+1)
	data := make([]byte, min(count*blockBytes, f.size-first*blockBytes))
	err := f.bucket.objects.ReadAt(f.ctx, f.object, data, first*blockBytes)
	if err != nil {
		return nil, gone(f.path, err)
	}
	f.runs[first+count] = count
	for i := range count {
		// Each in memory of its own, which goes when the block goes.
		some := bytes.Clone(data[i*blockBytes : min((i+1)*blockBytes, int64(len(data)))])
		f.bucket.blocks.keep(block{f.path, first + i}, some, int64(len(some)))
	}
	return data[(index-first)*blockBytes : min((index-first+1)*blockBytes, int64(len(data)))], nil
}

// download writes a whole object to a new file of this machine.
func (b *bucket) download(ctx context.Context, location string, file *os.File, size int64) error {
	key, err := b.key(location)
	if err != nil {
		return err
	}
	r, err := b.objects.Open(ctx, blob.Object{Key: key})
	if err != nil {
		return gone(location, err)
	}
	defer r.Close()
	n, err := io.Copy(file, r)
	if err == nil && n != size {
		err = fmt.Errorf("read %s: it has %d bytes, not %d", location, n, size)
	}
	return errors.Join(err, file.Sync())
}
