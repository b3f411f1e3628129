package history

import (
	"context"

	"configtrail"
)

// moment is a resource at a capture time, in microseconds since 1970.
type moment struct {
	key  configtrail.ResourceKey
	time int64
}

func momentOf(c configtrail.Change) moment { return moment{c.Key, c.Time.UnixMicro()} }

// states are the items around changes: those captured when a change showed, and
// those before it.
type states struct {
	before, after map[moment][]configtrail.ConfigurationItem
}

// around reads the items around the latest changes of some types.
func (h *History) around(ctx context.Context, w wanted, types []string) (states, error) {
	changed, err := h.changed(w, w.Window)
	if err != nil {
		return states{}, err
	}
	named := in("resource_type", types)
	seen := configtrail.Window{To: w.Window.To}
	scope := w.scope(seen)
	scope.Types = types
	s := states{map[moment][]configtrail.ConfigurationItem{}, map[moment][]configtrail.ConfigurationItem{}}
	parts := holes{
		"changed": all(changed, named), "seen": all(within("capture_time", seen), w.subject(), named), "most": value(int64(mostSteps)),
		"live": {"status NOT IN ('ResourceDeleted', 'ResourceDeletedNotRecorded', 'ResourceNotRecorded')", nil},
	}
	err = h.ask(ctx, "month_states", scope, parts, func(r *row) error {
		at := moment{r.key(), r.time().UnixMicro()}
		item := configtrail.ConfigurationItem{
			Key: at.key, CaptureTime: r.time(), ContentHash: r.text(), Status: configtrail.Status(r.text()), StateID: r.text(),
		}
		item.Configuration, item.SupplementaryConfiguration = r.raw(), r.raw()
		if item.CaptureTime.UnixMicro() == at.time {
			s.after[at] = append(s.after[at], item)
		} else if item.Status.Live() {
			s.before[at] = append(s.before[at], item)
		}
		return nil
	})
	return s, err
}

// steps puts states beside changes. Changes of which no state was read are left
// out and counted.
func (s states) steps(changes []configtrail.Change) (steps []Step, left int64) {
	for _, c := range changes {
		after, before := s.after[momentOf(c)], s.before[momentOf(c)]
		if len(after) == 0 {
			left++
			continue
		}
		steps = append(steps, Step{Change: c, Before: decisive(before), After: decisive(after)})
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
