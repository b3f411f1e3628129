package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// version is what this code writes; a lake of a higher one is refused.
const version = 1

// The properties of tables that are ours.
const (
	propertyVersion   = "configtrail.lake-version"
	propertyRedactKey = "configtrail.redact-key-id"    // of items
	propertyBatch     = "configtrail.batch"            // of deliveries: the last batch
	propertyDerived   = "configtrail.derived-through"  // of changes: the last batch accounted for
	propertyRevision  = "configtrail.changes-revision" // of changes: counts the commits of ChangeWriters
)

// Options say which lake. Dir is needed.
type Options struct {
	Dir string

	// RedactKeyID names the key that content hashes and redacted values are
	// made with. A lake has one; Create needs it, and a Writer of a lake
	// opened without is refused.
	RedactKeyID string

	// Now is the clock for ages of files and snapshots; nil: time.Now.
	Now func() time.Time
}

// Lake is an open lake. It is safe for concurrent use, in one process and in several.
type Lake struct {
	dir     string
	options Options
	catalog *catalog

	redactKeyID string // as the lake tells it

	committing map[string]*sync.Mutex  // by table: this process queues instead of racing itself
	interrupt  func(step string) error // tests stop a commit here; nil otherwise
}

// Create opens the lake in options.Dir and makes what is missing of it, the
// folder included. A lake that was made with another redaction key gives
// configtrail.ErrConflict with what to do.
func Create(ctx context.Context, options Options) (*Lake, error) {
	if options.RedactKeyID == "" {
		return nil, fmt.Errorf("create lake %s: %w: no id of a redaction key", options.Dir, configtrail.ErrInvalid)
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("create lake %s: %w", options.Dir, err)
	}
	if err := noFile(dir); err != nil {
		return nil, fmt.Errorf("create lake %s: %w", dir, err)
	}
	if err := makeFolder(dir); err != nil {
		return nil, explain(fmt.Errorf("create lake %s: %w", dir, err))
	}
	// Data is written to a lake that is whole. A folder that holds some is never
	// begun anew: what a lost catalog knew of would be out of sight.
	used, err := holdsData(dir)
	if err != nil {
		return nil, explain(fmt.Errorf("create lake %s: %w", dir, err))
	}
	if used {
		return openWith(ctx, dir, options, openCatalog)
	}
	l, err := open(ctx, dir, options, createCatalog)
	if err != nil {
		return nil, explain(fmt.Errorf("create lake: %w", err))
	}
	if err := l.createTables(ctx); err != nil {
		return nil, explain(errors.Join(err, l.Close()))
	}
	return l, l.check(ctx)
}

// Open opens a lake that is there: for reading, and for writing too when
// options.RedactKeyID is given. Where there is none it gives configtrail.ErrNotFound.
//
// Opening for reading needs no right to write, and changes nothing of the lake.
//
// A lake may be moved or copied as a whole folder and opened at its new place.
func Open(ctx context.Context, options Options) (*Lake, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", options.Dir, err)
	}
	if err := noFile(dir); err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	if options.RedactKeyID == "" {
		return openWith(ctx, dir, options, readCatalog)
	}
	return openWith(ctx, dir, options, openCatalog)
}

