package history

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/diff"
)

// State is one resource as it was last seen up to an instant.
type State struct {
	// Item is the last item that had a state or ended the resource's life. Where
	// recording stopped before there was one, it is the item that says so.
	Item configtrail.ConfigurationItem
	// Kind is what last happened to the resource: the kind of its last change, or
	// FirstRecorded where no change of it is known; NotRecorded where recording
	// had stopped, so that Item is only the last that was known.
	Kind  configtrail.Kind
	Since time.Time // when that was seen, in the zone of the history
	// Stale is set where a gap began, or went on, behind the last sighting: what
	// happened in it is not known.
	Stale bool
}

// At gives every resource that lived at an instant, as it was last seen by then,
// in the order of keys; the item captured at that very instant counts. Resources
// that were no longer recorded are given too, told by their kind. Of the filter
// its accounts, regions, types, resources, tags, text and limit count: text is
// looked for in names and in the state. Filters of changes give ErrInvalid.
func (h *History) At(ctx context.Context, at time.Time, filter Filter) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		if len(filter.Kinds)+len(filter.Paths) > 0 || filter.Actor != "" || filter.Cursor != "" {
			yield(State{}, fmt.Errorf("%w: kinds, paths, actors and cursors are of changes, not of states", configtrail.ErrInvalid))
			return
		}
		w, err := h.named(ctx, filter)
		if err != nil {
			yield(State{}, err)
			return
		}
		gaps, err := h.gaps(ctx, w)
		if err != nil {
			yield(State{}, err)
			return
		}
		places, err := h.itemPlaces(ctx, at, w)
		if err != nil {
			yield(State{}, err)
			return
		}
		given := 0
		for _, place := range places {
			w.accounts, w.regions = []string{place.Account}, []string{place.Region}
			for state, err := range h.states(ctx, at, w) {
				if err != nil {
					yield(State{}, err)
					return
				}
				if state.Item.Status.Deleted() || !w.tagged(state.Item) {
					continue
				}
				state.Stale = stale(gaps, state, at)
				if !yield(state, nil) {
					return
				}
				if given++; given == filter.Limit {
					return
				}
			}
		}
	}
}

// itemPlaces lists where there were items by an instant. States are asked for
// place by place, as an engine may hold a whole answer in memory.
func (h *History) itemPlaces(ctx context.Context, at time.Time, w wanted) ([]configtrail.Place, error) {
	window := configtrail.Window{To: justAfter(at)}
	var places []configtrail.Place
	err := h.ask(ctx, "item_places", w.scope(window), holes{"seen": within("capture_time", window), "subject": w.subject()}, func(r *row) error {
		places = append(places, configtrail.Place{Account: r.text(), Region: r.text()})
		return nil
	})
	return places, err
}

// states gives the last state of every resource, deleted ones too.
func (h *History) states(ctx context.Context, at time.Time, w wanted) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		window := configtrail.Window{To: justAfter(at)}
		parts := holes{"seen": within("capture_time", window), "subject": w.subject()}
		var current sightedState
		stopped := false
		give := func() bool {
			stopped = stopped || current.rows > 0 && !yield(current.state(h.zone()), nil)
			return !stopped
		}
		err := h.ask(ctx, "at", w.scope(window), parts, func(r *row) error {
			next := r.sightedState()
			if current.rows > 0 && current.item.Key == next.item.Key {
				current.add(next)
				return nil
			}
			if !give() {
				return errEnough
			}
			current = next
			return nil
		})
		if stopped {
			return
		}
		if err != nil {
			yield(State{}, err)
			return
		}
		give()
	}
}

// sightedState is what the rows of one resource have told so far.
type sightedState struct {
	rows                int
	item                configtrail.ConfigurationItem
	first, last, stated time.Time
	changed             time.Time
	kind                configtrail.Kind
}

