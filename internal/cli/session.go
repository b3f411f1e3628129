package cli

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
	"configtrail/internal/settings"
)

// session is an open lake with an engine and the questions over it.
type session struct {
	*history.History
	lake    *lake.Lake
	pending bool // items are in whose changes are not derived yet
}

func (s *session) close() error { return errors.Join(s.Engine.Close(), s.lake.Close()) }

// open opens the lake for reading, with the engine of the settings.
func (a *app) open(ctx context.Context) (*session, error) {
	if a.raw() {
		return nil, invalid("raw_needs_ingest", nil)
	}
	l, err := a.openLake(ctx)
	if err != nil {
		return nil, err
	}
	e, err := a.engineOver(ctx, l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	groups, _, err := l.Pending(ctx)
	if err != nil {
		return nil, errors.Join(err, e.Close(), l.Close())
	}
	return &session{
		History: &history.History{Engine: e, Zone: a.zone, Now: a.Now, Accounts: a.set.Accounts},
		lake:    l, pending: len(groups) > 0,
	}, nil
}

// past is what months and changes are asked of.
type past interface {
	history.Past
	Changes(ctx context.Context, filter history.Filter) (history.Page, error)
	EachChange(ctx context.Context, filter history.Filter) iter.Seq2[configtrail.Change, error]
	Touched(ctx context.Context, window configtrail.Window, filter history.Filter) ([]history.Warning, error)
	CompleteUntil(ctx context.Context, filter history.Filter) (history.Completeness, error)
	Coverage(ctx context.Context, filter history.Filter) (configtrail.Coverage, error)
}

// view is a past that was opened: a lake, or raw tables.
type view struct {
	past
	lake    *session // nil for raw tables
	pending bool
	ended   func() error
}

func (v *view) close() error { return v.ended() }

// openPast opens what the settings say months and changes are asked of.
func (a *app) openPast(ctx context.Context) (*view, error) {
	if a.raw() {
		tables, engine, err := a.openRaw(ctx)
		if err != nil {
			return nil, err
		}
		return &view{past: tables, ended: engine.Close}, nil
	}
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return &view{past: s, lake: s, pending: s.pending, ended: s.close}, nil
}

func (a *app) openLake(ctx context.Context) (*lake.Lake, error) {
	options, err := a.lakeOptions(ctx)
	if err != nil {
		return nil, err
	}
	l, err := lake.Open(ctx, options)
	if errors.Is(err, configtrail.ErrNotFound) {
		return nil, &configtrail.Problem{Key: "no_lake", Args: message.Args{"lake": a.set.Lake}, Err: err}
	}
	return l, told("lake", err)
}

// lakeOptions say which lake the settings mean: a folder, or a bucket with its
// tables in Glue.
func (a *app) lakeOptions(ctx context.Context) (lake.Options, error) {
	if !blobURL(a.set.Lake) {
		return lake.Options{Dir: a.set.Lake, Now: a.Now}, nil
	}
	if a.set.Remote.Database == "" {
		return lake.Options{}, invalid("no_database", message.Args{"lake": a.set.Lake})
	}
	cfg, err := a.regionalConfig(ctx)
	if err != nil {
		return lake.Options{}, err
	}
	bucket, err := blob.OpenS3(cfg, a.set.Lake, a.s3Options())
	if err != nil {
		return lake.Options{}, told("lake", err)
	}
	return lake.Options{
		S3:  &lake.S3{Bucket: bucket, Glue: cfg, Database: a.set.Remote.Database, Copies: a.copies()},
		Now: a.Now,
	}, nil
}

// copies is the folder of files that were brought here from a lake in S3: one
// for all lakes, as a file's whole address is part of its name there.
func (a *app) copies() string {
	if dir := settings.CacheDir(a.Getenv); dir != "" {
		return filepath.Join(dir, "configtrail", "lake")
	}
	return ""
}

func blobURL(place string) bool {
	_, err := blob.ParseURL(place)
	return err == nil
}

// openForWriting opens the lake, made where there is none, and its redaction key.
func (a *app) openForWriting(ctx context.Context) (*lake.Lake, redact.Key, error) {
	options, err := a.lakeOptions(ctx)
	if err != nil {
		return nil, redact.Key{}, err
	}
	key, err := a.redactKey(ctx, options)
	if err != nil {
		return nil, redact.Key{}, err
	}
	options.RedactKeyID = key.ID
	l, err := lake.Create(ctx, options)
	if errors.Is(err, configtrail.ErrConflict) {
		err = &configtrail.Problem{Key: "redact_key", Args: message.Args{"lake": a.set.Lake, "key": key.ID}, Err: err}
	}
	return l, key, told("lake", err)
}

func (a *app) redactKey(ctx context.Context, options lake.Options) (redact.Key, error) {
	if a.set.RedactKeySecret != "" {
		return a.secretKey(ctx, a.set.RedactKeySecret)
	}
	if file := a.set.RedactKeyFile; file != "" {
		key, err := redact.LoadKey(file)
		if errors.Is(err, configtrail.ErrNotFound) {
			return key, &configtrail.Problem{Key: "no_key", Args: message.Args{"file": file}, Err: err}
		}
		return key, told("key", err)
	}
	path := redact.DefaultKeyPath(a.set.ConfigDir, a.set.Lake)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if key, ok := a.keyOfMovedLake(ctx, options, filepath.Dir(path)); ok {
			return key, nil
		}
	}
	key, err := redact.LoadOrCreateKey(path)
	return key, told("key", err)
}

// secretKey is a key that lies in Secrets Manager.
func (a *app) secretKey(ctx context.Context, id string) (redact.Key, error) {
	cfg, err := a.awsConfig(ctx)
	if err != nil {
		return redact.Key{}, told("aws", err)
	}
	text, err := aws.Secret(ctx, cfg, id)
	if err != nil {
		return redact.Key{}, told("key", err)
	}
	key, err := redact.ParseKey(text)
	if err != nil {
		return key, &configtrail.Problem{Key: "key_secret", Args: message.Args{"secret": id, "what": detail(err)}, Err: err}
	}
	return key, nil
}

// keyOfMovedLake finds the key of a lake that lies elsewhere than where it was
// made: keys are filed by place, and tell by their id whose they are.
func (a *app) keyOfMovedLake(ctx context.Context, options lake.Options, folder string) (redact.Key, bool) {
	l, err := lake.Open(ctx, options)
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
			Config: a.awsConfig,
			S3:     a.s3Options(),
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
