package lake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// defaultCopyBytes bounds the copies where S3.CopyBytes is 0.
	defaultCopyBytes = 4 << 30
	// copyStays is for how long a copy stays that was asked for: longer than the
	// query that asked.
	copyStays = 15 * time.Minute
	// downloads is how many files are copied at once.
	downloads = 8

	partSuffix = ".part"
)

// Fetch gives the same files as files of this machine, for a reader that knows
// no other: those of a lake in a folder as they are, those of a bucket as
// copies, each below a folder with the name of its table. Copies are kept up to
// S3.CopyBytes, as files of a lake never change; those fetched within the last
// quarter of an hour stay in any case.
func (l *Lake) Fetch(ctx context.Context, files []File) ([]File, error) {
	local, err := l.files().fetch(ctx, files)
	if err != nil {
		return nil, explain(fmt.Errorf("copy data files: %w", err))
	}
	return local, nil
}

func (f folder) fetch(_ context.Context, files []File) ([]File, error) { return files, nil }

func (b *bucket) fetch(ctx context.Context, files []File) ([]File, error) {
	if len(files) == 0 {
		return nil, nil
	}
	dir, err := b.copiesFolder()
	if err != nil {
		return nil, err
	}
	local := slices.Clone(files)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for i, file := range files {
		below, inside := strings.CutPrefix(file.Path, b.root+"/")
		if !inside {
			return nil, fmt.Errorf("location %s is not in the lake at %s", file.Path, b.root)
		}
		if _, err := b.key(file.Path); err != nil {
			return nil, err
		}
		local[i].Path = filepath.Join(dir, filepath.FromSlash(below))
		group.Go(func() error { return b.copy(groupCtx, file, local[i].Path) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return local, b.evict(dir)
}

// copiesFolder is one that the copies of this bucket have to themselves.
func (b *bucket) copiesFolder() (string, error) {
	below := b.copies
	if below == "" {
		var err error
		if below, err = b.scratch(); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256([]byte(b.root))
	dir := filepath.Join(below, "copies-"+hex.EncodeToString(sum[:8]))
	return dir, os.MkdirAll(dir, 0o700)
}

// copy brings one file here unless it is here. Two that do the same at once
// both write a file of their own, and either is right.
func (b *bucket) copy(ctx context.Context, file File, path string) (err error) {
	if info, err := os.Stat(path); err == nil && info.Size() == file.Bytes {
		now := time.Now()
		return os.Chtimes(path, now, now) // it was used
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(path), "*"+partSuffix)
	if err != nil {
		return err
	}
	err = errors.Join(b.download(ctx, file.Path, part, file.Bytes), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name()) // what stays is evicted
	}
	return err
}

// evict removes the copies used longest ago, until they are within their bound.
func (b *bucket) evict(dir string) error {
	type copied struct {
		path string
		size int64
		used time.Time
	}
	var all []copied
	var held int64
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		all = append(all, copied{path, info.Size(), info.ModTime()})
		held += info.Size()
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b copied) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
	for _, c := range all {
		if held <= b.copyBytes || time.Since(c.used) < copyStays {
			return nil
		}
		if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		held -= c.size
	}
	return nil
}

// ignoreGone takes a file for evicted that another process evicted.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
