package testorg

import (
	"slices"
	"time"

	"configtrail"
)

// form is what is particular to one item, in whichever object it stands.
type form struct {
	spelling
	noAccount bool // without awsAccountId
	noRegion  bool // without awsRegion
	old       bool // the names of 2014
}

// touch notes that something happened to a resource, and sees to it that a
// recorder looks at it: within a quarter of an hour, or at the end of the day.
// What happens in between is seen at once.
func (w *world) touch(r *resource, c *call) {
	r.dirty = true
	if c != nil {
		r.calls = append(r.calls, c)
	}
	if r.due {
		return
	}
	r.due = true
	look := w.now.Add(w.between(6*time.Second, 95*time.Second))
	if w.chance(8) {
		look = w.now.Add(w.between(2*time.Minute, 13*time.Minute))
	}
	if r.home.daily[r.template.Type] {
		look = w.now.Truncate(24 * time.Hour).Add(24*time.Hour + w.between(5*time.Minute, 40*time.Minute))
		w.trapped(TrapDaily)
	}
	w.at(look, func() { w.capture(r) })
}

// recording reports whether any recorder sees a resource.
func (r *resource) recording() bool {
	return slices.ContainsFunc(r.places, func(p *place) bool { return p.on && !p.excluded[r.template.Type] })
}

// capture lets the recorders look at a resource, if they are on. A resource
// that came and went between two looks is never seen.
func (w *world) capture(r *resource) {
	r.due = false
	if !r.dirty || !r.recording() || r.dead && r.unseen {
		return
	}
	status := configtrail.StatusOK
	switch {
	case r.dead:
		status = configtrail.StatusResourceDeleted
	case r.unseen || w.chance(50):
		status = configtrail.StatusResourceDiscovered
	}
	c := w.look(r, status)
	if w.options.has(TrapTwoStates) && c.state != nil && r.template.Tags != "" && w.chance(1) {
		earlier := *c
		earlier.stateID--
		earlier.state = setTag(r, c.state, "interim", "provisioning").(*object)
		c.earlier = &earlier
		w.trapped(TrapTwoStates)
	}
	w.deliver(c)
}

// look captures a resource at the present moment.
func (w *world) look(r *resource, status configtrail.Status) *capture {
	now := w.now.Truncate(time.Millisecond)
	if !now.After(r.captured) {
		now = r.captured.Add(time.Millisecond)
	}
	c := &capture{resource: r, time: now, status: status, stateID: now.UnixMilli(), name: r.name}
	if status.Live() {
		c.state = r.state
		if r.template.Created {
			c.created = r.created
		}
		r.unseen = false
	} else if r.template.Type == "AWS::SQS::Queue" {
		c.name = r.key.ID // Config names deleted queues by their URL
	}
	if !status.NotRecorded() {
		c.calls, r.calls, r.dirty = r.calls, nil, false
	}
	c.form = w.chooseForm(c)
	if r.current != nil {
		r.current.inSnapshot = nil
	}
	r.captured, r.current = now, c
	return c
}

// chooseForm decides how an item is written wherever it stands.
func (w *world) chooseForm(c *capture) form {
	var f form
	r := c.resource
	f.gson = r.home.account.number%2 == 0
	if w.options.has(TrapRepeatedKeys) && c.state != nil && w.chance(4) {
		f.repeat = true
		w.trapped(TrapRepeatedKeys)
	}
	if r.key.Region == configtrail.Global {
		return f // nothing but the item itself tells that it is global
	}
	if w.options.has(TrapMissingIdentity) && w.chance(3) {
		f.noAccount = true
		f.noRegion = w.chance(50)
		w.trapped(TrapMissingIdentity)
	}
	if w.options.has(TrapOldSpelling) && w.chance(2) {
		f.old = true
		w.trapped(TrapOldSpelling)
	}
	return f
}

// deliver puts a capture into the next history round of every recorder that
// made it. Large items of the inventory are not in history: they have an object of their own.
func (w *world) deliver(c *capture) {
	r := c.resource
	r.history.waiting = append(r.history.waiting, c)
	w.settle(r) // the one before may be certain now
	if r.template.Wholly == configtrail.NoiseInventory && c.status.Live() && w.options.has(TrapOversized) && w.chance(70) {
		w.writeOversized(r.home, c)
		w.trapped(TrapOversized)
		return
	}
	for _, p := range r.places {
		if !p.on || p.excluded[r.template.Type] && c.status.Live() {
			continue
		}
		p.buffers[r.template.Type] = append(p.buffers[r.template.Type], c)
		c.outstanding++
	}
	if len(r.places) > 1 {
		w.trapped(TrapGlobalTwice)
	}
	if w.options.has(TrapOversizedSummary) && c.status.Live() && r.template.Type == "AWS::CloudFormation::Stack" && w.chance(4) {
		w.writeOversizedSummary(r.home, c)
		w.trapped(TrapOversizedSummary)
	}
}

// stop switches a recorder off; what it has seen is still delivered.
func (w *world) stop(p *place) {
	w.round(p)
	p.on = false
}

// restart switches a recorder on again. It then looks at everything, and
// finds what happened meanwhile.
func (w *world) restart(p *place) {
	p.on = true
	p.gapFrom = p.written
	for _, all := range [][]*resource{p.resources, p.globals()} {
		for _, r := range all {
			if r.dirty && !r.due {
				r.due = true
				w.at(w.now.Add(w.between(time.Minute, 4*time.Minute)), func() { w.capture(r) })
			}
		}
	}
}

// exclude takes a type out of what a recorder records: one last item of each
// resource says so.
func (w *world) exclude(p *place, resourceType string) {
	p.excluded[resourceType] = true
	for _, r := range p.alive(resourceType) {
		if r.current != nil {
			w.deliver(w.look(r, configtrail.StatusResourceNotRecorded))
			w.trapped(TrapExcludedType)
		}
	}
}

// include records a type again, or for the first time.
func (w *world) include(p *place, resourceType string) {
	delete(p.excluded, resourceType)
	for i, r := range p.alive(resourceType) {
		w.at(w.now.Add(time.Duration(10+3*i)*time.Second), func() {
			if r.dead {
				return
			}
			status := configtrail.StatusOK
			if r.unseen {
				status = configtrail.StatusResourceDiscovered
			}
			w.deliver(w.look(r, status))
		})
	}
}
