package lake

import (
	"encoding/json"
	"fmt"

	"configtrail"
)

// toItemRow shares the item's tags and JSON: neither may change afterwards.
func toItemRow(item *configtrail.ConfigurationItem) itemRow {
	row := itemRow{
		Account: text(item.Key.Account), Region: text(item.Key.Region),
		ResourceType: text(item.Key.Type), ResourceID: text(item.Key.ID),
		CaptureTime: micros(item.CaptureTime), ContentHash: text(item.ContentHash),
		Status: text(string(item.Status)), ResourceName: text(item.Name), ARN: text(item.ARN),
		AvailabilityZone: text(item.AvailabilityZone), Version: text(item.Version), StateID: text(item.StateID),
		CreationTime: microsOrNull(item.CreationTime), Tags: texts(item.Tags),
		Configuration: jsonText(item.Configuration), Supplementary: jsonText(item.SupplementaryConfiguration),
		RedactionVersion: item.RedactionVersion, SourceURI: text(item.Source.URI), SourceKey: text(item.Source.Key),
		SourceETag: text(item.Source.ETag), SourceIndex: item.Source.Index,
	}
	if item.Relationships != nil {
		row.Relationships = make([]relationshipRow, len(item.Relationships))
	}
	for i, r := range item.Relationships {
		row.Relationships[i] = relationshipRow{text(r.ResourceType), text(r.ResourceID), text(r.ResourceName), text(r.Name)}
	}
	return row
}

func (row *itemRow) item() configtrail.ConfigurationItem {
	item := configtrail.ConfigurationItem{
		Key:  configtrail.ResourceKey{Account: row.Account, Region: row.Region, Type: row.ResourceType, ID: row.ResourceID},
		Name: row.ResourceName, ARN: row.ARN, AvailabilityZone: row.AvailabilityZone, Version: row.Version,
		Status: configtrail.Status(row.Status), StateID: row.StateID,
		CaptureTime: instant(row.CaptureTime), CreationTime: instantOrZero(row.CreationTime), Tags: row.Tags,
		Configuration: raw(row.Configuration), SupplementaryConfiguration: raw(row.Supplementary),
		ContentHash: row.ContentHash, RedactionVersion: row.RedactionVersion,
		Source: configtrail.Source{URI: row.SourceURI, Key: row.SourceKey, ETag: row.SourceETag, Index: row.SourceIndex},
	}
	if row.Relationships != nil {
		item.Relationships = make([]configtrail.Relationship, len(row.Relationships))
	}
	for i, r := range row.Relationships {
		item.Relationships[i] = configtrail.Relationship(r)
	}
	return item
}

func toEventRow(event *configtrail.Event) eventRow {
	row := eventRow{
		EventID: text(event.ID), Account: text(event.Account), Region: text(event.Region), EventTime: micros(event.Time),
		EventSource: text(event.Source), EventName: text(event.Name), ErrorCode: text(event.ErrorCode),
		SharedID: text(event.SharedID), SourceIP: text(event.SourceIP), UserAgent: text(event.UserAgent),
		ActorType: text(event.ActorType), ActorARN: text(event.ActorARN), ActorID: text(event.ActorID),
		ActorName: text(event.ActorName), RoleARN: text(event.RoleARN), InvokedBy: text(event.InvokedBy),
		Resources: make([]eventResourceRow, len(event.Resources)),
		Request:   jsonText(event.Request), Response: jsonText(event.Response),
		SourceURI: text(event.Origin.URI), SourceKey: text(event.Origin.Key),
		SourceETag: text(event.Origin.ETag), SourceIndex: event.Origin.Index,
	}
	for i, r := range event.Resources {
		row.Resources[i] = eventResourceRow{text(r.ARN), text(r.Account), text(r.Type)}
	}
	return row
}

func toChangeRow(change *configtrail.Change) (changeRow, error) {
	row := changeRow{
		ID: change.ID(), Account: text(change.Key.Account), Region: text(change.Key.Region),
		ResourceType: text(change.Key.Type), ResourceID: text(change.Key.ID),
		CaptureTime: micros(change.Time), PreviousCaptureTime: microsOrNull(change.After),
		Kind: text(string(change.Kind)), Noise: text(string(change.Noise)),
		ResourceName: text(change.Name), ARN: text(change.ARN), Tags: texts(change.Tags),
		Edits:      make([]editRow, len(change.Edits)),
		HashBefore: text(change.HashBefore), HashAfter: text(change.HashAfter),
		ActorStatus: text(change.ActorStatus), ActorCandidates: "[]",
		SourceURI: text(change.Source.URI), SourceKey: text(change.Source.Key),
		SourceETag: text(change.Source.ETag), SourceIndex: change.Source.Index,
	}
	for i, edit := range change.Edits {
		row.Edits[i] = editRow{text(edit.Path), text(edit.Op), jsonText(edit.Old), jsonText(edit.New)}
	}
	if actor := change.Actor; actor != nil {
		row.ActorID, row.ActorName, row.ActorConfidence = text(actor.ID), text(actor.Name), &actor.Confidence
		row.ActorEventID, row.ActorEventName = text(actor.EventID), text(actor.EventName)
		row.ActorEventTime = microsOrNull(actor.EventTime)
		if len(actor.Candidates) > 0 {
			candidates, err := json.Marshal(actor.Candidates)
			if err != nil {
				return changeRow{}, fmt.Errorf("write change %s: candidates: %w", row.ID, err)
			}
			row.ActorCandidates = string(candidates)
		}
	}
	if before := change.SourceBefore; before != nil {
		index := before.Index
		row.BeforeURI, row.BeforeKey, row.BeforeETag, row.BeforeIndex = text(before.URI), text(before.Key), text(before.ETag), &index
	}
	return row, nil
}

