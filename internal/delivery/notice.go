package delivery

import "configtrail"

// notice hands out a message that carries no state.
func (d *decoder) notice(t *text, m *members, env envelope, at int64) error {
	found := &Notice{
		Type: firstText(m.str(t, memberMessageType), m.str(t, memberS3Event), m.str(t, memberEnvelopeType), m.str(t, memberEventName)),
	}
	env = env.with(t, m)
	st, sm := t, m
	if summary := m.raw(t, memberItemSummary); isObject(summary) {
		st, sm = inner(summary)
		found.Status = configtrail.Status(sm.str(st, memberStatus))
	}
	arnAccount, arnRegion := ofARN(sm.str(st, memberARN))
	found.Resource = configtrail.ResourceKey{
		Account: firstAccount(sm.str(st, memberAccount), arnAccount, env.account, d.doc.Key.Account),
		Region:  firstRegion(sm.str(st, memberRegion), arnRegion, env.region, d.doc.Key.Region),
		Type:    sm.str(st, memberResourceType),
		ID:      sm.str(st, memberResourceID),
	}
	for _, when := range []string{sm.str(st, memberCaptureTime), m.str(t, memberMessageTime), m.str(t, memberEventTime)} {
		if time, ok := moment(when); ok {
			found.Time = time
			break
		}
	}
	dt, dm := inner(m.raw(t, memberDeliverySummary))
	found.Location = firstText(dm.str(dt, memberLocation), m.str(t, memberLocation))
	found.Failure = dm.str(dt, memberErrorCode)
	if reason := dm.str(dt, memberErrorMessage); reason != "" {
		found.Failure += ": " + reason
	}
	return d.hand(Record{Notice: found}, env, at)
}
