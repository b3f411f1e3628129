package configtrail

import (
	"time"
)

// ChangeRecord is a Change as programs read it: the JSON of docs/cli, on every surface.
type ChangeRecord struct {
	ID           string  `json:"id"`
	Account      string  `json:"account"`
	AccountName  string  `json:"account_name,omitempty"`
	Region       string  `json:"region"`
	Type         string  `json:"type"`
	ResourceID   string  `json:"resource_id"`
	Name         string  `json:"name"`
	ARN          string  `json:"arn"`
	Time         Stamp   `json:"time"`
	After        *Stamp  `json:"after"` // null where there is no capture before
	Kind         Kind    `json:"kind"`
	Noise        Noise   `json:"noise"`
	Edits        []Edit  `json:"edits"`
	Actor        *Actor  `json:"actor"`
	ActorStatus  string  `json:"actor_status"`
	Source       Source  `json:"source"`
	SourceBefore *Source `json:"source_before"`
}

// Record is the change with its times in zone and its account's name, which may be empty.
func (c Change) Record(zone *time.Location, accountName string) ChangeRecord {
	record := ChangeRecord{
		ID: c.ID(), Account: c.Key.Account, AccountName: accountName, Region: c.Key.Region,
		Type: c.Key.Type, ResourceID: c.Key.ID, Name: c.Name, ARN: c.ARN,
		Time: Stamp(c.Time.In(zone)), After: StampIn(c.After, zone), Kind: c.Kind, Noise: c.Noise, Edits: c.Edits,
		Actor: c.Actor, ActorStatus: c.ActorStatus, Source: c.Source, SourceBefore: c.SourceBefore,
	}
	if record.Edits == nil {
		record.Edits = []Edit{}
	}
	if record.ActorStatus == "" {
		record.ActorStatus = ActorNoTrail
	}
	return record
}
