package testorg

import (
	"slices"
	"time"

	"configtrail"
)

// story puts on the agenda what makes the months worth reading, and the traps
// that need a place and a time.
func (w *world) story() {
	n := len(w.accounts)
	last := w.options.Start.Add(w.options.Months - 1).Window(time.UTC).From
	w.incident(w.accounts[0].places[0], workday(last.AddDate(0, 0, 11)))
	w.publicBucket(w.accounts[3%n].places[0], workday(last.AddDate(0, 0, 17)))
	w.massDeletion(w.accounts[4%n].places[0], last.AddDate(0, 0, 19).Add(17*time.Hour+20*time.Minute))
	if w.options.has(TrapRecorderGap) {
		w.recorderGap(w.accounts[2%n].places[0], last.AddDate(0, 0, 6).Add(2*time.Hour))
	}
	if w.options.has(TrapScopeChange) && n > 1 {
		w.scopeChange(w.accounts[n-1], workday(w.part(33)))
	}
	if w.options.has(TrapExcludedType) {
		w.exclusion(w.accounts[1%n].places[0])
	}
	if w.options.has(TrapDaily) {
		places := w.accounts[3%n].places
		daily := places[min(1, len(places)-1)]
		daily.daily["AWS::Lambda::Function"], daily.daily["AWS::EC2::LaunchTemplate"] = true, true
	}
	if w.options.has(TrapMonthEnd) {
		w.monthEnds()
	}
	if w.options.has(TrapHostileNames) {
		w.hostile()
	}
	w.lives()
	w.strays()
	w.plantDamages()
}

// part is a time so many percent into the months.
func (w *world) part(percent int) time.Time {
	return w.start.Add(w.end.Sub(w.start) * time.Duration(percent) / 100).Truncate(time.Hour)
}

// workday is the day, or the next Monday.
func workday(day time.Time) time.Time {
	day = day.Truncate(24 * time.Hour)
	for weekend(day) {
		day = day.Add(24 * time.Hour)
	}
	return day
}

// open22 is a rule that lets the world in.
func open22() *object {
	return &object{[]member{
		{"fromPort", int64(22)}, {"ipProtocol", "tcp"}, {"ipv6Ranges", &list{}}, {"prefixListIds", &list{}}, {"toPort", int64(22)}, {"userIdGroupPairs", &list{}},
		{"ipv4Ranges", &list{[]element{{"world", &object{[]member{{"cidrIp", "0.0.0.0/0"}, {"description", "temporary"}}}}}}},
		{"ipRanges", &list{[]element{{"0.0.0.0/0", "0.0.0.0/0"}}}},
	}}
}

