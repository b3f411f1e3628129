package testorg

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"configtrail"
)

// actor is an identity that calls AWS.
type actor struct {
	kind  string // userIdentity.type
	arn   string
	id    string // principalId
	role  string // name of the assumed role, or empty
	agent string
	ip    string
	by    string // invokedBy: a service that acts for it
}

// people sign in through the organisation's portal.
var people = [...]string{"sato.kenji", "suzuki.yuki", "takahashi.mei", "tanaka.hiroshi", "ito.aoi", "watanabe.ren"}

// person is one of the people, in an account.
func (w *world) person(a *account) *actor { return w.personNamed(a, people[w.rng.IntN(len(people))]) }

func (w *world) personNamed(a *account, name string) *actor {
	role := "AWSReservedSSO_PowerUser_0f1e2d3c4b5a6978"
	return &actor{
		kind: "AssumedRole", role: role, id: "AROAEXAMPLEPORTAL0001:" + name,
		arn:   "arn:aws:sts::" + a.id + ":assumed-role/" + role + "/" + name,
		agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/128.0", ip: fmt.Sprintf("203.0.113.%d", 10+len(name)),
	}
}

// pipeline is the role that deploys.
func (w *world) pipeline(a *account) *actor {
	return &actor{
		kind: "AssumedRole", role: "gh-actions-deploy", id: "AROAEXAMPLEPIPELINE01:deploy",
		arn:   "arn:aws:sts::" + a.id + ":assumed-role/gh-actions-deploy/deploy",
		agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 aws-sdk-go-v2/1.30.3", ip: "198.51.100.24",
	}
}

// through is the same identity with a service between it and the call.
func (a *actor) through(service string) *actor {
	copied := *a
	copied.by, copied.agent, copied.ip = service, service, service
	return &copied
}

// call is one CloudTrail event.
type call struct {
	id       string
	time     time.Time
	region   string
	source   string
	name     string
	actor    *actor
	params   value
	resource *resource // nil for calls about none
	err      string
	readOnly bool
}

// record makes the event of a call that changes a resource, now. A service
// that acts on its own makes none: the actor or the event's name is missing then.
func (w *world) record(r *resource, event string, by *actor) *call {
	if by == nil || event == "" {
		return nil
	}
	c := &call{name: event, source: r.template.Source, actor: by, resource: r}
	c.params = expand(r.template.params, w.filling(r), nil)
	c.region = r.key.Region
	if c.region == configtrail.Global {
		c.region = "us-east-1" // where global services report
	}
	w.log(r.home.account, c)
	return c
}

func (w *world) log(a *account, c *call) {
	c.id, c.time = w.uuid(), w.now.Truncate(time.Second)
	if c.region == "" {
		c.region = a.home.region
	}
	a.trail[c.region] = append(a.trail[c.region], c)
	if !c.readOnly {
		w.truth.Events++
		if c.err != "" {
			w.truth.Refused++
		}
	}
}

// refuse logs a call that was refused and changed nothing.
func (w *world) refuse(r *resource, event string, by *actor) {
	c := w.record(r, event, by)
	if c == nil {
		return
	}
	c.err = "AccessDenied"
	w.truth.Refused++
	w.trapped(TrapRefusedCalls)
}

// read logs a call that only reads.
func (w *world) read(a *account, region string, by *actor) {
	calls := [...][2]string{
		{"ec2.amazonaws.com", "DescribeInstances"}, {"iam.amazonaws.com", "ListRoles"}, {"kms.amazonaws.com", "DescribeKey"}, {"s3.amazonaws.com", "GetBucketPolicy"},
	}
	one := calls[w.rng.IntN(len(calls))]
	w.log(a, &call{source: one[0], name: one[1], actor: by, region: region, readOnly: true})
	w.trapped(TrapReadEvents)
}

