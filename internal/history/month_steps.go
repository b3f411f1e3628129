package history

import (
	"context"
	"slices"
	"time"

	"configtrail"
)

// moment is a resource at a capture time, in microseconds since 1970.
type moment struct {
	key  configtrail.ResourceKey
	time int64
}

func momentOf(key configtrail.ResourceKey, at time.Time) moment { return moment{key, at.UnixMicro()} }

// states are the items around changes.
type states struct {
	at     map[moment][]configtrail.ConfigurationItem // by their capture
	before map[moment]configtrail.ConfigurationItem   // by the change that they stand before, where not its capture before tells
}

// around reads the items around changes: those captured when a change showed, and
// those of the capture before it, where the state lies that it is held against.
func (h *History) around(ctx context.Context, w wanted, changes []configtrail.Change) (states, error) {
	s := states{map[moment][]configtrail.ConfigurationItem{}, map[moment]configtrail.ConfigurationItem{}}
	if len(changes) == 0 {
		return s, nil
	}
	wanted := map[moment]bool{}
	var times []time.Time
	want := func(key configtrail.ResourceKey, at time.Time) {
		wanted[momentOf(key, at)] = true
		times = append(times, at)
	}
	for _, c := range changes {
		want(c.Key, c.Time)
		if held(c) && !c.After.IsZero() {
			want(c.Key, c.After)
		}
	}
	look := stateLook{changes: changes, times: times}
	if err := h.look(ctx, w, look, func(item configtrail.ConfigurationItem) {
		if at := momentOf(item.Key, item.CaptureTime); wanted[at] {
			s.at[at] = append(s.at[at], item)
		}
	}); err != nil {
		return s, err
	}
	unclear := slices.DeleteFunc(slices.Clone(changes), func(c configtrail.Change) bool {
		after := s.at[momentOf(c.Key, c.Time)]
		return len(after) == 0 || !tied(after) && (!held(c) || s.live(c) != nil)
	})
	return s, h.again(ctx, w, s, unclear)
}

// again looks at all states that the resources of changes had until then. Behind a
// time without recording the last state lies further back than the capture before;
// and of two states with one capture and one id their hashes decide.
func (h *History) again(ctx context.Context, w wanted, s states, changes []configtrail.Change) error {
	if len(changes) == 0 {
		return nil
	}
	of := map[configtrail.ResourceKey][]configtrail.Change{}
	for _, c := range changes {
		of[c.Key] = append(of[c.Key], c)
		delete(s.at, momentOf(c.Key, c.Time))
	}
	return h.look(ctx, w, stateLook{changes: changes}, func(item configtrail.ConfigurationItem) {
		for _, c := range of[item.Key] {
			at := momentOf(c.Key, c.Time)
			if item.CaptureTime.Equal(c.Time) {
				s.at[at] = append(s.at[at], item)
			}
			last, seen := s.before[at]
			if held(c) && item.Status.Live() && item.CaptureTime.Before(c.Time) &&
				(!seen || item.CaptureTime.After(last.CaptureTime) || item.CaptureTime.Equal(last.CaptureTime) && byRank(item, last) > 0) {
				s.before[at] = item
			}
		}
	})
}

// held reports whether a change is held against a state before it.
func held(c configtrail.Change) bool {
	return c.Kind == configtrail.Updated || c.Kind == configtrail.Deleted
}

// live is the state at the capture before a change; nil where there is none, or
// where it can't be told which of several counts.
func (s states) live(c configtrail.Change) *configtrail.ConfigurationItem {
	items := slices.DeleteFunc(slices.Clone(s.at[momentOf(c.Key, c.After)]), func(i configtrail.ConfigurationItem) bool { return !i.Status.Live() })
	if c.After.IsZero() || tied(items) {
		return nil
	}
	return decisive(items)
}

// steps puts states beside changes. Changes of which no state was read are left
// out and counted.
func (s states) steps(changes []configtrail.Change) (steps []Step, left int64) {
	for _, c := range changes {
		at := momentOf(c.Key, c.Time)
		after := s.at[at]
		if len(after) == 0 {
			left++
			continue
		}
		step := Step{Change: c, After: decisive(after)}
		if last, looked := s.before[at]; looked {
			step.Before = &last
		} else if held(c) {
			step.Before = s.live(c)
		}
		steps = append(steps, step)
	}
	return steps, left
}

// decisive is the item of one capture time that counts; nil of none.
func decisive(items []configtrail.ConfigurationItem) *configtrail.ConfigurationItem {
	var most *configtrail.ConfigurationItem
	for i := range items {
		if most == nil || byRank(items[i], *most) > 0 {
			most = &items[i]
		}
	}
	return most
}

// tied reports whether more than the ids of states tells which of several items
// counts, and whether that matters.
func tied(items []configtrail.ConfigurationItem) bool {
	most := decisive(items)
	return slices.ContainsFunc(items, func(other configtrail.ConfigurationItem) bool {
		return decimal(other.StateID) == decimal(most.StateID) && other.ContentHash == most.ContentHash &&
			(string(other.Configuration) != string(most.Configuration) || string(other.SupplementaryConfiguration) != string(most.SupplementaryConfiguration))
	})
}
