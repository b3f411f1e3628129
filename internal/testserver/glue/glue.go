// Package glue is a Glue Data Catalog in memory, for tests. It speaks Glue's own
// API, so that this project, iceberg-go and Trino use it as they use AWS's, and
// it is strict where AWS is: a commit on a stale table version is refused.
package glue

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"configtrail/internal/testserver/awsjson"
)

// Account owns everything in the catalog.
const Account = "123456789012"

// Options say who may call and what time it is. The zero value lets everybody in
// and uses the real clock.
type Options struct {
	AccessKey, SecretKey string
	Now                  func() time.Time
}

// Catalog holds databases with their tables. It is an http.Handler.
type Catalog struct {
	// Faults makes calls fail.
	Faults awsjson.Faults

	server    awsjson.Server
	now       func() time.Time
	mu        sync.Mutex
	databases map[string]*database // by name in lower case
}

// members are an object as it was sent: what this package does not read comes
// back as it was.
type members map[string]any

// text is a member that is a string, empty where it is none.
func (m members) text(name string) string {
	s, _ := m[name].(string)
	return s
}

type database struct {
	input   members
	created time.Time
	tables  map[string]*table // by name in lower case
}

// table is what is current, with what was.
type table struct {
	input            members
	version          int
	created, updated time.Time
	archive          []version // older ones, oldest first, as far as kept
	partitions       map[string]members
	statistics       map[string]members // of columns, by name
}

type version struct {
	number int
	shown  members
}

// New is an empty catalog.
func New(options Options) *Catalog {
	c := &Catalog{now: options.Now, databases: map[string]*database{}}
	if c.now == nil {
		c.now = time.Now
	}
	c.server = awsjson.Server{
		Target: "AWSGlue", SigningAs: "glue", AccessKey: options.AccessKey, SecretKey: options.SecretKey, Faults: &c.Faults,
		Operations: map[string]awsjson.Operation{
			"CreateDatabase":                       awsjson.Of(c.createDatabase),
			"GetDatabase":                          awsjson.Of(c.getDatabase),
			"GetDatabases":                         awsjson.Of(c.getDatabases),
			"UpdateDatabase":                       awsjson.Of(c.updateDatabase),
			"DeleteDatabase":                       awsjson.Of(c.deleteDatabase),
			"CreateTable":                          awsjson.Of(c.createTable),
			"GetTable":                             awsjson.Of(c.getTable),
			"GetTables":                            awsjson.Of(c.getTables),
			"GetTableVersions":                     awsjson.Of(c.getTableVersions),
			"UpdateTable":                          awsjson.Of(c.updateTable),
			"DeleteTable":                          awsjson.Of(c.deleteTable),
			"BatchDeleteTable":                     awsjson.Of(c.batchDeleteTable),
			"CreatePartition":                      awsjson.Of(c.createPartition),
			"BatchCreatePartition":                 awsjson.Of(c.batchCreatePartition),
			"GetPartition":                         awsjson.Of(c.getPartition),
			"GetPartitions":                        awsjson.Of(c.getPartitions),
			"BatchGetPartition":                    awsjson.Of(c.batchGetPartition),
			"DeletePartition":                      awsjson.Of(c.deletePartition),
			"GetPartitionIndexes":                  awsjson.Of(c.getPartitionIndexes),
			"GetColumnStatisticsForTable":          awsjson.Of(c.getTableStatistics),
			"UpdateColumnStatisticsForTable":       awsjson.Of(c.updateTableStatistics),
			"DeleteColumnStatisticsForTable":       awsjson.Of(c.deleteTableStatistics),
			"GetColumnStatisticsForPartition":      awsjson.Of(c.getPartitionStatistics),
			"BatchGetColumnStatisticsForPartition": awsjson.Of(c.getPartitionStatistics),
			"GetUserDefinedFunctions":              awsjson.Of(c.getFunctions),
			"GetUserDefinedFunction":               awsjson.Of(c.getFunction),
		},
	}
	return c
}

// ServeHTTP answers one call of Glue's API.
func (c *Catalog) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.server.ServeHTTP(w, r) }

// maxName is a name's length in bytes.
const maxName = 255

// name checks a name and folds it to lower case, as Glue stores it.
func name(what, given string) (string, error) {
	switch {
	case given == "":
		return "", invalid("%s is required", what)
	case len(given) > maxName:
		return "", invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", given, what, maxName)
	case strings.ContainsFunc(given, func(r rune) bool { return r < ' ' && r != '\t' }):
		return "", invalid("Value at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern", what)
	}
	return strings.ToLower(given), nil
}

func invalid(format string, args ...any) error {
	return awsjson.Errorf("InvalidInputException", format, args...)
}

func missing(format string, args ...any) error {
	return awsjson.Errorf("EntityNotFoundException", format, args...)
}

func exists(format string, args ...any) error {
	return awsjson.Errorf("AlreadyExistsException", format, args...)
}

// catalogID is in every input; there is one catalog only.
type catalogID struct {
	CatalogID string
}

func (c catalogID) check() error {
	if c.CatalogID != "" && c.CatalogID != Account {
		return missing("Catalog %s not found", c.CatalogID)
	}
	return nil
}

// page asks for a part of a list.
type page struct {
	NextToken  string
	MaxResults *int
}

// maxPage is Glue's limit of results in one answer; for partitions it is 1000.
const maxPage = 100

// cut is the part of names (sorted) that a page asks for, and the token of the
// next; the token is the last name given.
func (p page) cut(names []string, limit int) ([]string, string, error) {
	size := limit
	if p.MaxResults != nil {
		if size = *p.MaxResults; size < 1 || size > limit {
			return nil, "", invalid("Value '%d' at 'maxResults' failed to satisfy constraint: Member must be between 1 and %d", size, limit)
		}
	}
	if p.NextToken != "" {
		after, found := slices.BinarySearch(names, p.NextToken)
		if found {
			after++
		}
		names = names[after:]
	}
	if len(names) > size {
		return names[:size], names[size-1], nil
	}
	return names, "", nil
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// nothing is the output of operations that say only that it is done.
type nothing struct{}
