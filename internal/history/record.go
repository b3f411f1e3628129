package history

import (
	"encoding/json"
	"time"

	"configtrail"
)

// EntryRecord is an Entry as programs read it.
type EntryRecord struct {
	Time      configtrail.Stamp         `json:"time"`
	Kind      configtrail.Kind          `json:"kind"` // "" for a sighting that shows nothing new
	Status    configtrail.Status        `json:"status"`
	Name      string                    `json:"name"`
	ARN       string                    `json:"arn"`
	Unchanged int64                     `json:"unchanged"`
	LastSeen  configtrail.Stamp         `json:"last_seen"`
	Change    *configtrail.ChangeRecord `json:"change"` // null where the entry is no change
	Source    configtrail.Source        `json:"source"`
}

// Record is the entry with its times in zone and its account's name, which may be empty.
func (e Entry) Record(zone *time.Location, accountName string) EntryRecord {
	record := EntryRecord{
		Time: configtrail.Stamp(e.Time.In(zone)), Kind: e.Kind, Status: e.Status, Name: e.Name, ARN: e.ARN,
		Unchanged: e.Unchanged, LastSeen: configtrail.Stamp(e.LastSeen.In(zone)), Source: e.Source,
	}
	if e.Change != nil {
		change := e.Change.Record(zone, accountName)
		record.Change = &change
	}
	return record
}

// StateRecord is a State as programs read it.
type StateRecord struct {
	Account          string                     `json:"account"`
	AccountName      string                     `json:"account_name,omitempty"`
	Region           string                     `json:"region"`
	Type             string                     `json:"type"`
	ResourceID       string                     `json:"resource_id"`
	Name             string                     `json:"name"`
	ARN              string                     `json:"arn"`
	AvailabilityZone string                     `json:"availability_zone"`
	Time             configtrail.Stamp          `json:"time"` // capture time of the item
	Status           configtrail.Status         `json:"status"`
	Kind             configtrail.Kind           `json:"kind"`
	Since            configtrail.Stamp          `json:"since"`
	Stale            bool                       `json:"stale"`
	CreationTime     *configtrail.Stamp         `json:"creation_time"`
	Tags             map[string]string          `json:"tags"`
	Relationships    []configtrail.Relationship `json:"relationships"`
	Configuration    json.RawMessage            `json:"configuration"` // null where there is none
	Supplementary    json.RawMessage            `json:"supplementary_configuration"`
	Source           configtrail.Source         `json:"source"`
}

// Record is the state with its times in zone and its account's name, which may be empty.
func (s State) Record(zone *time.Location, accountName string) StateRecord {
	item := s.Item
	record := StateRecord{
		Account: item.Key.Account, AccountName: accountName, Region: item.Key.Region, Type: item.Key.Type, ResourceID: item.Key.ID,
		Name: item.Name, ARN: item.ARN, AvailabilityZone: item.AvailabilityZone, Time: configtrail.Stamp(item.CaptureTime.In(zone)),
		Status: item.Status, Kind: s.Kind, Since: configtrail.Stamp(s.Since.In(zone)), Stale: s.Stale, CreationTime: configtrail.StampIn(item.CreationTime, zone),
		Tags: item.Tags, Relationships: item.Relationships,
		Configuration: item.Configuration, Supplementary: item.SupplementaryConfiguration, Source: item.Source,
	}
	for _, raw := range []*json.RawMessage{&record.Configuration, &record.Supplementary} {
		if len(*raw) == 0 {
			*raw = nil // an empty one would be no JSON
		}
	}
	if record.Tags == nil {
		record.Tags = map[string]string{}
	}
	if record.Relationships == nil {
		record.Relationships = []configtrail.Relationship{}
	}
	return record
}

// DifferenceRecord is a Difference as programs read it.
type DifferenceRecord struct {
	Account     string             `json:"account"`
	AccountName string             `json:"account_name,omitempty"`
	Region      string             `json:"region"`
	Type        string             `json:"type"`
	ResourceID  string             `json:"resource_id"`
	From        configtrail.Stamp  `json:"from"`
	To          configtrail.Stamp  `json:"to"`
	Before      *StateRecord       `json:"before"` // null where nothing was known
	After       *StateRecord       `json:"after"`
	Edits       []configtrail.Edit `json:"edits"`
}

// Record is the difference with its times in zone and its account's name, which may be empty.
func (d Difference) Record(zone *time.Location, accountName string) DifferenceRecord {
	record := DifferenceRecord{
		Account: d.Key.Account, AccountName: accountName, Region: d.Key.Region, Type: d.Key.Type, ResourceID: d.Key.ID,
		From: configtrail.Stamp(d.From.In(zone)), To: configtrail.Stamp(d.To.In(zone)), Edits: d.Edits,
	}
	if d.Before != nil {
		before := d.Before.Record(zone, accountName)
		record.Before = &before
	}
	if d.After != nil {
		after := d.After.Record(zone, accountName)
		record.After = &after
	}
	return record
}
