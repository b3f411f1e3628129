package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"configtrail"
)

const (
	// partBytes is the size from which an object is sent in parts, and of each.
	partBytes = 16 << 20
	// mostParts is S3's limit of parts of one object.
	mostParts = 10_000
	// partsAtOnce is how many parts of one object are under way.
	partsAtOnce = 4
	// deleteAtOnce is S3's limit of keys of one request.
	deleteAtOnce = 1_000
	// abortTime is how long the giving up of an upload may take.
	abortTime = 30 * time.Second
)

// Put writes an object of a whole key, in place of one that may be there. It is
// there whole or not at all; a large one is sent in parts, several at once.
func (b *S3) Put(ctx context.Context, key string, content io.ReaderAt, size int64) (Object, error) {
	object := Object{Key: key, URI: b.uri(key), Size: size}
	if !b.place.holds(key) {
		return object, fmt.Errorf("write %s: %w: it lies outside %s", object.URI, configtrail.ErrInvalid, b.URI())
	}
	var err error
	if size <= partBytes {
		object.ETag, err = b.putWhole(ctx, key, content, size)
	} else {
		object.ETag, err = b.putParts(ctx, key, content, size)
	}
	if err != nil {
		return object, fmt.Errorf("write %s: %w", object.URI, err)
	}
	return object, nil
}

func (b *S3) putWhole(ctx context.Context, key string, content io.ReaderAt, size int64) (etag string, err error) {
	out, err := call(ctx, b, func(client *s3.Client) (*s3.PutObjectOutput, error) {
		return client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &b.place.Bucket, Key: &key, ExpectedBucketOwner: b.owner(), RequestPayer: b.payer(),
			Body: io.NewSectionReader(content, 0, size), ContentLength: &size, ContentType: contentType(key),
		})
	})
	if err != nil {
		return "", err
	}
	return unquote(out.ETag), nil
}

// contentType is what a browser is told of an object that people open, by the end
// of its key; nil for any other, of which S3 says that it is bytes.
func contentType(key string) *string {
	switch path.Ext(key) {
	case ".html":
		return sdk.String("text/html; charset=utf-8")
	case ".md":
		return sdk.String("text/markdown; charset=utf-8")
	case ".json":
		return sdk.String("application/json")
	}
	return nil
}

// putParts gives an upload up after an error: its parts would be kept, and paid
// for, without anybody seeing them.
func (b *S3) putParts(ctx context.Context, key string, content io.ReaderAt, size int64) (etag string, err error) {
	begun, err := call(ctx, b, func(client *s3.Client) (*s3.CreateMultipartUploadOutput, error) {
		return client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &b.place.Bucket, Key: &key, ExpectedBucketOwner: b.owner(), RequestPayer: b.payer(),
			ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ContentType: contentType(key),
		})
	})
	if err != nil {
		return "", err
	}
	u := upload{bucket: b, key: key, id: begun.UploadId}
	parts, err := u.send(ctx, content, size)
	if err == nil {
		etag, err = u.complete(ctx, parts, size)
	}
	if err != nil {
		return "", errors.Join(err, u.abort(ctx))
	}
	return etag, nil
}

// upload is an object that is sent in parts.
type upload struct {
	bucket *S3
	key    string
	id     *string
}

func (u upload) send(ctx context.Context, content io.ReaderAt, size int64) ([]types.CompletedPart, error) {
	each := max(partBytes, (size+mostParts-1)/mostParts)
	parts := make([]types.CompletedPart, (size+each-1)/each)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for i := range parts {
		group.Go(func() error {
			offset := int64(i) * each
			number, length := sdk.Int32(int32(i+1)), min(each, size-offset)
			out, err := call(ctx, u.bucket, func(client *s3.Client) (*s3.UploadPartOutput, error) {
				return client.UploadPart(ctx, &s3.UploadPartInput{
					Bucket: &u.bucket.place.Bucket, Key: &u.key, UploadId: u.id, PartNumber: number,
					ExpectedBucketOwner: u.bucket.owner(), RequestPayer: u.bucket.payer(),
					ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
					Body:              io.NewSectionReader(content, offset, length), ContentLength: &length,
				})
			})
			if err != nil {
				return fmt.Errorf("part %d: %w", i+1, err)
			}
			parts[i] = types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
			return nil
		})
	}
	return parts, group.Wait()
}

// complete makes the parts one object. A try whose answer got lost leaves no
// upload for the next one to find, but the object.
func (u upload) complete(ctx context.Context, parts []types.CompletedPart, size int64) (etag string, err error) {
	out, err := call(ctx, u.bucket, func(client *s3.Client) (*s3.CompleteMultipartUploadOutput, error) {
		return client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &u.bucket.place.Bucket, Key: &u.key, UploadId: u.id,
			ExpectedBucketOwner: u.bucket.owner(), RequestPayer: u.bucket.payer(),
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
	})
	if err == nil {
		return unquote(out.ETag), nil
	}
	if codeOf(err) == "NoSuchUpload" {
		if found, statErr := u.bucket.Stat(ctx, u.key); statErr == nil && found.Size == size {
			return found.ETag, nil
		}
	}
	return "", err
}

// abort works for a cancelled context too.
func (u upload) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_, err := call(ctx, u.bucket, func(client *s3.Client) (*s3.AbortMultipartUploadOutput, error) {
		return client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: &u.bucket.place.Bucket, Key: &u.key, UploadId: u.id,
			ExpectedBucketOwner: u.bucket.owner(), RequestPayer: u.bucket.payer(),
		})
	})
	if err != nil && codeOf(err) != "NoSuchUpload" {
		return fmt.Errorf("give up the upload: %w", err)
	}
	return nil
}

// Delete removes objects by their whole keys. Those that are not there count as
// removed. Of several that could not be, the error tells the first.
func (b *S3) Delete(ctx context.Context, keys ...string) error {
	for some := range slices.Chunk(keys, deleteAtOnce) {
		objects := make([]types.ObjectIdentifier, len(some))
		for i, key := range some {
			if !b.place.holds(key) {
				return fmt.Errorf("remove %s: %w: it lies outside %s", b.uri(key), configtrail.ErrInvalid, b.URI())
			}
			objects[i].Key = &key
		}
		out, err := call(ctx, b, func(client *s3.Client) (*s3.DeleteObjectsOutput, error) {
			return client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: &b.place.Bucket, ExpectedBucketOwner: b.owner(), RequestPayer: b.payer(),
				Delete: &types.Delete{Objects: objects, Quiet: sdk.Bool(true)},
			})
		})
		if err != nil {
			return fmt.Errorf("remove %d objects of %s: %w", len(some), b.URI(), err)
		}
		// S3 has no such error; other servers tell of what somebody else removed first.
		left := slices.DeleteFunc(out.Errors, func(e types.Error) bool { return sdk.ToString(e.Code) == "NoSuchKey" })
		if len(left) > 0 {
			first := left[0]
			return fmt.Errorf("remove %s: %s: %s (and %d more)", b.uri(sdk.ToString(first.Key)),
				sdk.ToString(first.Code), sdk.ToString(first.Message), len(left)-1)
		}
	}
	return nil
}
