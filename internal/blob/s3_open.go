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
	r := &body{
		parent: ctx, bucket: b, uri: b.uri(object.Key),
		key: object.Key, etag: object.ETag, size: -1,
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
	size   int64  // -1: not known yet
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
	wait := r.bucket.options.Pause << (r.empty - 1)
	timer := time.NewTimer(wait/2 + rand.N(wait/2+1)) // so that many readers do not come back at once
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.parent.Done():
		return fmt.Errorf("read %s: %w", r.uri, context.Cause(r.parent))
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
	if r.offset > 0 {
		if r.etag == "" {
			cancel()
			return fmt.Errorf("read %s: broken off at byte %d, and without an ETag it can't be continued", r.uri, r.offset)
		}
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
	if r.offset > 0 && !strings.HasPrefix(sdk.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", r.offset)) {
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
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "InvalidObjectState":
		return ErrArchived
	case "PreconditionFailed":
		return ErrChanged
	case "NoSuchKey", "NotFound":
		return configtrail.ErrNotFound
	}
	return err
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
