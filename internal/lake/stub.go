package lake

import (
	"context"
	"errors"
	"time"

	"configtrail"
)

var errStub = errors.New("not there yet")

type ChangeWriter struct{}

func (l *Lake) NewChangeWriter(ctx context.Context) (*ChangeWriter, error) { return nil, errStub }
func (w *ChangeWriter) Add(ctx context.Context, change configtrail.Change) error {
	return errStub
}
func (w *ChangeWriter) Remove(ctx context.Context, change configtrail.Change) error {
	return errStub
}
func (w *ChangeWriter) Commit(ctx context.Context, through int64) error { return errStub }
func (w *ChangeWriter) Abandon() error                                  { return nil }

type CompactOptions struct {
	KeepSnapshots time.Duration
	KeepOrphans   time.Duration
}
type CompactResult struct {
	Tables []CompactedTable
}
type CompactedTable struct {
	Table                   string
	FilesBefore, FilesAfter int64
	BytesBefore, BytesAfter int64
	RowsBefore, RowsAfter   int64
}

func (l *Lake) Compact(ctx context.Context, options CompactOptions) (CompactResult, error) {
	return CompactResult{}, errStub
}

func (l *Lake) expireInPassing(ctx context.Context, name string) error { return nil }
