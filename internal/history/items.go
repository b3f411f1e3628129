package history

import (
	"cmp"
	"strings"

	"configtrail"
)

// header reads the columns of an item that are no state, from its capture time
// to its creation time.
func (r *row) header(key configtrail.ResourceKey) configtrail.ConfigurationItem {
	return configtrail.ConfigurationItem{
		Key: key, CaptureTime: r.time(), ContentHash: r.text(), Status: configtrail.Status(r.text()),
		Name: r.text(), ARN: r.text(), AvailabilityZone: r.text(), Version: r.text(), StateID: r.text(),
		CreationTime: r.time(),
	}
}

// relationships reads a list of structs; null gives nil.
func (r *row) relationships() []configtrail.Relationship {
	if r.null() {
		r.next++
		return nil
	}
	members := r.structs("resource_type", "resource_id", "resource_name", "name")
	list := make([]configtrail.Relationship, 0, len(members))
	for _, m := range members {
		list = append(list, configtrail.Relationship{
			ResourceType: member(m, "resource_type"), ResourceID: member(m, "resource_id"),
			ResourceName: member(m, "resource_name"), Name: member(m, "name"),
		})
	}
	return list
}

// byRank orders the rows of one resource and capture time: the greatest is the
// one that counts. A later state id wins, as a number, then the greater hash;
// rows that tell the same state differ in scalars only, which decide last, and a
// row that is there twice is given with the first of its sources.
func byRank(a, b configtrail.ConfigurationItem) int {
	idA, idB := decimal(a.StateID), decimal(b.StateID)
	return cmp.Or(
		cmp.Compare(len(idA), len(idB)), strings.Compare(idA, idB),
		strings.Compare(a.ContentHash, b.ContentHash),
		strings.Compare(string(a.Status), string(b.Status)),
		strings.Compare(a.Name, b.Name), strings.Compare(a.ARN, b.ARN),
		strings.Compare(a.AvailabilityZone, b.AvailabilityZone),
		strings.Compare(a.Version, b.Version), a.CreationTime.Compare(b.CreationTime),
		strings.Compare(b.Source.URI, a.Source.URI), cmp.Compare(b.Source.Index, a.Source.Index),
	)
}

// decimal is a number without leading zeros; text that is none is the least.
func decimal(text string) string {
	if strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return strings.TrimLeft(text, "0")
}
