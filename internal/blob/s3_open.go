package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"configtrail"
)

// Open implements Bucket. An object other than the one that was listed gives
// ErrChanged, one that needs a restore ErrArchived. The key is only ever looked
// for in this bucket.
func (b *S3) Open(ctx context.Context, object Object) (io.ReadCloser, error) {
	return b.open(ctx, object, 0, -1)
}

// ReadAt fills p with the object's bytes from offset on; fewer are
// io.ErrUnexpectedEOF. With an ETag, another object gives ErrChanged.
func (b *S3) ReadAt(ctx context.Context, object Object, p []byte, offset int64) error {
	if len(p) == 0 {
		return nil
	}
	r, err := b.open(ctx, object, offset, offset+int64(len(p)))
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	if _, err := io.ReadFull(r, p); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read %s: %d bytes at %d: %w", r.uri, len(p), offset, err)
	}
	return nil
}

// open reads an object from the byte from to the byte before to; -1: to its end.
func (b *S3) open(ctx context.Context, object Object, from, to int64) (*body, error) {
	r := &body{
		parent: ctx, bucket: b, uri: b.uri(object.Key),
		key: object.Key, etag: object.ETag, size: -1, begin: from, offset: from, limit: to,
	}
	if !b.place.holds(object.Key) {
		return nil, fmt.Errorf("read %s: %w: it lies outside %s", r.uri, configtrail.ErrNotFound, b.URI())
	}
	if err := r.connect(); err != nil {
		return nil, err
	}
	return r, nil
}

// body reads one object to its end over as many connections as that takes. It
// keeps nothing of what it has read.
type body struct {
	parent context.Context
	bucket *S3
	uri    string
	key    string
	etag   string // of the first answer at the latest; every further one has to match
	begin  int64  // of what is read
	limit  int64  // of what is read: the first byte that is not; -1: none
	size   int64  // where it ends, at the latest at limit; -1: not known yet
	offset int64  // of the next byte

	stream  io.ReadCloser // nil between two connections
	cancel  context.CancelFunc
	stalled *time.Timer // breaks the stream off when it fires
	empty   int         // breaks in a row without a byte
	end     error       // what Read says from now on
}

// Read implements io.Reader.
func (r *body) Read(p []byte) (int, error) {
	if len(p) == 0 || r.end != nil {
		return 0, r.end
	}
	for {
		if r.stream == nil {
			if r.end = r.connect(); r.end != nil {
				return 0, r.end
			}
		}
		r.stalled.Reset(r.bucket.options.Stall)
		n, err := r.stream.Read(p)
		r.stalled.Stop()
		r.offset += int64(n)
		if n > 0 {
			r.empty = 0
		}
		switch {
		case err == nil:
			return n, nil
		case err == io.EOF && (r.offset == r.size || r.size < 0):
			r.end = io.EOF
			return n, r.end
		case r.offset >= r.size && r.size >= 0:
			// Every byte came and still something is wrong, such as the checksum.
			r.end = fmt.Errorf("read %s: %w", r.uri, err)
			return n, r.end
		}
		r.disconnect()
		if n > 0 {
			return n, nil
		}
		if r.end = r.pause(err); r.end != nil {
			return 0, r.end
		}
	}
}

// pause waits before the next connection, longer each time, and gives up after
// the last attempt.
func (r *body) pause(broken error) error {
	if r.empty++; r.empty >= r.bucket.options.Attempts {
		err := fmt.Errorf("read %s: broken off at byte %d of %d, %d times in a row: %w", r.uri, r.offset, r.size, r.empty, broken)
		return configtrail.WithHint(err, "check the network and run it again: it goes on where it stopped")
	}
	if err := r.bucket.pause(r.parent, r.empty-1); err != nil {
		return fmt.Errorf("read %s: %w", r.uri, err)
	}
	return nil
}

// pause waits after so many attempts before, longer each time.
func (b *S3) pause(ctx context.Context, before int) error {
	wait := b.options.Pause << before
	timer := time.NewTimer(wait/2 + rand.N(wait/2+1)) // so that many do not come back at once
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// connect asks for the object from the offset on.
func (r *body) connect() error {
	if err := r.parent.Err(); err != nil {
		return fmt.Errorf("read %s: %w", r.uri, context.Cause(r.parent))
	}
	ctx, cancel := context.WithCancel(r.parent)
	input := &s3.GetObjectInput{
		Bucket: &r.bucket.place.Bucket, Key: &r.key,
		ExpectedBucketOwner: r.bucket.owner(), RequestPayer: r.bucket.payer(),
	}
	if r.etag != "" {
		input.IfMatch = sdk.String(`"` + r.etag + `"`)
	}
	if r.offset > r.begin && r.etag == "" {
		cancel()
		return fmt.Errorf("read %s: broken off at byte %d, and without an ETag it can't be continued", r.uri, r.offset)
	}
	switch {
	case r.limit >= 0:
		input.Range = sdk.String(fmt.Sprintf("bytes=%d-%d", r.offset, r.limit-1))
	case r.offset > 0:
		input.Range = sdk.String(fmt.Sprintf("bytes=%d-", r.offset))
	}
	out, err := call(ctx, r.bucket, func(client *s3.Client) (*s3.GetObjectOutput, error) {
		return client.GetObject(ctx, input)
	})
	if err == nil {
		if err = r.accept(out); err != nil {
			out.Body.Close()
		}
	}
	if err != nil {
		cancel()
		return fmt.Errorf("read %s: %w", r.uri, readError(err))
	}
	r.stream, r.cancel = out.Body, cancel
	r.stalled = time.AfterFunc(r.bucket.options.Stall, cancel)
	return nil
}

// accept holds an answer against what is known of the object, as a server may
// overlook If-Match or Range.
func (r *body) accept(out *s3.GetObjectOutput) error {
	etag := unquote(out.ETag)
	if r.etag != "" && etag != "" && etag != r.etag {
		return ErrChanged
	}
	ranged := r.offset > 0 || r.limit >= 0
	if ranged && !strings.HasPrefix(sdk.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", r.offset)) {
		if r.offset == r.begin {
			return fmt.Errorf("the server can't give a part of it")
		}
		return fmt.Errorf("broken off at byte %d, and the server can't continue there", r.offset)
	}
	if out.ContentLength != nil {
		size := r.offset + *out.ContentLength
		if r.size >= 0 && size != r.size {
			return ErrChanged
		}
		r.size = size
	}
	r.etag = etag
	return nil
}

// readError gives refusals of one object the errors that callers tell apart.
func readError(err error) error {
	switch codeOf(err) {
	case "InvalidObjectState":
		return ErrArchived
	case "PreconditionFailed":
		return ErrChanged
	case "NoSuchKey", "NotFound":
		return configtrail.ErrNotFound
	}
	return err
}

// codeOf is the code of S3's refusal; "" of other errors.
func codeOf(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.ErrorCode()
}

func (r *body) disconnect() {
	if r.stream != nil {
		r.stalled.Stop()
		r.stream.Close()
		r.cancel()
		r.stream = nil
	}
}

// Close implements io.Closer.
func (r *body) Close() error {
	r.disconnect()
	if r.end == nil {
		r.end = fmt.Errorf("read %s: closed", r.uri)
	}
	return nil
}