// incident is an hour in which somebody tries many things. One of them opens
// SSH to the world for forty minutes.
func (w *world) incident(p *place, day time.Time) {
	start := day.Add(4*time.Hour + 55*time.Minute)
	by := w.personNamed(p.account, "tanaka.hiroshi")
	group := func(i int) *resource {
		groups := p.alive("AWS::EC2::SecurityGroup")
		return groups[i%len(groups)]
	}
	for i := range 16 {
		w.change(start.Add(time.Duration(i)*4*time.Minute+w.between(0, time.Minute)), func() {
			r := group(i + 1)
			w.apply(r, r.template.Changes[i%2], by)
		})
	}
	path := append(segments("/configuration/ipPermissions"), "open22")
	w.change(start.Add(10*time.Minute), func() {
		r := group(0)
		w.alter(r, by, "AuthorizeSecurityGroupIngress", func(state value) value { return set(state, path, open22()) })
		w.change(w.now.Add(40*time.Minute), func() {
			w.alter(r, by, "RevokeSecurityGroupIngress", func(state value) value { return remove(state, path) })
		})
	})
	roles := p.account.global
	if len(roles) > 0 {
		admin := &object{[]member{{"policyName", "AdministratorAccess"}, {"policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}}}
		w.change(start.Add(25*time.Minute), func() {
			w.alter(roles[0], by, "AttachRolePolicy", func(state value) value {
				return set(state, append(segments("/configuration/attachedManagedPolicies"), identity(admin)), admin)
			})
		})
	}
	validate := func(on bool) func() {
		return func() {
			for _, trail := range p.alive("AWS::CloudTrail::Trail") {
				w.alter(trail, by, "UpdateTrail", func(state value) value {
					return set(state, segments("/configuration/logFileValidationEnabled"), on)
				})
			}
		}
	}
	w.change(start.Add(30*time.Minute), validate(false))
	w.change(start.Add(95*time.Minute), validate(true))
}

// publicBucket is a bucket that is open to everybody for a day.
func (w *world) publicBucket(p *place, day time.Time) {
	by := w.personNamed(p.account, "ito.aoi")
	block := "/supplementaryConfiguration/PublicAccessBlockConfiguration/"
	statement := append(segments("/supplementaryConfiguration/BucketPolicy/policyText/Statement"), "PublicRead")
	grant := &object{[]member{{"grantee", "AllUsers"}, {"permission", "Read"}}}
	grants := append(segments("/supplementaryConfiguration/AccessControlList/grantList"), identity(grant))
	opened := func(open bool) {
		buckets := p.alive("AWS::S3::Bucket")
		if len(buckets) == 0 {
			return
		}
		r := buckets[0]
		w.alter(r, by, "PutBucketPublicAccessBlock", func(state value) value {
			for _, name := range []string{"blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"} {
				state = set(state, segments(block+name), !open)
			}
			return state
		})
		w.change(w.now.Add(20*time.Minute), func() {
			w.alter(r, by, "PutBucketPolicy", func(state value) value {
				if !open {
					return remove(remove(state, statement), grants)
				}
				state = set(state, grants, grant)
				return set(state, statement, &object{[]member{
					{"Sid", "PublicRead"}, {"Effect", "Allow"}, {"Principal", "*"}, {"Action", "s3:GetObject"}, {"Resource", r.arn + "/*"},
				}})
			})
		})
	}
	w.change(day.Add(7*time.Hour), func() { opened(true) })
	w.change(day.Add(26*time.Hour), func() { opened(false) })
}

// massDeletion is a night in which a role deletes most of what a region holds.
func (w *world) massDeletion(p *place, start time.Time) {
	by := w.personNamed(p.account, "watanabe.ren")
	by.ip = "192.0.2.201"
	w.change(start, func() {
		types := []string{"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SecretsManager::Secret", "AWS::EC2::Volume"}
		var doomed []*resource
		for _, t := range types {
			doomed = append(doomed, p.alive(t)...)
		}
		for _, r := range p.alive("AWS::Config::ResourceCompliance") {
			if slices.Contains(doomed, r.origin.target) {
				doomed = append(doomed, r)
			}
		}
		for i, r := range doomed[:min(len(doomed), 40)] {
			w.change(start.Add(time.Duration(i)*35*time.Second), func() { w.delete(r, by) })
		}
	})
}

// recorder is a place's own resource.
func (p *place) recorder() *resource { return p.alive("AWS::Config::ConfigurationRecorder")[0] }

// recorderGap switches a recorder off for more than two days, while work goes on.
func (w *world) recorderGap(p *place, start time.Time) {
	by := w.personNamed(p.account, "sato.kenji")
	recording := func(on bool) func(value) value {
		return func(state value) value { return set(state, segments("/configuration/Recording"), on) }
	}
	w.change(start, func() {
		w.alter(p.recorder(), by, "StopConfigurationRecorder", recording(false))
		w.at(w.now.Add(14*time.Minute), func() { w.stop(p) })
	})
	w.change(start.Add(52*time.Hour), func() {
		w.restart(p)
		w.alter(p.recorder(), by, "StartConfigurationRecorder", recording(true))
	})
}

// scopeChange lets an account record IAM only from a day on.
func (w *world) scopeChange(a *account, day time.Time) {
	var types []string
	for _, t := range w.templates {
		if t.Global {
			types = append(types, t.Type)
			a.home.excluded[t.Type] = true
		}
	}
	slices.Sort(types)
	for _, r := range a.global { // nobody has seen them yet
		r.history.waiting, r.current, r.unseen, r.captured = nil, nil, true, time.Time{}
	}
	w.change(day.Add(3*time.Hour), func() {
		for _, t := range types {
			w.include(a.home, t)
		}
		w.trapped(TrapScopeChange)
		w.truth.Gaps = append(w.truth.Gaps, configtrail.Gap{
			Account: a.id, Region: configtrail.Global, Types: types, To: w.now, Reason: configtrail.GapScope, // From: tellPlaces
		})
	})
}

// exclusion takes queues out of what is recorded, for a third of the time. One
// is deleted meanwhile, and one changes.
func (w *world) exclusion(p *place) {
	const queue = "AWS::SQS::Queue"
	by := w.personNamed(p.account, "suzuki.yuki")
	path := append(segments("/configuration/RecordingGroup/ExclusionByResourceTypes/ResourceTypes"), `"`+queue+`"`)
	from, to := workday(w.part(25)).Add(5*time.Hour), workday(w.part(60)).Add(5*time.Hour)
	w.change(from, func() {
		w.alter(p.recorder(), by, "PutConfigurationRecorder", func(state value) value { return set(state, path, queue) })
		w.exclude(p, queue)
	})
	w.change(from.Add(30*time.Hour), func() {
		if queues := p.alive(queue); len(queues) > 0 {
			w.apply(queues[0], queues[0].template.Changes[0], by)
		}
	})
	if w.options.has(TrapDeletedUnrecorded) {
		w.change(from.Add(70*time.Hour), func() {
			if queues := p.alive(queue); len(queues) > 1 {
				w.delete(queues[1], by)
				w.deliver(w.look(queues[1], configtrail.StatusResourceDeletedNotRecorded))
				w.trapped(TrapDeletedUnrecorded)
			}
		})
	}
	w.change(to, func() {
		w.alter(p.recorder(), by, "PutConfigurationRecorder", func(state value) value { return remove(state, path) })
		w.include(p, queue)
	})
	w.truth.Gaps = append(w.truth.Gaps, configtrail.Gap{
		Account: p.account.id, Region: p.region, Types: []string{queue}, From: from, To: to, Reason: configtrail.GapExcluded,
	})
}

// tellPlaces completes the gaps by what is known only in the end.
func (w *world) tellPlaces() {
	for i, g := range w.truth.Gaps {
		if g.Reason == configtrail.GapScope {
			w.truth.Gaps[i].From = w.firstWritten(configtrail.ResourceKey{Account: g.Account, Region: configtrail.Global})
		}
	}
}
