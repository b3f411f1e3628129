package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"configtrail"
)

// item hands out one configuration item.
//
// The forms differ in more than spelling. In those of S3 and of messages,
// configuration is an object, and a value of supplementaryConfiguration is an
// object, list or scalar, or, for policies and the ACL of a bucket, text that is
// itself JSON. The API encodes each of these once more: configuration becomes a
// string, and so does each supplementary value, the ACL's text then being
// encoded twice. So where configuration is a string, it and the supplementary
// values are unwrapped once, which gives the form of S3. Where it is not, also
// under the API's names as the console saves them, nothing is unwrapped. Text
// that holds no JSON stays a string.
func (d *decoder) item(t *text, m *members, env envelope, at int64) error {
	found, bad := d.readItem(t, m, env)
	if bad != nil {
		env.listed = true // a thing that is an item has an index
		return d.refuse(env, at, bad.code, bad.reason)
	}
	return d.hand(Record{Item: found}, env, at)
}

func (d *decoder) readItem(t *text, m *members, env envelope) (*configtrail.ConfigurationItem, *flaw) {
	found := &configtrail.ConfigurationItem{
		Name:             m.str(t, memberResourceName),
		ARN:              m.str(t, memberARN),
		AvailabilityZone: d.names.str(m.raw(t, memberAvailabilityZone)),
		Version:          d.names.str(m.raw(t, memberVersion)),
		Status:           configtrail.Status(d.names.str(m.raw(t, memberStatus))),
		StateID:          decimal(m.str(t, memberStateID)),
		Source:           d.source(),
	}
	var bad *flaw
	if found.Key, bad = d.resource(t, m, env); bad != nil {
		return nil, bad
	}
	captured, ok := moment(m.str(t, memberCaptureTime))
	if !ok {
		return nil, badItem("configurationItemCaptureTime is %s, which is no time", shown(m.raw(t, memberCaptureTime)))
	}
	found.CaptureTime = captured
	found.CreationTime, _ = moment(m.str(t, memberCreationTime))

	if found.Tags, ok = d.tags(m.raw(t, memberTags)); !ok {
		return nil, badItem("tags are %s, neither a map nor a list of keys and values", shown(m.raw(t, memberTags)))
	}
	related := m.raw(t, memberRelationships)
	if related == nil && listsObjects(m.raw(t, memberRelatedEvents)) {
		related = m.raw(t, memberRelatedEvents) // saved so by some tools
	}
	if found.Relationships, ok = d.relationships(related); !ok {
		return nil, badItem("relationships are no list of objects")
	}
	found.RelatedEvents = d.texts(m.raw(t, memberRelatedEvents))
	found.Configuration, found.SupplementaryConfiguration = state(m.raw(t, memberConfiguration), m.raw(t, memberSupplementary))
	return found, nil
}

// resource gives the key of an item, with account and region filled from the
// ARN, then the envelope, then the object's key.
func (d *decoder) resource(t *text, m *members, env envelope) (configtrail.ResourceKey, *flaw) {
	key := configtrail.ResourceKey{
		Type: d.names.str(m.raw(t, memberResourceType)),
		ID:   m.str(t, memberResourceID),
	}
	switch {
	case key.Type == "" && key.ID == "":
		return key, badItem("resourceType and resourceId are missing")
	case key.Type == "":
		return key, badItem("resourceType is missing")
	case key.ID == "":
		return key, badItem("resourceId is missing")
	}

	told := d.names.str(m.raw(t, memberAccount))
	key.Account, key.Region = told, d.names.str(m.raw(t, memberRegion))
	if !configtrail.IsAccountID(key.Account) || !isRegion(key.Region) {
		arnAccount, arnRegion := ofARN(m.str(t, memberARN))
		key.Account = firstAccount(key.Account, arnAccount, env.account, d.doc.Key.Account)
		if strings.HasPrefix(key.Type, "AWS::IAM::") {
			arnRegion = configtrail.Global // IAM has no other, wherever it is recorded
		}
		key.Region = firstRegion(key.Region, arnRegion, env.region, d.doc.Key.Region)
	}
	switch folder := d.doc.Key.Account; {
	case key.Account == "" && told != "":
		return key, &flaw{configtrail.CodeNoAccount, fmt.Sprintf("%s is no account id, and neither ARN, envelope nor key tells one", excerpt(told))}
	case key.Account == "":
		return key, &flaw{configtrail.CodeNoAccount, "neither item, ARN, envelope nor key tells the account"}
	case folder != "" && folder != key.Account:
		return key, &flaw{configtrail.CodeAccountMismatch, fmt.Sprintf("the item is of account %s, the object of account %s", key.Account, folder)}
	case key.Region == "":
		return key, &flaw{configtrail.CodeNoRegion, "neither item, ARN, envelope nor key tells the region"}
	}
	return key, nil
}

// state gives configuration and supplementary configuration in the form of S3,
// copied into memory of their own.
func state(configuration, extra []byte) (json.RawMessage, json.RawMessage) {
	if isString(configuration) {
		configuration, _ = unwrap(configuration)
		extra = unwrapValues(extra)
	}
	extra, _ = unwrap(extra)
	configuration, extra = present(configuration), present(extra)
	own := make([]byte, 0, len(configuration)+len(extra))
	own = append(append(own, configuration...), extra...)
	n := len(configuration)
	return present(own[:n:n]), present(own[n:])
}

// present is nil for a value that says that there is none.
func present(raw []byte) []byte {
	switch string(raw[:min(len(raw), 5)]) {
	case "", "null", `""`:
		return nil
	}
	return raw
}

// unwrapValues unwraps each member of an object that is a JSON string with JSON in it.
func unwrapValues(raw []byte) []byte {
	if !isObject(raw) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	out = append(out, '{')
	for name, value := range pairs(raw) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		value, _ = unwrap(value)
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}')
}

func badItem(format string, args ...any) *flaw {
	return &flaw{configtrail.CodeBadItem, fmt.Sprintf(format, args...)}
}

// shown is a value as a reason may quote it.
func shown(raw []byte) string {
	switch {
	case raw == nil:
		return "missing"
	case isString(raw):
		return excerpt(string(unquote(raw)))
	}
	return excerpt(string(bytes.ToValidUTF8(raw[:min(len(raw), 80)], nil)))
}
