package testorg

import (
	"time"

	"configtrail"
)

// routine puts on the agenda what repeats: history rounds every six hours,
// snapshots, trail files, and what people and services do from day to day.
func (w *world) routine() {
	for _, a := range w.accounts {
		if w.options.has(TrapWritability) {
			w.at(w.start, func() {
				w.emit(a.prefix+"/Config/ConfigWritabilityCheckFile", nil)
				w.trapped(TrapWritability)
			})
		}
		for _, p := range a.places {
			w.every(w.start.Add(w.between(5*time.Minute, 6*time.Hour)), 6*time.Hour, func() { w.round(p) })
			w.every(w.start.Add(w.between(30*time.Minute, min(p.interval, 12*time.Hour))), p.interval, func() { w.snapshot(p) })
		}
		w.every(w.start.Add(w.between(time.Hour, 6*time.Hour)), 6*time.Hour, func() { w.writeTrail(a) })
	}
	// The first day is quiet: every resource is in a snapshot before it changes.
	for day := w.start.Add(36 * time.Hour).Truncate(24 * time.Hour).Add(24 * time.Hour); day.Before(w.end); day = day.Add(24 * time.Hour) {
		w.at(day, func() { w.day(day) })
	}
}

// every does something at a time and again after each interval.
func (w *world) every(first time.Time, interval time.Duration, do func()) {
	w.at(first, func() {
		do()
		w.every(first.Add(interval), interval, do)
	})
}

// weekend reports whether people in Japan are at home.
func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// working is a random time in the office hours of Japan on a day.
func (w *world) working(day time.Time) time.Time {
	return day.Add(w.between(10*time.Minute, 9*time.Hour+30*time.Minute))
}

// day plans a day of all accounts.
func (w *world) day(day time.Time) {
	for _, a := range w.accounts {
		for _, p := range a.places {
			if len(p.resources) > 0 {
				w.dayOf(p, day)
			}
		}
		if !weekend(day) && w.chance(30) {
			w.change(w.working(day), func() { w.ordinary(w.pick(a.global), w.person(a)) })
		}
	}
}

func (w *world) dayOf(p *place, day time.Time) {
	a := p.account
	calls := w.rng.IntN(2*w.options.Changes + 1)
	if weekend(day) {
		calls = w.rng.IntN(2)
	}
	for range calls {
		w.change(w.working(day), func() { w.ordinary(w.pick(p.resources), w.person(a)) })
	}
	if !weekend(day) && w.chance(40) {
		w.change(w.working(day), func() { w.deploy(p) })
	}
	if w.chance(20) {
		w.change(day.Add(w.between(0, 22*time.Hour)), func() { w.scale(p) })
	}
	if !weekend(day) && w.chance(12) {
		w.change(w.working(day), func() { w.comeAndGo(p) })
	}
	if w.options.has(TrapNoise) {
		for range 1 + w.options.Resources/40 {
			w.change(day.Add(w.between(0, 23*time.Hour)), func() { w.noise(p) })
		}
	}
	if w.options.has(TrapReadEvents) {
		w.change(w.working(day), func() { w.read(a, p.region, w.person(a)) })
	}
	if w.options.has(TrapRefusedCalls) && w.chance(15) {
		w.change(w.working(day), func() {
			if r := w.pick(p.resources); r != nil && len(r.template.Changes) > 0 {
				w.refuse(r, r.template.Changes[0].Call, w.person(a))
			}
		})
	}
	if w.options.has(TrapRecaptured) && w.chance(20) {
		w.change(day.Add(w.between(0, 23*time.Hour)), func() { w.recapture(w.pick(p.resources)) })
	}
	if w.options.has(TrapRespaced) && w.chance(20) {
		w.change(day.Add(w.between(0, 23*time.Hour)), func() { w.respell(p) })
	}
}

// pick is a random living resource that ordinary changes happen to, or nil.
func (w *world) pick(all []*resource) *resource {
	for range 20 {
		if len(all) == 0 {
			return nil
		}
		r := all[w.rng.IntN(len(all))]
		if !r.dead && len(r.template.Changes) > 0 {
			return r
		}
	}
	return nil
}

// ordinary lets somebody change a resource, or its tags.
func (w *world) ordinary(r *resource, by *actor) {
	if r == nil {
		return
	}
	if r.template.Tags != "" && w.chance(35) {
		w.tag(r, by)
		return
	}
	w.apply(r, r.template.Changes[w.rng.IntN(len(r.template.Changes))], by)
}

// tag sets a tag of a resource, or takes one away.
func (w *world) tag(r *resource, by *actor) {
	keys := [...]string{"CostCenter", "ChangeTicket", "owner", "用途", "team/cost~center"}
	key := keys[w.rng.IntN(len(keys))]
	var to value = "CHG" + w.text(5, "0123456789")
	if key == "owner" || key == "用途" {
		to = owners[w.rng.IntN(len(owners))]
	}
	if old := at(r.state, []string{"tags", key}); old != nil && (old == to || w.chance(30)) {
		to = nil
	}
	event := "TagResource"
	if r.template.Source == "ec2.amazonaws.com" {
		event = "CreateTags"
	}
	w.alter(r, by, event, func(state value) value { return setTag(r, state, key, to) })
}

