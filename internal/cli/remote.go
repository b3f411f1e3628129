package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
	"configtrail/internal/engine/athena"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/engine/raw"
	"configtrail/internal/engine/trino"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/settings"
)

// awsConfig is how the settings reach AWS.
func (a *app) awsConfig(ctx context.Context) (sdk.Config, error) {
	return aws.Config(ctx, aws.Options{
		Profile: a.set.AWS.Profile, RoleARN: a.set.AWS.RoleARN, ExternalID: a.set.AWS.ExternalID,
		Region: a.set.AWS.Region, EndpointURL: a.set.AWS.EndpointURL,
	})
}

// regionalConfig is awsConfig for services that live in a region.
func (a *app) regionalConfig(ctx context.Context) (sdk.Config, error) {
	cfg, err := a.awsConfig(ctx)
	if err == nil {
		err = aws.NeedRegion(cfg)
	}
	return cfg, told("aws", err)
}

func (a *app) s3Options() blob.S3Options {
	return blob.S3Options{PathStyle: a.set.AWS.PathStyle, RequestPayer: a.set.AWS.RequestPayer, ExpectedOwner: a.set.AWS.ExpectedOwner}
}

// raw reports whether questions go to tables over the bucket of AWS Config.
func (a *app) raw() bool { return a.set.Remote.Source == settings.SourceRaw }

// versioned names the state of the data that an engine reads.
type versioned func(ctx context.Context, scope configtrail.Scope) (string, error)

// engineOver is the engine of the settings over a lake. A dry run's engine runs nothing.
func (a *app) engineOver(ctx context.Context, l *lake.Lake) (engine.Engine, error) {
	if a.set.Engine == "duckdb" {
		if a.dryRun {
			return nil, invalid("dry_run", nil)
		}
		return duckdb.New(l, duckdb.Options{})
	}
	if !blobURL(a.set.Lake) {
		return nil, invalid("lake_not_in_s3", message.Args{"engine": a.set.Engine, "lake": a.set.Lake})
	}
	e, err := a.remoteEngine(ctx, func(ctx context.Context, _ configtrail.Scope) (string, error) { return l.Version(ctx) })
	if err != nil || !a.dryRun {
		return e, err
	}
	return a.dry(e, func(ctx context.Context, q engine.Query) (int64, error) { return planned(ctx, l, q) }), nil
}

// remoteEngine is Athena or Trino.
func (a *app) remoteEngine(ctx context.Context, version versioned) (engine.Engine, error) {
	r := a.set.Remote
	if a.set.Engine == "trino" {
		if r.TrinoURL == "" {
			return nil, invalid("no_trino_url", nil)
		}
		e, err := trino.New(trino.Options{URL: r.TrinoURL, MaxBytes: r.MaxBytes, Version: version})
		return e, told("engine", err)
	}
	if r.Database == "" && !a.raw() {
		return nil, invalid("no_database", message.Args{"lake": a.set.Lake})
	}
	cfg, err := a.regionalConfig(ctx)
	if err != nil {
		return nil, err
	}
	e, err := athena.New(athena.Options{
		Config: cfg, Database: r.Database, Workgroup: r.Workgroup, Output: r.Output, MaxBytes: r.MaxBytes,
		Version: version, S3: a.s3Options(),
	})
	return e, told("engine", err)
}

// openRaw opens the raw tables of the settings.
func (a *app) openRaw(ctx context.Context) (*history.Raw, io.Closer, error) {
	r := a.set.Remote
	switch {
	case a.set.Engine == "duckdb":
		return nil, nil, invalid("raw_needs_engine", nil)
	case len(r.RawTables) == 0:
		return nil, nil, invalid("no_raw_table", nil)
	}
	cfg, err := a.regionalConfig(ctx)
	if err != nil {
		return nil, nil, err
	}
	var tables *raw.Tables
	e, err := a.remoteEngine(ctx, func(ctx context.Context, scope configtrail.Scope) (string, error) { return tables.Version(ctx, scope) })
	if err != nil {
		return nil, nil, err
	}
	if a.dryRun {
		e = a.dry(e, func(ctx context.Context, q engine.Query) (int64, error) { return listed(ctx, tables, q) })
	}
	tables, err = raw.Open(ctx, raw.Options{
		Config: cfg, S3: a.s3Options(), Tables: a.rawTables(), Engine: e, Now: a.Now,
	})
	if err != nil {
		return nil, nil, errors.Join(told("raw", err), e.Close())
	}
	return &history.Raw{Tables: tables, Zone: a.zone, Now: a.Now, Accounts: a.set.Accounts}, e, nil
}

// rawTables are the tables with their databases.
func (a *app) rawTables() []string {
	var all []string
	for _, table := range a.set.Remote.RawTables {
		if !strings.Contains(table, ".") {
			table = a.set.Remote.Database + "." + table
		}
		all = append(all, table)
	}
	return all
}

// listed is how many bytes lie in the folders that a statement over raw tables reads.
func listed(ctx context.Context, tables *raw.Tables, q engine.Query) (int64, error) {
	reading, err := tables.Around(ctx, q.Scope)
	if err != nil {
		return 0, err
	}
	listing, err := reading.List(ctx)
	if err != nil {
		return 0, err
	}
	return listing.Bytes, nil
}
