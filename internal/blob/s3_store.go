package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"configtrail"
)

// writeMark is the metadata of an object that names the Swap it came from.
const writeMark = "configtrail-write"

// Key is the whole S3 key of a path below the place.
func (b *S3) Key(below string) string {
	if b.place.Prefix == "" {
		return below
	}
	return strings.TrimSuffix(b.place.Prefix, "/") + "/" + below
}

// Read implements Store. Where the bytes are not those that the object's checksum
// was made of, as on servers that replace the two one after the other, it is read again.
func (b *S3) Read(ctx context.Context, key string) (data []byte, etag string, err error) {
	if err := storable(key); err != nil {
		return nil, "", fmt.Errorf("read %s: %w", key, err)
	}
	for attempt := 0; ; attempt++ {
		data, etag, decided, err := b.read(ctx, b.Key(key))
		if decided || attempt+1 >= b.options.Attempts {
			return data, etag, err
		}
		if err := b.pause(ctx, attempt); err != nil {
			return nil, "", fmt.Errorf("read %s: %w", b.uri(b.Key(key)), err)
		}
	}
}

// read reports decided for an error that reading again would not change.
func (b *S3) read(ctx context.Context, key string) (data []byte, etag string, decided bool, err error) {
	r, err := b.open(ctx, Object{Key: key}, 0, -1)
	if err != nil {
		return nil, "", true, err
	}
	defer func() { _ = r.Close() }() // it was only read
	if data, err = readSmall(r.uri, r); err != nil {
		return nil, "", errors.Is(err, configtrail.ErrTooLarge) || r.offset < r.size, err
	}
	return data, r.etag, true, nil
}

// Swap implements Store, by the conditions that S3 puts on a write.
func (b *S3) Swap(ctx context.Context, key string, data []byte, etag string) (newETag string, err error) {
	if err := storable(key); err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	w := swap{bucket: b, key: b.Key(key), etag: etag, mark: rand.Text()}
	if newETag, err = w.write(ctx, data); err != nil {
		return "", fmt.Errorf("write %s: %w", b.uri(w.key), err)
	}
	return newETag, nil
}

// swap is one conditional write.
type swap struct {
	bucket *S3
	key    string
	etag   string // of the object to replace; "": of none
	mark   string
}

// write tries until the outcome is known. The client's own retries would hide
// one: of a write that was done and whose answer got lost they bring the refusal
// of the second try.
func (w swap) write(ctx context.Context, data []byte) (string, error) {
	var doubt bool // an earlier try may have been carried out
	for attempt := 0; ; attempt++ {
		etag, err := w.try(ctx, data)
		if err == nil {
			return etag, nil
		}
		outcome := outcomeOf(err)
		if outcome == unknown || doubt {
			doubt = true
			if etag, ours := w.landed(ctx); ours {
				return etag, nil
			}
		}
		switch {
		case outcome == outdated:
			return "", errOutdated
		case outcome == refused || attempt+1 >= w.bucket.options.Attempts:
			return "", readError(err)
		}
		if err := w.bucket.pause(ctx, attempt); err != nil {
			return "", err
		}
	}
}

func (w swap) try(ctx context.Context, data []byte) (string, error) {
	input := &s3.PutObjectInput{
		Bucket: &w.bucket.place.Bucket, Key: &w.key, ExpectedBucketOwner: w.bucket.owner(), RequestPayer: w.bucket.payer(),
		Metadata: map[string]string{writeMark: w.mark},
	}
	if w.etag == "" {
		input.IfNoneMatch = sdk.String("*")
	} else {
		input.IfMatch = sdk.String(`"` + w.etag + `"`)
	}
	out, err := call(ctx, w.bucket, func(client *s3.Client) (*s3.PutObjectOutput, error) {
		input.Body = bytes.NewReader(data)
		return client.PutObject(ctx, input, func(o *s3.Options) { o.Retryer = sdk.NopRetryer{} })
	})
	if err != nil {
		return "", err
	}
	return unquote(out.ETag), nil
}

// landed looks whether the object is the one of this write. What can't be told is no.
func (w swap) landed(ctx context.Context) (etag string, ours bool) {
	head, err := w.bucket.head(ctx, w.key)
	if err != nil || head.Metadata[writeMark] != w.mark {
		return "", false
	}
	return unquote(head.ETag), true
}

// outcome is what is known of a write that gave an error.
type outcome int

const (
	unknown  outcome = iota // it may have been done
	outdated                // it was not done: the object is another one
	refused                 // it was not done, and trying again would change nothing
)

func outcomeOf(err error) outcome {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		return unknown
	}
	switch {
	case api.ErrorCode() == "PreconditionFailed", api.ErrorCode() == "NoSuchKey":
		return outdated
	case api.ErrorCode() == "ConditionalRequestConflict", api.ErrorCode() == "RequestTimeout":
		return unknown // another write was under way
	}
	switch status := response.HTTPStatusCode(); {
	case status == http.StatusPreconditionFailed:
		return outdated
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return unknown
	}
	return refused
}

// Stat gives an object by its whole key. One that is not there gives configtrail.ErrNotFound.
func (b *S3) Stat(ctx context.Context, key string) (Object, error) {
	if !b.place.holds(key) {
		return Object{}, fmt.Errorf("read %s: %w: it lies outside %s", b.uri(key), configtrail.ErrNotFound, b.URI())
	}
	head, err := b.head(ctx, key)
	if err != nil {
		return Object{}, fmt.Errorf("read %s: %w", b.uri(key), readError(err))
	}
	return Object{
		Key: key, URI: b.uri(key), ETag: unquote(head.ETag), Size: sdk.ToInt64(head.ContentLength),
		Modified: sdk.ToTime(head.LastModified).UTC(),
	}, nil
}

func (b *S3) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	return call(ctx, b, func(client *s3.Client) (*s3.HeadObjectOutput, error) {
		return client.HeadObject(ctx, &s3.HeadObjectInput{
			Bucket: &b.place.Bucket, Key: &key, ExpectedBucketOwner: b.owner(), RequestPayer: b.payer(),
		})
	})
}
