package lake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"configtrail"

	"github.com/apache/iceberg-go"
	icebergcatalog "github.com/apache/iceberg-go/catalog"
	icebergsql "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	"modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"
)

// catalogFile is the database of a lake in a folder. It is the one of iceberg-go's
// SQL catalog, which any Iceberg client with such a catalog reads.
const catalogFile = "catalog.db"

// createCatalog makes what is missing of the database in dir and opens it.
func createCatalog(ctx context.Context, dir string) (*catalog, error) {
	db, err := writable(dir)
	if err != nil {
		return nil, err
	}
	library, err := icebergsql.NewCatalog(namespace, db, icebergsql.SQLite, nil)
	if err == nil {
		err = library.CreateNamespace(ctx, table.Identifier{namespace}, iceberg.Properties{"location": rootURI(dir)})
	}
	if err != nil && !errors.Is(err, icebergcatalog.ErrNamespaceAlreadyExists) {
		return nil, errors.Join(fmt.Errorf("open %s: %w", catalogPath(dir), diagnose(err)), db.Close())
	}
	return folderCatalog(ctx, dir, db, db)
}

// openCatalog opens the database in dir, which is there, for reading and writing.
func openCatalog(ctx context.Context, dir string) (*catalog, error) {
	db, err := writable(dir)
	if err != nil {
		return nil, err
	}
	return folderCatalog(ctx, dir, db, db)
}

// readCatalog opens the database in dir without the right to write. Only what
// commits, such as Compact, opens it a second time to do so.
func readCatalog(ctx context.Context, dir string) (*catalog, error) {
	source, err := newReadOnly(dir)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(source)
	db.SetMaxIdleConns(0)         // a connection that takes the file for unchanging must not outlive its query
	writing, err := writable(dir) // connects when it is used
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	c, err := folderCatalog(ctx, dir, db, writing)
	if err != nil {
		return nil, errors.Join(err, writing.Close())
	}
	return c, nil
}

func folderCatalog(ctx context.Context, dir string, db *sql.DB, writing *sql.DB) (*catalog, error) {
	recorded, err := recordedRoot(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", catalogPath(dir), err), db.Close())
	}
	return newCatalog(&database{db, writing}, folder{root: recorded, dir: dir}), nil
}

func catalogPath(dir string) string { return filepath.Join(dir, catalogFile) }

// catalogURI is the database in dir as SQLite is told of it.
func catalogURI(dir, parameters string) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(catalogPath(dir))}).String() + "?" + parameters
}

func writable(dir string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", catalogURI(dir,
		"_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", catalogPath(dir), err)
	}
	return db, nil
}

// recordedRoot is where the lake was made, which its metadata goes by.
func recordedRoot(ctx context.Context, db *sql.DB) (string, error) {
	var root string
	err := db.QueryRowContext(ctx, `SELECT property_value FROM iceberg_namespace_properties
		WHERE catalog_name = ? AND namespace = ? AND property_key = 'location'`, namespace, namespace).Scan(&root)
	switch {
	case err == nil:
		return root, nil
	case errors.Is(err, sql.ErrNoRows), lacksTable(err):
		return "", damagedCatalog(err)
	}
	return "", diagnose(err)
}

// diagnose tells a broken database from other errors of SQLite.
func diagnose(err error) error {
	switch resultCode(err) {
	case sqlitecodes.SQLITE_CORRUPT, sqlitecodes.SQLITE_NOTADB:
		return damagedCatalog(err)
	}
	return err
}

// lacksTable reports whether a statement of ours names what is not there: its
// text is right, so nothing else gives SQLite's general error.
func lacksTable(err error) bool { return resultCode(err) == sqlitecodes.SQLITE_ERROR }

// resultCode is SQLite's code of an error without its extension; 0 for errors of others.
func resultCode(err error) int {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code() & 0xff
}

// readOnly makes connections to a catalog that write nothing. SQLite needs the
// two files of the write-ahead log beside a database even to read it. Where they
// are not there and can't be made, no process of this machine is writing, and the
// database alone is read as a file that does not change. Each connection tries
// anew, as a writer may have come.
type readOnly struct {
	dir    string
	driver driver.Driver
}

func newReadOnly(dir string) (readOnly, error) {
	db, err := sql.Open("sqlite", "") // opens no file; it is how the driver is got
	if err != nil {
		return readOnly{}, fmt.Errorf("open %s: %w", catalogPath(dir), err)
	}
	return readOnly{dir, db.Driver()}, db.Close()
}

// Driver is SQLite's.
func (r readOnly) Driver() driver.Driver { return r.driver }

// Connect opens the database and sees to it that it can be read.
func (r readOnly) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := r.connect(ctx, "mode=ro&_pragma=busy_timeout(10000)")
	if code := resultCode(err); code != sqlitecodes.SQLITE_CANTOPEN && code != sqlitecodes.SQLITE_READONLY {
		return conn, err
	}
	if log, statErr := os.Stat(catalogPath(r.dir) + "-wal"); statErr == nil && log.Size() > 0 {
		return nil, configtrail.WithHint(
			fmt.Errorf("the last commits are in %s-wal, which can't be read without writing: %w", catalogFile, err),
			"copy the lake to a folder that you may write, and use the copy")
	}
	return r.connect(ctx, "immutable=1&mode=ro")
}

func (r readOnly) connect(ctx context.Context, parameters string) (driver.Conn, error) {
	conn, err := r.driver.Open(catalogURI(r.dir, parameters))
	if err != nil {
		return nil, err
	}
	if err := readable(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// readable reads something, because SQLite touches the file no earlier.
func readable(ctx context.Context, conn driver.Conn) error {
	queryer, ok := conn.(driver.QueryerContext)
	if !ok {
		return fmt.Errorf("a %T can't be asked", conn)
	}
	rows, err := queryer.QueryContext(ctx, "SELECT count(*) FROM sqlite_master", nil)
	if err != nil {
		return err
	}
	err = rows.Next(make([]driver.Value, 1))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}
