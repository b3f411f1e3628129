package testorg

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// capture is one configuration item: what a recorder saw of a resource.
type capture struct {
	resource *resource
	time     time.Time
	status   configtrail.Status
	stateID  int64
	state    *object // nil where the item carries no state
	name     string
	created  time.Time // resourceCreationTime; zero where the item has none
	calls    []*call   // what happened since the capture before
	form     form
	earlier  *capture // another state at the same capture time, which does not count

	outstanding int  // objects still to come that hold it
	visible     bool // some readable object holds it
	inSnapshot  []byte
}

// history is what a reader knows of one resource so far. Captures are settled in
// order, each as soon as it is certain whether any object will ever hold it.
type history struct {
	waiting []*capture

	first     *capture // the first visible item
	last      time.Time
	dead      bool
	lastState *object // of the last item that had one
	calls     []*call // of invisible captures since the last visible one
}

// settle takes the captures whose visibility is certain and notes what they tell.
// At the end of the simulation nothing is delivered any more, so all are certain.
func (w *world) settle(r *resource) {
	h := &r.history
	for len(h.waiting) > 0 {
		c := h.waiting[0]
		superseded := len(h.waiting) > 1 || w.ended
		switch {
		case c.visible:
			w.tellCapture(h, c)
		case c.outstanding == 0 && superseded:
			h.calls = append(h.calls, c.calls...)
			w.truth.Lost = append(w.truth.Lost, Captured{r.key, c.time})
			w.trapped(TrapLost)
		default:
			return
		}
		h.waiting = h.waiting[1:]
	}
}

// tellCapture adds what one visible item tells to the truth.
func (w *world) tellCapture(h *history, c *capture) {
	change := Change{Key: c.resource.key, Time: c.time, After: h.last, Noise: c.resource.template.Wholly}
	isFirst := h.first == nil
	if isFirst {
		h.first = c
	}
	h.last = c.time
	w.truth.Distinct++
	if c.earlier != nil {
		w.truth.Distinct++
	}
	calls := append(h.calls, c.calls...)
	h.calls = nil
	switch {
	case c.status.NotRecorded():
		h.calls = calls
		w.truth.Sightings = append(w.truth.Sightings, Sighting{change.Key, c.time, configtrail.NotRecorded})
		return
	case c.status.Deleted():
		if h.dead {
			return
		}
		h.dead = true
		change.Kind = configtrail.Deleted
	case h.dead:
		h.dead = false
		change.Kind = configtrail.Recreated
		if h.lastState != nil {
			change.Edits = compare(h.lastState, c.state)
		}
		h.lastState = c.state
	case isFirst:
		h.lastState = c.state
		change.Kind = configtrail.FirstRecorded // until the first deliveries are known
		if c.status == configtrail.StatusResourceDiscovered {
			w.firsts = append(w.firsts, first{len(w.truth.Changes), c.created})
		}
	default:
		change.Kind = configtrail.Updated
		change.Edits = compare(h.lastState, c.state)
		h.lastState = c.state
		if len(change.Edits) == 0 {
			return
		}
		if change.Noise == "" {
			change.Noise = noiseOf(change.Key.Type, change.Edits)
		}
	}
	change.Calls, change.Actor = callers(calls)
	w.truth.Changes = append(w.truth.Changes, change)
}

// first is a first item that is a creation if it is new.
type first struct {
	change  int // index in Truth.Changes
	created time.Time
}

// callers are the events of calls and, where all are by one identity, that identity.
func callers(calls []*call) (ids []string, actor string) {
	for i, c := range calls {
		ids = append(ids, c.id)
		if i == 0 {
			actor = c.actor.arn
		} else if actor != c.actor.arn {
			actor = ""
		}
	}
	return ids, actor
}

// noiseOf is the class of an update that only touched what the simulation
// touches when nobody did anything; "" for any other.
func noiseOf(resourceType string, edits []Edit) configtrail.Noise {
	class := configtrail.NoiseNone
	for i, e := range edits {
		var one configtrail.Noise
		switch {
		case e.Path == "/configuration/availableIpAddressCount" && resourceType == "AWS::EC2::Subnet":
			one = configtrail.NoiseCounter
		case strings.HasPrefix(e.Path, "/relationships/") && resourceType == "AWS::EC2::SecurityGroup":
			one = configtrail.NoiseMirroredRelationship
		case e.Path == "/configuration/LastAccessedDate" && resourceType == "AWS::SecretsManager::Secret":
			one = configtrail.NoiseServiceTimestamp
		}
		if i > 0 && one != class {
			return configtrail.NoiseNone
		}
		class = one
	}
	return class
}

// tell ends the truth: which first items were creations, gaps, order.
func (w *world) tell() Truth {
	t := &w.truth
	w.tellPlaces()
	for _, f := range w.firsts {
		c := &t.Changes[f.change]
		delivered := w.firstWritten(c.Key)
		switch {
		case f.created.IsZero() && c.Time.After(delivered),
			!f.created.IsZero() && c.Time.Sub(f.created) <= 24*time.Hour && !c.Time.Before(delivered.Add(-24*time.Hour)):
			c.Kind = configtrail.Created
		}
	}
	for _, c := range t.Changes {
		if c.Kind == configtrail.FirstRecorded {
			t.Sightings = append(t.Sightings, Sighting{c.Key, c.Time, c.Kind})
		}
	}
	t.Changes = slices.DeleteFunc(t.Changes, func(c Change) bool { return c.Kind == configtrail.FirstRecorded })
	slices.SortFunc(t.Changes, func(a, b Change) int { return cmp.Or(a.Key.Compare(b.Key), a.Time.Compare(b.Time)) })
	slices.SortFunc(t.Sightings, func(a, b Sighting) int { return cmp.Or(a.Key.Compare(b.Key), a.Time.Compare(b.Time)) })
	slices.SortFunc(t.Lost, func(a, b Captured) int { return cmp.Or(a.Key.Compare(b.Key), a.Time.Compare(b.Time)) })
	slices.SortFunc(t.Bad, func(a, b BadObject) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(t.Gaps, func(a, b configtrail.Gap) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), a.From.Compare(b.From))
	})
	slices.Sort(t.Secrets)
	return *t
}

// firstWritten is when the first delivery that a key's place counts was written.
func (w *world) firstWritten(key configtrail.ResourceKey) time.Time {
	if key.Region != configtrail.Global {
		return w.truth.FirstWritten[Place{key.Account, key.Region}]
	}
	var earliest time.Time
	for place := range maps.Keys(w.truth.FirstWritten) {
		written := w.truth.FirstWritten[place]
		if place.Account == key.Account && (earliest.IsZero() || written.Before(earliest)) {
			earliest = written
		}
	}
	return earliest
}
