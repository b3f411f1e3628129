package history_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
	"configtrail/internal/testorg"
)

// truthful is one change as truth and answer are compared.
type truthful struct {
	key   configtrail.ResourceKey
	time  time.Time
	after time.Time // zero: not compared
	kind  configtrail.Kind
	noise bool
}

// expected is the truth about a bucket, with what raw mode can't know of it.
type expected struct {
	changes []truthful
	classed bool     // noise of the changes is known
	bad     []string // keys of objects that can't be read whole
	// unread are captures that only an object holds which a table can't read, and
	// excluded those that tell of the end of recording. Rows around them may differ,
	// see docs/raw.md.
	unread, excluded map[configtrail.ResourceKey][]time.Time
}

// oversized reads resource and capture from the keys of oversized notifications.
func oversized(keys []string) map[configtrail.ResourceKey][]time.Time {
	found := map[configtrail.ResourceKey][]time.Time{}
	for _, key := range keys {
		before, after, is := strings.Cut(key, "/OversizedChangeNotification/")
		if !is {
			continue
		}
		folders := strings.Split(before, "/")
		at := slices.Index(folders, "Config")
		resourceType, rest, _ := strings.Cut(after, "/")
		id := path.Dir(rest)
		name := strings.Split(strings.TrimSuffix(path.Base(key), ".json.gz"), "_")
		captured, err := time.Parse("20060102T150405Z", name[len(name)-2])
		if err != nil {
			panic(err)
		}
		resource := configtrail.ResourceKey{Account: folders[at-1], Region: folders[at+1], Type: resourceType, ID: id}
		found[resource] = append(found[resource], captured)
	}
	return found
}

// explained reports whether a change may be told otherwise than in truth, or not
// at all.
func (e expected) explained(c truthful, from time.Time) bool {
	for _, unread := range e.unread[c.key] {
		// The capture itself is not seen, and what comes next is held against the state before it.
		if own := !c.time.Before(unread) && c.time.Before(unread.Add(time.Second)); own || c.after.Truncate(time.Second).Equal(unread) {
			return true
		}
	}
	for _, ended := range e.excluded[c.key] {
		// Of a resource whose recording stopped before the window nothing is known when it comes back.
		if ended.Before(from) && c.after.Equal(ended) {
			return true
		}
	}
	return slices.ContainsFunc(e.bad, func(bad string) bool {
		// The good items of a history file that breaks the query are missing with it.
		name := badHistory.FindStringSubmatch(path.Base(bad))
		return name != nil && name[1] == c.key.Account && name[3] == c.key.Type && (name[2] == c.key.Region || c.key.Region == "global") &&
			c.time.UTC().Format("20060102T150405Z") >= name[4] && c.time.UTC().Format("20060102T150405Z") <= name[5]
	})
}

var badHistory = regexp.MustCompile(`^(\d{12})_Config_([a-z0-9-]+)_ConfigHistory_(.*)_(\d{8}T\d{6}Z)_(\d{8}T\d{6}Z)_\d+\.json\.gz$`)

// check holds a month's changes of some kinds against the truth.
func (e expected) check(t *testing.T, r *history.Raw, month configtrail.Month, kinds ...configtrail.Kind) {
	t.Helper()
	window := month.Window(r.Zone)
	var got []truthful
	for c, err := range r.EachChange(t.Context(), history.Filter{Window: window, Noise: history.NoiseInclude}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, truthful{c.Key, c.Time, c.After, c.Kind, c.Noise != ""})
	}
	name := func(c truthful) string {
		return fmt.Sprintf("%s %s %s noise %t", c.key, c.time.UTC().Format(time.RFC3339Nano), c.kind, c.noise && e.classed)
	}
	want, have := map[string]truthful{}, map[string]truthful{}
	for _, c := range e.changes {
		if window.Contains(c.time) && slices.Contains(kinds, c.kind) {
			want[name(c)] = c
		}
	}
	for _, c := range got {
		have[name(c)] = c
	}
	differ := 0
	for _, side := range []struct {
		what     string
		of, than map[string]truthful
	}{{"missing", want, have}, {"too many", have, want}} {
		for text, c := range side.of {
			if _, both := side.than[text]; both {
				continue
			}
			differ++
			if i := slices.IndexFunc(e.changes, func(o truthful) bool { return o.key == c.key && o.time.Equal(c.time) }); i >= 0 {
				c.after = e.changes[i].after // what really came before it
			}
			if !e.explained(c, window.From.AddDate(0, 0, -2)) {
				t.Errorf("%s in %s: %s: %s", month, r.Zone, side.what, text)
			}
		}
	}
	t.Logf("%s in %s: %d changes, %d differ", month, r.Zone, len(want), differ)
	if len(want) < 20 || differ > 10 {
		t.Errorf("%d changes are compared and %d explained away", len(want), differ)
	}
}

