package lake

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"configtrail"
)

// bucketHome is a bucket, with a database of Glue.
type bucketHome struct {
	files *bucket
	glue  *glueCatalog
}

// databaseName is what Glue takes and Athena's SQL needs no quotes for.
var databaseName = configtrail.Pattern(`^[a-z0-9_][a-z0-9_-]{0,254}$`)

// plainURL is a place whose locations are spelled alike by all who read them:
// clients differ in what else they percent-encode.
var plainURL = configtrail.Pattern(`^s3://[A-Za-z0-9._-]+(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*$`)

func newBucketHome(s S3) (home, error) {
	if s.Bucket == nil {
		return nil, fmt.Errorf("%w: a lake on S3 without a bucket", configtrail.ErrInvalid)
	}
	if root := strings.TrimSuffix(s.Bucket.URI(), "/"); !plainURL().MatchString(root) {
		return nil, configtrail.WithHint(
			fmt.Errorf("lake %s: %w: its prefix holds characters that not every engine reads", root, configtrail.ErrInvalid),
			"name a prefix of letters, digits and . _ - = between single slashes")
	}
	if !databaseName().MatchString(s.Database) {
		return nil, configtrail.WithHint(
			fmt.Errorf("lake %s: %w: %q is no name of a Glue database", s.Bucket.URI(), configtrail.ErrInvalid, s.Database),
			"name one with --database: small letters, digits and _")
	}
	client := glue.NewFromConfig(s.Glue, func(o *glue.Options) { o.Retryer = patient{o.Retryer} })
	return &bucketHome{newBucket(s), &glueCatalog{client, s.Database, s.Bucket.Explain}}, nil
}

func (h *bucketHome) String() string { return h.files.root }

func (h *bucketHome) making() string {
	return fmt.Sprintf("run configtrail init --lake %s --database %s", h.files.root, h.glue.database)
}

func (h *bucketHome) prepare(context.Context) error { return nil } // a prefix is there when it is used

func (h *bucketHome) holdsData(ctx context.Context) (bool, error) { return h.files.holdsData(ctx) }

func (h *bucketHome) damaged(cause error) error {
	return configtrail.WithHint(fmt.Errorf("the catalog of the lake, Glue database %s, is damaged: %w", h.glue.database, cause),
		"name the lake's own database with --database, or restore its tables in Glue from the newest metadata file of each")
}

func (h *bucketHome) connect(ctx context.Context, how access) (*catalog, error) {
	if how == forMaking {
		if err := h.glue.makeDatabase(ctx); err != nil {
			return nil, err
		}
	}
	there, err := h.glue.locations(ctx)
	if err != nil {
		return nil, err
	}
	for name, location := range there {
		if _, err := h.files.path(location); err != nil {
			return nil, configtrail.WithHint(
				fmt.Errorf("%w: table %s of Glue database %s is of another lake: its metadata is %s",
					configtrail.ErrInvalid, name, h.glue.database, location),
				"name a database of its own for each lake with --database")
		}
	}
	if len(there) == 0 && how != forMaking {
		used, err := h.holdsData(ctx)
		if err != nil {
			return nil, err
		}
		if used {
			return nil, h.damaged(fmt.Errorf("it has no tables"))
		}
		return nil, errNoLake
	}
	return newCatalog(h.glue, h.files), nil
}
