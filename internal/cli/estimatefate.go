package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/message"
)

// soon is how far ahead a person is told of what a bucket does to its objects.
const soon = 30 * 24 * time.Hour

// fates are what the rules of a bucket do to what was listed of it.
type fates struct {
	now     time.Time
	actions []blob.LifecycleAction
	met     []fateJSON // by action
	why     error      // why nothing is known
}

// lifecycleJSON is what a bucket does to the listed objects by itself.
type lifecycleJSON struct {
	Known   bool       `json:"known"`
	Why     string     `json:"why,omitempty"` // it is not known
	Actions []fateJSON `json:"actions"`       // that delete objects, or move them where they may not be read
}

// fateJSON is one action of a lifecycle rule.
type fateJSON struct {
	Rule    string             `json:"rule"`
	Action  string             `json:"action"` // "delete", "archive", or "tier": where archive tiers may be switched on
	Class   string             `json:"class,omitempty"`
	Days    int                `json:"days,omitempty"`
	Date    *configtrail.Stamp `json:"date,omitempty"`
	Tags    map[string]string  `json:"tags,omitempty"` // that objects need besides, which a listing does not tell
	Objects int64              `json:"objects"`        // of the listed that it will ever meet
	Soon    int64              `json:"objects_30_days"`
	SoonNew int64              `json:"new_objects_30_days"` // of them, not in the lake yet
	First   *configtrail.Stamp `json:"first"`

	first time.Time
	date  time.Time
}

// fatesOf asks a bucket for its rules. Not to know them is no reason to stop.
func (a *app) fatesOf(ctx context.Context, bucket *blob.S3) *fates {
	f := &fates{now: a.Now()}
	all, err := bucket.Lifecycle(ctx)
	f.why = err
	for _, action := range all {
		one := fateJSON{Rule: action.Rule, Class: action.Class, Days: action.Days, Tags: action.Tags, date: action.Date}
		switch {
		case action.Deletes():
			one.Action = "delete"
		case action.Archives():
			one.Action = "archive"
		case action.Class == intelligentTiering:
			one.Action = "tier"
		default:
			continue // a class from which it can still be read
		}
		f.actions, f.met = append(f.actions, action), append(f.met, one)
	}
	return f
}

const intelligentTiering = "INTELLIGENT_TIERING"

// meet looks what becomes of an object.
func (f *fates) meet(object ingest.Listed) {
	for i, action := range f.actions {
		at, ok := action.At(object.Object)
		if !ok || object.Object.Archived && !action.Deletes() {
			continue
		}
		met := &f.met[i]
		met.Objects++
		if met.first.IsZero() || at.Before(met.first) {
			met.first = at
		}
		if at.After(f.now.Add(soon)) {
			continue
		}
		met.Soon++
		if object.Standing == ingest.Due {
			met.SoonNew++
		}
	}
}

func (f *fates) json(a *app) *lifecycleJSON {
	out := &lifecycleJSON{Known: f.why == nil, Actions: []fateJSON{}}
	if f.why != nil {
		out.Why = a.phrase(configtrail.Visible(detail(f.why)[0]))
	}
	for _, met := range f.met {
		if met.Objects > 0 { // a rule about other objects is none of ours
			met.First, met.Date = a.moment(met.first), a.moment(met.date)
			out.Actions = append(out.Actions, met)
		}
	}
	return out
}

// fated tells a person what will become of what was listed.
func (a *app) fated(out io.Writer, l *lifecycleJSON) {
	if !l.Known {
		fmt.Fprintln(out, a.p.Text("lifecycle.unknown", message.Args{"why": l.Why}))
	}
	for _, f := range l.Actions {
		age := a.p.Text("lifecycle.days", message.Args{"n": f.Days})
		if !f.date.IsZero() {
			age = a.p.Text("lifecycle.date", message.Args{"day": dayText(f.date)})
		}
		args := message.Args{"rule": orDash(configtrail.Visible(f.Rule)), "age": age, "class": configtrail.Visible(f.Class),
			"n": f.Soon, "new": f.SoonNew, "first": dayText(f.first), "objects": f.Objects}
		line := a.p.Text("lifecycle."+f.Action, args)
		if f.Soon > 0 {
			line += a.p.Text("lifecycle.soon", args)
		} else {
			line += a.p.Text("lifecycle.later", args)
		}
		if len(f.Tags) > 0 {
			var tags []string
			for _, key := range slices.Sorted(maps.Keys(f.Tags)) {
				tags = append(tags, configtrail.Visible(key+"="+f.Tags[key]))
			}
			line += a.p.Text("lifecycle.tags", message.Args{"tags": strings.Join(tags, ", ")})
		}
		fmt.Fprintln(out, line)
	}
}
