package anomaly

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

const queueType = "AWS::SQS::Queue"

// gone is one deletion.
type gone struct{ name, resourceType, stack string }

// deleting adds deletions in an hour to a month and shows them to a watch.
func deleting(m *history.Month, w *Watch, hour time.Time, all []gone) {
	for i, g := range all {
		count(m, hour, g.resourceType, configtrail.Deleted, 1)
		change := configtrail.Change{
			Key:  configtrail.ResourceKey{Account: prod, Region: tokyo, Type: g.resourceType, ID: "id-" + g.name},
			Name: g.name, Kind: configtrail.Deleted, Time: hour.Add(time.Duration(i) * time.Second),
		}
		if g.stack != "" {
			change.Tags = map[string]string{stackTag: g.stack}
		}
		if err := w.Visit(change); err != nil {
			panic(err) // it never fails
		}
	}
}

// some are so many deletions of a type, with the tag of a stack or without.
func some(n int, resourceType, stack string) []gone {
	var all []gone
	for i := range n {
		all = append(all, gone{fmt.Sprint("キュー", i), resourceType, stack})
	}
	return all
}

func TestWavesOfDeletions(t *testing.T) {
	const night = "2024-11-20 02:00"
	tell := func(n int, with, types string) string {
		return fmt.Sprintf("%d deletions%s in 111122223333 ap-northeast-1 between 02:00 and 03:00 on 2024-11-20, usually 0 in that hour (%s)", n, with, types)
	}
	join := func(all ...[]gone) []gone {
		var one []gone
		for _, some := range all {
			one = append(one, some...)
		}
		return one
	}
	stack := func(name string) []gone { return []gone{{name, stackType, ""}} }
	for _, c := range []struct {
		name string
		all  []gone
		want string
	}{
		{"four", some(4, queueType, ""), ""},
		{"five", some(5, queueType, ""), "medium: " + tell(5, "", "SQS Queue 5")},
		{"twenty of two types", join(some(5, lambda, ""), some(15, queueType, "")), "high: " + tell(20, "", "SQS Queue 15, Lambda Function 5")},
		{"fifty", some(50, queueType, ""), "critical: " + tell(50, "", "SQS Queue 50")},
		{"one stack by its tag", some(40, queueType, "web"), ""},
		{"one stack by its tag and its own deletion", join(some(40, queueType, "web"), stack("web")), ""},
		{"one stack by its name", join(stack("web"), []gone{
			{"web-A-1", queueType, ""}, {"web-B-1", queueType, ""}, {"web-C-1", lambda, ""}, {"web-D-1", lambda, ""}, {"web-Nested-X", stackType, ""}, {"web-Nested-X-E", lambda, ""},
		}), ""},
		{"a stack of stacks", join(stack("web"), stack("web-A-1"), stack("web-B-1"), stack("web-C-1"), stack("web-D-1"), some(9, queueType, "web-E-1")), ""},
		{"names like a stack's that was not deleted", []gone{
			{"web-A-1", queueType, ""}, {"web-B-1", queueType, ""}, {"web-C-1", lambda, ""}, {"web-D-1", lambda, ""}, {"web-E-1", lambda, ""},
		}, "medium: " + tell(5, "", "Lambda Function 3, SQS Queue 2")},
		{"a stack and four more", join(some(40, queueType, "web"), some(4, lambda, "")), "medium: " + tell(44, ", 40 of them with 1 stack,", "SQS Queue 40, Lambda Function 4")},
		{"four stacks", join(some(9, queueType, "a"), some(9, queueType, "b"), some(9, queueType, "c"), some(9, queueType, "d")), ""},
		{"five stacks", join(stack("a"), stack("b"), stack("c"), stack("d"), stack("e")), "medium: " + tell(5, "", "CloudFormation Stack 5")},
	} {
		m, w := november(), &Watch{Zone: jst}
		deleting(m, w, at(night), c.all)
		options := english(t)
		options.Watch = w
		got := ""
		for _, f := range of(Detect(m, options), "delete-wave") {
			got += f.Severity + ": " + f.Summary
			if want := min(len(c.all), evidenceAtMost); len(f.Evidence) != want || !f.Time.Equal(at(night)) || f.Resource != (configtrail.ResourceKey{Account: prod, Region: tokyo}) {
				t.Errorf("%s: %d changes as evidence, want %d; %+v", c.name, len(f.Evidence), want, f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestWavesAreHeldAgainstWhatIsUsual(t *testing.T) {
	waves := func(m *history.Month) int { return len(of(Detect(m, english(t)), "delete-wave")) }
	nightly := november()
	for day := at("2024-09-01 02:00"); day.Before(at("2024-12-01 00:00")); day = day.AddDate(0, 0, 1) {
		count(nightly, day, queueType, configtrail.Deleted, 20)
	}
	if n := waves(nightly); n != 0 {
		t.Errorf("what is cleaned up every night came as a wave %d times", n)
	}
	count(nightly, at("2024-11-20 14:00"), queueType, configtrail.Deleted, 20)
	if n := waves(nightly); n != 1 {
		t.Errorf("the same in the afternoon came %d times", n)
	}
	other := november()
	count(other, at("2024-11-20 14:00"), queueType, configtrail.Updated, 200)
	other.Hours = append(other.Hours, history.HourCount{Account: prod, Region: tokyo, Type: queueType, Kind: configtrail.Deleted,
		Noise: configtrail.NoiseCompliance, Hour: at("2024-11-21 14:00"), Changes: 200})
	if n := waves(other); n != 0 {
		t.Errorf("updates or noise came as a wave %d times", n)
	}
	// Before anything is known, only what is much anywhere counts.
	for deletions, want := range map[int64]int{19: 0, 20: 1} {
		early := november()
		early.Coverage.Places[0].First = at("2024-11-01 00:00")
		count(early, at("2024-11-05 14:00"), queueType, configtrail.Deleted, deletions)
		found := of(Detect(early, english(t)), "delete-wave")
		if len(found) != want {
			t.Errorf("%d deletions in the first week: %d waves, want %d", deletions, len(found), want)
		}
		for _, f := range found {
			if want := "20 deletions in 111122223333 ap-northeast-1 between 14:00 and 15:00 on 2024-11-05 (SQS Queue 20); too little is known of before to say what is usual"; f.Summary != want {
				t.Errorf("%s, want %s", f.Summary, want)
			}
		}
	}
}

func TestWatchKeepsLittleAndTheSame(t *testing.T) {
	changeAt := func(i int, time time.Time) configtrail.Change {
		return configtrail.Change{Key: configtrail.ResourceKey{Account: prod, Region: tokyo, Type: lambda, ID: fmt.Sprint(i)}, Kind: configtrail.Updated, Time: time}
	}
	// A zone half an hour off: 10:45 there lies in the hour from 10:00 there.
	zone := time.FixedZone("", 5*60*60+30*60)
	hour := time.Date(2024, 11, 5, 10, 0, 0, 0, zone)
	key := configtrail.ResourceKey{Account: prod, Region: tokyo, Type: lambda}
	window := configtrail.Window{From: hour, To: hour.Add(time.Hour)}
	forward, backward := &Watch{Zone: zone}, &Watch{Zone: zone}
	const n = 1000
	for i := range n {
		// All of one millisecond: the order in which they come says nothing.
		forward.Visit(changeAt(i, hour.Add(45*time.Minute)))
		backward.Visit(changeAt(n-1-i, hour.Add(45*time.Minute)))
	}
	forward.Visit(changeAt(n, hour.Add(time.Hour)))
	noisy := changeAt(n+1, hour)
	noisy.Noise = configtrail.NoiseCounter
	forward.Visit(noisy)
	kept := forward.changes(key, window)
	if len(kept) != evidenceAtMost {
		t.Errorf("%d changes kept", len(kept))
	}
	if diff := cmp.Diff(kept, backward.changes(key, window)); diff != "" {
		t.Errorf("what is kept depends on the order: %s", diff)
	}
	key.Type = ""
	if got := len(forward.changes(key, configtrail.Window{From: hour.Add(time.Hour), To: hour.Add(2 * time.Hour)})); got != 1 {
		t.Errorf("%d changes in the next hour, want 1", got)
	}
	var none *Watch
	if got := none.changes(key, window); got != nil {
		t.Errorf("nobody watched and saw %v", got)
	}
}

func TestABurstNamesItsChanges(t *testing.T) {
	m, w := november(), &Watch{Zone: jst}
	var want []string
	for i := range 7 {
		change := configtrail.Change{Key: configtrail.ResourceKey{Account: prod, Region: tokyo, Type: lambda, ID: fmt.Sprint(i)}, Kind: configtrail.Created,
			Time: at("2024-11-12 10:00").Add(time.Duration(i) * time.Minute)}
		w.Visit(change)
		count(m, at("2024-11-12 10:00"), lambda, configtrail.Created, 1)
		want = append(want, change.ID())
	}
	w.Visit(configtrail.Change{Key: configtrail.ResourceKey{Account: prod, Region: tokyo, Type: lambda, ID: "the day after"}, Time: at("2024-11-13 00:00")})
	options := english(t)
	options.Watch = w
	found := of(Detect(m, options), "burst")
	if len(found) != 1 {
		t.Fatal(found)
	}
	if diff := cmp.Diff(want, found[0].Evidence); diff != "" {
		t.Error(diff)
	}
}
