package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/engine/trino"
	"configtrail/internal/history"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
)

// parts are what tasks are made with. Each is made when the first task needs it,
// and tried again with the next where that failed.
type parts struct {
	config config
	log    *slog.Logger
	now    func() time.Time
	http   *http.Client // that answers CloudFormation

	aws     once[sdk.Config]
	keyPart once[redact.Key]
	reading once[*lake.Lake] // opened without a key
	writing once[*lake.Lake]
	sources once[[]blob.Bucket]
	taking  once[ingest.TakeOptions]
	taker   once[*ingest.Taker] // it keeps in mind what it has read of the lake
	asking  once[engine.Engine]
}

// once is a part that is made once.
type once[T any] struct {
	mu   sync.Mutex
	made bool
	part T
}

func (o *once[T]) get(make func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.made {
		part, err := make()
		if err != nil {
			return part, err
		}
		o.part, o.made = part, true
	}
	return o.part, nil
}

// sdk is how AWS is reached with the function's own role.
func (p *parts) sdk(ctx context.Context) (sdk.Config, error) {
	return p.aws.get(func() (sdk.Config, error) {
		a := p.config.AWS
		return aws.Config(ctx, aws.Options{
			Profile: a.Profile, RoleARN: a.RoleARN, ExternalID: a.ExternalID, Region: a.Region, EndpointURL: a.EndpointURL,
		})
	})
}

// s3 are the options of a bucket of an owner.
func (p *parts) s3(owner string) blob.S3Options {
	a := p.config.AWS
	return blob.S3Options{PathStyle: a.PathStyle, RequestPayer: a.RequestPayer, ExpectedOwner: owner}
}

// key is the lake's redaction key.
func (p *parts) key(ctx context.Context) (redact.Key, error) {
	return p.keyPart.get(func() (redact.Key, error) {
		if p.config.RedactKeyFile != "" {
			return redact.LoadKey(p.config.RedactKeyFile)
		}
		cfg, err := p.sdk(ctx)
		if err != nil {
			return redact.Key{}, err
		}
		text, err := aws.Secret(ctx, cfg, p.config.RedactKeySecret)
		if err != nil {
			return redact.Key{}, err
		}
		key, err := redact.ParseKey(text)
		if err != nil {
			return key, fmt.Errorf("the secret %s: %w", p.config.RedactKeySecret, err)
		}
		return key, nil
	})
}

// blockShare is the part of the function's memory, one in so many, that is kept for
// what was read of the lake: the next call reads most of it again.
const blockShare = 4

// lakeOptions say which lake is meant.
func (p *parts) lakeOptions(ctx context.Context) (lake.Options, error) {
	cfg, err := p.sdk(ctx)
	if err != nil {
		return lake.Options{}, err
	}
	bucket, err := blob.OpenS3(cfg, p.config.Lake, p.s3(p.config.LakeOwner))
	if err != nil {
		return lake.Options{}, err
	}
	place := lake.S3{Bucket: bucket, Glue: cfg, Database: p.config.Remote.Database}
	place.BlockBytes = p.config.Memory << 20 / blockShare
	return lake.Options{S3: &place, Now: p.now}, nil
}

// lake is the lake without its key: for gathering, compacting and looking.
func (p *parts) lake(ctx context.Context) (*lake.Lake, error) {
	return p.reading.get(func() (*lake.Lake, error) {
		options, err := p.lakeOptions(ctx)
		if err != nil {
			return nil, err
		}
		return lake.Open(ctx, options)
	})
}

// writer is the lake for those that add items, and its key.
func (p *parts) writer(ctx context.Context) (*lake.Lake, redact.Key, error) {
	key, err := p.key(ctx)
	if err != nil {
		return nil, key, err
	}
	l, err := p.writing.get(func() (*lake.Lake, error) {
		options, err := p.lakeOptions(ctx)
		if err != nil {
			return nil, err
		}
		options.RedactKeyID = key.ID
		l, err := lake.Open(ctx, options)
		if errors.Is(err, configtrail.ErrConflict) {
			err = fmt.Errorf("%w (the key of %s is %s)", err, p.config.RedactKeySecret, key.ID)
		}
		return l, err
	})
	return l, key, err
}

