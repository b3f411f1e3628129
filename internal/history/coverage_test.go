package history_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

const (
	tokyo    = "ap-northeast-1"
	virginia = "us-east-1"
)

// snapshots are written every so often, from a time up to one that is left out.
func snapshots(account, region, from, to string, every time.Duration) []configtrail.Delivery {
	var list []configtrail.Delivery
	for when := at(from); when.Before(at(to)); when = when.Add(every) {
		key := fmt.Sprintf("%s_Config_%s_ConfigSnapshot_%s_c6d7328f-4f58-d47a-033a-7b68f6e351d6.json.gz", account, region, when.Format("20060102T150405Z"))
		list = append(list, configtrail.Delivery{
			URI: "s3://b/" + key, Key: key, Kind: configtrail.KindSnapshot, Account: account, Region: region,
			WrittenAt: when, ReadAt: at("2024-11-30T00:00:00Z"), Read: 10, Added: 4, Duplicates: 6,
		})
	}
	return list
}

const daily = 24 * time.Hour

func gapsOf(t *testing.T, h *history.History, filter history.Filter) []configtrail.Gap {
	t.Helper()
	coverage, err := h.Coverage(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	return coverage.Gaps
}

func gap(account, region, from, to, reason string, types ...string) configtrail.Gap {
	g := configtrail.Gap{Account: account, Region: region, Types: append([]string{}, types...), From: at(from), Reason: reason}
	if to != "" {
		g.To = at(to)
	}
	return g
}

func TestPlaces(t *testing.T) {
	deliveries := slices.Concat(
		snapshots(prod, tokyo, "2024-11-01T06:00:00Z", "2024-11-11T06:00:00Z", daily),
		snapshots(prod, virginia, "2024-11-03T12:00:00Z", "2024-11-05T12:00:01Z", daily),
		[]configtrail.Delivery{
			delivered(prod, virginia, "2024-11-20T00:00:00Z"),
			delivered(dev, tokyo, "2024-10-01T00:00:00Z"),
			{URI: "s3://b/trail", Kind: configtrail.KindCloudTrail, Account: dev, Region: tokyo, WrittenAt: at("2024-11-29T00:00:00Z"), ReadAt: clock},
			{URI: "s3://b/other", Kind: configtrail.KindOther, WrittenAt: at("2024-11-29T00:00:00Z"), ReadAt: clock},
			{URI: "s3://b/over", Kind: configtrail.KindOversized, Account: dev, Region: tokyo, WrittenAt: at("2024-11-29T00:00:00Z"), ReadAt: clock},
		})
	again := deliveries[0] // read once more, and restored under another prefix
	again.ReadAt = clock
	copied := deliveries[1]
	copied.URI = "s3://b/restored/" + copied.Key
	h := over(open(t, ledger{deliveries: append(deliveries, again, copied)}))
	coverage, err := h.Coverage(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []configtrail.Place{
		{Account: prod, Region: tokyo, First: at("2024-11-01T06:00:00Z"), Last: at("2024-11-10T06:00:00Z"), CompleteUntil: at("2024-11-10T00:00:00Z"), Snapshots: 10, Interval: daily},
		// Of the twelve steps between its 13 snapshots three are 6 hours long, three 18 and six 24.
		{Account: prod, Region: "global", First: at("2024-11-01T06:00:00Z"), Last: at("2024-11-20T00:00:00Z"), CompleteUntil: at("2024-11-19T18:00:00Z"), Snapshots: 13, Interval: 21 * time.Hour},
		{Account: prod, Region: virginia, First: at("2024-11-03T12:00:00Z"), Last: at("2024-11-20T00:00:00Z"), CompleteUntil: at("2024-11-19T18:00:00Z"), Snapshots: 3, Interval: daily},
		{Account: dev, Region: tokyo, First: at("2024-10-01T00:00:00Z"), Last: at("2024-10-01T00:00:00Z"), CompleteUntil: at("2024-09-30T18:00:00Z")},
		{Account: dev, Region: "global", First: at("2024-10-01T00:00:00Z"), Last: at("2024-10-01T00:00:00Z"), CompleteUntil: at("2024-09-30T18:00:00Z")},
	}
	if difference := cmp.Diff(want, coverage.Places); difference != "" {
		t.Error(difference)
	}
	complete, err := h.CompleteUntil(t.Context(), history.Filter{Accounts: []string{prod}})
	if err != nil {
		t.Fatal(err)
	}
	if !complete.Min.Equal(at("2024-11-10T00:00:00Z")) || len(complete.By) != 3 {
		t.Errorf("%+v", complete)
	}
	complete, err = h.CompleteUntil(t.Context(), history.Filter{Regions: []string{"global"}, Accounts: []string{prod}})
	if err != nil {
		t.Fatal(err)
	}
	if !complete.Min.Equal(at("2024-11-19T18:00:00Z")) || len(complete.By) != 1 {
		t.Errorf("global: %+v", complete)
	}
}

func TestSilences(t *testing.T) {
	for name, test := range map[string]struct {
		deliveries []configtrail.Delivery
		want       []configtrail.Gap
	}{
		"exactly 36 hours": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
			snapshots(prod, tokyo, "2024-11-06T12:00:00Z", "2024-11-08T12:00:00Z", daily)), nil},
		"a second more": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
			snapshots(prod, tokyo, "2024-11-06T12:00:01Z", "2024-11-08T12:00:00Z", daily)),
			[]configtrail.Gap{gap(prod, tokyo, "2024-11-05T00:00:00Z", "2024-11-06T12:00:01Z", configtrail.GapNoDelivery)}},
		"every 48 hours, 72 without": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-13T00:00:00Z", 2*daily),
			snapshots(prod, tokyo, "2024-11-14T00:00:00Z", "2024-11-18T00:00:00Z", 2*daily)), nil},
		"every 48 hours, 73 without": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-13T00:00:00Z", 2*daily),
			snapshots(prod, tokyo, "2024-11-14T01:00:00Z", "2024-11-18T00:00:00Z", 2*daily)),
			[]configtrail.Gap{gap(prod, tokyo, "2024-11-11T00:00:00Z", "2024-11-14T01:00:00Z", configtrail.GapNoDelivery)}},
		"history alone bridges it": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
			snapshots(prod, tokyo, "2024-11-07T00:00:00Z", "2024-11-09T00:00:00Z", daily),
			[]configtrail.Delivery{delivered(prod, tokyo, "2024-11-06T00:00:00Z")}), nil},
		"without snapshots it is unknown": {[]configtrail.Delivery{
			delivered(prod, tokyo, "2024-10-01T00:00:00Z"), delivered(prod, tokyo, "2024-11-06T00:00:00Z")}, nil},
		"another region bridges the global services only": {slices.Concat(
			snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
			snapshots(prod, tokyo, "2024-11-09T00:00:00Z", "2024-11-12T00:00:00Z", daily),
			snapshots(prod, virginia, "2024-11-01T00:00:00Z", "2024-11-12T00:00:00Z", daily)),
			[]configtrail.Gap{gap(prod, tokyo, "2024-11-05T00:00:00Z", "2024-11-09T00:00:00Z", configtrail.GapNoDelivery)}},
	} {
		t.Run(name, func(t *testing.T) {
			h := over(open(t, ledger{deliveries: test.deliveries}))
			if test.want == nil {
				test.want = []configtrail.Gap{}
			}
			if difference := cmp.Diff(test.want, gapsOf(t, h, history.Filter{})); difference != "" {
				t.Error(difference)
			}
		})
	}
}

