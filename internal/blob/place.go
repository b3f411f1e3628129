package blob

import (
	"context"
	"fmt"
	"os"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
)

// Sources says how Open reaches S3. Folders need nothing of it.
type Sources struct {
	// Config is asked once a source is in S3, so that folders need no AWS settings.
	Config func(ctx context.Context) (sdk.Config, error)
	S3     S3Options
}

// Open finds what a person named as SOURCE: s3://bucket/prefix, a folder, a
// file, or the file:/// URI of one. What is not there is configtrail.ErrNotFound,
// what is no source configtrail.ErrInvalid, each with what to do.
func Open(ctx context.Context, source string, sources Sources) (Bucket, error) {
	scheme, _, isURL := strings.Cut(source, "://")
	switch scheme = strings.ToLower(scheme); {
	case source == "":
		return nil, configtrail.WithHint(fmt.Errorf("%w: the source is empty", configtrail.ErrInvalid), sourceHint)
	case !isURL:
		return openLocal(source)
	case scheme == "file":
		path, err := filePath(source)
		if err != nil {
			return nil, err
		}
		return openLocal(path)
	case scheme == "s3":
		if _, err := ParseURL(source); err != nil {
			return nil, err
		}
		cfg, err := sources.Config(ctx)
		if err != nil {
			return nil, err
		}
		return OpenS3(cfg, source, sources.S3)
	default:
		err := fmt.Errorf("%w: %s is neither a folder nor s3://bucket/prefix", configtrail.ErrInvalid, source)
		return nil, configtrail.WithHint(err, sourceHint)
	}
}

const sourceHint = "name a folder, a file or s3://bucket/prefix"

// openLocal tells apart "not there" and a bucket whose s3:// was forgotten.
func openLocal(path string) (Bucket, error) {
	if _, err := os.Stat(path); os.IsNotExist(err) && strings.HasPrefix(strings.ToLower(path), "s3:") {
		err := fmt.Errorf("%w: %s is no S3 URL", configtrail.ErrInvalid, path)
		return nil, configtrail.WithHint(err, "write it as s3://bucket/prefix")
	}
	return OpenFolder(path)
}

// URL is a place in S3. Its text form takes the key as it is: nothing in it is
// percent-encoded, and ?, # and + mean themselves.
type URL struct {
	Bucket string
	Prefix string // "" for the whole bucket
}

// String is the form that ParseURL reads.
func (u URL) String() string {
	if u.Prefix == "" {
		return "s3://" + u.Bucket
	}
	return "s3://" + u.Bucket + "/" + u.Prefix
}

// Names of general purpose and directory buckets, of access point aliases, and
// of the buckets from before 2018 that may hold capitals and underscores.
var bucketName = configtrail.Pattern(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)

// ParseURL reads s3://bucket/prefix. Anything else gives configtrail.ErrInvalid.
func ParseURL(text string) (URL, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !strings.EqualFold(scheme, "s3") {
		err := fmt.Errorf("%w: %s is no S3 URL", configtrail.ErrInvalid, text)
		return URL{}, configtrail.WithHint(err, "write it as s3://bucket/prefix")
	}
	if strings.HasPrefix(rest, "arn:") {
		err := fmt.Errorf("%w: %s names an ARN in place of a bucket", configtrail.ErrInvalid, text)
		return URL{}, configtrail.WithHint(err, "name the bucket, or for an access point its alias")
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !bucketName().MatchString(bucket) {
		err := fmt.Errorf("%w: %s: %q is no bucket name", configtrail.ErrInvalid, text, bucket)
		return URL{}, configtrail.WithHint(err, "write it as s3://bucket/prefix; list the buckets with: aws s3 ls")
	}
	return URL{bucket, prefix}, nil
}

// narrow lays a prefix of keys over a place. Below is what to list: every key
// that begins with it. Exact is one more key to look for before that, or "";
// it is the place itself when that may be one object. Without anything in
// common, ok is false.
//
// A place without a closing slash is one object or a folder: s3://b/logs holds
// the keys logs and logs/…, and nothing of logs-old/….
func (u URL) narrow(prefix string) (exact, below string, ok bool) {
	if u.Prefix == "" {
		return "", prefix, true
	}
	folder := strings.TrimSuffix(u.Prefix, "/") + "/"
	if folder != u.Prefix && strings.HasPrefix(u.Prefix, prefix) {
		exact = u.Prefix
	}
	switch {
	case strings.HasPrefix(prefix, folder):
		return exact, prefix, true
	case strings.HasPrefix(folder, prefix):
		return exact, folder, true
	default:
		return "", "", false
	}
}

// holds reports whether a key is one of the place.
func (u URL) holds(key string) bool {
	return u.Prefix == "" || key == u.Prefix || strings.HasPrefix(key, strings.TrimSuffix(u.Prefix, "/")+"/")
}
