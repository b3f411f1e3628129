package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/message"
)

// crowd are neighbouring days each of which has far more changes than the
// median day, or one such day.
type crowd struct {
	Days    []string // 2024-11-05, in order; none where no day stands out
	N       int64    // changes of these days
	Usual   int64    // of the median day of the month
	Common  trait    // what many of the changes share; zero where nothing
	Sharing int64    // the changes that share it
}

// crowded finds the run of days with most changes, the first of several, if it
// holds a quarter of all.
func crowded(days []Count, all int64) crowd {
	var values []int64
	for _, d := range days {
		values = append(values, d.Changes)
	}
	usual := median(values)
	most, run := crowd{}, crowd{Usual: usual}
	for _, d := range days {
		if d.Changes < smallMonth || d.Changes < usual*3 {
			run = crowd{Usual: usual}
			continue
		}
		if n := len(run.Days); n > 0 && !neighbours(run.Days[n-1], d.Key) {
			run = crowd{Usual: usual}
		}
		run.Days, run.N = append(run.Days, d.Key), run.N+d.Changes
		if run.N > most.N {
			most = run
		}
	}
	if most.N*4 < all {
		return crowd{}
	}
	return most
}

func neighbours(day, next string) bool {
	at, err := time.Parse(time.DateOnly, day)
	return err == nil && at.AddDate(0, 0, 1).Format(time.DateOnly) == next
}

func (c crowd) holds(day string) bool { return slices.Contains(c.Days, day) }

// trait is what changes can have in common: a property path without places in
// lists, or a resource type.
type trait struct {
	path, resourceType string
}

// traits counts how many changes have each.
type traits map[trait]int64

// editsLooked is how many edits of one change are looked at.
const editsLooked = 100

func (all traits) add(c configtrail.Change) {
	for _, one := range traitsOf(c) {
		all[one]++
	}
}

// traitsOf are what other changes may have in common with one, each once.
func traitsOf(c configtrail.Change) []trait {
	seen := []trait{{resourceType: c.Key.Type}}
	for _, e := range c.Edits[:min(len(c.Edits), editsLooked)] {
		if !aboutTags(e.Path) || strings.HasPrefix(e.Path, "/tags/") { // other lists of tags repeat these
			if one := (trait{path: withoutIndexes(e.Path)}); !slices.Contains(seen, one) {
				seen = append(seen, one)
			}
		}
	}
	return seen
}

// most is what enough of n changes share: a path, or else a type.
func (all traits) most(n int64) (trait, int64) {
	var enough []trait
	for one, sharing := range all {
		if sharing*100 >= n*sharedByMost {
			enough = append(enough, one)
		}
	}
	if len(enough) == 0 {
		return trait{}, 0
	}
	one := slices.MinFunc(enough, func(a, b trait) int {
		return cmp.Or(cmp.Compare(len(a.resourceType), 0)-cmp.Compare(len(b.resourceType), 0), cmp.Compare(all[b], all[a]),
			cmp.Compare(a.path, b.path), cmp.Compare(a.resourceType, b.resourceType))
	})
	return one, all[one]
}

// withoutIndexes is a property path without places in lists. Names of tags stay
// as they are.
func withoutIndexes(path string) string {
	if strings.HasPrefix(path, "/tags/") {
		return path
	}
	segments := slices.DeleteFunc(strings.Split(path, "/"), listIndex)
	return strings.Join(segments, "/")
}

// busyDays tells of the days on which the changes crowd.
func (t teller) busyDays() []string {
	c := t.Crowd
	if len(c.Days) == 0 {
		return nil
	}
	key := "report.situation.busy_day"
	if len(c.Days) > 1 {
		key = "report.situation.busy_days"
	}
	said := []string{t.Text(key, message.Args{
		"day": t.day(c.Days[0]), "last": t.day(c.Days[len(c.Days)-1]), "days": len(c.Days),
		"n": c.N, "usual": c.Usual, "percent": percent(c.N, t.Totals.Changes)})}
	if c.Sharing > 0 {
		args := message.Args{"n": c.Sharing, "percent": percent(c.Sharing, c.N)}
		if c.Common.path != "" {
			args["path"] = show(unescapePointer.Replace(c.Common.path))
			said = append(said, t.Text("report.common.path", args))
		} else {
			args["type"] = typeName(c.Common.resourceType)
			said = append(said, t.Text("report.common.type", args))
		}
	}
	return []string{t.sentences(said)}
}