// buckets are the places of deliveries, each reached as its settings say.
func (p *parts) buckets(ctx context.Context) ([]blob.Bucket, error) {
	return p.sources.get(func() ([]blob.Bucket, error) {
		var all []blob.Bucket
		for _, source := range p.config.Sources {
			a := p.config.AWS
			options := aws.Options{Profile: a.Profile, RoleARN: a.RoleARN, ExternalID: a.ExternalID, Region: a.Region, EndpointURL: a.EndpointURL}
			if source.RoleARN != "" {
				options.RoleARN, options.ExternalID = source.RoleARN, source.ExternalID
			}
			if source.Region != "" {
				options.Region = source.Region
			}
			cfg, err := aws.Config(ctx, options)
			if err != nil {
				return nil, err
			}
			bucket, err := blob.OpenS3(cfg, source.Place, p.s3(source.Owner))
			if err != nil {
				return nil, err
			}
			all = append(all, bucket)
		}
		return all, nil
	})
}

// take are the options of taking messages and objects.
func (p *parts) take(ctx context.Context) (ingest.TakeOptions, error) {
	return p.taking.get(func() (ingest.TakeOptions, error) {
		buckets, err := p.buckets(ctx)
		if err != nil {
			return ingest.TakeOptions{}, err
		}
		l, key, err := p.writer(ctx)
		if err != nil {
			return ingest.TakeOptions{}, err
		}
		options := ingest.TakeOptions{
			Lake: l, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes()), Large: p.config.Large, Now: p.now,
		}
		for _, bucket := range buckets {
			options.Sources = append(options.Sources, ingest.Source{Bucket: bucket})
		}
		return options, nil
	})
}

// zone is where days and months are counted.
func (p *parts) zone() (*time.Location, error) { return time.LoadLocation(p.config.TZ) }

// printer writes in the language of the settings.
func (p *parts) printer() (message.Printer, error) { return message.New(string(p.config.lang())) }

// past is the lake's past, asked of Athena or Trino.
func (p *parts) past(ctx context.Context) (*history.History, error) {
	zone, err := p.zone()
	if err != nil {
		return nil, err
	}
	e, err := p.asking.get(func() (engine.Engine, error) { return p.engine(ctx) })
	if err != nil {
		return nil, err
	}
	return &history.History{Engine: e, Zone: zone, Now: p.now, Accounts: p.config.Accounts}, nil
}

func (p *parts) engine(ctx context.Context) (engine.Engine, error) {
	version := func(ctx context.Context, _ configtrail.Scope) (string, error) {
		l, err := p.lake(ctx)
		if err != nil {
			return "", err
		}
		return l.Version(ctx)
	}
	c := p.config.Remote
	if p.config.Engine == "trino" {
		return trino.New(trino.Options{URL: c.TrinoURL, MaxBytes: c.MaxBytes, Version: version})
	}
	cfg, err := p.sdk(ctx)
	if err != nil {
		return nil, err
	}
	return athena.New(athena.Options{
		Config: cfg, Database: c.Database, Workgroup: c.Workgroup, Output: c.Output, MaxBytes: c.MaxBytes,
		S3: p.s3(p.config.LakeOwner), Version: version,
	})
}

// store is a place for small objects, in a bucket of the lake's owner.
func (p *parts) store(ctx context.Context, place string) (blob.Store, error) {
	return blob.OpenStore(ctx, place, blob.Sources{Config: p.sdk, S3: p.s3(p.config.LakeOwner)})
}

// publish sends a text to the topic of the settings.
func (p *parts) publish(ctx context.Context, subject, text string) error {
	cfg, err := p.sdk(ctx)
	if err != nil {
		return err
	}
	return aws.Publish(ctx, cfg, p.config.Topic, subject, text)
}
