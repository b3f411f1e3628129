package lake

import (
	"bytes"
	"io/fs"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
)

type (
	icebergFile       = icebergio.File
	icebergFileWriter = icebergio.FileWriter
)

// wholeFile is a file in memory.
type wholeFile struct {
	*bytes.Reader
	info objectInfo
}

// Stat implements fs.File.
func (f *wholeFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *wholeFile) Close() error { return nil }

// upload is a file that is written when it is closed.
type upload struct {
	bytes.Buffer
	io       bucketIO
	location string
}

// Close sends the file.
func (u *upload) Close() error { return u.io.WriteFile(u.location, u.Bytes()) }

// objectInfo is an object as a file.
type objectInfo struct {
	name     string
	size     int64
	modified time.Time
}

func (i objectInfo) Name() string       { return i.name }
func (i objectInfo) Size() int64        { return i.size }
func (i objectInfo) Mode() fs.FileMode  { return 0o444 }
func (i objectInfo) ModTime() time.Time { return i.modified }
func (i objectInfo) IsDir() bool        { return false }
func (i objectInfo) Sys() any           { return nil }
