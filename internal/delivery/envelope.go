package delivery

import (
	"strings"

	"configtrail"
)

// envelope is what surrounds an item: it fills an account or region that the
// item itself lacks.
type envelope struct {
	account, region string

	listed bool  // inside a list
	wraps  int   // how many messages surround it
	anchor int64 // where the outermost of them begins; none outside of any
}

// place is an offset in the outermost document.
func (e envelope) place(at int64) int64 {
	if e.anchor != none {
		return e.anchor
	}
	return at
}

// within is the envelope of what is wrapped in an element that begins at an offset.
func (e envelope) within(at int64) envelope {
	e.anchor = e.place(at)
	e.wraps++
	return e
}

// with adds what an object tells of the account and region its contents belong
// to. The account of an SNS topic is left out: a topic in a central account
// carries the changes of many. Its region is that of the recorder.
func (e envelope) with(t *text, m *members) envelope {
	_, topicRegion := ofARN(m.str(t, memberTopicARN))
	subjectAccount, subjectRegion := ofSubject(m.str(t, memberSubject))
	_, ruleRegion := ofARN(m.str(t, memberRuleARN))
	e.account = firstAccount(m.str(t, memberEnvelopeAccount), m.str(t, memberAccount), subjectAccount, e.account)
	e.region = firstRegion(m.str(t, memberEnvelopeRegion), m.str(t, memberRegion), subjectRegion, topicRegion, ruleRegion, e.region)
	return e
}

// ofARN gives account and region of an ARN, each "" where it has none.
func ofARN(arn string) (account, region string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return "", ""
	}
	return firstAccount(parts[4]), firstRegion(parts[3])
}

// ofSubject reads "[AWS Config:us-east-2] … in Account 123456789012", which SNS
// cuts at 100 characters.
func ofSubject(subject string) (account, region string) {
	if rest, ok := strings.CutPrefix(subject, "[AWS Config:"); ok {
		region, _, _ = strings.Cut(rest, "]")
	}
	if i := strings.LastIndex(subject, " Account "); i >= 0 {
		account, _, _ = strings.Cut(subject[i+len(" Account "):], " ")
	}
	return account, region
}

func firstAccount(candidates ...string) string {
	for _, candidate := range candidates {
		if configtrail.IsAccountID(candidate) {
			return candidate
		}
	}
	return ""
}

func firstRegion(candidates ...string) string {
	for _, candidate := range candidates {
		if isRegion(candidate) {
			return candidate
		}
	}
	return ""
}

// isRegion reports whether text is "global" or has the form of a region's name,
// such as us-gov-west-1: lower-case words and digits with two hyphens or more.
// It asks for no known name, so that a region of next year is one too.
func isRegion(text string) bool {
	if text == configtrail.Global {
		return true
	}
	if len(text) > 40 || strings.Count(text, "-") < 2 || strings.HasPrefix(text, "-") || strings.HasSuffix(text, "-") {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// classify tells an object by its members and hands out what it holds.
func (d *decoder) classify(t *text, m *members, env envelope, at int64) error {
	envelopeOf := m.str(t, memberEnvelopeType)
	switch {
	case m.raw(t, memberItem) != nil:
		return d.changed(t, m, env, at)
	case m.raw(t, memberItemSummary) != nil:
		return d.notice(t, m, env, at)
	case m.raw(t, memberDetail) != nil:
		return d.wrapped(m.raw(t, memberDetail), env.with(t, m).within(at))
	case isString(m.raw(t, memberInvokingEvent)):
		return d.wrapped(unquote(m.raw(t, memberInvokingEvent)), env.with(t, m).within(at))
	case m.raw(t, memberMessage) != nil && (envelopeOf == "Notification" || envelopeOf == ""):
		return d.message(m.raw(t, memberMessage), env.with(t, m).within(at))
	case isString(m.raw(t, memberBody)):
		return d.wrapped(unquote(m.raw(t, memberBody)), env.within(at))
	case isObject(m.raw(t, memberSnsRecord)):
		return d.wrapped(m.raw(t, memberSnsRecord), env.within(at))
	case m.has(memberEventID), m.has(memberEventName):
		return d.event(t, m, env, at)
	case m.has(memberMessageType), envelopeOf != "", m.str(t, memberS3Event) != "":
		return d.notice(t, m, env, at)
	case m.has(memberResourceType), m.has(memberResourceID), m.has(memberCaptureTime), m.has(memberStatus):
		return d.item(t, m, env, at)
	case !m.any:
		return d.refuse(env, at, configtrail.CodeEmpty, "an empty object")
	}
	return d.refuse(env, at, configtrail.CodeUnknownShape, "an object of no known form")
}

// message walks the Message of an SNS envelope: a string, an object in some documents.
func (d *decoder) message(raw []byte, env envelope) error {
	if isString(raw) {
		raw = unquote(raw)
	}
	return d.wrapped(raw, env)
}

// changed hands out the item of a change notification, or the items of one from 2014.
func (d *decoder) changed(t *text, m *members, env envelope, at int64) error {
	raw := m.raw(t, memberItem)
	env = env.with(t, m)
	if !isList(raw) {
		return d.one(raw, env, at)
	}
	env.listed = true
	for value := range elements(raw) {
		if err := d.one(value, env, at); err != nil {
			return err
		}
	}
	return nil
}

// one hands out the item of a message whose place is that of the message.
func (d *decoder) one(raw []byte, env envelope, at int64) error {
	if !isObject(raw) {
		env.listed = true
		return d.refuse(env, at, configtrail.CodeBadItem, kindOf(raw)+" stands where an item should")
	}
	t, m := inner(raw)
	return d.item(t, m, env.at(at), 0)
}

// at is an envelope whose contents have the place of the envelope.
func (e envelope) at(offset int64) envelope {
	e.anchor = e.place(offset)
	return e
}
