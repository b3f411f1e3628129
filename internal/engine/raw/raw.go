// Package raw makes relations of raw Glue tables: tables over the files that AWS
// Config wrote, with partition projection, as people define them to query the
// bucket directly.
//
// What such a table can tell follows from its definition, which is read from
// Glue: which members of a configuration item it declares, which SerDe reads
// them, and which folder of the bucket each partition column stands for. A
// question reads the folders of its span and no other: the predicates on the
// partition columns are literals made from validated values, and can be shown
// before anything is read. What was delivered at all is told by listing the same
// folders.
package raw

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"configtrail"
	"configtrail/internal/aws"
	"configtrail/internal/blob"
	"configtrail/internal/engine"
)

// The days beside a span whose folders are read too: items captured before it
// are the state before, and items captured at its end are delivered later.
const (
	Before = 2
	After  = 3
)

// Options says which tables are read, and how.
type Options struct {
	Config sdk.Config     // for Glue and S3
	S3     blob.S3Options // of the buckets that the tables lie over

	Tables []string      // database.table, at least one
	Engine engine.Engine // that reads them: Athena, or Trino with a hive catalog

	// Days before and after a span whose folders are read too; 0: Before and
	// After, negative: none.
	Before, After int

	// Accounts lists the accounts to read of a table whose account column is
	// injected, where a question names none. It is asked once. nil: those that
	// have a folder in the bucket.
	Accounts func(ctx context.Context) ([]string, error)

	Now func() time.Time // nil: time.Now
}

// Tables are raw tables that are read together. They are safe for concurrent use.
type Tables struct {
	engine  engine.Engine
	tables  []Table
	buckets []blob.Bucket // of each table
	options Options

	mu       sync.Mutex
	accounts map[int][]string // found out, by table; guarded by mu
	told     []string         // what options.Accounts gave; nil: not asked; guarded by mu
	listings map[string]*kept // guarded by mu
}

// Open reads the tables' definitions from Glue.
func Open(ctx context.Context, options Options) (*Tables, error) {
	if len(options.Tables) == 0 {
		return nil, problem("raw_no_table", nil, fmt.Errorf("%w: no raw table is named", configtrail.ErrInvalid))
	}
	client := glue.NewFromConfig(options.Config)
	var definitions []types.Table
	for _, name := range options.Tables {
		definition, err := describe(ctx, client, name)
		if err != nil {
			return nil, fmt.Errorf("read the definition of table %s: %w", name, err)
		}
		definitions = append(definitions, definition)
	}
	return New(definitions, func(url string) (blob.Bucket, error) {
		return blob.OpenS3(options.Config, url, options.S3)
	}, options)
}

// New makes Tables of definitions that were read already. open gives the bucket
// at s3://bucket.
func New(definitions []types.Table, open func(url string) (blob.Bucket, error), options Options) (*Tables, error) {
	if options.Engine.Dialect() != engine.Trino {
		return nil, problem("raw_engine", nil, fmt.Errorf("%w: raw tables are read by Athena or Trino", configtrail.ErrInvalid))
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	t := &Tables{engine: options.Engine, options: options, accounts: map[int][]string{}, listings: map[string]*kept{}}
	for _, definition := range definitions {
		table, err := ParseTable(definition)
		if err != nil {
			return nil, fmt.Errorf("table %s.%s: %w", sdk.ToString(definition.DatabaseName), sdk.ToString(definition.Name), err)
		}
		bucket, err := open("s3://" + table.layout.bucket)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table.Name(), err)
		}
		t.tables = append(t.tables, table)
		t.buckets = append(t.buckets, bucket)
	}
	return t, nil
}

// describe asks Glue for one table.
func describe(ctx context.Context, client *glue.Client, name string) (types.Table, error) {
	database, table, found := strings.Cut(name, ".")
	if !found || !plainName().MatchString(database) || !plainName().MatchString(table) {
		return types.Table{}, problem("raw_table_name", map[string]any{"table": name},
			fmt.Errorf("%w: %q is not database.table", configtrail.ErrInvalid, name))
	}
	database, table = strings.ToLower(database), strings.ToLower(table)
	out, err := client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &table})
	if missing := (*types.EntityNotFoundException)(nil); errors.As(err, &missing) {
		return types.Table{}, problem("raw_table_missing", map[string]any{"table": name},
			fmt.Errorf("table %s: %w", name, configtrail.ErrNotFound))
	}
	if err != nil {
		return types.Table{}, aws.Explain(err)
	}
	return *out.Table, nil
}

// Engine is what reads the tables.
func (t *Tables) Engine() engine.Engine { return t.engine }

// Names are the tables as database.table.
func (t *Tables) Names() []string {
	names := make([]string, len(t.tables))
	for i, table := range t.tables {
		names[i] = table.Name()
	}
	return names
}

// Compared tells of a column of state whether its content can be compared, which
// takes that every table has it in a form that can be: configuration,
// supplementaryConfiguration, relationships or tags. Without the configuration
// nothing is compared: the rest of a state is no state.
func (t *Tables) Compared(column string) bool {
	for _, table := range t.tables {
		if table.text("configuration") == "" || table.text(column) == "" {
			return false
		}
	}
	return true
}

func problem(key string, args map[string]any, err error) *configtrail.Problem {
	return &configtrail.Problem{Key: key, Args: args, Err: err}
}
