package lake

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/apache/iceberg-go"
	icebergcatalog "github.com/apache/iceberg-go/catalog"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

const (
	catalogFile = "catalog.db"
	namespace   = "configtrail"
)

// catalog says which metadata file is a table's newest. Its database is the one
// of iceberg-go's SQL catalog, which any Iceberg client with such a catalog
// reads. Loading and committing are done here instead of by that package, for
// three reasons: a stale base must come back as table.ErrCommitFailed whether
// it is noticed before or in the update; metadata must be synced before the
// catalog points at it; and a moved lake must find its files.
type catalog struct {
	db      *sql.DB // for questions
	writing *sql.DB // for commits; the same unless the lake was opened for reading
	files   folder

	mu     sync.Mutex
	loaded map[string]*table.Table // by table: the newest that was loaded
}

func (c *catalog) close() error {
	err := c.db.Close()
	if c.writing != c.db {
		err = errors.Join(err, c.writing.Close())
	}
	return err
}

// locations gives the newest metadata location of each table, in one read.
func (c *catalog) locations(ctx context.Context) (map[string]string, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT table_name, coalesce(metadata_location, '') FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ?`, namespace, namespace)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", catalogFile, err)
	}
	defer rows.Close()
	found := make(map[string]string)
	for rows.Next() {
		var name, location string
		if err := rows.Scan(&name, &location); err != nil {
			return nil, fmt.Errorf("read %s: %w", catalogFile, err)
		}
		found[name] = location
	}
	return found, rows.Err()
}

// LoadTable gives a table as it is now. Tables that have not moved since the
// last time come from memory.
func (c *catalog) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	name := ident[len(ident)-1]
	for {
		locations, err := c.locations(ctx)
		if err != nil {
			return nil, err
		}
		location := locations[name]
		if location == "" {
			return nil, fmt.Errorf("%w: table %s", icebergcatalog.ErrNoSuchTable, name)
		}
		c.mu.Lock()
		known := c.loaded[name]
		c.mu.Unlock()
		if known != nil && known.MetadataLocation() == location {
			return known, nil
		}
		loaded, err := table.NewFromLocation(ctx, table.Identifier{namespace, name}, location, c.fs, c)
		if err != nil {
			// Old metadata files are deleted as new ones come: look again
			// whether the catalog has moved on meanwhile.
			if again, lookErr := c.locations(ctx); lookErr == nil && again[name] != location {
				continue
			}
			return nil, fmt.Errorf("load table %s: metadata %s: %w", name, location, err)
		}
		c.remember(name, loaded)
		return loaded, nil
	}
}

func (c *catalog) remember(name string, loaded *table.Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded[name] = loaded
}

func (c *catalog) fs(context.Context) (icebergio.IO, error) { return c.files, nil }

// CommitTable makes the updates the table's newest state if every requirement
// holds of the state before. Where one does not, or another commit came first,
// it gives table.ErrCommitFailed and has changed nothing.
func (c *catalog) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	current, err := c.LoadTable(ctx, ident)
	if err != nil {
		return nil, "", err
	}
	for _, requirement := range requirements {
		if err := requirement.Validate(current.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	metadata, err := table.UpdateTableMetadata(current.Metadata(), updates, current.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	location, err := c.writeMetadata(metadata, versionOf(current.MetadataLocation())+1)
	if err != nil {
		return nil, "", err
	}
	name := ident[len(ident)-1]
	result, err := c.writing.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		location, current.MetadataLocation(), namespace, namespace, name, current.MetadataLocation())
	if err != nil {
		return nil, "", fmt.Errorf("commit table %s: %w", name, err)
	}
	moved, err := result.RowsAffected()
	if err != nil {
		return nil, "", fmt.Errorf("commit table %s: %w", name, err)
	}
	if moved == 0 {
		err := fmt.Errorf("%w: table %s has another commit", table.ErrCommitFailed, name)
		return nil, "", errors.Join(err, c.files.Remove(location))
	}
	c.remember(name, table.New(table.Identifier{namespace, name}, metadata, location, c.fs, c))
	return metadata, location, nil
}

// create adds a table unless it is there.
func (c *catalog) create(ctx context.Context, name string, properties iceberg.Properties) error {
	schema := icebergSchema(name)
	spec, err := partitionSpec(name, schema)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	order, err := sortOrder(name, schema)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	metadata, err := table.NewMetadata(schema, &spec, order, c.files.location(name), properties)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	location, err := c.writeMetadata(metadata, 0)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	result, err := c.writing.ExecContext(ctx, `INSERT INTO iceberg_tables
		(catalog_name, table_namespace, table_name, iceberg_type, metadata_location) VALUES (?, ?, ?, 'TABLE', ?)
		ON CONFLICT DO NOTHING`, namespace, namespace, name, location)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	if made, err := result.RowsAffected(); err != nil || made == 0 {
		return errors.Join(err, c.files.Remove(location)) // another process was first
	}
	return nil
}

func (c *catalog) writeMetadata(metadata table.Metadata, version int) (location string, err error) {
	locations, err := table.LoadLocationProvider(metadata.Location(), metadata.Properties())
	if err != nil {
		return "", err
	}
	if location, err = locations.NewTableMetadataFileLocation(version); err != nil {
		return "", err
	}
	file, err := c.files.Create(location)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zipped := gzip.NewWriter(file)
	if err := json.NewEncoder(zipped).Encode(metadata); err != nil {
		return "", fmt.Errorf("write %s: %w", location, err)
	}
	return location, zipped.Close()
}

// versionOf is the number at the start of a metadata file's name.
func versionOf(location string) int {
	var version int
	if _, err := fmt.Sscanf(filepath.Base(location), "%d-", &version); err != nil {
		return 0
	}
	return version
}
