package report

import (
	"time"

	"configtrail"
	"configtrail/internal/history"
)

// look is what a report keeps of the changes of a month while they pass, in the
// order of time. Its zero value is ready.
type look struct {
	main     ranking
	recorder []configtrail.Change
	deleted  map[deletionGroup]configtrail.Change // the first of each
	came     map[configtrail.ResourceKey]bool     // resources that came back
	first    []configtrail.Change                 // of those, the first few

	// Of each change of a month that is seen whole, when it was and what others
	// may have in common with it: which days are of interest is known only later.
	passed []passed
	traits []trait
	number map[trait]int32 // of each of traits
}

type passed struct {
	at     time.Time
	traits []int32
}

// add looks at one change.
func (l *look) add(c configtrail.Change) {
	l.main.add(c)
	if c.Key.Type == recorderType {
		l.recorder = append(l.recorder, c)
	}
	switch c.Kind {
	case configtrail.Deleted:
		if l.deleted == nil {
			l.deleted = map[deletionGroup]configtrail.Change{}
		}
		group := deletionGroup{c.Time.Format(time.DateOnly), c.Key.Account, c.Key.Type}
		if _, seen := l.deleted[group]; !seen {
			l.deleted[group] = c
		}
	case configtrail.Recreated:
		if l.came == nil {
			l.came = map[configtrail.ResourceKey]bool{}
		}
		if !l.came[c.Key] && len(l.came) < recreatedAtMost {
			l.first = append(l.first, c)
		}
		l.came[c.Key] = true
	}
	if len(l.passed) < history.WholeMonth {
		l.pass(c)
	}
}

func (l *look) pass(c configtrail.Change) {
	if l.number == nil {
		l.number = map[trait]int32{}
	}
	one := passed{at: c.Time}
	for _, t := range traitsOf(c) {
		n, known := l.number[t]
		if !known {
			n = int32(len(l.traits))
			l.traits, l.number[t] = append(l.traits, t), n
		}
		one.traits = append(one.traits, n)
	}
	l.passed = append(l.passed, one)
}

// look takes over what was seen: what a reader should see first, the changes of
// recorders, the resources that came back, however often each did, and what the
// changes of the busiest days have in common.
func (f *facts) look(seen *look, month *history.Month) {
	if f.Totals.Changes == 0 {
		return
	}
	f.Recorder = seen.recorder
	f.Recreated = recreated{int64(len(seen.came)), seen.first}
	f.Crowd = crowded(f.Day, f.Totals.Changes)
	f.Crowd.Common, f.Crowd.Sharing = f.common(seen, month).most(f.Crowd.N)
	f.Main = seen.main.best()
	f.Deletions.One = seen.deleted[deletionGroup{f.Deletions.Day, f.Deletions.Account, f.Deletions.Type}]
	if f.mass() {
		f.Main = f.withDeletion(f.Main)
	}
}

// common counts what the changes of the busiest days share; of a month that was
// not seen whole, their types only.
func (f *facts) common(seen *look, month *history.Month) traits {
	all := traits{}
	if len(f.Crowd.Days) == 0 {
		return all
	}
	if month.Narrowed {
		for _, h := range month.Hours {
			if h.Noise == configtrail.NoiseNone && f.Crowd.holds(h.Hour.In(f.Zone).Format(time.DateOnly)) {
				all[trait{resourceType: h.Type}] += h.Changes
			}
		}
		return all
	}
	for _, p := range seen.passed {
		if f.Crowd.holds(p.at.In(f.Zone).Format(time.DateOnly)) {
			for _, n := range p.traits {
				all[seen.traits[n]]++
			}
		}
	}
	return all
}
