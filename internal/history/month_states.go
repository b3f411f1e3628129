package history

import (
	"context"
	"slices"
	"time"

	"configtrail"
)

// literalsAtMost bounds what resources and times take as values of a statement, in
// bytes; Athena takes statements of 256 KB.
const literalsAtMost = 128 << 10

// stateLook says which items are looked at: those of the resources of changes at
// some times. Without times it is all of them until the last change, with hashes.
type stateLook struct {
	changes []configtrail.Change
	times   []time.Time
}

// look gives items of a look to visit, in no order: all that it is about, and
// others of the same resources.
func (h *History) look(ctx context.Context, w wanted, look stateLook, visit func(configtrail.ConfigurationItem)) error {
	var ids, types []string
	var last time.Time
	for _, c := range look.changes {
		ids, types = append(ids, c.Key.ID), append(types, c.Key.Type)
		if c.Time.After(last) {
			last = c.Time
		}
	}
	ids, types = sorted(ids), sorted(types)
	seen := configtrail.Window{To: justAfter(last)}
	if len(look.times) > 0 {
		seen.From = slices.MinFunc(look.times, time.Time.Compare)
	}
	scope := w.scope(seen)
	scope.Types = types
	parts := holes{
		"seen": all(within("capture_time", seen), w.subject(), in("resource_type", types)),
		"hash": {sql: "''"}, "times": all(),
	}
	if len(look.times) == 0 {
		parts["hash"] = clause{sql: "content_hash"}
	} else {
		parts["times"] = in("capture_time", instants(look.times))
	}
	parts["resources"] = in("resource_id", ids)
	if literals(ids, look.times) > h.mostLiterals() {
		changed, err := h.changed(w, w.Window)
		if err != nil {
			return err
		}
		parts["resources"], parts["times"] = ofChanges(all(changed, in("resource_type", types)), len(look.times) > 0)
	} else {
		scope.Resources = ids
	}
	return h.ask(ctx, "month_states", scope, parts, func(r *row) error {
		item := configtrail.ConfigurationItem{
			Key: r.key(), CaptureTime: r.time(), ContentHash: r.text(), Status: configtrail.Status(r.text()), StateID: r.text(),
		}
		item.Configuration, item.SupplementaryConfiguration = r.raw(), r.raw()
		if r.err == nil {
			visit(item)
		}
		return nil
	})
}

// literals is about how many bytes texts and times take in a statement.
func literals(texts []string, times []time.Time) int {
	n := len(times) * len("TIMESTAMP '2024-11-01 00:00:00.000000 UTC', ")
	for _, text := range texts {
		n += len(text) + len("'', ")
	}
	return n
}

// ofChanges are the conditions that stand for the resources and times of very many
// changes: of more of them than are wanted.
func ofChanges(changed clause, timed bool) (resources, times clause) {
	from := " FROM changes WHERE " + changed.sql + " AND noise = ''"
	resources = clause{"resource_id IN (SELECT resource_id" + from + ")", changed.args}
	if !timed {
		return resources, all()
	}
	return resources, some([]clause{
		{"capture_time IN (SELECT capture_time" + from + ")", changed.args},
		{"capture_time IN (SELECT previous_capture_time" + from + " AND previous_capture_time IS NOT NULL)", changed.args},
	})
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

// instants are instants in UTC, each once: engines keep microseconds.
func instants(times []time.Time) []time.Time {
	times = slices.Clone(times)
	for i := range times {
		times[i] = times[i].UTC().Truncate(time.Microsecond)
	}
	return sortedTimes(times)
}
