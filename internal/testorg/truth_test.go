package testorg

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"configtrail"
)

func mapKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// organisations are those that the truth is checked for, besides the demo: another
// seed, few accounts that share all the traps, and one without any trap.
func organisations() map[string]Options {
	return map[string]Options{
		"other seed": {Seed: 20241105, Months: 1},
		"small":      {Seed: 3, Accounts: 2, Months: 1, Regions: []string{"eu-west-1", "us-west-2", "us-east-1"}},
		"one":        {Seed: 4, Accounts: 1, Months: 1, Regions: []string{"ap-northeast-1"}, Resources: 80},
		"no traps":   {Seed: 5, Accounts: 3, Months: 1, Without: Traps()},
	}
}

// A naive reader of the bytes finds exactly the changes that the simulation made.
func TestTruthIsWhatTheBucketTells(t *testing.T) {
	t.Run("demo", func(t *testing.T) {
		b, r := demo(t)
		checkTruth(t, b, r)
	})
	for name, options := range organisations() {
		t.Run(name, func(t *testing.T) {
			b := generate(t, options)
			checkTruth(t, b, read(t, b))
		})
	}
}

func checkTruth(t *testing.T, b bucket, r *reader) {
	t.Helper()
	changes, sightings := r.ledger()
	ignore := cmpopts.IgnoreFields(Change{}, "Noise", "Edits", "Calls", "Actor")
	if diff := gocmp.Diff(changes, b.truth.Changes, ignore); diff != "" {
		t.Errorf("changes (-read +truth):\n%.4000s", diff)
	}
	if diff := gocmp.Diff(sightings, b.truth.Sightings, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("sightings (-read +truth):\n%.4000s", diff)
	}
	if diff := gocmp.Diff(r.first, b.truth.FirstWritten); diff != "" {
		t.Errorf("first deliveries (-read +truth):\n%.2000s", diff)
	}
	got := []int64{r.delivered, int64(len(r.distinct)), int64(len(r.events)), int64(len(r.refused)), int64(len(b.keys))}
	want := []int64{b.truth.Delivered, b.truth.Distinct, b.truth.Events, b.truth.Refused, b.truth.Objects}
	if !slices.Equal(got, want) {
		t.Errorf("delivered, distinct, events, refused, objects: read %v, truth %v", got, want)
	}
	checkBad(t, b, r)
	checkGaps(t, b, r)
	checkLost(t, b, r)
	checkEdits(t, b, r)
}

func checkBad(t *testing.T, b bucket, r *reader) {
	t.Helper()
	want := make(map[string]BadObject)
	for _, bad := range b.truth.Bad {
		want[bad.Key] = bad
		if bad.Redelivered != "" && b.data[bad.Redelivered] == nil {
			t.Errorf("%s is not there, as %s was promised again", bad.Redelivered, bad.Key)
		}
	}
	for key, got := range r.bad {
		w, told := want[key]
		delete(want, key)
		if w.Redelivered = ""; got.Code == configtrail.CodeTruncated || got.Code == configtrail.CodeInvalidJSON || got.Code == configtrail.CodeEmpty {
			got.Bad = w.Bad // a reader can't count what he can't read
		}
		if !told || got != w {
			t.Errorf("bad object: read %+v, truth %+v", got, w)
		}
	}
	for key := range want {
		t.Errorf("bad object %s reads well", key)
	}
}

// checkGaps holds the stretches without deliveries of more than 36 h against the truth's.
func checkGaps(t *testing.T, b bucket, r *reader) {
	t.Helper()
	var got, want []configtrail.Gap
	for place, written := range r.written {
		slices.SortFunc(written, time.Time.Compare)
		for i := 1; i < len(written); i++ {
			if written[i].Sub(written[i-1]) > configtrail.MinGap {
				got = append(got, configtrail.Gap{
					Account: place.Account, Region: place.Region, From: written[i-1], To: written[i], Reason: configtrail.GapNoDelivery,
				})
			}
		}
	}
	for _, g := range b.truth.Gaps {
		if g.Reason == configtrail.GapNoDelivery {
			want = append(want, g)
		}
		if !g.From.Before(g.To) {
			t.Errorf("gap %+v ends before it begins", g)
		}
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("gaps (-read +truth):\n%s", diff)
	}
}

func checkLost(t *testing.T, b bucket, r *reader) {
	t.Helper()
	for _, lost := range b.truth.Lost {
		if r.items[lost.Key][lost.Time.UnixMilli()] != nil {
			t.Errorf("%v at %v is called lost and was read", lost.Key, lost.Time)
		}
	}
}