// openWith opens what is there of a lake, by one of the ways that make nothing.
func openWith(ctx context.Context, dir string, options Options, connect connector) (*Lake, error) {
	info, err := os.Stat(filepath.Join(dir, catalogFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if used, _ := holdsData(dir); used { // what can't be read is no lake to this user
			return nil, fmt.Errorf("open lake %s: %w", dir, damagedCatalog(errors.New(catalogFile+" is missing")))
		}
		return nil, noLake(dir)
	case err != nil:
		return nil, explain(fmt.Errorf("open lake %s: %w", dir, err))
	case info.Size() == 0:
		return nil, fmt.Errorf("open lake %s: %w", dir, damagedCatalog(errors.New(catalogFile+" is empty")))
	}
	l, err := open(ctx, dir, options, connect)
	if err != nil {
		return nil, explain(fmt.Errorf("open lake: %w", err))
	}
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

func open(ctx context.Context, dir string, options Options, connect connector) (*Lake, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	catalog, err := connect(ctx, dir)
	if err != nil {
		return nil, err
	}
	l := &Lake{dir: dir, options: options, catalog: catalog, committing: make(map[string]*sync.Mutex)}
	for _, name := range tableNames() {
		l.committing[name] = new(sync.Mutex)
	}
	return l, nil
}

func (l *Lake) createTables(ctx context.Context) error {
	there, err := l.catalog.locations(ctx)
	if err != nil {
		return err
	}
	for _, name := range tableNames() {
		if there[name] != "" {
			continue
		}
		properties := iceberg.Properties{
			propertyVersion:                           strconv.Itoa(version),
			table.PropertyFormatVersion:               "2",
			table.ManifestMergeEnabledKey:             "true",
			table.MetadataDeleteAfterCommitEnabledKey: "true",
			table.MetadataPreviousVersionsMaxKey:      "50",
			table.MetadataCompressionKey:              table.MetadataCompressionCodecGzip,
			table.ParquetCompressionKey:               "zstd",
			table.WriteTargetFileSizeBytesKey:         strconv.Itoa(targetFile),
		}
		if name == Items {
			properties[propertyRedactKey] = l.options.RedactKeyID
		}
		if err := l.catalog.create(ctx, name, properties); err != nil {
			return err
		}
	}
	return nil
}

// check closes the lake unless this code and these options may work with it.
func (l *Lake) check(ctx context.Context) error {
	if err := l.compatible(ctx); err != nil {
		return explain(errors.Join(err, l.Close()))
	}
	return nil
}

func (l *Lake) compatible(ctx context.Context) error {
	there, err := l.catalog.locations(ctx)
	if err != nil {
		return fmt.Errorf("open lake %s: %w", l.dir, err)
	}
	for _, name := range tableNames() {
		if there[name] == "" {
			return l.incomplete(name)
		}
		loaded, err := l.load(ctx, name)
		if err != nil {
			return fmt.Errorf("open lake %s: %w", l.dir, err)
		}
		if n := number(loaded, propertyVersion); n > version {
			return configtrail.WithHint(
				fmt.Errorf("open lake %s: %w: table %s is of lake version %d, this configtrail knows %d",
					l.dir, configtrail.ErrInvalid, name, n, version),
				"update configtrail")
		}
		if name != Items {
			continue
		}
		made := loaded.Properties()[propertyRedactKey]
		l.redactKeyID = made
		if l.options.RedactKeyID != "" && made != l.options.RedactKeyID {
			return configtrail.WithHint(
				fmt.Errorf("open lake %s: %w: it was written with redaction key %s, not with %s",
					l.dir, configtrail.ErrConflict, made, l.options.RedactKeyID),
				"set CONFIGTRAIL_REDACT_KEY_FILE to the key the lake was made with, or ingest into another lake")
		}
	}
	return nil
}

// RedactKeyID is the id of the key that the lake's content hashes and redacted
// values were made with, whatever the lake was opened with; "" for none.
func (l *Lake) RedactKeyID() string { return l.redactKeyID }

// Close gives up the lake's files. Writers that were not committed stay so.
func (l *Lake) Close() error { return l.catalog.close() }

// Version names the state of the data: it changes with every commit to any table.
func (l *Lake) Version(ctx context.Context) (string, error) {
	there, err := l.catalog.locations(ctx)
	if err != nil {
		return "", explain(err)
	}
	sum := sha256.New()
	for _, name := range tableNames() {
		fmt.Fprintf(sum, "%s\x1f%s\x1e", name, there[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

func (l *Lake) load(ctx context.Context, name string) (*table.Table, error) {
	if l.committing[name] == nil {
		return nil, fmt.Errorf("%w: the lake has no table %q", configtrail.ErrInvalid, name)
	}
	return l.catalog.LoadTable(ctx, table.Identifier{namespace, name})
}

// number reads a property that counts; one that is not there counts 0.
func number(t *table.Table, property string) int64 {
	n, err := strconv.ParseInt(t.Properties()[property], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
