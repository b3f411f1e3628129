package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/ledger"
)

// noon is the instant from which the tests below count hours.
var noon = time.Date(2024, 11, 5, 12, 0, 0, 0, time.UTC)

// sighting writes one item as "hour status hash [born=hour] [id=stateId]".
func sighting(t *testing.T, text string) *configtrail.ConfigurationItem {
	t.Helper()
	h := new(configtrail.ConfigurationItem)
	h.Key = configtrail.ResourceKey{Account: "111122223333", Region: "us-east-1", Type: "AWS::EC2::VPC", ID: "vpc-1"}
	fields := strings.Fields(text)
	hour := func(text string) time.Time {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return noon.Add(d)
	}
	h.CaptureTime = hour(fields[0])
	h.Status = map[string]configtrail.Status{
		"new": configtrail.StatusResourceDiscovered, "ok": configtrail.StatusOK, "gone": configtrail.StatusResourceDeleted,
		"goneunrecorded": configtrail.StatusResourceDeletedNotRecorded, "unrecorded": configtrail.StatusResourceNotRecorded,
	}[fields[1]]
	if h.Status == "" {
		t.Fatalf("%s is no status", fields[1])
	}
	h.ContentHash = fields[2]
	for _, field := range fields[3:] {
		switch name, value, _ := strings.Cut(field, "="); name {
		case "born":
			h.CreationTime = hour(value)
		case "id":
			h.StateID = value
		}
	}
	return h
}

// TestTimelineFollowsTheRulesOfTruth holds the kinds against the rules, each
// case a line of them.
func TestTimelineFollowsTheRulesOfTruth(t *testing.T) {
	const noDelivery = "none"
	for _, c := range []struct {
		name  string
		first string // first delivery of the place, in hours from noon
		seen  []string
		want  []string // kind at hour, after hour or -, before hash or -
	}{
		{"discovered soon after its creation", "-100h", []string{"1h new a born=0h"}, []string{"created 1h after - before -"}},
		{"24 hours old is still new", "-100h", []string{"1h new a born=-23h"}, []string{"created 1h after - before -"}},
		{"older than 24 hours is first recorded", "-100h", []string{"1h new a born=-23h1m"}, nil},
		{"new, captured up to 24 hours before the first delivery", "25h", []string{"1h new a born=0h"}, []string{"created 1h after - before -"}},
		{"captured earlier than that: the recorder's first sweep", "25h1m", []string{"1h new a born=0h"}, nil},
		{"no creation time, captured after the first delivery", "0h", []string{"1h new a"}, []string{"created 1h after - before -"}},
		{"no creation time, captured at the first delivery", "1h", []string{"1h new a"}, nil},
		{"no creation time and no delivery known", noDelivery, []string{"1h new a"}, nil},
		{"new and no delivery known", noDelivery, []string{"1h new a born=0h"}, []string{"created 1h after - before -"}},
		{"a first item that is OK is first recorded", "-100h", []string{"1h ok a born=0h"}, nil},
		{"a first item that is a deletion", "-100h", []string{"1h gone e"}, []string{"deleted 1h after - before -"}},

		{"only a difference is a change", "-100h", []string{"0h ok a", "1h ok a", "2h ok b", "3h ok b", "4h ok a"},
			[]string{"updated 2h after 1h before a", "updated 4h after 3h before b"}},
		{"deleted once", "-100h", []string{"0h ok a", "1h gone e", "2h gone e", "3h goneunrecorded e"}, []string{"deleted 1h after 0h before a"}},
		{"deleted and not recorded any more ends a life too", "-100h", []string{"0h ok a", "1h goneunrecorded e"}, []string{"deleted 1h after 0h before a"}},
		{"recreated whatever its status, with edits against the last state", "-100h", []string{"0h ok a", "1h gone e", "2h ok a"},
			[]string{"deleted 1h after 0h before a", "recreated 2h after 1h before a"}},
		{"recreated after a deletion that came first", "-100h", []string{"0h gone e", "1h new a born=1h"},
			[]string{"deleted 0h after - before -", "recreated 1h after 0h before -"}},
		{"two lives", "-100h", []string{"0h new a born=0h", "1h gone e", "2h new b born=2h", "3h gone e"},
			[]string{"created 0h after - before -", "deleted 1h after 0h before a", "recreated 2h after 1h before a", "deleted 3h after 2h before b"}},
		{"a creation time that moves is no new life", "-100h", []string{"0h ok a born=-50h", "1h new a born=1h"}, nil},

		{"not recorded is no change and carries no state", "-100h", []string{"0h ok a", "1h unrecorded e", "2h ok a"}, nil},
		{"the state before it is the one to compare with", "-100h", []string{"0h ok a", "1h unrecorded e", "2h ok b"}, []string{"updated 2h after 1h before a"}},
		{"deleted while not recorded", "-100h", []string{"0h ok a", "1h unrecorded e", "2h gone e"}, []string{"deleted 2h after 1h before a"}},
		{"not recorded first, then live: the rule of first items", "-100h", []string{"0h unrecorded e", "1h ok a"}, nil},

		{"two states at one time: the later state id decides", "-100h", []string{"0h ok a", "1h ok b id=9", "1h ok c id=10", "2h ok c"},
			[]string{"updated 1h after 0h before a"}},
		{"equal state ids: the greater hash decides", "-100h", []string{"0h ok c", "1h ok b id=9", "1h ok c id=9", "2h ok c"}, nil},
		{"a state id that is no number decides nothing against one", "-100h", []string{"0h ok b", "1h ok b id=1", "1h ok c id=x", "2h ok b"}, nil},
		{"three states at one time", "-100h", []string{"0h ok a", "1h ok b id=3", "1h ok c id=1", "1h ok d id=2"}, []string{"updated 1h after 0h before a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var first time.Time
			if c.first != noDelivery {
				d, err := time.ParseDuration(c.first)
				if err != nil {
					t.Fatal(err)
				}
				first = noon.Add(d)
			}
			timeline := ledger.New(first, func(item *configtrail.ConfigurationItem) *configtrail.ConfigurationItem { return item })
			var got []string
			for _, text := range c.seen {
				if step, is := timeline.Add(sighting(t, text)); is {
					got = append(got, written(step))
				}
			}
			if step, is := timeline.End(); is {
				got = append(got, written(step))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

func written(s ledger.Step[*configtrail.ConfigurationItem]) string {
	hours := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return fmt.Sprintf("%dh", int(t.Sub(noon).Hours()))
	}
	before := "-"
	if s.Before != nil {
		before = s.Before.ContentHash
	}
	return fmt.Sprintf("%s %s after %s before %s", s.Kind, hours(s.After.CaptureTime), hours(s.Since), before)
}
