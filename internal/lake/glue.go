package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"configtrail"

	"github.com/apache/iceberg-go/table"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// What Iceberg's clients look for in the parameters of a Glue table.
const (
	parameterType     = "table_type"
	parameterLocation = "metadata_location"
	parameterPrevious = "previous_metadata_location"

	icebergType   = "ICEBERG"
	externalTable = "EXTERNAL_TABLE"
)

// swapAttempts is how often a swap is tried whose outcome was not told.
const swapAttempts = 5

// glueCatalog keeps the pointers of a lake in a database of the Glue Data
// Catalog, where Athena, Trino and Spark find the tables.
type glueCatalog struct {
	client   *glue.Client
	database string
	explain  func(error) error // of AWS, to people
}

func (g *glueCatalog) close() error { return nil }

func (g *glueCatalog) newest(ctx context.Context, name string) (string, error) {
	found, err := g.find(ctx, name)
	switch {
	case isMissing(err):
		return "", nil
	case err != nil:
		return "", err
	}
	return g.pointer(found)
}

func (g *glueCatalog) find(ctx context.Context, name string) (*types.Table, error) {
	out, err := g.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &g.database, Name: &name})
	if err != nil {
		return nil, fmt.Errorf("read table %s of Glue database %s: %w", name, g.database, g.explain(err))
	}
	return out.Table, nil
}

// pointer refuses a table of our name that is none of Iceberg's.
func (g *glueCatalog) pointer(t *types.Table) (string, error) {
	if !strings.EqualFold(t.Parameters[parameterType], icebergType) || t.Parameters[parameterLocation] == "" {
		return "", configtrail.WithHint(
			fmt.Errorf("%w: table %s of Glue database %s is no Iceberg table", configtrail.ErrInvalid, sdk.ToString(t.Name), g.database),
			"name a Glue database of its own with --database")
	}
	return t.Parameters[parameterLocation], nil
}

// locations reads the whole database, which is a page where it holds a lake and
// nothing else. A database that is not there holds no table.
func (g *glueCatalog) locations(ctx context.Context) (map[string]string, error) {
	found := make(map[string]string)
	pages := glue.NewGetTablesPaginator(g.client, &glue.GetTablesInput{DatabaseName: &g.database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isMissing(err) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read Glue database %s: %w", g.database, g.explain(err))
		}
		for i := range page.TableList {
			name := sdk.ToString(page.TableList[i].Name)
			if !slices.Contains(tableNames(), name) {
				continue
			}
			if found[name], err = g.pointer(&page.TableList[i]); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// makeDatabase adds the database unless it is there.
func (g *glueCatalog) makeDatabase(ctx context.Context) error {
	_, err := g.client.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &g.database})
	if isMissing(err) {
		_, err = g.client.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &g.database}})
	}
	if err != nil && !isThere(err) {
		return fmt.Errorf("make Glue database %s: %w", g.database, g.explain(err))
	}
	return nil
}

func (g *glueCatalog) create(ctx context.Context, name, location string, metadata table.Metadata) (made bool, err error) {
	storage, err := describe(metadata, nil)
	if err != nil {
		return false, err
	}
	_, err = g.client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &g.database, TableInput: &types.TableInput{
		Name: &name, TableType: sdk.String(externalTable), StorageDescriptor: storage,
		Parameters: map[string]string{parameterType: icebergType, parameterLocation: location},
	}})
	if isThere(err) {
		// The client may have tried twice, and the first time done it.
		newest, err := g.newest(ctx, name)
		return newest == location, err
	}
	if err != nil {
		return false, fmt.Errorf("make it in Glue database %s: %w", g.database, g.explain(err))
	}
	return true, nil
}

// swap replaces the table's definition if it is still of the version that was
// read. The client does not try again by itself: of an update that was done and
// whose answer got lost, the second try would bring a refusal.
func (g *glueCatalog) swap(ctx context.Context, name, from, to string, metadata table.Metadata) (moved bool, err error) {
	doubt := false // an earlier try may have been carried out
	for attempt := range swapAttempts {
		if attempt > 0 {
			if err := backoff(ctx, attempt+4); err != nil {
				return false, errors.Join(table.ErrCommitFailed, err)
			}
		}
		found, findErr := g.find(ctx, name)
		if findErr != nil {
			if doubt && ctx.Err() == nil {
				continue
			}
			return false, findErr
		}
		switch found.Parameters[parameterLocation] {
		case to:
			return true, nil
		case from:
		default:
			if doubt {
				return false, fmt.Errorf("%w: whether it was this one is not known: %w", table.ErrCommitFailed, err)
			}
			return false, nil
		}
		input, inputErr := g.update(found, from, to, metadata)
		if inputErr != nil {
			return false, inputErr
		}
		_, err = g.client.UpdateTable(ctx, input, func(o *glue.Options) { o.Retryer = sdk.NopRetryer{} })
		switch {
		case err == nil:
			return true, nil
		case isStale(err):
			// Another update came between; what it left is looked at again.
		case isRefused(err) && !doubt:
			return false, fmt.Errorf("update Glue database %s: %w", g.database, g.explain(err))
		default:
			doubt = true
		}
	}
	if isStale(err) {
		err = fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	return false, fmt.Errorf("update Glue database %s: %w", g.database, g.explain(err))
}

// update is the table as it was found, but for what a commit moves. Parameters
// and comments that others set stay.
func (g *glueCatalog) update(found *types.Table, from, to string, metadata table.Metadata) (*glue.UpdateTableInput, error) {
	storage, err := describe(metadata, found.StorageDescriptor)
	if err != nil {
		return nil, err
	}
	parameters := maps.Clone(found.Parameters)
	parameters[parameterLocation], parameters[parameterPrevious] = to, from
	return &glue.UpdateTableInput{
		DatabaseName: &g.database, VersionId: found.VersionId, SkipArchive: sdk.Bool(true),
		TableInput: &types.TableInput{
			Name: found.Name, TableType: found.TableType, StorageDescriptor: storage, Parameters: parameters,
			Description: found.Description, Owner: found.Owner, Retention: found.Retention,
			PartitionKeys: found.PartitionKeys, LastAccessTime: found.LastAccessTime, LastAnalyzedTime: found.LastAnalyzedTime,
		},
	}, nil
}
