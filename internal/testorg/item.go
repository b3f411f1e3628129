package testorg

import (
	"strconv"

	"configtrail"
)

// wording is what one delivery of an item may say differently from another.
type wording struct {
	status  configtrail.Status
	stateID int64
	empties int
	account string // instead of the item's own
}

// ordinary is the wording of an item in its history object.
func (c *capture) ordinary() wording { return wording{status: c.status, stateID: c.stateID} }

// appendItem appends an item as it stands in a history or snapshot object.
func appendItem(b []byte, c *capture, as wording) []byte {
	r := c.resource
	s := c.form.spelling
	s.empties = as.empties
	account := r.key.Account
	arn := r.arn
	if as.account != "" {
		account = as.account
	}
	text := func(name, v string) {
		b = append(append(b, `,"`...), name...)
		b = append(b, `":`...)
		b = appendString(b, v, s.gson)
	}
	b = append(b, `{"relatedEvents":[]`...)
	b = append(b, `,"relationships":`...)
	b = appendPart(b, c.state, "relationships", s, "[]")
	plain := s
	plain.repeat = false
	b = append(b, `,"configuration":`...)
	b = appendPart(b, c.state, "configuration", s, "null")
	b = append(b, `,"supplementaryConfiguration":`...)
	b = appendPart(b, c.state, "supplementaryConfiguration", plain, "{}")
	b = append(b, `,"tags":`...)
	b = appendPart(b, c.state, "tags", s, "{}")
	version, stateID, zone := "1.3", "configurationStateId", "availabilityZone"
	if c.form.old {
		version, stateID, zone = "1.0", "configurationStateID", "availibilityZone"
	}
	text("configurationItemVersion", version)
	text("configurationItemCaptureTime", stamp(c.time))
	b = append(append(append(b, `,"`...), stateID...), `":`...)
	b = strconv.AppendInt(b, as.stateID, 10)
	if !c.form.noAccount {
		text("awsAccountId", account)
	}
	text("configurationItemStatus", string(as.status))
	text("resourceType", r.key.Type)
	text("resourceId", r.key.ID)
	if c.name != "" {
		text("resourceName", c.name)
	}
	if arn != "" {
		text("ARN", arn)
	}
	if !c.form.noRegion {
		text("awsRegion", r.key.Region)
	}
	if c.state != nil {
		text(zone, r.zone)
	}
	text("configurationStateMd5Hash", "")
	if !c.created.IsZero() {
		text("resourceCreationTime", stamp(c.created))
	}
	return append(b, '}')
}

// appendPart appends one part of a state; an empty one as nothing is told by the delivery.
func appendPart(b []byte, state *object, name string, s spelling, nothing string) []byte {
	if state == nil {
		return append(b, nothing...)
	}
	part := at(state, []string{name})
	if empty(part) {
		switch s.empties {
		case emptyDropped, emptyNull:
			return append(b, "null"...)
		}
		return append(b, nothing...)
	}
	return appendValue(b, part, s)
}
