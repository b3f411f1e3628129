package blob

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// List implements Bucket.
func (b *S3) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		exact, below, ok := b.place.narrow(prefix)
		if !ok {
			return
		}
		if exact != "" {
			object, found, err := b.find(ctx, exact)
			if (found || err != nil) && !yield(object, err) || err != nil {
				return
			}
		}
		for page, err := range b.pages(ctx, s3.ListObjectsV2Input{Prefix: &below}) {
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, object := range page.objects {
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// find looks for one key in the listing, which asks for no more rights than List.
func (b *S3) find(ctx context.Context, key string) (Object, bool, error) {
	page, err := b.page(ctx, &s3.ListObjectsV2Input{Prefix: &key, MaxKeys: sdk.Int32(1)})
	if err != nil || len(page.objects) == 0 || page.objects[0].Key != key {
		return Object{}, false, err
	}
	return page.objects[0], true, nil // the first key with a prefix is the prefix itself, if it is a key
}

// Level implements Bucket.
func (b *S3) Level(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		exact, below, ok := b.place.narrow(prefix)
		if !ok {
			return
		}
		if exact != "" && !strings.Contains(exact[len(prefix):], "/") {
			object, found, err := b.find(ctx, exact)
			if (found || err != nil) && !yield(Entry{Object: object}, err) || err != nil {
				return
			}
		}
		if below != prefix { // above the place there is one way only: towards it
			segment, _, _ := strings.Cut(below[len(prefix):], "/")
			yield(Entry{Folder: prefix + segment + "/"}, nil)
			return
		}
		for page, err := range b.pages(ctx, s3.ListObjectsV2Input{Prefix: &below, Delimiter: sdk.String("/")}) {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, folder := range page.folders {
				if !yield(Entry{Folder: folder}, nil) {
					return
				}
			}
			for _, object := range page.objects {
				if !yield(Entry{Object: object}, nil) {
					return
				}
			}
		}
	}
}

// listing is one page of one.
type listing struct {
	objects []Object
	folders []string
	next    *string
}

// pages asks page after page, up to 1,000 keys each.
func (b *S3) pages(ctx context.Context, input s3.ListObjectsV2Input) iter.Seq2[listing, error] {
	return func(yield func(listing, error) bool) {
		for {
			page, err := b.page(ctx, &input)
			if err != nil {
				yield(listing{}, err)
				return
			}
			if !yield(page, nil) || page.next == nil {
				return
			}
			if input.ContinuationToken != nil && *page.next == *input.ContinuationToken {
				yield(listing{}, fmt.Errorf("list %s: the server gives the same page again and again", b.URI()))
				return
			}
			input.ContinuationToken = page.next
		}
	}
}

func (b *S3) page(ctx context.Context, input *s3.ListObjectsV2Input) (listing, error) {
	input.Bucket = &b.place.Bucket
	input.ExpectedBucketOwner = b.owner()
	input.RequestPayer = b.payer()
	// Keys may hold characters that XML cannot, and restored objects of an
	// archive class can be read.
	input.EncodingType = types.EncodingTypeUrl
	input.OptionalObjectAttributes = []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus}

	out, err := call(ctx, b, func(client *s3.Client) (*s3.ListObjectsV2Output, error) {
		return client.ListObjectsV2(ctx, input)
	})
	if err != nil {
		return listing{}, fmt.Errorf("list %s: %w", b.URI(), err)
	}
	decode := func(key *string) (string, error) {
		if out.EncodingType != types.EncodingTypeUrl { // a server that does not know it
			return sdk.ToString(key), nil
		}
		text, err := url.QueryUnescape(sdk.ToString(key))
		if err != nil {
			return "", fmt.Errorf("list %s: key %q: %w", b.URI(), sdk.ToString(key), err)
		}
		return text, nil
	}
	var page listing
	for _, o := range out.Contents {
		key, err := decode(o.Key)
		if err != nil {
			return listing{}, err
		}
		page.objects = append(page.objects, Object{
			Key: key, URI: b.uri(key), ETag: unquote(o.ETag), Size: sdk.ToInt64(o.Size),
			Modified: sdk.ToTime(o.LastModified).UTC(), Archived: archived(o),
		})
	}
	for _, p := range out.CommonPrefixes {
		folder, err := decode(p.Prefix)
		if err != nil {
			return listing{}, err
		}
		page.folders = append(page.folders, folder)
	}
	if sdk.ToBool(out.IsTruncated) {
		if page.next = out.NextContinuationToken; page.next == nil {
			return listing{}, fmt.Errorf("list %s: the server cut the listing short and does not say how to go on", b.URI())
		}
	}
	return page, nil
}

// archived reports a storage class that can't be read, unless a restored copy
// can. GLACIER_IR can be read. The archive tiers of INTELLIGENT_TIERING do not
// show in a listing: Open tells of them.
func archived(o types.Object) bool {
	if o.StorageClass != types.ObjectStorageClassGlacier && o.StorageClass != types.ObjectStorageClassDeepArchive {
		return false
	}
	return o.RestoreStatus == nil || sdk.ToBool(o.RestoreStatus.IsRestoreInProgress) || o.RestoreStatus.RestoreExpiryDate == nil
}
