package delivery

import (
	"bytes"
	"iter"
)

// member is a name that this package knows, in any of its spellings.
type member uint8

const (
	memberUnknown member = iota

	// Of an item.
	memberAccount
	memberARN
	memberAvailabilityZone
	memberCaptureTime
	memberConfiguration
	memberCreationTime
	memberRegion
	memberRelatedEvents
	memberRelationshipName
	memberRelationships
	memberResourceID
	memberResourceName
	memberResourceType
	memberStateID
	memberStatus
	memberSupplementary
	memberTags
	memberVersion

	// Of a list of elements.
	memberItemList
	memberRecordList
	memberResultList
	memberMessageList

	// Of messages and their envelopes.
	memberBody
	memberDeliverySummary
	memberDetail
	memberEnvelopeAccount
	memberEnvelopeRegion
	memberEnvelopeType
	memberErrorMessage
	memberInvokingEvent
	memberItem
	memberItemSummary
	memberLocation
	memberMessage
	memberMessageTime
	memberMessageType
	memberRuleARN
	memberS3Event
	memberSnsRecord
	memberSubject
	memberTopicARN

	// Of an event. Its account and resource fields share names with the above.
	memberErrorCode
	memberEventID
	memberEventName
	memberEventSource
	memberEventTime
	memberIdentityType
	memberInvokedBy
	memberIssuer
	memberPrincipalID
	memberReadOnly
	memberRecipient
	memberRequest
	memberResources
	memberResponse
	memberSessionContext
	memberSharedEventID
	memberSourceIP
	memberUserAgent
	memberUserIdentity
	memberUserName

	memberCount
)

// known gives the member of a name, without quotes, as AWS Config's forms of
// S3, the API and 2014 spell it.
func known(name string) member {
	switch name {
	case "awsAccountId", "accountId":
		return memberAccount
	case "ARN", "arn":
		return memberARN
	case "availabilityZone", "availibilityZone":
		return memberAvailabilityZone
	case "configurationItemCaptureTime":
		return memberCaptureTime
	case "configuration":
		return memberConfiguration
	case "resourceCreationTime":
		return memberCreationTime
	case "awsRegion":
		return memberRegion
	case "relatedEvents":
		return memberRelatedEvents
	case "name", "relationshipName":
		return memberRelationshipName
	case "relationships":
		return memberRelationships
	case "resourceId":
		return memberResourceID
	case "resourceName":
		return memberResourceName
	case "resourceType":
		return memberResourceType
	case "configurationStateId", "configurationStateID":
		return memberStateID
	case "configurationItemStatus", "configurationItemState":
		return memberStatus
	case "supplementaryConfiguration":
		return memberSupplementary
	case "tags":
		return memberTags
	case "configurationItemVersion", "version":
		return memberVersion
	case "configurationItems", "baseConfigurationItems":
		return memberItemList
	case "Records":
		return memberRecordList
	case "Results":
		return memberResultList
	case "Messages":
		return memberMessageList
	case "Body", "body":
		return memberBody
	case "s3DeliverySummary":
		return memberDeliverySummary
	case "detail":
		return memberDetail
	case "account":
		return memberEnvelopeAccount
	case "region":
		return memberEnvelopeRegion
	case "Type":
		return memberEnvelopeType
	case "errorMessage":
		return memberErrorMessage
	case "invokingEvent":
		return memberInvokingEvent
	case "configurationItem":
		return memberItem
	case "configurationItemSummary":
		return memberItemSummary
	case "s3BucketLocation", "s3ObjectKey":
		return memberLocation
	case "Message":
		return memberMessage
	case "notificationCreationTime", "NotificationCreateTime":
		return memberMessageTime
	case "messageType":
		return memberMessageType
	case "configRuleArn":
		return memberRuleARN
	case "Event":
		return memberS3Event
	case "Sns":
		return memberSnsRecord
	case "Subject":
		return memberSubject
	case "TopicArn":
		return memberTopicARN
	case "errorCode":
		return memberErrorCode
	case "eventID":
		return memberEventID
	case "eventName":
		return memberEventName
	case "eventSource":
		return memberEventSource
	case "eventTime":
		return memberEventTime
	case "type":
		return memberIdentityType
	case "invokedBy":
		return memberInvokedBy
	case "sessionIssuer":
		return memberIssuer
	case "principalId":
		return memberPrincipalID
	case "readOnly":
		return memberReadOnly
	case "recipientAccountId":
		return memberRecipient
	case "requestParameters":
		return memberRequest
	case "resources":
		return memberResources
	case "responseElements":
		return memberResponse
	case "sessionContext":
		return memberSessionContext
	case "sharedEventID":
		return memberSharedEventID
	case "sourceIPAddress":
		return memberSourceIP
	case "userAgent":
		return memberUserAgent
	case "userIdentity":
		return memberUserIdentity
	case "userName":
		return memberUserName
	}
	return memberUnknown
}