// lastBefore is the latest of times before another; zero where there is none.
func lastBefore(times []time.Time, t time.Time) (last time.Time) {
	for _, one := range times {
		if one.Before(t) && one.After(last) {
			last = one
		}
	}
	return last
}

// month tells a month and checks what the answer says of itself.
func (e expected) month(t *testing.T, r *history.Raw, of configtrail.Month, counted *naive) *history.Month {
	t.Helper()
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: of})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range month.Troubled {
		if !slices.Contains(e.bad, object.Key) {
			t.Errorf("%s is no bad object: %v", object.Key, object.Quarantined)
		}
	}
	window := of.Window(r.Zone)
	got := map[history.RawCount]bool{}
	for _, count := range month.Raw.By {
		if count.Records > 0 {
			got[count] = true
		}
	}
	if difference := cmp.Diff(counted.counts(month.Raw, window.From, window.To), got); difference != "" {
		t.Errorf("records and captures (-naive +raw):\n%s", difference)
	}
	t.Logf("%s: %d records, %d captures, %d left out, %d bytes", of, month.Raw.Records, month.Raw.Captures, len(month.Raw.LeftOut), month.Cost.Bytes)
	return month
}

var (
	withState    = form{serde: openX, members: stateMembers}
	withoutState = form{serde: hcatalog, members: plainMembers}
	everyKind    = configtrail.Kinds
	livesOnly    = []configtrail.Kind{configtrail.Created, configtrail.Deleted, configtrail.Recreated}
)

// Over the generated organisation's bucket, with nothing ingested, raw tables tell
// the changes that the simulation made.
func TestRawTablesTellTheTruthOfTheOrganisation(t *testing.T) {
	var truth testorg.Truth
	counted := &naive{}
	b := rawBucket(t, func(put func(string, []byte) error) (err error) {
		truth, err = testorg.Generate(t.Context(), testorg.Options{}, func(key string, data []byte) error {
			counted.add(key, data)
			return put(key, data)
		})
		return err
	})
	for i := range counted.items {
		counted.items[i].uri = "s3://" + b.bucket + strings.TrimPrefix(counted.items[i].uri, "s3://")
	}
	e := expected{classed: true, unread: oversized(b.keys), excluded: map[configtrail.ResourceKey][]time.Time{}}
	for _, c := range truth.Changes {
		e.changes = append(e.changes, truthful{c.Key, c.Time, c.After, c.Kind, c.Noise != ""})
	}
	for _, s := range truth.Sightings {
		if s.Kind == configtrail.NotRecorded {
			e.excluded[s.Key] = append(e.excluded[s.Key], s.Time)
		}
	}
	for _, bad := range truth.Bad {
		e.bad = append(e.bad, bad.Key)
	}
	october := configtrail.Month{Year: 2024, Month: time.October}
	over := func(f form, reader func(*testing.T, *bucketful) engine.Engine, prefix string, location *time.Location) *history.Raw {
		return &history.Raw{Tables: b.tables(t, prefix, f, reader), Zone: location}
	}

	trino := over(withState, byTrino, "state_", time.UTC)
	e.check(t, trino, october, everyKind...)
	month := e.month(t, trino, october, counted)
	if !month.Raw.Content || len(month.Raw.NotCompared) > 0 || month.Raw.Oversized == 0 {
		t.Errorf("%+v", month.Raw)
	}
	// The folders of the span were read, and no others.
	if reads, err := trino.Reads(t.Context(), history.Filter{Window: october.Window(time.UTC)}); err != nil || month.Cost.Bytes > reads.Bytes || month.Cost.Bytes < reads.Bytes/2 {
		t.Errorf("%d bytes were read of %d in the folders: %v", month.Cost.Bytes, reads.Bytes, err)
	}
	trino.Zone = zone(t, "Asia/Tokyo")
	e.check(t, trino, october.Add(-1), everyKind...)

	athena := over(withState, byAthena, "athena_", time.UTC)
	told, err := athena.Month(t.Context(), history.MonthQuestion{Month: october})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(month.Summary, told.Summary); difference != "" {
		t.Errorf("(-Trino +Athena)\n%s", difference)
	}

	bare := over(withoutState, byTrino, "bare_", time.UTC)
	e.check(t, bare, october, livesOnly...)
	month = e.month(t, bare, october, counted)
	if month.Raw.Content || month.Summary.Totals.Updated != 0 || month.Raw.Captures == 0 {
		t.Errorf("%+v, %+v", month.Raw, month.Summary.Totals)
	}
	figures, err := bare.Figures(t.Context(), history.MonthQuestion{Month: october})
	if err != nil {
		t.Fatal(err)
	}
	want := map[history.Figure]int64{}
	for _, item := range counted.items {
		if parts := strings.Split(item.folder, "/"); parts[1] == "2024" && parts[2] == "10" && !slices.ContainsFunc(figures.LeftOut, func(l history.LeftOut) bool { return l.URI == item.uri }) {
			want[history.Figure{Type: item.resourceType, Name: item.nam, Account: item.told[0], Region: item.told[1], Year: "2024", Month: "10"}]++
		}
	}
	got := map[history.Figure]int64{}
	for _, figure := range figures.Rows {
		records := figure.Records
		figure.Records = 0
		got[figure] += records
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("figures (-naive +raw):\n%s", difference)
	}
}

