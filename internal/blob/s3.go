package blob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"configtrail"
	"configtrail/internal/aws"
)

// The ways in which an object can be there and yet not be read.
var (
	// ErrArchived is an object that has to be restored before it can be read.
	ErrArchived = errors.New("archived: it has to be restored before it can be read")
	// ErrChanged is an object that is another one than was listed, or than
	// its reading began with.
	ErrChanged = errors.New("it has changed since it was listed")
)

// S3Options says how a bucket is asked. The zero value suits a bucket of one's own in AWS.
type S3Options struct {
	PathStyle     bool   // endpoint/bucket/key in place of bucket.endpoint/key, for servers other than AWS
	RequestPayer  bool   // pay for reading a requester-pays bucket
	ExpectedOwner string // account id; a bucket of any other account is refused

	Attempts int           // how often in a row a body may break at the same byte; 0: 5
	Pause    time.Duration // before the second attempt, doubled each time; 0: 200 ms
	Stall    time.Duration // without a byte before a body counts as broken; 0: one minute
}

// S3 is a bucket, or what lies under a prefix of it. Keys are whole S3 keys,
// with the prefix.
type S3 struct {
	cfg     sdk.Config
	options S3Options
	place   URL

	mu     sync.Mutex
	client *s3.Client // replaced once the bucket's region is known to be another
	region string     // of client
}

// OpenS3 names a place in S3, as ParseURL reads it. Nothing is asked of AWS
// yet. The region of cfg may be wrong or empty: the bucket's own is found when
// it is first asked.
func OpenS3(cfg sdk.Config, url string, options S3Options) (*S3, error) {
	place, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	if options.ExpectedOwner != "" && !configtrail.IsAccountID(options.ExpectedOwner) {
		return nil, fmt.Errorf("%w: the expected owner %q is no account id", configtrail.ErrInvalid, options.ExpectedOwner)
	}
	if options.Attempts <= 0 {
		options.Attempts = 5
	}
	if options.Pause <= 0 {
		options.Pause = 200 * time.Millisecond
	}
	if options.Stall <= 0 {
		options.Stall = time.Minute
	}
	b := &S3{cfg: cfg, options: options, place: place}
	region := cfg.Region
	if region == "" {
		region = "us-east-1" // it knows the way to every bucket of its partition
	}
	b.settle(region)
	return b, nil
}

// URI implements Bucket.
func (b *S3) URI() string { return b.place.String() }

func (b *S3) uri(key string) string { return URL{b.place.Bucket, key}.String() }

func (b *S3) owner() *string {
	if b.options.ExpectedOwner == "" {
		return nil
	}
	return &b.options.ExpectedOwner
}

func (b *S3) payer() types.RequestPayer {
	if b.options.RequestPayer {
		return types.RequestPayerRequester
	}
	return ""
}

// unquote takes off the quotes that are part of an ETag on the wire.
func unquote(etag *string) string { return strings.Trim(sdk.ToString(etag), `"`) }

// call makes one request, which the client retries by itself where AWS is slow
// or broken. Two refusals ask for another try that the client does not make:
// the bucket is in another region, and the credentials ended early.
func call[Out any](ctx context.Context, b *S3, request func(*s3.Client) (Out, error)) (Out, error) {
	var moved, renewed bool
	for {
		client, region := b.current()
		out, err := request(client)
		switch {
		case err == nil:
			return out, nil
		case !moved && b.move(ctx, err, client, region):
			moved = true
		case !renewed && aws.Expired(err) && aws.Renew(b.cfg.Credentials):
			renewed = true
		default:
			return out, aws.ExplainFor(b.cfg.Credentials, err)
		}
	}
}

func (b *S3) current() (*s3.Client, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.client, b.region
}

// settle makes the client for a region.
func (b *S3) settle(region string) {
	client := s3.NewFromConfig(b.cfg, func(o *s3.Options) {
		o.Region = region
		o.UsePathStyle = b.options.PathStyle
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.client, b.region = client, region
}

// move goes to the bucket's region if err says that this one is wrong, and
// reports whether the request is worth another try.
func (b *S3) move(ctx context.Context, err error, client *s3.Client, region string) bool {
	if !aws.WrongRegion(err) {
		return false
	}
	found := aws.BucketRegion(err)
	if found == "" {
		head, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.place.Bucket, ExpectedBucketOwner: b.owner()})
		if err == nil {
			found = sdk.ToString(head.BucketRegion)
		} else {
			found = aws.BucketRegion(err)
		}
	}
	if _, now := b.current(); now != region {
		return true // another request has moved already
	}
	if found == "" || found == region {
		return false
	}
	b.settle(found)
	return true
}

// Explain tells people of an error of another AWS service, asked with the
// credentials of this bucket, as S3's are told.
func (b *S3) Explain(err error) error { return aws.ExplainFor(b.cfg.Credentials, err) }
