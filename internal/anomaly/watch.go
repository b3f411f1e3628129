package anomaly

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"configtrail"
)

const (
	// evidenceAtMost is how many changes of an hour, and of a finding, are kept.
	evidenceAtMost = 20
	// looseAtMost is how many deletions without a stack's tag an hour keeps by
	// name, to tell later whose they were.
	looseAtMost = 200
	// stacksAtMost is how many stacks an hour tells apart.
	stacksAtMost = 100
)

// Watch remembers, of the changes it is shown, those that findings about counts
// may need as evidence: the first of each hour, account, region and type, and what
// was deleted with which stack. It is shown each change once, in the order of
// time, from one goroutine, before Detect. The zero value is ready for a month in UTC.
type Watch struct {
	Zone *time.Location // of the month; nil: UTC

	hours   map[watched][]sighting // once by type, once of all types of a place
	deleted map[watched]*deletions // by hour, account and region
}

// watched is an hour of a series.
type watched struct {
	account, region, resourceType string // no type: all of them
	hour                          int64  // its beginning, in seconds since 1970
}

// sighting is a change as evidence.
type sighting struct {
	time time.Time
	id   string
}

// deletions are those of an hour, account and region.
type deletions struct {
	first  []sighting
	tagged map[string]int64 // by the name of the stack in the tags
	loose  []string         // names of what has no such tag
	gone   []string         // names of stacks that were deleted themselves
}

// The tag that CloudFormation puts on what a stack makes, and the type of a stack.
const (
	stackTag  = "aws:cloudformation:stack-name"
	stackType = "AWS::CloudFormation::Stack"
)

// Visit notes a change; noise says nothing to a person and is passed over. It
// never fails: the error is that of history.MonthQuestion.Visit.
func (w *Watch) Visit(change configtrail.Change) error {
	if change.Noise != configtrail.NoiseNone {
		return nil
	}
	if w.hours == nil {
		w.hours, w.deleted = map[watched][]sighting{}, map[watched]*deletions{}
	}
	at := watched{change.Key.Account, change.Key.Region, change.Key.Type, w.hour(change.Time)}
	w.hours[at] = noted(w.hours[at], change)
	at.resourceType = ""
	w.hours[at] = noted(w.hours[at], change)
	if change.Kind != configtrail.Deleted {
		return nil
	}
	d := w.deleted[at]
	if d == nil {
		d = &deletions{tagged: map[string]int64{}}
		w.deleted[at] = d
	}
	d.note(change)
	return nil
}

func (d *deletions) note(change configtrail.Change) {
	d.first = noted(d.first, change)
	stack := change.Tags[stackTag]
	switch {
	case change.Key.Type == stackType:
		if len(d.gone) < stacksAtMost {
			d.gone = append(d.gone, cmp.Or(change.Name, stackName(change.Key.ID)))
		}
	case stack != "" && (d.tagged[stack] > 0 || len(d.tagged) < stacksAtMost):
		d.tagged[stack]++
	case stack == "" && len(d.loose) < looseAtMost:
		d.loose = append(d.loose, cmp.Or(change.Name, change.Key.ID))
	}
}

// stackName is the name in a stack's id: arn:…:stack/NAME/UUID.
func stackName(id string) string {
	if _, rest, ok := strings.Cut(id, ":stack/"); ok {
		id, _, _ = strings.Cut(rest, "/")
	}
	return id
}

// noted adds a change to the first of an hour, in the order of time and id, so
// that equal times come out the same whichever was shown first.
func noted(first []sighting, change configtrail.Change) []sighting {
	if len(first) == evidenceAtMost && change.Time.After(first[evidenceAtMost-1].time) {
		return first
	}
	one := sighting{change.Time, change.ID()}
	i, _ := slices.BinarySearchFunc(first, one, func(a, b sighting) int {
		return cmp.Or(a.time.Compare(b.time), strings.Compare(a.id, b.id))
	})
	first = slices.Insert(first, i, one)
	return first[:min(len(first), evidenceAtMost)]
}

// hour is the beginning of an instant's hour on the clock of the zone.
func (w *Watch) hour(t time.Time) int64 {
	ahead := 0
	if w.Zone != nil {
		_, ahead = t.In(w.Zone).Zone()
	}
	const second = int64(time.Hour / time.Second)
	onClock := t.Unix() + int64(ahead)
	return t.Unix() - (onClock%second+second)%second
}

// changes are the ids of the first changes of a series in a window; without a
// type those of all types.
func (w *Watch) changes(key configtrail.ResourceKey, window configtrail.Window) []string {
	if w == nil {
		return nil
	}
	var all []sighting
	for at := window.From; at.Before(window.To); at = at.Add(time.Hour) {
		all = append(all, w.hours[watched{key.Account, key.Region, key.Type, w.hour(at)}]...)
	}
	return ids(all)
}

// deletions are the ids of the first deletions of a place in an hour.
func (w *Watch) deletions(key configtrail.ResourceKey, hour configtrail.Window) []string {
	if d := w.deletedIn(key, hour); d != nil {
		return ids(d.first)
	}
	return nil
}

func (w *Watch) deletedIn(key configtrail.ResourceKey, hour configtrail.Window) *deletions {
	if w == nil {
		return nil
	}
	return w.deleted[watched{key.Account, key.Region, "", w.hour(hour.From)}]
}

func ids(all []sighting) []string {
	var ids []string
	for _, one := range all[:min(len(all), evidenceAtMost)] {
		ids = append(ids, one.id)
	}
	return ids
}

// stacked is what went with stacks in an hour.
type stacked struct {
	stacks    int   // how many of them
	resources int64 // how many deletions they explain, their own among them
}

// stacks tells what was deleted with stacks in an hour. A resource is a stack's
// where its tag says so, or where a stack was deleted whose name its own begins
// with, as CloudFormation names what has no name given. A nested stack is named
// like that too, and goes with the outermost.
func (w *Watch) stacks(key configtrail.ResourceKey, hour configtrail.Window) stacked {
	d := w.deletedIn(key, hour)
	if d == nil {
		return stacked{}
	}
	names := slices.Clone(d.gone)
	for name := range d.tagged {
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	all := stacked{resources: int64(len(d.gone))}
	for _, n := range d.tagged {
		all.resources += n
	}
	for _, name := range d.loose {
		if begunBy(d.gone, name) {
			all.resources++
		}
	}
	for _, name := range names {
		if !begunBy(names, name) {
			all.stacks++
		}
	}
	return all
}

// begunBy reports whether a name begins with that of a stack: web-Queue-1A2B of web.
func begunBy(stacks []string, name string) bool {
	return slices.ContainsFunc(stacks, func(stack string) bool { return stack != "" && strings.HasPrefix(name, stack+"-") })
}
