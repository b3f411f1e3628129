package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
)

// session is an open lake with an engine and the questions over it.
type session struct {
	*history.History
	lake    *lake.Lake
	engine  *duckdb.Engine
	pending bool // items are in whose changes are not derived yet
}

func (s *session) close() error { return errors.Join(s.engine.Close(), s.lake.Close()) }

// open opens the lake for reading.
func (a *app) open(ctx context.Context) (*session, error) {
	l, err := a.openLake(ctx)
	if err != nil {
		return nil, err
	}
	e, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	groups, _, err := l.Pending(ctx)
	if err != nil {
		return nil, errors.Join(err, e.Close(), l.Close())
	}
	return &session{
		History: &history.History{Engine: e, Zone: a.zone, Now: a.Now, Accounts: a.set.Accounts},
		lake:    l, engine: e, pending: len(groups) > 0,
	}, nil
}

func (a *app) openLake(ctx context.Context) (*lake.Lake, error) {
	if err := a.embeddedOnly(); err != nil {
		return nil, err
	}
	l, err := lake.Open(ctx, lake.Options{Dir: a.set.Lake, Now: a.Now})
	if errors.Is(err, configtrail.ErrNotFound) {
		return nil, &configtrail.Problem{Key: "no_lake", Args: message.Args{"lake": a.set.Lake}, Err: err}
	}
	return l, told("lake", err)
}

// embeddedOnly refuses what this binary can't open.
func (a *app) embeddedOnly() error {
	if a.set.Engine != "duckdb" {
		return invalid("engine", message.Args{"engine": a.set.Engine})
	}
	if blobURL(a.set.Lake) {
		return invalid("lake_in_s3", message.Args{"lake": a.set.Lake})
	}
	return nil
}

func blobURL(place string) bool {
	_, err := blob.ParseURL(place)
	return err == nil
}

// openForWriting opens the lake, made where there is none, and its redaction key.
func (a *app) openForWriting(ctx context.Context) (*lake.Lake, redact.Key, error) {
	if err := a.embeddedOnly(); err != nil {
		return nil, redact.Key{}, err
	}
	key, err := a.redactKey(ctx)
	if err != nil {
		return nil, redact.Key{}, err
	}
	l, err := lake.Create(ctx, lake.Options{Dir: a.set.Lake, RedactKeyID: key.ID, Now: a.Now})
	if errors.Is(err, configtrail.ErrConflict) {
		err = &configtrail.Problem{Key: "redact_key", Args: message.Args{"lake": a.set.Lake, "key": key.ID}, Err: err}
	}
	return l, key, told("lake", err)
}

func (a *app) redactKey(ctx context.Context) (redact.Key, error) {
	if file := a.set.RedactKeyFile; file != "" {
		key, err := redact.LoadKey(file)
		if errors.Is(err, configtrail.ErrNotFound) {
			return key, &configtrail.Problem{Key: "no_key", Args: message.Args{"file": file}, Err: err}
		}
		return key, told("key", err)
	}
	path := redact.DefaultKeyPath(a.set.ConfigDir, a.set.Lake)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if key, ok := a.keyOfMovedLake(ctx, filepath.Dir(path)); ok {
			return key, nil
		}
	}
	key, err := redact.LoadOrCreateKey(path)
	return key, told("key", err)
}

// keyOfMovedLake finds the key of a lake that lies elsewhere than where it was
// made: keys are filed by place, and tell by their id whose they are.
func (a *app) keyOfMovedLake(ctx context.Context, folder string) (redact.Key, bool) {
	l, err := lake.Open(ctx, lake.Options{Dir: a.set.Lake, Now: a.Now})
	if err != nil {
		return redact.Key{}, false // there is no lake yet
	}
	wanted := l.RedactKeyID()
	if err := l.Close(); err != nil || wanted == "" {
		return redact.Key{}, false
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.key"))
	if err != nil {
		return redact.Key{}, false
	}
	for _, file := range files {
		if key, err := redact.LoadKey(file); err == nil && key.ID == wanted {
			return key, true
		}
	}
	return redact.Key{}, false
}

// sources opens the places that the command line or the settings name.
func (a *app) sources(ctx context.Context, named []string) ([]blob.Bucket, error) {
	if len(named) == 0 {
		named = a.set.Sources
	}
	if len(named) == 0 {
		return nil, invalid("no_source", nil)
	}
	var all []blob.Bucket
	for _, source := range named {
		bucket, err := blob.Open(ctx, source, blob.Sources{
			Config: func(ctx context.Context) (sdk.Config, error) {
				return aws.Config(ctx, aws.Options{
					Profile: a.set.AWS.Profile, RoleARN: a.set.AWS.RoleARN, ExternalID: a.set.AWS.ExternalID,
					Region: a.set.AWS.Region, EndpointURL: a.set.AWS.EndpointURL,
				})
			},
			S3: blob.S3Options{PathStyle: a.set.AWS.PathStyle, RequestPayer: a.set.AWS.RequestPayer, ExpectedOwner: a.set.AWS.ExpectedOwner},
		})
		switch {
		case errors.Is(err, configtrail.ErrNotFound):
			return nil, &configtrail.Problem{Key: "no_folder", Args: message.Args{"source": source}, Err: err}
		case errors.Is(err, configtrail.ErrInvalid):
			return nil, &configtrail.Problem{Key: "source", Args: message.Args{"what": detail(err)}, Err: err}
		case err != nil:
			return nil, told("reading", err)
		}
		all = append(all, bucket)
	}
	return all, nil
}
