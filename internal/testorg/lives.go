package testorg

import (
	"time"

	"configtrail"
)

// monthEnds lets things happen in the evening before each month, when it is
// next month in Tokyo already.
func (w *world) monthEnds() {
	for m := range w.options.Months {
		next := w.options.Start.Add(m + 1).Window(time.UTC).From
		for i, a := range w.accounts {
			w.change(next.Add(-time.Duration(1+i%8)*time.Hour), func() {
				w.ordinary(w.pick(a.places[0].resources), w.pipeline(a))
				w.trapped(TrapMonthEnd)
			})
		}
	}
}

// hostile names alarms, and values of tags, for attacks. Half of the alarms are
// old, the others are made in the first weeks.
func (w *world) hostile() {
	alarm := w.template("AWS::CloudWatch::Alarm")
	for i, name := range HostileNames() {
		p := w.accounts[i%len(w.accounts)].places[0]
		w.trapped(TrapHostileNames)
		if i%2 == 0 {
			w.preexist(w.build(alarm, p, origin{name: name}))
		} else {
			w.change(w.start.Add(72*time.Hour+w.between(0, 20*24*time.Hour)), func() {
				w.create(alarm, p, origin{name: name}, w.person(p.account))
			})
		}
		w.change(w.part(40).Add(w.between(0, 9*24*time.Hour)), func() {
			groups := p.alive("AWS::EC2::SecurityGroup")
			if len(groups) == 0 {
				return
			}
			r := groups[i%len(groups)]
			w.alter(r, w.person(p.account), "CreateTags", func(state value) value { return setTag(r, state, "Note", name) })
		})
	}
}

// lives are the resources whose lives are told oddly.
func (w *world) lives() {
	n := len(w.accounts)
	region := func(i int) *place { return w.accounts[i%n].places[0] }
	plan := func(trap Trap, p *place, t time.Time, do func(by *actor) bool) {
		if !w.options.has(trap) {
			return
		}
		w.change(t, func() {
			if do(w.person(p.account)) {
				w.trapped(trap)
			}
		})
	}
	one := func(p *place, resourceType string) *resource {
		all := p.alive(resourceType)
		if len(all) == 0 {
			return nil
		}
		return all[0]
	}
	for i, percent := range []int{12, 44, 82} {
		day := workday(w.part(percent)).Add(3 * time.Hour)
		p := region(i)
		plan(TrapRecreated, p, day, func(by *actor) bool {
			r := one(p, "AWS::DynamoDB::Table")
			if r == nil {
				return false
			}
			w.delete(r, by)
			w.change(w.now.Add(50*time.Hour), func() {
				r.state = set(r.state, segments("/configuration/tableId"), w.uuid()).(*object)
				w.revive(r, by)
			})
			return true
		})
		plan(TrapDeletedTwice, p, day.Add(time.Hour), func(by *actor) bool {
			r := w.create(w.template("AWS::Lambda::Function"), p, origin{}, by)
			w.change(w.now.Add(5*time.Hour), func() { w.delete(r, by) })
			w.change(w.now.Add(32*time.Hour), func() {
				if r.recording() && !r.dirty && r.current != nil {
					w.deliver(w.look(r, configtrail.StatusResourceDeleted))
				}
			})
			return true
		})
		plan(TrapFirstDeleted, p, day.Add(2*time.Hour), func(by *actor) bool {
			r := w.build(w.template("AWS::S3::Bucket"), p, origin{})
			w.put(r)
			w.delete(r, by)
			w.deliver(w.look(r, configtrail.StatusResourceDeleted))
			return true
		})
		plan(TrapOldCreation, p, day.Add(3*time.Hour), func(*actor) bool {
			w.create(w.template("AWS::SecretsManager::Secret"), p, origin{created: w.now.Add(-12 * 24 * time.Hour)}, nil)
			return true
		})
		plan(TrapDeletedState, p, day.Add(4*time.Hour), func(by *actor) bool {
			r := one(p, "AWS::EC2::NatGateway")
			if r == nil {
				return false
			}
			state := func(text string) func(value) value {
				return func(v value) value { return set(v, segments("/configuration/state"), text) }
			}
			w.alter(r, by, "DeleteNatGateway", state("deleting"))
			w.change(w.now.Add(16*time.Minute), func() { w.alter(r, nil, "", state("deleted")) })
			w.change(w.now.Add(80*time.Minute), func() { w.delete(r, nil) })
			w.change(w.now.Add(30*time.Hour), func() { w.create(r.template, p, origin{}, by) })
			return true
		})
		plan(TrapReverted, p, day.Add(150*time.Minute), func(by *actor) bool {
			r := one(p, "AWS::CloudWatch::Alarm")
			if r == nil {
				return false
			}
			path := segments("/configuration/threshold")
			old := at(r.state, path)
			w.alter(r, by, "PutMetricAlarm", func(v value) value { return set(v, path, number("91.25")) })
			w.change(w.now.Add(2*time.Hour), func() {
				w.alter(r, by, "PutMetricAlarm", func(v value) value { return set(v, path, old) })
			})
			return true
		})
		plan(TrapSecrets, region(i+1), day.Add(80*time.Minute), func(by *actor) bool {
			r := one(region(i+1), "AWS::Lambda::Function")
			if r == nil {
				return false
			}
			w.alter(r, by, "UpdateFunctionConfiguration20150331v2", func(v value) value {
				return set(v, segments("/configuration/environment/variables/DB_PASSWORD"), w.secret())
			})
			return true
		})
	}
	for i, percent := range []int{22, 38, 58, 68, 77, 85} { // what lost finds
		p := region(3)
		for j := range 3 {
			w.change(workday(w.part(percent)).Add(time.Duration(2+i)*time.Hour+time.Duration(j)*25*time.Minute), func() {
				if r := one(p, "AWS::EC2::SecurityGroup"); r != nil {
					w.apply(r, r.template.Changes[j%2], w.pipeline(p.account))
				}
			})
		}
	}
}

