package lake

import (
	"context"
	"slices"
	"strings"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// The rows of a configtrail that did not have the last columns of each table yet.

type olderItem struct {
	Account          string            `parquet:"account,dict,id(1)"`
	Region           string            `parquet:"region,dict,id(2)"`
	ResourceType     string            `parquet:"resource_type,dict,id(3)"`
	ResourceID       string            `parquet:"resource_id,id(4)"`
	CaptureTime      int64             `parquet:"capture_time,timestamp(microsecond:utc),id(5)"`
	ContentHash      string            `parquet:"content_hash,id(6)"`
	Status           string            `parquet:"status,dict,id(7)"`
	ResourceName     string            `parquet:"resource_name,id(8)"`
	ARN              string            `parquet:"arn,id(9)"`
	AvailabilityZone string            `parquet:"availability_zone,dict,id(10)"`
	Version          string            `parquet:"version,dict,id(11)"`
	StateID          string            `parquet:"state_id,id(12)"`
	CreationTime     *int64            `parquet:"creation_time,optional,timestamp(microsecond:utc),id(13)"`
	Tags             map[string]string `parquet:"tags,optional,id(14)" parquet-key:",id(15)" parquet-value:",id(16)"`
	Relationships    []relationshipRow `parquet:"relationships,optional,list,id(17)" parquet-element:",id(18)"`
	Configuration    []byte            `parquet:"configuration,optional,string,id(23)"`
	Supplementary    []byte            `parquet:"supplementary_configuration,optional,string,id(24)"`
	RedactionVersion int32             `parquet:"redaction_version,id(25)"`
	SourceURI        string            `parquet:"source_uri,dict,id(26)"`
	SourceKey        string            `parquet:"source_key,dict,id(27)"`
}

type olderEvent struct {
	EventID     string `parquet:"event_id,id(1)"`
	Account     string `parquet:"account,dict,id(2)"`
	Region      string `parquet:"region,dict,id(3)"`
	EventTime   int64  `parquet:"event_time,timestamp(microsecond:utc),id(4)"`
	EventSource string `parquet:"event_source,dict,id(5)"`
	EventName   string `parquet:"event_name,dict,id(6)"`
}

type olderChange struct {
	ID                  string            `parquet:"id,id(1)"`
	Account             string            `parquet:"account,dict,id(2)"`
	Region              string            `parquet:"region,dict,id(3)"`
	ResourceType        string            `parquet:"resource_type,dict,id(4)"`
	ResourceID          string            `parquet:"resource_id,id(5)"`
	CaptureTime         int64             `parquet:"capture_time,timestamp(microsecond:utc),id(6)"`
	PreviousCaptureTime *int64            `parquet:"previous_capture_time,optional,timestamp(microsecond:utc),id(7)"`
	Kind                string            `parquet:"kind,dict,id(8)"`
	Noise               string            `parquet:"noise,dict,id(9)"`
	ResourceName        string            `parquet:"resource_name,id(10)"`
	ARN                 string            `parquet:"arn,id(11)"`
	Tags                map[string]string `parquet:"tags,optional,id(12)" parquet-key:",id(13)" parquet-value:",id(14)"`
	Edits               []editRow         `parquet:"edits,list,id(15)" parquet-element:",id(16)"`
	HashBefore          string            `parquet:"hash_before,id(21)"`
	HashAfter           string            `parquet:"hash_after,id(22)"`
}

type olderDelivery struct {
	URI          string           `parquet:"uri,id(1)"`
	Key          string           `parquet:"key,id(2)"`
	ETag         string           `parquet:"etag,id(3)"`
	Size         int64            `parquet:"size,id(4)"`
	Kind         string           `parquet:"kind,dict,id(5)"`
	Account      string           `parquet:"account,dict,id(6)"`
	Region       string           `parquet:"region,dict,id(7)"`
	WrittenAt    *int64           `parquet:"written_at,optional,timestamp(microsecond:utc),id(8)"`
	ReadAt       int64            `parquet:"read_at,timestamp(microsecond:utc),id(9)"`
	FirstCapture *int64           `parquet:"first_capture,optional,timestamp(microsecond:utc),id(10)"`
	LastCapture  *int64           `parquet:"last_capture,optional,timestamp(microsecond:utc),id(11)"`
	Read         int64            `parquet:"items_read,id(12)"`
	Added        int64            `parquet:"items_added,id(13)"`
	Duplicates   int64            `parquet:"items_duplicate,id(14)"`
	Rejected     int64            `parquet:"items_rejected,id(15)"`
	Bytes        int64            `parquet:"bytes,id(16)"`
	Archived     bool             `parquet:"archived,id(17)"`
	Quarantined  []quarantinedRow `parquet:"quarantined,list,id(18)" parquet-element:",id(19)"`
	Batch        int64            `parquet:"batch,id(24)"`
	Derive       []olderGroup     `parquet:"derive,list,id(25)" parquet-element:",id(26)"`
}

type olderGroup struct {
	Account string `parquet:"account,dict,id(27)"`
	Region  string `parquet:"region,dict,id(28)"`
}

// lastOfOlder is the last column of each table, and of the struct in it.
var lastOfOlder = map[string][2]string{
	Items: {"source_key", "source_key"}, Events: {"event_name", "event_name"}, Changes: {"hash_after", "hash_after"}, Deliveries: {"derive", "region"},
}

// CreateOlder makes a lake with the tables that such a configtrail made.
func CreateOlder(ctx context.Context, options Options) error {
	h, err := homeOf(options)
	if err != nil {
		return err
	}
	if err := h.prepare(ctx); err != nil {
		return err
	}
	l, err := connect(ctx, h, options, forMaking)
	if err != nil {
		return err
	}
	err = l.createTables(ctx, func(name string) *iceberg.Schema {
		columns := numbered(name)
		columns = columns[:1+slices.IndexFunc(columns, func(c Column) bool { return c.Name == lastOfOlder[name][0] })]
		if last := columns[len(columns)-1]; last.Type.Kind == List {
			members := &last.Type.Fields[0].Type.Fields
			*members = (*members)[:1+slices.IndexFunc(*members, func(c Column) bool { return c.Name == lastOfOlder[name][1] })]
		}
		return iceberg.NewSchema(0, icebergFields(columns)...)
	})
	if closeErr := l.Close(); err == nil {
		err = closeErr
	}
	return err
}

// WriteOlder writes rows as such a configtrail did: files with its columns alone.
func (l *Lake) WriteOlder(ctx context.Context, item *configtrail.ConfigurationItem, event *configtrail.Event, change *configtrail.Change, delivery *configtrail.Delivery) error {
	i, e, d := toItemRow(item), toEventRow(event), toDeliveryRow(delivery, nil)
	c, err := toChangeRow(change)
	if err != nil {
		return err
	}
	if err := writeOlder(ctx, l, Items, i.CaptureTime, &olderItem{
		i.Account, i.Region, i.ResourceType, i.ResourceID, i.CaptureTime, i.ContentHash, i.Status, i.ResourceName, i.ARN, i.AvailabilityZone,
		i.Version, i.StateID, i.CreationTime, i.Tags, i.Relationships, i.Configuration, i.Supplementary, i.RedactionVersion, i.SourceURI, i.SourceKey,
	}, nil); err != nil {
		return err
	}
	if err := writeOlder(ctx, l, Events, e.EventTime, &olderEvent{e.EventID, e.Account, e.Region, e.EventTime, e.EventSource, e.EventName}, nil); err != nil {
		return err
	}
	if err := writeOlder(ctx, l, Changes, c.CaptureTime, &olderChange{
		c.ID, c.Account, c.Region, c.ResourceType, c.ResourceID, c.CaptureTime, c.PreviousCaptureTime, c.Kind, c.Noise, c.ResourceName, c.ARN,
		c.Tags, c.Edits, c.HashBefore, c.HashAfter,
	}, nil); err != nil {
		return err
	}
	return writeOlder(ctx, l, Deliveries, *d.WrittenAt, &olderDelivery{
		d.URI, d.Key, d.ETag, d.Size, d.Kind, d.Account, d.Region, d.WrittenAt, d.ReadAt, d.FirstCapture, d.LastCapture,
		d.Read, d.Added, d.Duplicates, d.Rejected, d.Bytes, d.Archived, d.Quarantined, 1, []olderGroup{{prodOfOlder, "eu-west-1"}},
	}, iceberg.Properties{propertyBatch: "1"})
}

const prodOfOlder = "111122223333"

func writeOlder[R any](ctx context.Context, l *Lake, name string, time int64, row *R, properties iceberg.Properties) error {
	t, err := l.load(ctx, name)
	if err != nil {
		return err
	}
	rows := layout[R]{table: name, weight: func(*R) int64 { return 1 }}
	files, err := writeFiles(ctx, l, t, rows, monthOf(time), streamOf([]*R{row}), zstd.SpeedDefault)
	if err != nil {
		return err
	}
	if err := l.files().publish(ctx, files); err != nil {
		return err
	}
	return l.commit(ctx, change{name, newMark(), func(ctx context.Context, _ *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		if err := appendFiles(ctx, tx, entries(files), summary); err != nil || properties == nil {
			return err
		}
		return tx.SetProperties(properties)
	}})
}

// AddColumn gives a table a column of somebody else's.
func (l *Lake) AddColumn(ctx context.Context, name, column string) error {
	t, err := l.load(ctx, name)
	if err != nil {
		return err
	}
	tx := t.NewTransaction()
	if err := tx.UpdateSchema(true, false).AddColumn(strings.Split(column, "."), iceberg.PrimitiveTypes.String, "", false, nil).Commit(); err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}
