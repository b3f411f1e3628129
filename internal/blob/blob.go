// Package blob reads and writes bytes by key, in a folder or on S3. It is the
// only home of the S3 client.
package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// Object is one stored object, as a listing tells of it.
type Object struct {
	Key      string // the S3 key, or the slash-separated path below the folder
	URI      string // s3://bucket/key, or file:///absolute/path
	ETag     string // of S3; of a file made of size and modification time
	Size     int64
	Modified time.Time

	// Archived is a storage class whose objects can't be read without a
	// restore, such as GLACIER, DEEP_ARCHIVE or an archive tier.
	Archived bool
}

// Entry is one entry of a level: a folder, or an object.
type Entry struct {
	Folder string // whole prefix of the folder, ending with a slash; empty for an object
	Object Object
}

// Bucket is a place that holds objects. Implementations are safe for concurrent use.
type Bucket interface {
	// List gives every object whose key begins with prefix, in the byte order
	// of keys, however many there are. An error ends the listing.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]

	// Level gives what lies directly below prefix, which ends with a slash or is
	// empty: folders, each as prefix + segment + "/", and objects, in no
	// particular order. It lets a caller leave out whole folders unread.
	Level(ctx context.Context, prefix string) iter.Seq2[Entry, error]

	// Open reads an object. A read that breaks midway is taken up again where it
	// broke, as long as the object's ETag is the same. An object that is gone
	// gives configtrail.ErrNotFound.
	Open(ctx context.Context, object Object) (io.ReadCloser, error)

	// URI is the place itself: s3://bucket/prefix or file:///folder.
	URI() string
}
