package delivery

import (
	"bytes"
	"fmt"
	"strings"

	"configtrail"
)

// event hands out one CloudTrail record of a write call. A call that says it
// only read is counted and left out; one of the years before CloudTrail said so
// is kept. Account is the recipient's: whose trail recorded the call.
func (d *decoder) event(t *text, m *members, env envelope, at int64) error {
	if m.str(t, memberEventSource) == "aws:s3" && !m.has(memberEventID) {
		return d.notice(t, m, env, at)
	}
	if m.str(t, memberReadOnly) == "true" {
		d.tally.ReadOnly++
		d.index++
		return nil
	}
	found, bad := d.readEvent(t, m, env)
	if bad != nil {
		env.listed = true
		return d.refuse(env, at, bad.code, bad.reason)
	}
	return d.hand(Record{Event: found}, env, at)
}

func (d *decoder) readEvent(t *text, m *members, env envelope) (*configtrail.Event, *flaw) {
	found := &configtrail.Event{
		ID:        m.str(t, memberEventID),
		SharedID:  m.str(t, memberSharedEventID),
		Source:    d.names.str(m.raw(t, memberEventSource)),
		Name:      d.names.str(m.raw(t, memberEventName)),
		ErrorCode: d.names.str(m.raw(t, memberErrorCode)),
		SourceIP:  d.names.str(m.raw(t, memberSourceIP)),
		UserAgent: d.names.str(m.raw(t, memberUserAgent)),
		Request:   bytes.Clone(m.raw(t, memberRequest)),
		Response:  bytes.Clone(m.raw(t, memberResponse)),
		Origin:    d.source(),
	}
	var ok bool
	switch found.Time, ok = moment(m.str(t, memberEventTime)); {
	case found.ID == "":
		return nil, badItem("eventID is missing")
	case found.Name == "" || found.Source == "":
		return nil, badItem("eventName or eventSource is missing")
	case !ok:
		return nil, badItem("eventTime is %s, which is no time", shown(m.raw(t, memberEventTime)))
	}
	recipient := m.str(t, memberRecipient)
	actorAccount := d.actor(found, m.raw(t, memberUserIdentity))
	found.Account = firstAccount(recipient, env.account, d.doc.Key.Account, actorAccount)
	found.Region = firstRegion(m.str(t, memberRegion), env.region, d.doc.Key.Region)
	switch key := d.doc.Key; {
	case found.Account == "":
		return nil, &flaw{configtrail.CodeNoAccount, "neither record, envelope nor key tells the account"}
	case key.Foldered && key.Account != found.Account:
		return nil, &flaw{configtrail.CodeAccountMismatch, fmt.Sprintf("the record is of account %s, the object of account %s", found.Account, key.Account)}
	case found.Region == "":
		return nil, &flaw{configtrail.CodeNoRegion, "neither record, envelope nor key tells the region"}
	}
	for value := range listed(m.raw(t, memberResources)) {
		rt, rm := inner(value)
		resource := configtrail.EventResource{
			ARN:     rm.str(rt, memberARN),
			Account: d.names.str(rm.raw(rt, memberAccount)),
			Type:    d.names.str(rm.raw(rt, memberIdentityType)),
		}
		if resource != (configtrail.EventResource{}) {
			found.Resources = append(found.Resources, resource)
		}
	}
	return found, nil
}

// actor fills who called, from userIdentity, and gives the account of the caller.
func (d *decoder) actor(found *configtrail.Event, identity []byte) string {
	t, m := inner(identity)
	found.ActorType = d.names.str(m.raw(t, memberIdentityType))
	found.ActorARN = d.names.str(m.raw(t, memberARN))
	found.ActorID = d.names.str(m.raw(t, memberPrincipalID))
	found.InvokedBy = d.names.str(m.raw(t, memberInvokedBy))

	st, sm := inner(m.raw(t, memberSessionContext))
	it, im := inner(sm.raw(st, memberIssuer))
	found.RoleARN = d.names.str(im.raw(it, memberARN))
	caller := m.str(t, memberAccount)

	switch found.ActorType {
	case "Root":
		found.ActorName = "root"
	case "AssumedRole", "FederatedUser":
		// The session: what the caller, or its identity provider, chose as a name.
		found.ActorName = firstText(
			behind(found.ActorARN, '/'), behind(found.ActorID, ':'), im.str(it, memberUserName))
	case "AWSAccount":
		found.ActorName = firstText(behind(found.ActorARN, '/'), found.InvokedBy, caller, found.ActorID)
	default: // IAMUser, identity centre, web and SAML identities, AWSService, and older records without a type
		found.ActorName = firstText(m.str(t, memberUserName), behind(found.ActorARN, '/'), found.InvokedBy,
			behind(found.ActorID, ':'), found.ActorID)
	}
	return caller
}

// behind is the text behind the last separator; "" where there is none.
func behind(text string, separator byte) string {
	i := strings.LastIndexByte(text, separator)
	if i < 0 {
		return ""
	}
	return text[i+1:]
}

// firstText is the first text that is not empty.
func firstText(candidates ...string) string {
	for _, candidate := range candidates {
		if candidate != "" {
			return candidate
		}
	}
	return ""
}