// strays are documents outside any account's folder.
func (w *world) strays() {
	for i, trap := range []Trap{TrapNoAccount, TrapNoRegion} {
		if !w.options.has(trap) {
			continue
		}
		w.at(w.part(50+i), func() {
			for _, r := range w.accounts[0].places[0].alive("AWS::EC2::SecurityGroup") {
				if w.truth.Trapped[trap] == 0 {
					w.stray(r, trap)
				}
			}
		})
	}
}

// plantDamages decides what happens to which history objects.
func (w *world) plantDamages() {
	n := len(w.accounts)
	for _, d := range []struct {
		trap    Trap
		percent int
		account int
		items   int
		strike  func(*world, *shipment)
	}{
		{TrapTruncated, 15, 1, 2, strikeTruncated},
		{TrapInvalidJSON, 24, 0, 2, strikeInvalid}, // while the account is copied
		{TrapLate, 35, 3, 1, strikeLate},
		{TrapEmptyObject, 41, 3, 1, strikeEmpty},
		{TrapBadMembers, 45, 0, 1, strikeMembers},
		{TrapTruncatedLost, 50, 4, 2, strikeTruncatedLost},
		{TrapAccountMismatch, 55, 1, 1, strikeMismatch},
		{TrapUnknownShape, 60, 2, 1, strikeUnknown},
		{TrapSnapshotOnly, 65, 1, 2, strikeLost},
		{TrapLost, 67, 3, 1, strikeLost},
		{TrapTruncated, 72, 4, 2, strikeTruncated},
		{TrapLate, 80, 4, 1, strikeLate},
	} {
		if w.options.has(d.trap) {
			w.damages = append(w.damages, &damage{
				trap: d.trap, after: w.part(d.percent), account: d.account % n, items: d.items, superseded: d.trap == TrapLost, strike: d.strike,
			})
		}
	}
}