// knownRaw is known for a name as it stands in the text, with its quotes.
func knownRaw(raw []byte) member {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return known(string(unquote(raw)))
	}
	return known(string(raw[1 : len(raw)-1]))
}

// members are the values of one object's known members. Of a name that comes
// twice, also in two spellings, the last counts.
type members struct {
	spans [memberCount]struct{ from, to int64 }
	any   bool // the object has a member, known or not
}

// raw is a member's value as it stands in the text; nil where it is absent or null.
func (m *members) raw(t *text, name member) []byte {
	span := m.spans[name]
	if span.to == 0 {
		return nil
	}
	value := t.slice(span.from, span.to)
	if string(value) == "null" {
		return nil
	}
	return value
}

// str is the text of a member that is a string, a number or a boolean; else "".
func (m *members) str(t *text, name member) string { return scalar(m.raw(t, name)) }

// has reports whether a member is present, be it null.
func (m *members) has(name member) bool { return m.spans[name].to != 0 }

// object passes over the object at the next byte and notes its known members in
// m. A list for which list is told is not passed over here but by list.
func (t *text) object(m *members, list func(member) error) error {
	t.pos++
	for first := true; ; first = false {
		c := t.next()
		if c == '}' {
			t.pos++
			return nil
		}
		if !first {
			if c != ',' {
				return t.unexpected("a comma or the end of an object")
			}
			t.pos++
			c = t.next()
		}
		if c != '"' {
			return t.unexpected("a member's name")
		}
		m.any = true
		at, name := t.offset(), memberUnknown
		if err := t.str(); err != nil {
			return err
		}
		if !t.lost {
			name = knownRaw(t.slice(at, t.offset()))
		}
		if err := t.colon(); err != nil {
			return err
		}
		c = t.next()
		if list != nil && c == '[' && name >= memberItemList && name <= memberMessageList {
			if err := list(name); err != nil {
				return err
			}
			continue
		}
		from := t.offset()
		if err := t.value(); err != nil {
			return err
		}
		if name != memberUnknown {
			m.spans[name].from, m.spans[name].to = from, t.offset()
		}
	}
}

// inner gives the known members of an object that was checked before. Anything
// else has none.
func inner(raw []byte) (*text, *members) {
	t, m := memory(raw), new(members)
	if len(raw) > 0 && raw[0] == '{' {
		if t.object(m, nil) != nil { // checked before: can't fail
			return t, new(members)
		}
	}
	return t, m
}

// pairs gives the names, with quotes, and values of an object that was checked before.
func pairs(raw []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		t := memory(raw)
		t.pos++
		for t.next() == '"' || t.peek() == ',' {
			if t.peek() == ',' {
				t.pos++
				t.next()
			}
			from := t.offset()
			if t.str() != nil {
				return
			}
			name := t.slice(from, t.offset())
			if t.colon() != nil {
				return
			}
			t.next()
			from = t.offset()
			if t.value() != nil || !yield(name, t.slice(from, t.offset())) {
				return
			}
		}
	}
}

// listed gives the values of a list, and none of anything else.
func listed(raw []byte) iter.Seq[[]byte] {
	if !isList(raw) {
		return func(func([]byte) bool) {}
	}
	return elements(raw)
}

// elements gives the values in a list that was checked before.
func elements(raw []byte) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		t := memory(raw)
		t.pos++
		for c := t.next(); c != ']' && c != 0; c = t.next() {
			if c == ',' {
				t.pos++
				t.next()
			}
			from := t.offset()
			if t.value() != nil || !yield(t.slice(from, t.offset())) {
				return
			}
		}
	}
}
