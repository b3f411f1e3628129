package history_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
)

// ledger is what a test puts into the four relations.
type ledger struct {
	items      []configtrail.ConfigurationItem
	changes    []configtrail.Change
	deliveries []configtrail.Delivery
}

// tables is an engine over relations in memory, with the columns of the lake. It
// notes the queries it is asked.
type tables struct {
	db *sql.DB
	mu sync.Mutex
	// asked is guarded by mu.
	asked []engine.Query
}

const schema = `
CREATE TABLE items (account VARCHAR, region VARCHAR, resource_type VARCHAR, resource_id VARCHAR, capture_time TIMESTAMPTZ,
    content_hash VARCHAR, status VARCHAR, resource_name VARCHAR, arn VARCHAR, availability_zone VARCHAR, version VARCHAR,
    state_id VARCHAR, creation_time TIMESTAMPTZ, tags MAP(VARCHAR, VARCHAR),
    relationships STRUCT(resource_type VARCHAR, resource_id VARCHAR, resource_name VARCHAR, name VARCHAR)[],
    configuration VARCHAR, supplementary_configuration VARCHAR, redaction_version INTEGER,
    source_uri VARCHAR, source_key VARCHAR, source_etag VARCHAR, source_index BIGINT);
CREATE TABLE changes (id VARCHAR, account VARCHAR, region VARCHAR, resource_type VARCHAR, resource_id VARCHAR,
    capture_time TIMESTAMPTZ, previous_capture_time TIMESTAMPTZ, kind VARCHAR, noise VARCHAR, resource_name VARCHAR,
    arn VARCHAR, tags MAP(VARCHAR, VARCHAR), edits STRUCT(path VARCHAR, op VARCHAR, old VARCHAR, new VARCHAR)[],
    hash_before VARCHAR, hash_after VARCHAR, actor_id VARCHAR, actor_name VARCHAR, actor_confidence DOUBLE,
    actor_status VARCHAR, actor_event_id VARCHAR, actor_event_name VARCHAR, actor_event_time TIMESTAMPTZ,
    actor_candidates VARCHAR, source_uri VARCHAR, source_key VARCHAR, source_etag VARCHAR, source_index BIGINT,
    source_before_uri VARCHAR, source_before_key VARCHAR, source_before_etag VARCHAR, source_before_index BIGINT);
CREATE TABLE events (event_id VARCHAR);
CREATE TABLE deliveries (uri VARCHAR, key VARCHAR, etag VARCHAR, size BIGINT, kind VARCHAR, account VARCHAR, region VARCHAR,
    written_at TIMESTAMPTZ, read_at TIMESTAMPTZ, first_capture TIMESTAMPTZ, last_capture TIMESTAMPTZ, items_read BIGINT,
    items_added BIGINT, items_duplicate BIGINT, items_rejected BIGINT, bytes BIGINT, archived BOOLEAN,
    quarantined STRUCT("index" BIGINT, "offset" BIGINT, code VARCHAR, reason VARCHAR)[], batch BIGINT,
    derive STRUCT(account VARCHAR, region VARCHAR, resource_type VARCHAR)[]);
`

// open fills the relations of a new engine.
func open(t testing.TB, data ledger) *tables {
	t.Helper()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	e := &tables{db: sql.OpenDB(connector)}
	e.db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.db.Exec("SET TimeZone = 'UTC'; SET threads = 2;" + schema); err != nil {
		t.Fatal(err)
	}
	var items, changes, deliveries []map[string]any
	for _, item := range data.items {
		items = append(items, itemRow(item))
	}
	for _, change := range data.changes {
		changes = append(changes, changeRow(t, change))
	}
	for i, delivery := range data.deliveries {
		deliveries = append(deliveries, deliveryRow(delivery, i))
	}
	e.load(t, "items", items)
	e.load(t, "changes", changes)
	e.load(t, "deliveries", deliveries)
	return e
}

// load puts rows into a table by way of a file of JSON lines.
func (e *tables) load(t testing.TB, table string, rows []map[string]any) {
	t.Helper()
	if len(rows) == 0 {
		return
	}
	name := filepath.Join(t.TempDir(), table+".jsonl")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewWriter(file)
	encoder := json.NewEncoder(buffered)
	for _, row := range rows {
		if err := encoder.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := buffered.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	types, err := e.db.Query("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", table)
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for types.Next() {
		var column, kind string
		if err := types.Scan(&column, &kind); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, fmt.Sprintf("%q: '%s'", column, kind))
	}
	if err := types.Err(); err != nil {
		t.Fatal(err)
	}
	_, err = e.db.Exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM read_json('%s', format = 'newline_delimited', columns = {%s})",
		table, name, strings.Join(columns, ", ")))
	if err != nil {
		t.Fatal(err)
	}
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

func text(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}