// writeTrail writes an account's events since the last time: one file a region,
// and for the first account some of them again from a second trail.
func (w *world) writeTrail(a *account) {
	for _, region := range slices.Sorted(maps.Keys(a.trail)) {
		calls := a.trail[region]
		delete(a.trail, region)
		w.writeEvents(a, "AWSLogs/"+organisation+"/"+a.id, region, calls)
		if a.number == 0 && w.options.has(TrapTwoTrails) && w.chance(60) {
			w.writeEvents(a, "trails/local/AWSLogs/"+a.id, region, calls)
			w.trapped(TrapTwoTrails)
		}
	}
	if w.options.has(TrapDigests) && w.chance(10) {
		key := fmt.Sprintf("AWSLogs/%s/%s/CloudTrail-Digest/us-east-1/%s/%s_CloudTrail-Digest_us-east-1_org-trail_us-east-1_%s.json.gz",
			organisation, a.id, w.now.Format("2006/01/02"), a.id, w.now.Format(inName))
		w.emit(key, w.compress(fmt.Appendf(nil, `{"awsAccountId":"%s","digestStartTime":"%s","digestS3Bucket":"example","logFiles":[]}`, a.id, w.now.Format(time.RFC3339))))
		w.trapped(TrapDigests)
	}
}

func (w *world) writeEvents(a *account, prefix, region string, calls []*call) {
	text := []byte(`{"Records":[`)
	for i, c := range calls {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendValue(text, c.event(a, w.uuid()), spelling{})
	}
	text = append(text, `]}`...)
	name := w.now.Truncate(5 * time.Minute).Format("20060102T1504Z")
	key := fmt.Sprintf("%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", prefix, region, w.now.Format("2006/01/02"), a.id, region, name,
		w.text(16, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
	w.emit(key, w.compress(text))
}

// event is the record of a call as CloudTrail spells it.
func (c *call) event(a *account, requestID string) value {
	identity := &object{[]member{{"type", c.actor.kind}, {"principalId", c.actor.id}, {"arn", c.actor.arn}, {"accountId", a.id}}}
	if c.actor.role != "" {
		identity.members = append(identity.members, member{"sessionContext", &object{[]member{
			{"sessionIssuer", &object{[]member{
				{"type", "Role"}, {"principalId", c.actor.id[:21]}, {"arn", "arn:aws:iam::" + a.id + ":role/" + c.actor.role}, {"accountId", a.id}, {"userName", c.actor.role},
			}}},
			{"attributes", &object{[]member{{"creationDate", c.time.Add(-time.Hour).Format(time.RFC3339)}, {"mfaAuthenticated", "true"}}}},
		}}})
	}
	if c.actor.by != "" {
		identity.members = append(identity.members, member{"invokedBy", c.actor.by})
	}
	e := &object{[]member{
		{"eventVersion", "1.09"}, {"userIdentity", identity}, {"eventTime", c.time.Format(time.RFC3339)}, {"eventSource", c.source},
		{"eventName", c.name}, {"awsRegion", c.region}, {"sourceIPAddress", c.actor.ip}, {"userAgent", c.actor.agent},
	}}
	if c.err != "" {
		e.members = append(e.members, member{"errorCode", c.err}, member{"errorMessage", "not authorized to perform this action"})
	}
	e.members = append(e.members, member{"requestParameters", c.params}, member{"responseElements", nil}, member{"requestID", requestID}, member{"eventID", c.id}, member{"readOnly", c.readOnly})
	if c.resource != nil && c.resource.arn != "" && !c.readOnly {
		e.members = append(e.members, member{"resources", &list{[]element{{value: &object{[]member{
			{"accountId", a.id}, {"type", c.resource.key.Type}, {"ARN", c.resource.arn},
		}}}}}})
	}
	e.members = append(e.members, member{"eventType", "AwsApiCall"}, member{"managementEvent", true}, member{"recipientAccountId", a.id}, member{"eventCategory", "Management"})
	return e
}
