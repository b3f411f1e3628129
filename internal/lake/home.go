package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"configtrail"
	"configtrail/internal/blob"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// Options say which lake: one of Dir and S3 is needed.
type Options struct {
	Dir string // the folder of the lake
	S3  *S3    // the bucket of the lake, with its catalog

	// RedactKeyID names the key that content hashes and redacted values are
	// made with. A lake has one; Create needs it, and a Writer of a lake
	// opened without is refused.
	RedactKeyID string

	// Now is the clock for ages of files and snapshots; nil: time.Now.
	Now func() time.Time
}

// S3 is where a lake on S3 is. Bucket, Glue and Database are needed.
type S3 struct {
	Bucket   *blob.S3   // its prefix holds one folder a table
	Glue     sdk.Config // of the Glue Data Catalog
	Database string     // of the catalog, with one lake in it: its tables have fixed names

	// BlockBytes bounds what is kept in memory of the data files that are read; 0: 64 MiB.
	BlockBytes int64
	// Copies is a folder for the files that Fetch brings here, kept for the next
	// run; "": a temporary one that goes with Close.
	Copies string
	// CopyBytes bounds the folder of copies, save for what is in use; 0: 4 GiB.
	CopyBytes int64
}

// home is where a lake is made, found and told of.
type home interface {
	fmt.Stringer

	// prepare makes a place for what a new lake consists of.
	prepare(ctx context.Context) error
	holdsData(ctx context.Context) (bool, error)
	connect(ctx context.Context, how access) (*catalog, error)

	// damaged is the error of a catalog that has lost track of its tables.
	damaged(cause error) error
	// making is what a person does who wants a lake here.
	making() string
}

// access is what a catalog is connected to for.
type access int

const (
	forReading access = iota // changes nothing, needs no right to write
	forWriting               // makes nothing that is not there
	forMaking
)

func homeOf(options Options) (home, error) {
	switch {
	case options.S3 != nil && options.Dir != "":
		return nil, fmt.Errorf("%w: a lake is in a folder or on S3, not in both", configtrail.ErrInvalid)
	case options.S3 != nil:
		return newBucketHome(*options.S3)
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("lake %s: %w", options.Dir, err)
	}
	return folderHome{dir}, nil
}

// folderHome is a folder, by its absolute path.
type folderHome struct{ dir string }

func (h folderHome) String() string { return h.dir }

func (h folderHome) making() string { return "run configtrail ingest SOURCE" }

func (h folderHome) prepare(context.Context) error {
	if err := noFile(h.dir); err != nil {
		return err
	}
	return makeFolder(h.dir)
}

func (h folderHome) holdsData(ctx context.Context) (bool, error) {
	return folder{dir: h.dir}.holdsData(ctx)
}

func (h folderHome) damaged(cause error) error { return damagedCatalog(cause) }

// connect opens the database of the catalog.
func (h folderHome) connect(ctx context.Context, how access) (*catalog, error) {
	if err := noFile(h.dir); err != nil {
		return nil, err
	}
	if how == forMaking {
		return createCatalog(ctx, h.dir)
	}
	info, err := os.Stat(filepath.Join(h.dir, catalogFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if used, _ := h.holdsData(ctx); used { // what can't be read is no lake to this user
			return nil, h.damaged(errors.New(catalogFile + " is missing"))
		}
		return nil, errNoLake
	case err != nil:
		return nil, err
	case info.Size() == 0:
		return nil, h.damaged(errors.New(catalogFile + " is empty"))
	case how == forWriting:
		return openCatalog(ctx, h.dir)
	}
	return readCatalog(ctx, h.dir)
}