// sightedState reads the columns of at.sql.
func (r *row) sightedState() sightedState {
	key := r.key()
	s := sightedState{
		rows: 1, first: r.time(), last: r.time(), stated: r.time(), changed: r.time(), kind: configtrail.Kind(r.text()),
	}
	s.item = r.header(key)
	s.item.Tags, s.item.Relationships = r.tags(), r.relationships()
	s.item.Configuration, s.item.SupplementaryConfiguration = r.raw(), r.raw()
	s.item.RedactionVersion = int32(r.int())
	s.item.Source = r.source()
	return s
}

// add keeps the row that counts: one of the last state rather than the end of
// recording, and of one capture time the one of highest rank.
func (s *sightedState) add(other sightedState) {
	s.rows++
	switch {
	case s.item.Status.NotRecorded() != other.item.Status.NotRecorded():
		if s.item.Status.NotRecorded() {
			s.item = other.item
		}
	case byRank(other.item, s.item) > 0:
		s.item = other.item
	}
}

func (s *sightedState) state(zone *time.Location) State {
	state := State{Item: s.item, Kind: s.kind, Since: s.changed}
	switch {
	case s.item.Status.NotRecorded() || s.last.After(s.stated) && !s.item.Status.Deleted():
		state.Kind, state.Since = configtrail.NotRecorded, s.last
	case s.kind == "":
		state.Kind, state.Since = configtrail.FirstRecorded, s.first
	}
	state.Since = state.Since.In(zone)
	return state
}

// tagged reports whether an item has the filter's tags and text.
func (w wanted) tagged(item configtrail.ConfigurationItem) bool {
	for key, want := range w.Tags {
		if have, ok := item.Tags[key]; !ok || have != want {
			return false
		}
	}
	if w.Contains == "" {
		return true
	}
	text, quoted := strings.ToLower(w.Contains), strings.ToLower(insideJSON(w.Contains))
	for _, place := range []string{item.Name, item.Key.ID, item.ARN} {
		if strings.Contains(strings.ToLower(place), text) {
			return true
		}
	}
	for _, place := range [][]byte{item.Configuration, item.SupplementaryConfiguration} {
		if lower := strings.ToLower(string(place)); strings.Contains(lower, text) || strings.Contains(lower, quoted) {
			return true
		}
	}
	return false
}

// Difference is what lies between two times of one resource.
type Difference struct {
	Key      configtrail.ResourceKey
	From, To time.Time
	Before   *State // as of From; nil where nothing of the resource was known
	After    *State // as of To
	// Edits lead from the state before to the state after. There are none where
	// either time has no state: the resource was unknown, or deleted.
	Edits []configtrail.Edit
}

// Diff compares a resource's states at two times, the first not behind the
// second. A resource of which neither time knows anything gives ErrNotFound.
func (h *History) Diff(ctx context.Context, key configtrail.ResourceKey, from, to time.Time) (Difference, error) {
	if to.Before(from) {
		return Difference{}, fmt.Errorf("%w: diff from a time to an earlier one", configtrail.ErrInvalid)
	}
	w := wanted{keys: []configtrail.ResourceKey{key}, resources: true}
	gaps, err := h.gaps(ctx, w)
	if err != nil {
		return Difference{}, err
	}
	difference := Difference{Key: key, From: from.In(h.zone()), To: to.In(h.zone()), Edits: []configtrail.Edit{}}
	for _, side := range []struct {
		at    time.Time
		state **State
	}{{from, &difference.Before}, {to, &difference.After}} {
		for state, err := range h.states(ctx, side.at, w) {
			if err != nil {
				return Difference{}, err
			}
			state.Stale = stale(gaps, state, side.at)
			*side.state = &state
		}
	}
	before, after := difference.Before, difference.After
	if after == nil {
		return Difference{}, fmt.Errorf("resource %s up to %s: %w", key, to.In(h.zone()).Format(time.RFC3339), configtrail.ErrNotFound)
	}
	if before == nil || !before.Item.Status.Live() || !after.Item.Status.Live() {
		return difference, nil
	}
	edits, err := diff.Edits(&before.Item, &after.Item)
	if err != nil {
		return Difference{}, fmt.Errorf("diff %s: %w", key, err)
	}
	difference.Edits = edits
	return difference, nil
}
