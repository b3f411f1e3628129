package testorg

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"configtrail"
)

// timeline is the items of one resource in order, with their capture times.
type timeline struct {
	key   configtrail.ResourceKey
	times []int64
	items []*seen
}

func (r *reader) timelines() []timeline {
	var all []timeline
	for k, captures := range r.items {
		t := timeline{key: k, times: slices.Sorted(maps.Keys(captures))}
		for _, ms := range t.times {
			t.items = append(t.items, captures[ms])
		}
		all = append(all, t)
	}
	return all
}

// count counts the items of all timelines that a condition holds for; it sees
// the timeline and the item's place in it.
func (r *reader) count(holds func(t timeline, i int) bool) int {
	n := 0
	for _, t := range r.timelines() {
		for i := range t.items {
			if holds(t, i) {
				n++
			}
		}
	}
	return n
}

// inBytes looks for each trap in what was read.
func inBytes(b bucket, r *reader) map[Trap]int {
	found := maps.Clone(r.found)
	neighbours := func(same func(a, b *seen) bool) int {
		return r.count(func(t timeline, i int) bool {
			return i > 0 && t.items[i-1].status.Live() && t.items[i].status.Live() && same(t.items[i-1], t.items[i])
		})
	}
	found[TrapRecaptured] = neighbours(func(a, b *seen) bool { return a.exact == b.exact })
	found[TrapRespaced] = neighbours(func(a, b *seen) bool { return a.exact != b.exact && a.state == b.state })
	found[TrapSecrets] = neighbours(func(a, b *seen) bool { return password(a) != password(b) })
	found[TrapReverted] = r.count(func(t timeline, i int) bool {
		return i > 1 && strings.HasSuffix(t.key.Type, "::Alarm") && t.items[i].state == t.items[i-2].state && t.items[i].state != t.items[i-1].state
	})
	found[TrapDeletedState] = r.count(func(t timeline, i int) bool {
		return strings.HasSuffix(t.key.Type, "::NatGateway") && strings.Contains(t.items[i].exact, `"state":"deleted"`)
	})
	found[TrapDeletedTwice] = r.count(func(t timeline, i int) bool {
		return i > 0 && t.items[i].status.Deleted() && t.items[i-1].status.Deleted()
	})
	found[TrapDeletedUnrecorded] = r.count(func(t timeline, i int) bool {
		return t.items[i].status == configtrail.StatusResourceDeletedNotRecorded
	})
	found[TrapFirstDeleted] = r.count(func(t timeline, i int) bool { return i == 0 && t.items[i].status.Deleted() })
	found[TrapRecreated] = r.count(func(t timeline, i int) bool {
		return i > 0 && t.items[i].status.Live() && t.items[i-1].status.Deleted()
	})
	found[TrapExcludedType] = r.count(func(t timeline, i int) bool {
		return i > 0 && t.items[i].status.Live() && t.items[i-1].status.NotRecorded()
	})
	delivered := func(t timeline, i int) bool {
		return i == 0 && t.items[i].status == configtrail.StatusResourceDiscovered && t.times[i] > r.first[Place{t.key.Account, t.key.Region}].UnixMilli()
	}
	found[TrapOldCreation] = r.count(func(t timeline, i int) bool {
		created := t.items[i].created
		return t.key.Region != configtrail.Global && delivered(t, i) && !created.IsZero() && t.times[i]-created.UnixMilli() > 24*3600_000
	})
	found[TrapScopeChange] = r.count(func(t timeline, i int) bool {
		return t.key.Region == configtrail.Global && delivered(t, i) && time.UnixMilli(t.times[i]).Sub(t.items[i].created) > 24*time.Hour
	})
	found[TrapMonthEnd] = r.count(func(t timeline, i int) bool {
		at := time.UnixMilli(t.times[i])
		return configtrail.MonthOf(at, time.UTC) != configtrail.MonthOf(at, time.FixedZone("JST", 9*3600))
	})
	found[TrapDaily] = r.count(func(t timeline, i int) bool {
		at := time.UnixMilli(t.times[i]).UTC()
		return i > 0 && t.key.Type == "AWS::Lambda::Function" && t.items[i].status.Live() && at.Hour() == 0 && at.Minute() >= 5 && at.Minute() < 40
	})
	found[TrapCaseTags] = r.count(func(t timeline, i int) bool {
		return strings.Contains(t.items[i].exact, `"Environment":`) && strings.Contains(t.items[i].exact, `"environment":"本番"`)
	})
	for name, facts := range r.keyTold {
		regions, states, spellings := 0, 0, 0
		for fact := range facts {
			switch {
			case strings.HasPrefix(fact, "region "):
				regions++
			case strings.HasPrefix(fact, "state "):
				states++
			case strings.HasPrefix(fact, "spelt "):
				spellings++
			}
		}
		if regions > 1 && strings.Contains(name, "/global/") {
			found[TrapGlobalTwice]++
		}
		if states > 1 {
			found[TrapTwoStates]++
		}
		if spellings > states {
			found[TrapEmptyFlips]++
		}
		if facts["in ConfigSnapshot"] && len(facts) == 4 && !strings.Contains(name, "Inventory") && timeIn(name).After(time.Date(2024, 8, 3, 0, 0, 0, 0, time.UTC)) {
			found[TrapSnapshotOnly]++
		}
	}
	for _, n := range r.snapshots {
		if n > 7*92 { // in 92 days, one every three hours
			found[TrapFrequentSnapshots]++
		}
	}
	found[TrapLost] = len(b.truth.Lost) // no byte tells of what is lost
	for _, written := range r.written {
		slices.SortFunc(written, time.Time.Compare)
		for i := 1; i < len(written); i++ {
			if written[i].Sub(written[i-1]) > 48*time.Hour {
				found[TrapRecorderGap]++
			}
		}
	}
	for _, key := range b.keys {
		if m := historyName.FindStringSubmatch(key); m != nil {
			from, _ := time.Parse(inName, m[4])
			if to, _ := time.Parse(inName, m[5]); to.Sub(from) > 48*time.Hour {
				found[TrapLate]++
			}
		}
	}
	byCode := map[string]Trap{
		configtrail.CodeInvalidJSON: TrapInvalidJSON, configtrail.CodeEmpty: TrapEmptyObject, configtrail.CodeBadItem: TrapBadMembers,
		configtrail.CodeAccountMismatch: TrapAccountMismatch, configtrail.CodeUnknownShape: TrapUnknownShape,
		configtrail.CodeNoAccount: TrapNoAccount, configtrail.CodeNoRegion: TrapNoRegion,
	}
	again := make(map[string]int)
	for _, key := range b.keys {
		again[key[strings.LastIndexByte(key, '/')+1:]]++
	}
	for key, bad := range r.bad {
		trap := byCode[bad.Code]
		if bad.Code == configtrail.CodeTruncated {
			if trap = TrapTruncatedLost; again[key[strings.LastIndexByte(key, '/')+1:]] > 1 {
				trap = TrapTruncated
			}
		}
		found[trap]++
	}
	hostile := HostileNames()
	for _, name := range hostile {
		id, _ := json.Marshal(name)
		asID := r.count(func(t timeline, _ int) bool { return t.key.ID == name })
		asTag := r.count(func(t timeline, i int) bool { return strings.Contains(t.items[i].exact, `"Note":`+string(id)) })
		if asID > 0 && asTag > 0 {
			found[TrapHostileNames]++
		}
	}
	if found[TrapHostileNames] < len(hostile) {
		found[TrapHostileNames] = 0
	}
	classes := make(map[configtrail.Noise]int)
	for _, c := range b.truth.Changes {
		classes[c.Noise]++
	}
	found[TrapNoise] = min(classes[configtrail.NoiseCounter], classes[configtrail.NoiseMirroredRelationship], classes[configtrail.NoiseCompliance],
		classes[configtrail.NoiseInventory], classes[configtrail.NoiseServiceTimestamp])
	if r.eventSeen == len(r.events) {
		found[TrapTwoTrails] = 0
	}
	return found
}