// deploy lets the pipeline update a stack, and the stack what belongs to it.
func (w *world) deploy(p *place) {
	stacks := p.alive("AWS::CloudFormation::Stack")
	if len(stacks) == 0 {
		return
	}
	by := w.pipeline(p.account)
	w.apply(stacks[w.rng.IntN(len(stacks))], stacks[0].template.Changes[0], by)
	through := by.through("cloudformation.amazonaws.com")
	functions := p.alive("AWS::Lambda::Function")
	w.rng.Shuffle(len(functions), func(i, j int) { functions[i], functions[j] = functions[j], functions[i] })
	for i, r := range functions[:min(len(functions), 1+w.rng.IntN(4))] {
		w.change(w.now.Add(time.Duration(20*(i+1))*time.Second), func() {
			for _, c := range r.template.Changes {
				if c.Deploy {
					w.apply(r, c, through)
				}
			}
		})
	}
	if templates := p.alive("AWS::EC2::LaunchTemplate"); len(templates) > 0 && w.chance(40) {
		w.change(w.now.Add(2*time.Minute), func() { w.apply(templates[0], templates[0].template.Changes[0], through) })
	}
}

// scale lets a group start an instance and stop it some hours later: an
// instance, its interface and its volume, and what other resources say about them.
func (w *world) scale(p *place) {
	by := (&actor{
		kind: "AssumedRole", role: "AWSServiceRoleForAutoScaling", id: "AROAEXAMPLESCALING001:AutoScaling",
		arn: "arn:aws:sts::" + p.account.id + ":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
	}).through("autoscaling.amazonaws.com")
	instance := w.create(w.template("AWS::EC2::Instance"), p, origin{}, by)
	eni := w.create(w.template("AWS::EC2::NetworkInterface"), p, origin{instance: instance.key.ID}, nil)
	volume := w.create(w.template("AWS::EC2::Volume"), p, origin{instance: instance.key.ID}, nil)
	if w.options.has(TrapNoise) {
		w.mirror(p, eni, 1)
	}
	w.change(w.now.Add(w.between(2*time.Hour, 9*time.Hour)), func() {
		w.delete(instance, by)
		w.delete(eni, nil)
		w.delete(volume, nil)
		if w.options.has(TrapNoise) {
			w.mirror(p, eni, -1)
		}
	})
}

// mirror shows an interface, or no longer, in the resources it belongs to.
func (w *world) mirror(p *place, eni *resource, step int64) {
	for _, subnet := range p.alive("AWS::EC2::Subnet") {
		if subnet.key.ID == p.subnet {
			w.alter(subnet, nil, "", func(state value) value {
				path := []string{"configuration", "availableIpAddressCount"}
				n, _ := at(state, path).(int64)
				return set(state, path, n-step)
			})
			w.trapped(TrapNoise)
		}
	}
	for _, group := range p.alive("AWS::EC2::SecurityGroup") {
		if group.key.ID == p.sg {
			w.alter(group, nil, "", func(state value) value {
				tie := &object{[]member{{"resourceId", eni.key.ID}, {"resourceType", eni.key.Type}, {"name", "Is associated with NetworkInterface"}}}
				if step < 0 {
					return remove(state, []string{"relationships", identity(tie)})
				}
				return set(state, []string{"relationships", identity(tie)}, tie)
			})
			w.trapped(TrapNoise)
		}
	}
}

// noise lets a service move what it moves.
func (w *world) noise(p *place) {
	var noisy []*resource
	for _, r := range p.resources {
		// Interfaces come and go in mirror, which knows when they go.
		if !r.dead && len(r.template.Noise) > 0 && r.template.Noise[0].Class != configtrail.NoiseMirroredRelationship {
			noisy = append(noisy, r)
		}
	}
	if len(noisy) == 0 {
		return
	}
	r := noisy[w.rng.IntN(len(noisy))]
	w.apply(r, templateChange{Edits: r.template.Noise[w.rng.IntN(len(r.template.Noise))].Edits}, nil)
	w.trapped(TrapNoise)
}

// comeAndGo creates a resource, which some days later is deleted.
func (w *world) comeAndGo(p *place) {
	types := [...]string{"AWS::EC2::SecurityGroup", "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::CloudWatch::Alarm"}
	by := w.person(p.account)
	r := w.create(w.template(types[w.rng.IntN(len(types))]), p, origin{}, by)
	if w.chance(60) {
		w.change(w.now.Add(w.between(20*time.Hour, 9*24*time.Hour)), func() { w.delete(r, by) })
	}
}

// recapture lets a recorder tell a state again that has not changed.
func (w *world) recapture(r *resource) {
	if r == nil || r.dirty || r.due || !r.recording() || r.current == nil || r.current.state == nil {
		return
	}
	w.deliver(w.look(r, configtrail.StatusOK))
	w.trapped(TrapRecaptured)
}

// respell lets a service give a policy back with other white space, or the rules
// of a group in another order, and a recorder capture it.
func (w *world) respell(p *place) {
	r := w.pick(p.resources)
	if r == nil || r.dead || r.due || !r.recording() || r.current == nil {
		return
	}
	before := r.state
	switch r.template.Type {
	case "AWS::S3::Bucket":
		r.state = edit(r.state, []string{"supplementaryConfiguration", "BucketPolicy", "policyText"}, respace).(*object)
	case "AWS::Lambda::Function", "AWS::KMS::Key":
		r.state = edit(r.state, []string{"supplementaryConfiguration", "Policy"}, respace).(*object)
	case "AWS::EC2::SecurityGroup":
		r.state = edit(r.state, []string{"configuration", "ipPermissions"}, reverse).(*object)
	default:
		return
	}
	if before != r.state {
		w.deliver(w.look(r, configtrail.StatusOK))
		w.trapped(TrapRespaced)
	}
}

func respace(v value) value {
	d, ok := v.(*document)
	if !ok {
		return v
	}
	copied := *d
	copied.spacing = (d.spacing + 1) % 3
	return &copied
}

func reverse(v value) value {
	l, ok := v.(*list)
	if !ok {
		return v
	}
	made := &list{make([]element, len(l.elements))}
	for i, e := range l.elements {
		made.elements[len(l.elements)-1-i] = e
	}
	return made
}
