package lake

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sync"

	"github.com/apache/iceberg-go"
	icebergcatalog "github.com/apache/iceberg-go/catalog"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

const namespace = "configtrail"

// pointers say which metadata file is the newest of each table. They are the
// part of a catalog that several processes change at once.
type pointers interface {
	// newest gives a table's location; "": there is no such table.
	newest(ctx context.Context, name string) (location string, err error)
	// locations gives those of all tables, in one read.
	locations(ctx context.Context) (map[string]string, error)

	// create adds a table unless it is there; made is false then.
	create(ctx context.Context, name, location string, metadata table.Metadata) (made bool, err error)
	// swap moves a table from one location to the next. Moved is false if
	// another came first, and nothing has changed then.
	// An error that is table.ErrCommitFailed leaves open whether it moved.
	swap(ctx context.Context, name, from, to string, metadata table.Metadata) (moved bool, err error)

	close() error
}

// catalog makes Iceberg tables of pointers and files. Loading and committing are
// done here instead of by iceberg-go's catalogs, for three reasons: a stale base
// must come back as table.ErrCommitFailed whether it is noticed before or in the
// update; metadata must be durable before the catalog points at it; and a moved
// lake must find its files.
type catalog struct {
	pointers pointers
	files    storage

	mu     sync.Mutex
	loaded map[string]*table.Table // by table: the newest that was loaded
}

func newCatalog(p pointers, files storage) *catalog {
	return &catalog{pointers: p, files: files, loaded: make(map[string]*table.Table)}
}

func (c *catalog) close() error { return errors.Join(c.pointers.close(), c.files.close()) }

// LoadTable gives a table as it is now. Tables that have not moved since the
// last time come from memory.
func (c *catalog) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	name := ident[len(ident)-1]
	for {
		location, err := c.pointers.newest(ctx, name)
		if err != nil {
			return nil, err
		}
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
			if again, lookErr := c.pointers.newest(ctx, name); lookErr == nil && again != location {
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

func (c *catalog) fs(ctx context.Context) (icebergio.IO, error) { return c.files.io(ctx), nil }

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
	location, err := c.writeMetadata(ctx, metadata, versionOf(current.MetadataLocation())+1)
	if err != nil {
		return nil, "", err
	}
	name := ident[len(ident)-1]
	moved, err := c.pointers.swap(ctx, name, current.MetadataLocation(), location, metadata)
	if err != nil {
		return nil, "", fmt.Errorf("commit table %s: %w", name, err)
	}
	if !moved {
		err := fmt.Errorf("%w: table %s has another commit", table.ErrCommitFailed, name)
		return nil, "", errors.Join(err, c.files.io(ctx).Remove(location))
	}
	c.remember(name, table.New(table.Identifier{namespace, name}, metadata, location, c.fs, c))
	return metadata, location, nil
}

// create adds a table unless it is there.
func (c *catalog) create(ctx context.Context, name string, schema *iceberg.Schema, properties iceberg.Properties) error {
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
	location, err := c.writeMetadata(ctx, metadata, 0)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	made, err := c.pointers.create(ctx, name, location, metadata)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	if !made { // another process was first
		return c.files.io(ctx).Remove(location)
	}
	return nil
}

func (c *catalog) writeMetadata(ctx context.Context, metadata table.Metadata, version int) (location string, err error) {
	locations, err := table.LoadLocationProvider(metadata.Location(), metadata.Properties())
	if err != nil {
		return "", err
	}
	if location, err = locations.NewTableMetadataFileLocation(version); err != nil {
		return "", err
	}
	file, err := c.files.io(ctx).Create(location)
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
	if _, err := fmt.Sscanf(path.Base(location), "%d-", &version); err != nil {
		return 0
	}
	return version
}
