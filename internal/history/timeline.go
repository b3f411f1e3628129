package history

import (
	"context"
	"fmt"
	"time"

	"configtrail"
)

// Entry is one line of a timeline: a change, the first record of a resource that
// was there before, the end of recording, or sightings that brought nothing new.
type Entry struct {
	Time   time.Time          // capture time, in the zone of the history
	Status configtrail.Status // as AWS Config spelled it
	// Kind is one of a change, FirstRecorded or NotRecorded. It is "" for a sighting
	// that shows nothing new and has no entry to be counted with: the first of a
	// window, or the first after recording had stopped.
	Kind   configtrail.Kind
	Name   string
	ARN    string
	Source configtrail.Source

	Change *configtrail.Change // with edits and actor; nil where the entry is no change

	// Unchanged counts the later items that repeat this entry, up to the next
	// entry; LastSeen is the capture of the last of them, or Time.
	Unchanged int64
	LastSeen  time.Time
}

// Timeline tells the life of one resource within a window, an open one being the
// whole of it: its items in the order of time, each with the change it shows.
// Items that show nothing new are counted with the entry before them. A resource
// without any item gives ErrNotFound; one without any in the window, no entry.
func (h *History) Timeline(ctx context.Context, key configtrail.ResourceKey, window configtrail.Window) ([]Entry, error) {
	w := wanted{keys: []configtrail.ResourceKey{key}, resources: true, Filter: Filter{Noise: NoiseInclude, Order: Ascending}}
	items, err := h.headers(ctx, w)
	if err != nil {
		return nil, err
	}
	changes := map[int64]configtrail.Change{}
	for change, err := range h.each(ctx, w) {
		if err != nil {
			return nil, err
		}
		changes[change.Time.UnixMicro()] = change
	}
	if len(items) == 0 && len(changes) == 0 {
		return nil, fmt.Errorf("resource %s: %w", key, configtrail.ErrNotFound)
	}
	var told teller
	for _, item := range items {
		at := item.CaptureTime.UnixMicro()
		change, changed := changes[at]
		delete(changes, at)
		if changed {
			told.tell(item, &change)
		} else {
			told.tell(item, nil)
		}
	}
	if len(changes) > 0 {
		return nil, fmt.Errorf("timeline of %s: %d changes without an item", key, len(changes))
	}
	return told.within(window, h.zone()), nil
}

// headers gives the items of a resource, one for each capture time, oldest first.
func (h *History) headers(ctx context.Context, w wanted) ([]configtrail.ConfigurationItem, error) {
	var items []configtrail.ConfigurationItem
	err := h.ask(ctx, "timeline", w.scope(configtrail.Window{}), holes{"resource": w.subject()}, func(r *row) error {
		item := r.header(w.keys[0])
		item.Source = r.source()
		if last := len(items) - 1; last >= 0 && items[last].CaptureTime.Equal(item.CaptureTime) {
			if byRank(item, items[last]) > 0 {
				items[last] = item
			}
			return nil
		}
		items = append(items, item)
		return nil
	})
	return items, err
}

// sighting is an item with what it tells.
type sighting struct {
	item   configtrail.ConfigurationItem
	change *configtrail.Change
	kind   configtrail.Kind // "": nothing new
}

// teller turns items into what they tell, in the order of time.
type teller struct {
	sightings []sighting
	known     bool // an item with a state, or a deletion, came before
	off       bool // the item before said that recording had stopped
}

func (t *teller) tell(item configtrail.ConfigurationItem, change *configtrail.Change) {
	s := sighting{item: item, change: change}
	switch {
	case change != nil:
		s.kind = change.Kind
	case item.Status.NotRecorded():
		if !t.off {
			s.kind = configtrail.NotRecorded
		}
	case !t.known && item.Status.Live():
		s.kind = configtrail.FirstRecorded
	}
	t.off = item.Status.NotRecorded()
	t.known = t.known || !t.off
	t.sightings = append(t.sightings, s)
}

// within makes the entries of a window.
func (t *teller) within(window configtrail.Window, zone *time.Location) []Entry {
	entries := []Entry{}
	off := false
	for _, s := range t.sightings {
		at := s.item.CaptureTime
		resumed := off && !s.item.Status.NotRecorded()
		off = s.item.Status.NotRecorded()
		if at.Before(window.From) || !window.To.IsZero() && !at.Before(window.To) {
			continue
		}
		if s.kind == "" && len(entries) > 0 && !resumed {
			last := &entries[len(entries)-1]
			last.Unchanged++
			last.LastSeen = at.In(zone)
			continue
		}
		entries = append(entries, Entry{
			Time: at.In(zone), Status: s.item.Status, Kind: s.kind, Name: s.item.Name, ARN: s.item.ARN,
			Source: s.item.Source, Change: s.change, LastSeen: at.In(zone),
		})
	}
	return entries
}
