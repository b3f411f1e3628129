package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go/table"
)

// database keeps the pointers of a lake in a folder.
type database struct {
	db      *sql.DB // for questions
	writing *sql.DB // for commits; the same unless the lake was opened for reading
}

func (d *database) close() error {
	err := d.db.Close()
	if d.writing != d.db {
		err = errors.Join(err, d.writing.Close())
	}
	return err
}

func (d *database) locations(ctx context.Context) (map[string]string, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT table_name, coalesce(metadata_location, '') FROM iceberg_tables
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

func (d *database) newest(ctx context.Context, name string) (string, error) {
	locations, err := d.locations(ctx)
	return locations[name], err
}

func (d *database) create(ctx context.Context, name, location string, _ table.Metadata) (made bool, err error) {
	return d.changed(d.writing.ExecContext(ctx, `INSERT INTO iceberg_tables
		(catalog_name, table_namespace, table_name, iceberg_type, metadata_location) VALUES (?, ?, ?, 'TABLE', ?)
		ON CONFLICT DO NOTHING`, namespace, namespace, name, location))
}

func (d *database) swap(ctx context.Context, name, from, to string, _ table.Metadata) (moved bool, err error) {
	return d.changed(d.writing.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		to, from, namespace, namespace, name, from))
}

func (d *database) changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
