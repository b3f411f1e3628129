package history

import (
	"context"
	"path"
	"slices"
	"time"

	"configtrail"
)

// Troubled is an object that could not be read whole, or not at all, when it was
// last tried.
type Troubled struct {
	URI, Key        string
	Kind            configtrail.DeliveryKind
	Account, Region string    // of the key; empty where it names none
	WrittenAt       time.Time // zero where unknown
	ReadAt          time.Time
	Archived        bool // in a storage class that can't be read without a restore
	Quarantined     []configtrail.Quarantined
	// MendedBy is the URI of another object that is the same delivery, by its file
	// name, and was read whole: then nothing is lost. Empty where there is none.
	MendedBy string

	first, last time.Time // captures of what could be read
}

// Quarantine lists what is quarantined or archived now in the accounts and
// regions of a filter, whenever it was written: each object with the items in it
// that could not be read, and whether a copy of it made that good. Objects whose
// keys name no account are listed where the filter names none.
func (h *History) Quarantine(ctx context.Context, filter Filter) ([]Troubled, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return nil, err
	}
	return h.troubled(ctx, w, nil)
}

// troubled finds what could not be read among what was written at some times, where
// these are known; none: at any time.
func (h *History) troubled(ctx context.Context, w wanted, times []time.Time) ([]Troubled, error) {
	trouble, err := h.spell("troubled", nil)
	if err != nil {
		return nil, err
	}
	here := w.ofAccounts()
	regions := w.subjectRegions()
	if len(regions) > 0 && !slices.Contains(regions, configtrail.Global) {
		here = all(here, in("region", regions))
	}
	parts := holes{"place": here, "troubled": trouble, "near": near(all(here, trouble), times, h.mostLiterals())}
	objects, whole := []Troubled{}, []Troubled{}
	err = h.ask(ctx, "troubled", w.deliveries(), parts, func(r *row) error {
		object := Troubled{
			URI: r.text(), Key: r.text(), Kind: configtrail.DeliveryKind(r.text()), Account: r.text(), Region: r.text(),
			WrittenAt: r.time(), ReadAt: r.time(), first: r.time(), last: r.time(), Archived: r.bool(),
		}
		for _, q := range r.structs("index", "offset", "code", "reason") {
			object.Quarantined = append(object.Quarantined, configtrail.Quarantined{
				Key: object.Key, Index: number(q, "index"), Offset: number(q, "offset"), Code: member(q, "code"), Reason: member(q, "reason"),
			})
		}
		if trouble := r.bool(); trouble {
			objects = append(objects, object)
		} else {
			whole = append(whole, object)
		}
		return nil
	})
	mend(objects, whole)
	return objects, err
}

// near chooses the deliveries that may be in trouble, and what was written with
// them. An object whose name holds no time is written at its last capture, which may
// differ from one reading to the next: such ones are all chosen.
func near(wrong clause, times []time.Time, most int) clause {
	if len(times) > 0 && literals(nil, times) <= most {
		return some([]clause{
			in("written_at", instants(times)),
			{sql: "written_at IS NULL"}, {sql: "written_at = last_capture"},
		})
	}
	from := " FROM deliveries WHERE " + wrong.sql + ")"
	return some([]clause{
		{"uri IN (SELECT uri" + from, wrong.args},
		{"written_at IN (SELECT written_at" + from, wrong.args},
	})
}

// mend finds the copies of objects among those that were read whole: the first
// by URI of the same delivery.
func mend(objects, whole []Troubled) {
	type delivery struct {
		account, region, name string
		kind                  configtrail.DeliveryKind
		written               int64
	}
	of := func(o Troubled) delivery {
		return delivery{o.Account, o.Region, path.Base(o.Key), o.Kind, o.WrittenAt.UnixMicro()}
	}
	copies := map[delivery]string{}
	for _, copied := range whole {
		if uri, seen := copies[of(copied)]; !seen || copied.URI < uri {
			copies[of(copied)] = copied.URI
		}
	}
	for i, object := range objects {
		if !object.WrittenAt.IsZero() {
			objects[i].MendedBy = copies[of(object)]
		}
	}
}

// fileName takes the type and the two times out of the name of a history file.
var fileName = configtrail.Pattern(`_ConfigHistory_([A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+)_(\d{8}T\d{6}Z)_(\d{8}T\d{6}Z)_`)

// span is the stretch of captures that an object may have held: of a history
// file what its name says, of a snapshot what came since the one before, of
// anything else what could be read of it, or Lag before it was written. Both
// ends are zero where nothing tells the time.
func (o Troubled) span(interval time.Duration) (resourceType string, window configtrail.Window) {
	if name := fileName().FindStringSubmatch(path.Base(o.Key)); name != nil {
		from, errFrom := time.Parse("20060102T150405Z", name[2])
		to, errTo := time.Parse("20060102T150405Z", name[3])
		if errFrom == nil && errTo == nil && !to.Before(from) {
			return name[1], configtrail.Window{From: from, To: to.Add(time.Second)} // names leave out milliseconds
		}
	}
	if o.WrittenAt.IsZero() {
		return "", configtrail.Window{}
	}
	window = configtrail.Window{From: o.WrittenAt.Add(-configtrail.Lag), To: o.WrittenAt.Add(time.Second)}
	switch {
	case o.Kind == configtrail.KindSnapshot && interval > 0:
		window.From = o.WrittenAt.Add(-interval)
	case !o.first.IsZero() && o.Kind != configtrail.KindSnapshot:
		if o.first.Before(window.From) {
			window.From = o.first
		}
	}
	return "", window
}

// losses are the gaps that unreadable objects of AWS Config leave. Those of one
// place that overlap are told as one, so that a year in an archive is one line.
func losses(objects []Troubled, places []configtrail.Place) []configtrail.Gap {
	interval := intervals(places)
	var gaps []configtrail.Gap
	for _, object := range objects {
		if object.MendedBy != "" || object.Kind == configtrail.KindCloudTrail {
			continue
		}
		resourceType, window := object.span(interval[[2]string{object.Account, object.Region}])
		gap := configtrail.Gap{
			Account: object.Account, Region: object.Region, Types: []string{}, From: window.From, To: window.To,
			Reason: configtrail.GapQuarantined,
		}
		if resourceType != "" {
			gap.Types = []string{resourceType}
		}
		if object.Archived {
			gap.Reason = configtrail.GapArchived
		}
		gaps = append(gaps, gap)
	}
	slices.SortFunc(gaps, compareGaps)
	var merged []configtrail.Gap
	for _, gap := range gaps {
		same := func(other configtrail.Gap) bool {
			return other.Account == gap.Account && other.Region == gap.Region && other.Reason == gap.Reason &&
				(len(other.Types) == 0 && !other.To.Before(gap.To) || slices.Equal(other.Types, gap.Types)) &&
				!other.To.Before(gap.From)
		}
		if i := slices.IndexFunc(merged, same); i >= 0 {
			if merged[i].To.Before(gap.To) {
				merged[i].To = gap.To
			}
			continue
		}
		merged = append(merged, gap)
	}
	return merged
}