func itemRow(item configtrail.ConfigurationItem) map[string]any {
	row := map[string]any{
		"account": item.Key.Account, "region": item.Key.Region, "resource_type": item.Key.Type, "resource_id": item.Key.ID,
		"capture_time": moment(item.CaptureTime), "content_hash": item.ContentHash, "status": item.Status,
		"resource_name": item.Name, "arn": item.ARN, "availability_zone": item.AvailabilityZone, "version": item.Version,
		"state_id": item.StateID, "creation_time": moment(item.CreationTime), "tags": item.Tags,
		"configuration": text(item.Configuration), "supplementary_configuration": text(item.SupplementaryConfiguration),
		"redaction_version": item.RedactionVersion, "source_uri": item.Source.URI, "source_key": item.Source.Key,
		"source_etag": item.Source.ETag, "source_index": item.Source.Index,
	}
	var relationships []map[string]any
	for _, r := range item.Relationships {
		relationships = append(relationships, map[string]any{
			"resource_type": r.ResourceType, "resource_id": r.ResourceID, "resource_name": r.ResourceName, "name": r.Name,
		})
	}
	row["relationships"] = relationships
	return row
}

func changeRow(t testing.TB, c configtrail.Change) map[string]any {
	edits := []map[string]any{}
	for _, edit := range c.Edits {
		edits = append(edits, map[string]any{"path": edit.Path, "op": edit.Op, "old": text(edit.Old), "new": text(edit.New)})
	}
	row := map[string]any{
		"id": c.ID(), "account": c.Key.Account, "region": c.Key.Region, "resource_type": c.Key.Type, "resource_id": c.Key.ID,
		"capture_time": moment(c.Time), "previous_capture_time": moment(c.After), "kind": c.Kind, "noise": c.Noise,
		"resource_name": c.Name, "arn": c.ARN, "tags": c.Tags, "edits": edits,
		"hash_before": c.HashBefore, "hash_after": c.HashAfter,
		"actor_id": "", "actor_name": "", "actor_event_id": "", "actor_event_name": "",
		"actor_status": c.ActorStatus, "actor_candidates": "[]",
		"source_uri": c.Source.URI, "source_key": c.Source.Key, "source_etag": c.Source.ETag, "source_index": c.Source.Index,
		"source_before_uri": "", "source_before_key": "", "source_before_etag": "",
	}
	if a := c.Actor; a != nil {
		candidates, err := json.Marshal(a.Candidates)
		if err != nil {
			t.Fatal(err)
		}
		row["actor_id"], row["actor_name"], row["actor_confidence"] = a.ID, a.Name, a.Confidence
		row["actor_event_id"], row["actor_event_name"], row["actor_event_time"] = a.EventID, a.EventName, moment(a.EventTime)
		row["actor_candidates"] = string(candidates)
	}
	if b := c.SourceBefore; b != nil {
		row["source_before_uri"], row["source_before_key"] = b.URI, b.Key
		row["source_before_etag"], row["source_before_index"] = b.ETag, b.Index
	}
	return row
}

func deliveryRow(d configtrail.Delivery, batch int) map[string]any {
	quarantined := []map[string]any{}
	for _, q := range d.Quarantined {
		quarantined = append(quarantined, map[string]any{"index": q.Index, "offset": q.Offset, "code": q.Code, "reason": q.Reason})
	}
	return map[string]any{
		"uri": d.URI, "key": d.Key, "etag": d.ETag, "size": d.Size, "kind": d.Kind, "account": d.Account, "region": d.Region,
		"written_at": moment(d.WrittenAt), "read_at": moment(d.ReadAt), "first_capture": moment(d.FirstCapture),
		"last_capture": moment(d.LastCapture), "items_read": d.Read, "items_added": d.Added, "items_duplicate": d.Duplicates,
		"items_rejected": d.Rejected, "bytes": d.Bytes, "archived": d.Archived, "quarantined": quarantined, "batch": batch,
		"derive": []any{},
	}
}

// Query answers from the tables.
func (e *tables) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	e.mu.Lock()
	e.asked = append(e.asked, q)
	e.mu.Unlock()
	rows, err := e.db.QueryContext(ctx, q.SQL, q.Args...)
	if err != nil {
		return engine.Result{}, fmt.Errorf("%w\n%s", err, q.SQL)
	}
	names, err := rows.Columns()
	if err != nil {
		return engine.Result{}, err
	}
	all := func(yield func([]any, error) bool) {
		defer rows.Close()
		for rows.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				yield(nil, err)
				return
			}
			for i := range values {
				values[i] = plain(values[i])
			}
			if !yield(values, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
	return engine.Result{Columns: make([]engine.Column, len(names)), Rows: all, Cost: func() configtrail.Cost { return configtrail.Cost{} }}, nil
}

func plain(value any) any {
	switch value := value.(type) {
	case int32:
		return int64(value)
	case time.Time:
		return value.UTC()
	case duckdb.OrderedMap:
		texts := map[string]string{}
		for i, key := range value.Keys() {
			texts[key.(string)] = value.Values()[i].(string)
		}
		return texts
	}
	return value
}

func (e *tables) Version(context.Context, configtrail.Scope) (string, error) { return "1", nil }
func (e *tables) Dialect() engine.Dialect                                    { return engine.DuckDB }
func (e *tables) Close() error                                               { return e.db.Close() }

// queries gives what was asked since the last call.
func (e *tables) queries() []engine.Query {
	e.mu.Lock()
	defer e.mu.Unlock()
	asked := e.asked
	e.asked = nil
	return asked
}

var _ engine.Engine = (*tables)(nil)

// at reads a time, which is a mistake of the test where it is none.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// clock is the time that tests take for now.
var clock = at("2024-12-01T00:00:00Z")

func over(e engine.Engine) *history.History {
	return &history.History{Engine: e, Now: func() time.Time { return clock }}
}