// timeIn is the capture time at the end of an item's name in keyTold.
func timeIn(name string) time.Time {
	ms, _ := strconv.ParseInt(name[strings.LastIndexByte(name, 0x1f)+1:], 10, 64)
	return time.UnixMilli(ms)
}

func password(s *seen) string {
	_, rest, _ := strings.Cut(s.exact, `"DB_PASSWORD":"`)
	secret, _, _ := strings.Cut(rest, `"`)
	return secret
}

// Every trap is in the demo's bytes.
func TestEveryTrapIsSet(t *testing.T) {
	b, r := demo(t)
	found := inBytes(b, r)
	for _, trap := range Traps() {
		if found[trap] == 0 || b.truth.Trapped[trap] == 0 {
			t.Errorf("trap %s: %d in the bytes, %d told", trap, found[trap], b.truth.Trapped[trap])
		}
	}
	for trap := range b.truth.Trapped {
		if !slices.Contains(Traps(), trap) {
			t.Errorf("trap %s is not listed", trap)
		}
	}
}

// Without traps none is told, and nothing is bad or lost.
func TestNoTraps(t *testing.T) {
	b := generate(t, Options{Months: 1, Without: Traps()})
	for trap, n := range b.truth.Trapped {
		t.Errorf("trap %s set %d times", trap, n)
	}
	if len(b.truth.Bad)+len(b.truth.Lost)+len(b.truth.Gaps) > 0 {
		t.Errorf("bad %v, lost %v, gaps %v", b.truth.Bad, b.truth.Lost, b.truth.Gaps)
	}
}