// The gap of an account's only region is one of its global services too, and is
// told once unless only they are asked for.
func TestSilenceOfTheOnlyRegion(t *testing.T) {
	h := over(open(t, ledger{deliveries: slices.Concat(
		snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
		snapshots(prod, tokyo, "2024-11-09T00:00:00Z", "2024-11-12T00:00:00Z", daily))}))
	for region, filter := range map[string]history.Filter{
		tokyo:    {},
		"global": {Regions: []string{"global"}},
	} {
		want := []configtrail.Gap{gap(prod, region, "2024-11-05T00:00:00Z", "2024-11-09T00:00:00Z", configtrail.GapNoDelivery)}
		if difference := cmp.Diff(want, gapsOf(t, h, filter)); difference != "" {
			t.Error(difference)
		}
	}
	for name, filter := range map[string]history.Filter{
		"before":          {Window: configtrail.Window{From: at("2024-11-01T00:00:00Z"), To: at("2024-11-05T00:00:00Z")}},
		"behind":          {Window: configtrail.Window{From: at("2024-11-09T00:00:00Z"), To: at("2024-11-12T00:00:00Z")}},
		"another region":  {Regions: []string{virginia}},
		"another account": {Accounts: []string{dev}},
	} {
		if got := gapsOf(t, h, filter); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStaleBehindASilence(t *testing.T) {
	data := ledger{deliveries: slices.Concat(
		snapshots(prod, virginia, "2024-11-01T00:00:00Z", "2024-11-05T00:00:01Z", daily),
		snapshots(prod, virginia, "2024-11-09T00:00:00Z", "2024-11-12T00:00:00Z", daily))}
	for id, when := range map[string]string{"before": "2024-11-02T00:00:00Z", "within": "2024-11-06T00:00:00Z", "behind": "2024-11-09T00:00:00Z"} {
		data.items = append(data.items, seen(key(prod, virginia, "AWS::SQS::Queue", id), when, id, ok))
	}
	h := over(open(t, data))
	got := map[string]bool{}
	for _, s := range states(t, h, "2024-11-12T00:00:00Z", history.Filter{}) {
		got[s.Key.ID] = s.Stale
	}
	if difference := cmp.Diff(map[string]bool{"before": true, "within": true, "behind": false}, got); difference != "" {
		t.Error(difference)
	}
	for _, s := range states(t, h, "2024-11-04T23:59:59Z", history.Filter{}) {
		if s.Stale {
			t.Errorf("%s is stale before the gap", s.Key)
		}
	}
}

func TestChangesOfRecording(t *testing.T) {
	queues := func(account, id string) configtrail.ResourceKey { return key(account, tokyo, "AWS::SQS::Queue", id) }
	iam := func(kind, id string) configtrail.ResourceKey { return key(dev, "global", "AWS::IAM::"+kind, id) }
	app := key(dev, tokyo, "AWS::AppRunner::Service", "app")
	data := ledger{
		deliveries: slices.Concat(
			snapshots(prod, tokyo, "2024-08-01T00:00:00Z", "2024-08-20T00:00:00Z", daily),
			snapshots(dev, tokyo, "2024-08-01T06:00:00Z", "2024-08-20T00:00:00Z", daily)),
		items: []configtrail.ConfigurationItem{
			// Known since before the first delivery.
			seen(queues(dev, "old"), "2024-07-01T00:00:00Z", "x", ok),
			// First recorded months later, in one batch, in the order of no alphabet.
			seen(iam("User", "u"), "2024-10-08T05:00:00Z", "x", ok), seen(iam("User", "u"), "2024-10-09T05:00:00Z", "y", ok),
			seen(iam("Role", "r"), "2024-10-08T05:10:00Z", "x", found),
			// A first one of its type that was created: no change of scope.
			seen(app, "2024-11-01T00:00:00Z", "x", found),
			// Excluded, recorded again, excluded for good.
			seen(queues(prod, "q1"), "2024-07-01T00:00:00Z", "x", ok),
			seen(queues(prod, "q1"), "2024-10-01T00:00:00Z", "", ended),
			seen(queues(prod, "q2"), "2024-10-01T00:00:05Z", "", ended),
			seen(queues(prod, "q1"), "2024-10-02T00:00:00Z", "", configtrail.StatusResourceDeletedNotRecorded),
			seen(queues(prod, "q2"), "2024-10-05T00:00:00Z", "x", ok),
			seen(queues(prod, "q2"), "2024-10-06T00:00:00Z", "y", ok),
			seen(queues(prod, "q2"), "2024-10-21T00:00:00Z", "", ended),
		},
		changes: []configtrail.Change{happened(app, "2024-11-01T00:00:00Z", configtrail.Created)},
	}
	h := over(open(t, data))
	scope := gap(dev, "global", "2024-08-01T06:00:00Z", "2024-10-08T05:00:00Z", configtrail.GapScope, "AWS::IAM::Role", "AWS::IAM::User")
	excluded := gap(prod, tokyo, "2024-10-01T00:00:00Z", "2024-10-05T00:00:00Z", configtrail.GapExcluded, "AWS::SQS::Queue")
	open := gap(prod, tokyo, "2024-10-21T00:00:00Z", "", configtrail.GapExcluded, "AWS::SQS::Queue")
	for name, test := range map[string]struct {
		filter history.Filter
		want   []configtrail.Gap
	}{
		"everything":         {history.Filter{}, []configtrail.Gap{scope, excluded, open}},
		"one service":        {history.Filter{Types: []string{"iam"}}, []configtrail.Gap{scope}},
		"one type":           {history.Filter{Types: []string{"AWS::SQS::Queue"}}, []configtrail.Gap{excluded, open}},
		"one region":         {history.Filter{Regions: []string{tokyo}}, []configtrail.Gap{excluded, open}},
		"one resource":       {history.Filter{Resources: []string{iam("Role", "r").String()}}, []configtrail.Gap{gap(dev, "global", "2024-08-01T06:00:00Z", "2024-10-08T05:10:00Z", configtrail.GapScope, "AWS::IAM::Role")}},
		"another resource":   {history.Filter{Resources: []string{app.String()}}, []configtrail.Gap{}},
		"behind the closed":  {history.Filter{Window: configtrail.Window{From: at("2024-11-01T00:00:00Z")}}, []configtrail.Gap{open}},
		"before them":        {history.Filter{Window: configtrail.Window{To: at("2024-09-01T00:00:00Z")}}, []configtrail.Gap{scope}},
		"before everything":  {history.Filter{Window: configtrail.Window{To: at("2024-08-01T00:00:00Z")}}, []configtrail.Gap{}},
		"an account of none": {history.Filter{Accounts: []string{"999999999999"}}, []configtrail.Gap{}},
	} {
		t.Run(name, func(t *testing.T) {
			if difference := cmp.Diff(test.want, gapsOf(t, h, test.filter)); difference != "" {
				t.Error(difference)
			}
		})
	}
}

// broken is a delivery with something quarantined in it.
func broken(d configtrail.Delivery, things ...configtrail.Quarantined) configtrail.Delivery {
	for i := range things {
		things[i].Key = d.Key
	}
	d.Quarantined = things
	return d
}

func under(d configtrail.Delivery, prefix string) configtrail.Delivery {
	d.Key = prefix + "/" + d.Key
	d.URI = "s3://b/" + d.Key
	return d
}

var (
	empty     = configtrail.Quarantined{Index: -1, Code: configtrail.CodeEmpty, Reason: "no bytes"}
	truncated = configtrail.Quarantined{Index: 3, Offset: 1234, Code: configtrail.CodeTruncated, Reason: "unexpected EOF"}
)

func TestLostObjects(t *testing.T) {
	lost := broken(delivered(prod, tokyo, "2024-11-05T06:00:00Z"), empty)
	lostGap := gap(prod, tokyo, "2024-11-05T06:00:00Z", "2024-11-05T06:00:01Z", configtrail.GapQuarantined, "AWS::EC2::Instance")
	again := lost // tried again and still broken
	again.ReadAt = clock
	fine := lost // tried again, and mended
	fine.ReadAt, fine.Quarantined = clock, nil
	daysOf := snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-05T00:00:00Z", daily)
	archived := slices.Clone(daysOf)
	for i := 1; i < len(archived); i++ {
		archived[i].Archived = true
	}
	event := broken(configtrail.Delivery{URI: "s3://b/t", Key: "t", Kind: configtrail.KindCloudTrail, Account: prod, Region: tokyo, WrittenAt: at("2024-11-05T00:00:00Z"), ReadAt: clock}, truncated)
	for name, test := range map[string]struct {
		deliveries  []configtrail.Delivery
		gaps        []configtrail.Gap
		quarantined int64
		archived    int64
		listed      int
		mended      string
	}{
		"lost":                              {[]configtrail.Delivery{lost}, []configtrail.Gap{lostGap}, 1, 0, 1, ""},
		"still lost":                        {[]configtrail.Delivery{lost, again}, []configtrail.Gap{lostGap}, 1, 0, 1, ""},
		"mended by a later read":            {[]configtrail.Delivery{lost, fine}, nil, 0, 0, 0, ""},
		"an earlier good read is no help":   {[]configtrail.Delivery{fine, func() configtrail.Delivery { l := lost; l.ReadAt = clock.Add(1e9); return l }()}, []configtrail.Gap{lostGap}, 1, 0, 1, ""},
		"mended by a copy":                  {[]configtrail.Delivery{lost, under(fine, "restored")}, nil, 0, 0, 1, under(fine, "restored").URI},
		"a copy as broken":                  {[]configtrail.Delivery{lost, under(lost, "restored")}, []configtrail.Gap{lostGap}, 2, 0, 2, ""},
		"another file of that time":         {[]configtrail.Delivery{lost, func() configtrail.Delivery { o := under(fine, "x"); o.Key += "x"; return o }()}, []configtrail.Gap{lostGap}, 1, 0, 1, ""},
		"two things in one":                 {[]configtrail.Delivery{broken(delivered(prod, tokyo, "2024-11-05T06:00:00Z"), truncated, empty)}, []configtrail.Gap{lostGap}, 2, 0, 1, ""},
		"an archive is one gap":             {archived, []configtrail.Gap{gap(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-04T00:00:01Z", configtrail.GapArchived)}, 0, 3, 3, ""},
		"an archived copy of a good one":    {[]configtrail.Delivery{daysOf[0], daysOf[1], func() configtrail.Delivery { a := under(daysOf[0], "old"); a.Archived = true; return a }()}, nil, 0, 0, 1, daysOf[0].URI},
		"events are no configuration items": {[]configtrail.Delivery{event}, nil, 1, 0, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := over(open(t, ledger{deliveries: test.deliveries}))
			coverage, err := h.Coverage(t.Context(), history.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if test.gaps == nil {
				test.gaps = []configtrail.Gap{}
			}
			if difference := cmp.Diff(test.gaps, coverage.Gaps); difference != "" {
				t.Error(difference)
			}
			if coverage.Quarantined != test.quarantined || coverage.Archived != test.archived {
				t.Errorf("quarantined %d, archived %d", coverage.Quarantined, coverage.Archived)
			}
			objects, err := h.Quarantine(t.Context(), history.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(objects) != test.listed {
				t.Fatalf("%d objects: %+v", len(objects), objects)
			}
			if len(objects) > 0 && objects[0].MendedBy != test.mended {
				t.Errorf("mended by %q", objects[0].MendedBy)
			}
		})
	}
}

func TestQuarantineTellsWhatAndWhere(t *testing.T) {
	lost := broken(delivered(prod, tokyo, "2024-11-05T06:00:00Z"), truncated)
	stray := broken(configtrail.Delivery{URI: "file:///x.json", Key: "x.json", Kind: configtrail.KindOther, ReadAt: clock}, empty)
	h := over(open(t, ledger{deliveries: []configtrail.Delivery{lost, stray, delivered(dev, tokyo, "2024-11-05T06:00:00Z")}}))
	got, err := h.Quarantine(t.Context(), history.Filter{Accounts: []string{prod}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].URI != lost.URI || !got[0].WrittenAt.Equal(lost.WrittenAt) || got[0].Account != prod {
		t.Fatalf("%+v", got)
	}
	want := []configtrail.Quarantined{{Key: lost.Key, Index: 3, Offset: 1234, Code: "truncated", Reason: "unexpected EOF"}}
	if difference := cmp.Diff(want, got[0].Quarantined); difference != "" {
		t.Error(difference)
	}
	for filter, n := range map[string]int{"": 2, dev: 0} {
		var accounts []string
		if filter != "" {
			accounts = []string{filter}
		}
		if got, err = h.Quarantine(t.Context(), history.Filter{Accounts: accounts}); err != nil || len(got) != n {
			t.Errorf("of %q: %v, %v", filter, got, err)
		}
	}
}

// told is a warning as short as a test can say it.
type told struct {
	Kind            history.WarningKind
	Reason          string
	Account, Region string
	From, To        string
}

func TestTouched(t *testing.T) {
	data := ledger{deliveries: slices.Concat(
		snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-10T00:00:01Z", daily),
		snapshots(prod, tokyo, "2024-11-13T00:00:00Z", "2024-11-28T00:00:01Z", daily),
		snapshots(dev, tokyo, "2024-11-01T00:00:00Z", "2024-11-30T18:00:01Z", daily/4),
		[]configtrail.Delivery{broken(delivered(dev, tokyo, "2024-11-05T06:00:00Z"), empty)},
	)}
	// Now is 1 December, 0:00: prod delivered last on 28 November, dev six hours ago.
	h := over(open(t, data))
	silence := told{history.WarnGap, configtrail.GapNoDelivery, prod, tokyo, "2024-11-10T00:00:00Z", "2024-11-13T00:00:00Z"}
	lost := told{history.WarnQuarantine, configtrail.CodeEmpty, dev, tokyo, "2024-11-05T06:00:00Z", "2024-11-05T06:00:01Z"}
	late := told{history.WarnLate, "", prod, tokyo, "2024-11-27T18:00:00Z", "2024-12-01T00:00:00Z"}
	pending := told{history.WarnPending, "", dev, tokyo, "2024-11-30T12:00:00Z", "2024-12-01T00:00:00Z"}
	before := func(account string) told {
		return told{history.WarnGap, history.ReasonBeforeFirst, account, "", "2024-10-01T00:00:00Z", "2024-11-01T00:00:00Z"}
	}
	for name, test := range map[string]struct {
		from, to string
		filter   history.Filter
		want     []told
	}{
		"nothing":                  {"2024-11-14T00:00:00Z", "2024-11-20T00:00:00Z", history.Filter{}, nil},
		"up to where it is whole":  {"2024-11-14T00:00:00Z", "2024-11-27T18:00:00Z", history.Filter{}, nil},
		"and a moment further":     {"2024-11-14T00:00:00Z", "2024-11-27T18:00:01Z", history.Filter{}, []told{{history.WarnLate, "", prod, tokyo, "2024-11-27T18:00:00Z", "2024-11-27T18:00:01Z"}}},
		"a gap":                    {"2024-11-12T00:00:00Z", "2024-11-20T00:00:00Z", history.Filter{}, []told{silence}},
		"a gap of another account": {"2024-11-12T00:00:00Z", "2024-11-20T00:00:00Z", history.Filter{Accounts: []string{dev}}, nil},
		"the month":                {"2024-11-01T00:00:00Z", "2024-12-01T00:00:00Z", history.Filter{}, []told{lost, silence, late, pending}},
		"an open end is now":       {"2024-11-29T00:00:00Z", "", history.Filter{}, []told{late, pending}},
		"the future":               {"2024-11-29T00:00:00Z", "2025-01-01T00:00:00Z", history.Filter{Accounts: []string{dev}}, []told{pending}},
		"quarantine":               {"2024-11-05T00:00:00Z", "2024-11-06T00:00:00Z", history.Filter{}, []told{lost}},
		"quarantine of its type":   {"2024-11-05T00:00:00Z", "2024-11-06T00:00:00Z", history.Filter{Types: []string{"ec2"}}, []told{lost}},
		"not of another type":      {"2024-11-05T00:00:00Z", "2024-11-06T00:00:00Z", history.Filter{Types: []string{"s3"}}, nil},
		"not of another region":    {"2024-11-05T00:00:00Z", "2024-11-06T00:00:00Z", history.Filter{Regions: []string{virginia}}, []told{{history.WarnGap, history.ReasonNoCoverage, "", "", "2024-11-05T00:00:00Z", "2024-11-06T00:00:00Z"}}},
		"before the beginning":     {"2024-10-01T00:00:00Z", "2024-11-02T00:00:00Z", history.Filter{}, []told{before(prod), before(dev)}},
		"an unknown account":       {"2024-11-14T00:00:00Z", "2024-11-20T00:00:00Z", history.Filter{Accounts: []string{"999999999999"}}, []told{{history.WarnGap, history.ReasonNoCoverage, "999999999999", "", "2024-11-14T00:00:00Z", "2024-11-20T00:00:00Z"}}},
	} {
		t.Run(name, func(t *testing.T) {
			window := configtrail.Window{From: at(test.from)}
			if test.to != "" {
				window.To = at(test.to)
			}
			warnings, err := h.Touched(t.Context(), window, test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []told
			for _, w := range warnings {
				got = append(got, told{w.Kind, w.Reason, w.Account, w.Region, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339)})
			}
			if difference := cmp.Diff(test.want, got); difference != "" {
				t.Error(difference)
			}
		})
	}
	warnings, err := h.Late(t.Context(), configtrail.Window{From: at("2024-11-29T00:00:00Z")}, history.Filter{})
	if err != nil || len(warnings) != 2 {
		t.Errorf("late: %v, %v", warnings, err)
	}
}

func TestTheEmptyLake(t *testing.T) {
	h := over(open(t, ledger{}))
	coverage, err := h.Coverage(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(configtrail.Coverage{Places: []configtrail.Place{}, Gaps: []configtrail.Gap{}}, coverage); difference != "" {
		t.Error(difference)
	}
	page, err := h.Changes(t.Context(), history.Filter{Limit: 5})
	if err != nil || page.Total != 0 || page.Changes == nil || page.Next != "" {
		t.Errorf("%+v, %v", page, err)
	}
	if got := states(t, h, "2024-11-01T00:00:00Z", history.Filter{}); got != nil {
		t.Error(got)
	}
	warnings, err := h.Touched(t.Context(), configtrail.Window{From: at("2024-11-01T00:00:00Z")}, history.Filter{})
	if err != nil || len(warnings) != 1 || warnings[0].Reason != history.ReasonNoCoverage {
		t.Errorf("%v, %v", warnings, err)
	}
	integrity, err := h.Integrity(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(history.Integrity{Examples: []history.Capture{}}, integrity); difference != "" {
		t.Error(difference)
	}
}

func TestIntegrity(t *testing.T) {
	data := lives()
	data.deliveries = snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-03T00:00:00Z", daily)
	again := data.deliveries[0]
	again.ReadAt, again.Added, again.Duplicates, again.Rejected = clock, 0, 9, 1
	data.deliveries = append(data.deliveries, again)
	got, err := over(open(t, data)).Integrity(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := history.Integrity{
		Items: 14, SameContent: 1, Objects: 2, ItemsRead: 20, Duplicates: 15, Rejected: 1,
		TwoStates: 1, Examples: []history.Capture{{Key: queue, Time: at("2024-03-01T00:00:00Z"), States: 3}},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}