// checkEdits holds the paths of updates against the bytes: each leads to
// something that differs, and without them the two states are the same.
func checkEdits(t *testing.T, b bucket, r *reader) {
	t.Helper()
	wrong := 0
	for _, c := range b.truth.Changes {
		if c.Kind != configtrail.Updated {
			continue
		}
		before := lastState(r.items[c.Key], c.Time)
		after := r.items[c.Key][c.Time.UnixMilli()]
		if why := explain(before, after, c.Edits); why != "" {
			if wrong++; wrong < 5 {
				t.Errorf("%v at %v: %s\nedits %v\nbefore %.3000s\nafter %.3000s", c.Key, c.Time, why, c.Edits, before.state, after.state)
			}
		}
	}
}

func lastState(captures map[int64]*seen, until time.Time) *seen {
	var last *seen
	for _, ms := range slices.Sorted(maps.Keys(captures)) {
		if ms < until.UnixMilli() && captures[ms].status.Live() {
			last = captures[ms]
		}
	}
	return last
}

// explain says how edits fail to explain the step between two states; "" if they do.
func explain(before, after *seen, edits []Edit) string {
	if len(edits) == 0 {
		return "an update without an edit"
	}
	old, now := clone(prune(before.plain)), clone(prune(after.plain))
	// Later elements first, so that taking one away moves no other that is still to come.
	ordered := slices.SortedFunc(slices.Values(edits), func(a, b Edit) int { return -comparePaths(a.Path, b.Path) })
	for _, e := range ordered {
		path := segments(e.Path)
		var removed, added any
		if e.Op != configtrail.OpAdd {
			if old, removed = cut(old, path); hollow(removed) {
				return e.Op + " " + e.Path + ": nothing was there"
			}
		}
		if e.Op != configtrail.OpRemove {
			if now, added = cut(now, path); hollow(added) {
				return e.Op + " " + e.Path + ": nothing is there"
			}
		}
		if e.Op == configtrail.OpReplace && normal(removed) == normal(added) {
			return "replace " + e.Path + ": the same"
		}
	}
	if normal(old) != normal(now) {
		return "the edits leave a difference"
	}
	return ""
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		made := make(map[string]any, len(v))
		for name, member := range v {
			made[name] = clone(member)
		}
		return made
	case []any:
		made := make([]any, len(v))
		for i, e := range v {
			made[i] = clone(e)
		}
		return made
	}
	return v
}

// cut takes what is at a path out of a state and gives both.
func cut(v any, path []string) (rest, taken any) {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 1 {
			taken = v[path[0]]
			delete(v, path[0])
			return v, taken
		}
		v[path[0]], taken = cut(v[path[0]], path[1:])
		return v, taken
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(v) {
			return v, nil
		}
		if len(path) == 1 {
			taken = v[i]
			return slices.Delete(v, i, i+1), taken
		}
		v[i], taken = cut(v[i], path[1:])
		return v, taken
	}
	return v, nil
}

// comparePaths orders paths with indexes as numbers.
func comparePaths(a, b string) int {
	return slices.CompareFunc(segments(a), segments(b), func(x, y string) int {
		i, errX := strconv.Atoi(x)
		j, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return cmp.Compare(i, j)
		}
		return strings.Compare(x, y)
	})
}

// The truth's own order makes sense: a life begins before it changes and ends once.
func TestTruthIsConsistent(t *testing.T) {
	b, r := demo(t)
	truth := b.truth
	alive := make(map[configtrail.ResourceKey]bool)
	sighted := make(map[configtrail.ResourceKey]time.Time)
	for _, s := range truth.Sightings {
		if s.Kind == configtrail.FirstRecorded {
			sighted[s.Key] = s.Time
		}
	}
	ids := make(map[string]bool)
	for _, c := range truth.Changes {
		if first, ok := sighted[c.Key]; ok && first.Before(c.Time) {
			if _, known := alive[c.Key]; !known {
				alive[c.Key] = true
			}
		}
		living, known := alive[c.Key]
		switch c.Kind {
		case configtrail.Created:
			if known {
				t.Errorf("%v created at %v, and known before", c.Key, c.Time)
			}
			alive[c.Key] = true
		case configtrail.Updated:
			if !living {
				t.Errorf("%v updated at %v, and not alive", c.Key, c.Time)
			}
		case configtrail.Deleted:
			if known && !living {
				t.Errorf("%v deleted at %v for the second time", c.Key, c.Time)
			}
			alive[c.Key] = false
		case configtrail.Recreated:
			if !known || living {
				t.Errorf("%v recreated at %v, and not dead", c.Key, c.Time)
			}
			alive[c.Key] = true
		default:
			t.Errorf("%v: kind %q", c.Key, c.Kind)
		}
		if !c.After.IsZero() && !c.After.Before(c.Time) {
			t.Errorf("%v at %v comes after %v", c.Key, c.Time, c.After)
		}
		if ids[c.ID()] {
			t.Errorf("%v at %v twice", c.Key, c.Time)
		}
		ids[c.ID()] = true
		checkPaths(t, c)
		checkCalls(t, r, c)
		if c.Actor != "" && len(c.Calls) == 0 {
			t.Errorf("%v at %v has an actor and no call", c.Key, c.Time)
		}
		wholly := c.Key.Type == "AWS::Config::ResourceCompliance" || c.Key.Type == "AWS::SSM::ManagedInstanceInventory"
		if c.Noise != "" && c.Kind != configtrail.Updated && !wholly {
			t.Errorf("%v %s at %v is noise %s", c.Key, c.Kind, c.Time, c.Noise)
		}
		if c.Noise != "" && !wholly && len(c.Calls) > 0 {
			t.Errorf("%v at %v was called for and is noise %s", c.Key, c.Time, c.Noise)
		}
	}
}