// The same over the bucket of another program, whose truth was checked by a third.
func TestRawTablesTellTheTruthOfTheWorld(t *testing.T) {
	counted := &naive{}
	b := rawBucket(t, func(put func(string, []byte) error) error {
		return unpack(t, shared(t, "world/bucket.tar.gz"), func(key string, data []byte) error {
			counted.add(key, data)
			return put(key, data)
		})
	})
	for i := range counted.items {
		counted.items[i].uri = "s3://" + b.bucket + strings.TrimPrefix(counted.items[i].uri, "s3://")
	}
	type truth struct {
		Resource, Kind, Status string
		CaptureTime            string `json:"capture_time"`
	}
	e := expected{unread: oversized(b.keys), excluded: map[configtrail.ResourceKey][]time.Time{}}
	resource := func(text string) configtrail.ResourceKey {
		part := strings.SplitN(text, "|", 4)
		return key(part[0], part[1], part[2], part[3])
	}
	captures := map[configtrail.ResourceKey][]time.Time{}
	observations, changes := jsonLines[truth](t, shared(t, "world/observations.jsonl.gz")), jsonLines[truth](t, shared(t, "world/changes.jsonl.gz"))
	for _, one := range slices.Concat(observations, changes) {
		captures[resource(one.Resource)] = append(captures[resource(one.Resource)], at(one.CaptureTime))
	}
	for _, one := range changes {
		if strings.HasSuffix(one.Resource, "|subnet-0d9c51a43bbd84d4b") && one.Kind == "created" {
			continue // captured before its region's first delivery, without a creation time: its authors allow either
		}
		e.changes = append(e.changes, truthful{
			key: resource(one.Resource), time: at(one.CaptureTime), after: lastBefore(captures[resource(one.Resource)], at(one.CaptureTime)),
			kind: configtrail.Kind(strings.ReplaceAll(one.Kind, "-", "")),
		})
	}
	for _, one := range observations {
		if one.Status == "ResourceNotRecorded" {
			k := resource(one.Resource)
			e.excluded[k] = append(e.excluded[k], at(one.CaptureTime))
		}
	}
	for _, bad := range jsonLines[struct{ Key string }](t, shared(t, "world/bad_files.jsonl.gz")) {
		e.bad = append(e.bad, bad.Key)
	}
	september := configtrail.Month{Year: 2024, Month: time.September}
	r := &history.Raw{Tables: b.tables(t, "state_", withState, byTrino), Zone: time.UTC}
	e.check(t, r, september, everyKind...)
	e.month(t, r, september, counted)
	e.check(t, r, september.Add(1), everyKind...)
	bare := &history.Raw{Tables: b.tables(t, "bare_", withoutState, byTrino), Zone: zone(t, "Asia/Tokyo")}
	e.check(t, bare, september.Add(1), livesOnly...)
	e.month(t, bare, september.Add(1), counted)
}