func (row *changeRow) change() (configtrail.Change, error) {
	change := configtrail.Change{
		Key:  configtrail.ResourceKey{Account: row.Account, Region: row.Region, Type: row.ResourceType, ID: row.ResourceID},
		Name: row.ResourceName, ARN: row.ARN, Tags: row.Tags,
		Time: instant(row.CaptureTime), After: instantOrZero(row.PreviousCaptureTime),
		Kind: configtrail.Kind(row.Kind), Noise: configtrail.Noise(row.Noise),
		Edits:      make([]configtrail.Edit, len(row.Edits)),
		HashBefore: row.HashBefore, HashAfter: row.HashAfter, ActorStatus: row.ActorStatus,
		Source: configtrail.Source{URI: row.SourceURI, Key: row.SourceKey, ETag: row.SourceETag, Index: row.SourceIndex},
	}
	for i, edit := range row.Edits {
		change.Edits[i] = configtrail.Edit{Path: edit.Path, Op: edit.Op, Old: raw(edit.Old), New: raw(edit.New)}
	}
	if row.ActorConfidence != nil {
		change.Actor = &configtrail.Actor{
			ID: row.ActorID, Name: row.ActorName, Confidence: *row.ActorConfidence,
			EventID: row.ActorEventID, EventName: row.ActorEventName, EventTime: instantOrZero(row.ActorEventTime),
			Ambiguous: row.ActorStatus == configtrail.ActorAmbiguous,
		}
		var candidates []configtrail.Actor
		if err := json.Unmarshal([]byte(row.ActorCandidates), &candidates); err != nil {
			return change, fmt.Errorf("read change %s: candidates: %w", row.ID, err)
		}
		if len(candidates) > 0 {
			change.Actor.Candidates = candidates
		}
	}
	if row.BeforeIndex != nil {
		change.SourceBefore = &configtrail.Source{URI: row.BeforeURI, Key: row.BeforeKey, ETag: row.BeforeETag, Index: *row.BeforeIndex}
	}
	return change, nil
}

func toDeliveryRow(delivery *configtrail.Delivery, derive []Group) deliveryRow {
	row := deliveryRow{
		URI: text(delivery.URI), Key: text(delivery.Key), ETag: text(delivery.ETag), Size: delivery.Size,
		Kind: text(string(delivery.Kind)), Account: text(delivery.Account), Region: text(delivery.Region),
		WrittenAt: microsOrNull(delivery.WrittenAt), ReadAt: micros(delivery.ReadAt),
		FirstCapture: microsOrNull(delivery.FirstCapture), LastCapture: microsOrNull(delivery.LastCapture),
		Read: delivery.Read, Added: delivery.Added, Duplicates: delivery.Duplicates, Rejected: delivery.Rejected,
		Bytes: delivery.Bytes, Archived: delivery.Archived,
		Quarantined: make([]quarantinedRow, len(delivery.Quarantined)), Derive: make([]groupRow, len(derive)),
	}
	for i, q := range delivery.Quarantined {
		row.Quarantined[i] = quarantinedRow{q.Index, q.Offset, text(q.Code), text(q.Reason)}
	}
	for i, g := range derive {
		row.Derive[i] = groupRow{text(g.Account), text(g.Region), text(g.Type)}
	}
	return row
}

func (row *deliveryRow) delivery() configtrail.Delivery {
	delivery := configtrail.Delivery{
		URI: row.URI, Key: row.Key, ETag: row.ETag, Size: row.Size, Kind: configtrail.DeliveryKind(row.Kind),
		Account: row.Account, Region: row.Region, WrittenAt: instantOrZero(row.WrittenAt), ReadAt: instant(row.ReadAt),
		FirstCapture: instantOrZero(row.FirstCapture), LastCapture: instantOrZero(row.LastCapture),
		Read: row.Read, Added: row.Added, Duplicates: row.Duplicates, Rejected: row.Rejected,
		Bytes: row.Bytes, Archived: row.Archived,
	}
	for _, q := range row.Quarantined {
		delivery.Quarantined = append(delivery.Quarantined, configtrail.Quarantined{
			Key: row.Key, Index: q.Index, Offset: q.Offset, Code: q.Code, Reason: q.Reason,
		})
	}
	return delivery
}