// checkCalls sees that each call of a change was logged, after the item before
// and before the capture. CloudTrail tells whole seconds.
func checkCalls(t *testing.T, r *reader, c Change) {
	t.Helper()
	for _, id := range c.Calls {
		at, logged := r.events[id]
		if !logged || r.refused[id] || at.After(c.Time) || at.Before(c.After.Truncate(time.Second)) {
			t.Errorf("%v at %v after %v: call %s at %v, logged %v, refused %v", c.Key, c.Time, c.After, id, at, logged, r.refused[id])
		}
	}
}

func checkPaths(t *testing.T, c Change) {
	t.Helper()
	if (c.Kind == configtrail.Created || c.Kind == configtrail.Deleted) && len(c.Edits) > 0 {
		t.Errorf("%v %s with edits", c.Key, c.Kind)
	}
	for i, e := range c.Edits {
		root := segments(e.Path)[0]
		if !strings.HasPrefix(e.Path, "/") || !slices.Contains([]string{"configuration", "supplementaryConfiguration", "tags", "relationships"}, root) {
			t.Errorf("%v: path %q", c.Key, e.Path)
		}
		if i > 0 && c.Edits[i-1].Path > e.Path {
			t.Errorf("%v: paths out of order: %v", c.Key, c.Edits)
		}
	}
}

// A month's counts are those of its changes, and depend on the zone.
func TestMonthCounts(t *testing.T) {
	truth := generate(t, Options{Accounts: 2, Months: 2}).truth
	tokyo := time.FixedZone("JST", 9*3600)
	byMonth := func(zone *time.Location) (perMonth map[configtrail.Month]int, all int) {
		perMonth = make(map[configtrail.Month]int)
		for _, count := range truth.Month(zone) {
			perMonth[count.Month] += count.Changes + count.Noise
			all += count.Changes + count.Noise
		}
		return perMonth, all
	}
	utc, allUTC := byMonth(time.UTC)
	jst, allJST := byMonth(tokyo)
	if allUTC != len(truth.Changes) || allJST != len(truth.Changes) {
		t.Errorf("counted %d and %d of %d changes", allUTC, allJST, len(truth.Changes))
	}
	september := configtrail.Month{Year: 2024, Month: time.September}
	direct := 0
	for _, c := range truth.Changes {
		if september.Window(tokyo).Contains(c.Time) {
			direct++
		}
	}
	if jst[september] != direct || utc[september] == jst[september] {
		t.Errorf("September: %d in UTC, %d in Tokyo, %d counted one by one", utc[september], jst[september], direct)
	}
}

// The same options give the same bytes, other seeds others.
func TestGenerateIsDeterministic(t *testing.T) {
	digest := func(seed uint64) [32]byte {
		sum := sha256.New()
		_, err := Generate(context.Background(), Options{Seed: seed, Months: 1}, func(key string, data []byte) error {
			fmt.Fprintf(sum, "%s %d ", key, len(data))
			sum.Write(data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return [32]byte(sum.Sum(nil))
	}
	first := digest(1)
	if digest(1) != first {
		t.Error("the same seed gave other bytes")
	}
	if digest(2) == first {
		t.Error("another seed gave the same bytes")
	}
}

func TestWriteFolder(t *testing.T) {
	dir := t.TempDir()
	options := Options{Months: 1, Accounts: 1}
	b := generate(t, options)
	truth, err := WriteFolder(context.Background(), dir, options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(b.truth, truth); diff != "" {
		t.Errorf("truth differs:\n%.2000s", diff)
	}
	for _, key := range b.keys {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(key)))
		if err != nil || !bytes.Equal(data, b.data[key]) {
			t.Fatalf("%s: %v", key, err)
		}
	}
}

// A sink's error and a cancelled context end the generation.
func TestGenerateStops(t *testing.T) {
	full := fmt.Errorf("disk full")
	if _, err := Generate(context.Background(), Options{}, func(string, []byte) error { return full }); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("sink failed, got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Generate(ctx, Options{}, func(string, []byte) error { return nil }); err == nil {
		t.Error("cancelled, got no error")
	}
}
