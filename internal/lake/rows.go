package lake

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// The rows as they lie in Parquet. The ids in the tags are the field ids of the
// Iceberg schemas in schema.go; a test holds the two together.

type itemRow struct {
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
	SourceETag       string            `parquet:"source_etag,dict,id(28)"`
	SourceIndex      int64             `parquet:"source_index,id(29)"`
}

type relationshipRow struct {
	ResourceType string `parquet:"resource_type,dict,id(19)"`
	ResourceID   string `parquet:"resource_id,id(20)"`
	ResourceName string `parquet:"resource_name,id(21)"`
	Name         string `parquet:"name,dict,id(22)"`
}

type changeRow struct {
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
	ActorID             string            `parquet:"actor_id,dict,id(23)"`
	ActorName           string            `parquet:"actor_name,dict,id(24)"`
	ActorConfidence     *float64          `parquet:"actor_confidence,optional,id(25)"`
	ActorStatus         string            `parquet:"actor_status,dict,id(26)"`
	ActorEventID        string            `parquet:"actor_event_id,id(27)"`
	ActorEventName      string            `parquet:"actor_event_name,dict,id(28)"`
	ActorEventTime      *int64            `parquet:"actor_event_time,optional,timestamp(microsecond:utc),id(29)"`
	ActorCandidates     string            `parquet:"actor_candidates,id(30)"`
	SourceURI           string            `parquet:"source_uri,dict,id(31)"`
	SourceKey           string            `parquet:"source_key,dict,id(32)"`
	SourceETag          string            `parquet:"source_etag,dict,id(33)"`
	SourceIndex         int64             `parquet:"source_index,id(34)"`
	BeforeURI           string            `parquet:"source_before_uri,dict,id(35)"`
	BeforeKey           string            `parquet:"source_before_key,dict,id(36)"`
	BeforeETag          string            `parquet:"source_before_etag,dict,id(37)"`
	BeforeIndex         *int64            `parquet:"source_before_index,optional,id(38)"`
}

type editRow struct {
	Path string `parquet:"path,id(17)"`
	Op   string `parquet:"op,dict,id(18)"`
	Old  []byte `parquet:"old,optional,string,id(19)"`
	New  []byte `parquet:"new,optional,string,id(20)"`
}

type eventRow struct {
	EventID     string             `parquet:"event_id,id(1)"`
	Account     string             `parquet:"account,dict,id(2)"`
	Region      string             `parquet:"region,dict,id(3)"`
	EventTime   int64              `parquet:"event_time,timestamp(microsecond:utc),id(4)"`
	EventSource string             `parquet:"event_source,dict,id(5)"`
	EventName   string             `parquet:"event_name,dict,id(6)"`
	ErrorCode   string             `parquet:"error_code,dict,id(7)"`
	SharedID    string             `parquet:"shared_event_id,id(8)"`
	SourceIP    string             `parquet:"source_ip,dict,id(9)"`
	UserAgent   string             `parquet:"user_agent,dict,id(10)"`
	ActorType   string             `parquet:"actor_type,dict,id(11)"`
	ActorARN    string             `parquet:"actor_arn,dict,id(12)"`
	ActorID     string             `parquet:"actor_principal_id,dict,id(13)"`
	ActorName   string             `parquet:"actor_name,dict,id(14)"`
	RoleARN     string             `parquet:"role_arn,dict,id(15)"`
	InvokedBy   string             `parquet:"invoked_by,dict,id(16)"`
	Resources   []eventResourceRow `parquet:"resources,list,id(17)" parquet-element:",id(18)"`
	Request     []byte             `parquet:"request,optional,string,id(22)"`
	Response    []byte             `parquet:"response,optional,string,id(23)"`
	SourceURI   string             `parquet:"source_uri,dict,id(24)"`
	SourceKey   string             `parquet:"source_key,dict,id(25)"`
	SourceETag  string             `parquet:"source_etag,dict,id(26)"`
	SourceIndex int64              `parquet:"source_index,id(27)"`
}

type eventResourceRow struct {
	ARN     string `parquet:"arn,id(19)"`
	Account string `parquet:"account,dict,id(20)"`
	Type    string `parquet:"type,dict,id(21)"`
}

// deliveryRow is in notes, too, as JSON.
type deliveryRow struct {
	URI          string           `parquet:"uri,id(1)" json:"uri"`
	Key          string           `parquet:"key,id(2)" json:"key"`
	ETag         string           `parquet:"etag,id(3)" json:"etag"`
	Size         int64            `parquet:"size,id(4)" json:"size"`
	Kind         string           `parquet:"kind,dict,id(5)" json:"kind"`
	Account      string           `parquet:"account,dict,id(6)" json:"account"`
	Region       string           `parquet:"region,dict,id(7)" json:"region"`
	WrittenAt    *int64           `parquet:"written_at,optional,timestamp(microsecond:utc),id(8)" json:"written_at"`
	ReadAt       int64            `parquet:"read_at,timestamp(microsecond:utc),id(9)" json:"read_at"`
	FirstCapture *int64           `parquet:"first_capture,optional,timestamp(microsecond:utc),id(10)" json:"first_capture"`
	LastCapture  *int64           `parquet:"last_capture,optional,timestamp(microsecond:utc),id(11)" json:"last_capture"`
	Read         int64            `parquet:"items_read,id(12)" json:"items_read"`
	Added        int64            `parquet:"items_added,id(13)" json:"items_added"`
	Duplicates   int64            `parquet:"items_duplicate,id(14)" json:"items_duplicate"`
	Rejected     int64            `parquet:"items_rejected,id(15)" json:"items_rejected"`
	Bytes        int64            `parquet:"bytes,id(16)" json:"bytes"`
	Archived     bool             `parquet:"archived,id(17)" json:"archived"`
	Quarantined  []quarantinedRow `parquet:"quarantined,list,id(18)" parquet-element:",id(19)" json:"quarantined"`
	Batch        int64            `parquet:"batch,id(24)" json:"batch"`
	Derive       []groupRow       `parquet:"derive,list,id(25)" parquet-element:",id(26)" json:"derive"`
}

type quarantinedRow struct {
	Index  int64  `parquet:"index,id(20)" json:"index"`
	Offset int64  `parquet:"offset,id(21)" json:"offset"`
	Code   string `parquet:"code,dict,id(22)" json:"code"`
	Reason string `parquet:"reason,id(23)" json:"reason"`
}

type groupRow struct {
	Account      string `parquet:"account,dict,id(27)" json:"account"`
	Region       string `parquet:"region,dict,id(28)" json:"region"`
	ResourceType string `parquet:"resource_type,dict,id(29)" json:"resource_type"`
}

// text is s as a Parquet string may hold it. Engines refuse a whole file for
// one byte that is no UTF-8, so such bytes become U+FFFD.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// jsonText is raw as a nullable column holds it: nil for absent.
func jsonText(raw json.RawMessage) []byte {
	switch {
	case len(raw) == 0:
		return nil
	case utf8.Valid(raw):
		return raw
	}
	return bytes.ToValidUTF8(raw, []byte(string(utf8.RuneError)))
}

func raw(column []byte) json.RawMessage {
	if len(column) == 0 {
		return nil
	}
	return column
}

func texts(tags map[string]string) map[string]string {
	clean := true
	for key, value := range tags {
		clean = clean && utf8.ValidString(key) && utf8.ValidString(value)
	}
	if clean {
		return tags
	}
	mended := make(map[string]string, len(tags))
	for key, value := range tags {
		mended[text(key)] = text(value)
	}
	return mended
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func microsOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func instantOrZero(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return instant(*micros)
}
