package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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

// Lake is an open lake. It is safe for concurrent use, in one process and in several.
type Lake struct {
	home    home
	options Options
	catalog *catalog

	manifests *manifests
	firsts    *cache[string, []FirstDelivery] // by path of a data file

	redactKeyID string // as the lake tells it

	committing map[string]*sync.Mutex  // by table: this process queues instead of racing itself
	interrupt  func(step string) error // tests stop a commit here; nil otherwise

	freshEntries int   // of each writer; tests lower all three
	gatherBytes  int64 // of notes at once
	smallChanges int64 // bytes
}

// Create opens the lake that the options name and makes what is missing of it,
// its folder or Glue database included, and the columns that a lake of an older
// configtrail lacks. Rows that are there stay readable. A lake that was made with another
// redaction key gives configtrail.ErrConflict with what to do.
func Create(ctx context.Context, options Options) (*Lake, error) {
	h, err := homeOf(options)
	if err != nil {
		return nil, err
	}
	if options.RedactKeyID == "" {
		return nil, fmt.Errorf("create lake %s: %w: no id of a redaction key", h, configtrail.ErrInvalid)
	}
	if err := h.prepare(ctx); err != nil {
		return nil, explain(fmt.Errorf("create lake %s: %w", h, err))
	}
	// Data is written to a lake that is whole. A place that holds some is never
	// begun anew: what a lost catalog knew of would be out of sight.
	used, err := h.holdsData(ctx)
	if err != nil {
		return nil, explain(fmt.Errorf("create lake %s: %w", h, err))
	}
	if used {
		l, err := open(ctx, h, options, forWriting)
		if err != nil {
			return nil, err
		}
		return l.evolved(ctx)
	}
	l, err := connect(ctx, h, options, forMaking)
	if err != nil {
		return nil, explain(fmt.Errorf("create lake %s: %w", h, err))
	}
	if err := l.createTables(ctx, icebergSchema); err != nil {
		return nil, explain(errors.Join(fmt.Errorf("create lake %s: %w", h, err), l.Close()))
	}
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	return l.evolved(ctx)
}

// evolved is the lake with all columns that this code knows, or closed.
func (l *Lake) evolved(ctx context.Context) (*Lake, error) {
	if err := l.evolve(ctx); err != nil {
		return nil, explain(errors.Join(fmt.Errorf("create lake %s: %w", l.home, err), l.Close()))
	}
	return l, nil
}

// Open opens a lake that is there: for reading, and for writing too when
// options.RedactKeyID is given. Where there is none it gives configtrail.ErrNotFound.
//
// Opening for reading needs no right to write, and changes nothing of the lake.
//
// A lake in a folder may be moved or copied as a whole and opened at its new place.
func Open(ctx context.Context, options Options) (*Lake, error) {
	h, err := homeOf(options)
	if err != nil {
		return nil, err
	}
	if options.RedactKeyID == "" {
		return open(ctx, h, options, forReading)
	}
	return open(ctx, h, options, forWriting)
}

// open opens what is there of a lake.
func open(ctx context.Context, h home, options Options, how access) (*Lake, error) {
	l, err := connect(ctx, h, options, how)
	if err != nil {
		return nil, explain((&Lake{home: h}).openError(err))
	}
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Lake) openError(err error) error {
	if errors.Is(err, errNoLake) {
		return configtrail.WithHint(fmt.Errorf("open lake %s: %w", l.home, err), l.home.making())
	}
	return fmt.Errorf("open lake %s: %w", l.home, err)
}

func connect(ctx context.Context, h home, options Options, how access) (*Lake, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	catalog, err := h.connect(ctx, how)
	if err != nil {
		return nil, err
	}
	l := &Lake{home: h, options: options, catalog: catalog, manifests: newManifests(), firsts: newCache[string, []FirstDelivery](firstsKept), committing: make(map[string]*sync.Mutex), freshEntries: freshEntries, gatherBytes: gatherBytes, smallChanges: smallChanges}
	for _, name := range tableNames() {
		l.committing[name] = new(sync.Mutex)
	}
	return l, nil
}

func (l *Lake) createTables(ctx context.Context, schema func(table string) *iceberg.Schema) error {
	there, err := l.catalog.pointers.locations(ctx)
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
		if err := l.catalog.create(ctx, name, schema(name), properties); err != nil {
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
	there, err := l.catalog.pointers.locations(ctx)
	if err != nil {
		return l.openError(err)
	}
	for _, name := range tableNames() {
		if there[name] == "" {
			return l.incomplete(ctx, name)
		}
		loaded, err := l.load(ctx, name)
		if err != nil {
			return l.openError(err)
		}
		if n := number(loaded, propertyVersion); n > version {
			return configtrail.WithHint(
				fmt.Errorf("open lake %s: %w: table %s is of lake version %d, this configtrail knows %d",
					l.home, configtrail.ErrInvalid, name, n, version),
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
					l.home, configtrail.ErrConflict, made, l.options.RedactKeyID),
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
	there, err := l.catalog.pointers.locations(ctx)
	if err != nil {
		return "", explain(err)
	}
	sum := sha256.New()
	for _, name := range tableNames() {
		fmt.Fprintf(sum, "%s\x1f%s\x1e", name, there[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

func (l *Lake) files() storage { return l.catalog.files }

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