// Five accounts lay their keys out in five ways, and the demo is of the size that is promised.
func TestDemoSize(t *testing.T) {
	b, _ := demo(t)
	layouts := map[string]bool{}
	types := map[string]bool{}
	for _, key := range b.keys {
		if before, _, ok := strings.Cut(key, "/Config/"); ok && !strings.HasPrefix(key, "restored/") {
			layouts[before[:len(before)-12]] = true
		}
		if m := historyName.FindStringSubmatch(key); m != nil {
			types[m[3]] = true
		}
		if strings.Contains(key, "/Config/") && (strings.Contains(key, "/2024/08/") || strings.Contains(key, "/2024/09/")) {
			t.Errorf("%s: Config does not pad its dates", key)
		}
	}
	want := []string{"AWSLogs/", "AWSLogs/o-exampleorg1/", "audit/jp/config/AWSLogs/o-exampleorg1/", "config-archive/AWSLogs/", "o-exampleorg1/AWSLogs/"}
	if got := slices.Sorted(maps.Keys(layouts)); !slices.Equal(got, want) {
		t.Errorf("layouts %q", got)
	}
	if len(types) < 25 {
		t.Errorf("%d types in history: %v", len(types), slices.Sorted(maps.Keys(types)))
	}
	if b.truth.Distinct < 4000 || b.truth.Distinct > 12000 || b.truth.Delivered < 50_000 {
		t.Errorf("distinct %d, delivered %d", b.truth.Distinct, b.truth.Delivered)
	}
	for _, name := range HostileNames() {
		if !json.Valid(appendString(nil, name, true)) {
			t.Errorf("%q can't be told in JSON", name)
		}
	}
}

// The last month of the demo is worth reading: it holds what detectors look for.
func TestDemoTellsAStory(t *testing.T) {
	b, _ := demo(t)
	truth := b.truth
	last := configtrail.Month{Year: 2024, Month: time.October}.Window(time.UTC)
	var opened, closed time.Time
	worst, public := 0, false
	deleted := make(map[string]int)
	for _, c := range truth.Changes {
		if !last.Contains(c.Time) {
			continue
		}
		for _, e := range c.Edits {
			if strings.Contains(e.Path, "policyText/Statement/") && e.Op == configtrail.OpAdd {
				public = true
			}
		}
		if c.Kind == configtrail.Deleted {
			hour := c.Key.Account + c.Time.Format(" 2006-01-02 15")
			deleted[hour]++
			worst = max(worst, deleted[hour])
		}
		if c.Key.Type == "AWS::EC2::SecurityGroup" && c.Time.Day() == 14 && strings.HasSuffix(c.Actor, "/tanaka.hiroshi") {
			if opened.IsZero() || c.Time.Before(opened) {
				opened = c.Time
			}
			if c.Time.After(closed) {
				closed = c.Time
			}
		}
	}
	if worst < 8 || !public || closed.Sub(opened) < 40*time.Minute || closed.Sub(opened) > 3*time.Hour {
		t.Errorf("most deletions in an hour %d, public bucket %v, incident from %v to %v", worst, public, opened, closed)
	}
}

func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		var bytes int64
		truth, err := Generate(context.Background(), Options{}, func(_ string, data []byte) error {
			bytes += int64(len(data))
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(truth.Delivered), "items/op")
		b.SetBytes(bytes)
	}
}
