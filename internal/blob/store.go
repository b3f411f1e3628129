package blob

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"configtrail"
)

// smallBytes bounds what a Store reads: it is held in memory as a whole.
const smallBytes = 16 << 20

// Store keeps small objects that several processes change at once. Its keys are
// paths with slashes below the place that was opened, the same for a folder and
// for a bucket. Implementations are safe for concurrent use, between processes too.
type Store interface {
	// Read gives an object and the ETag that Swap takes. One that is not there
	// gives configtrail.ErrNotFound, one of more than 16 MiB configtrail.ErrTooLarge.
	Read(ctx context.Context, key string) (data []byte, etag string, err error)

	// Swap writes an object if the one that is there is still the one of etag;
	// with etag "" if there is none. A reader sees the old one or the new one
	// whole. If another writer came first it gives configtrail.ErrConflict, and
	// after any other error the object may be the old one or the new one.
	//
	// An answer of S3 that got lost is looked for in the object. Where a third
	// writer has replaced it by then, Swap tells of a conflict although the
	// object was there for a moment.
	Swap(ctx context.Context, key string, data []byte, etag string) (newETag string, err error)
}

var (
	_ Store = (*Folder)(nil)
	_ Store = (*S3)(nil)
)

// readSmall reads a small object to its end.
func readSmall(uri string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, smallBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > smallBytes:
		return nil, fmt.Errorf("read %s: %w: more than %d bytes", uri, configtrail.ErrTooLarge, smallBytes)
	}
	return data, nil
}

// errOutdated says that an object is not the one of the ETag any more.
var errOutdated = fmt.Errorf("%w: another writer came first", configtrail.ErrConflict)

// storable refuses a key that has several spellings, or that may name a file of
// the folder's own.
func storable(key string) error {
	if !clean(key) || strings.HasPrefix(path.Base(key), ".") {
		return fmt.Errorf("%w: no key of a store, which has no empty part and no name that begins with a dot", configtrail.ErrInvalid)
	}
	return nil
}

// OpenStore opens the place that small objects are kept at: a folder, made where
// there is none, or s3://bucket/prefix.
func OpenStore(ctx context.Context, place string, sources Sources) (Store, error) {
	if _, err := ParseURL(place); err != nil {
		if err := os.MkdirAll(place, 0o700); err != nil {
			return nil, err
		}
		return OpenFolder(place)
	}
	cfg, err := sources.Config(ctx)
	if err != nil {
		return nil, err
	}
	return OpenS3(cfg, place, sources.S3)
}
