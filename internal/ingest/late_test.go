package ingest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/lake"
)

// told writes the ledger one row a line: resource, kind, capture, the capture
// before, and the edits.
func told(t *testing.T, l *lake.Lake) []string {
	t.Helper()
	hour := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return at.Format("01-02T15")
	}
	lines := []string{}
	for _, c := range ledgerOf(t, l) {
		line := fmt.Sprintf("%s %s %s after %s", c.Key.ID, c.Kind, hour(c.Time), hour(c.After))
		for _, e := range c.Edits {
			line += fmt.Sprintf(" %s %s→%s", strings.TrimPrefix(e.Path, "/configuration/"), e.Old, e.New)
		}
		lines = append(lines, line)
	}
	return lines
}

func checkTold(t *testing.T, l *lake.Lake, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(append([]string{}, want...), told(t, l)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// filesOf gives the data files of changes, month by month.
func filesOf(t *testing.T, l *lake.Lake) map[configtrail.Month][]string {
	t.Helper()
	files := map[configtrail.Month][]string{}
	for month := (configtrail.Month{Year: 2024, Month: time.July}); month.Year == 2024; month = month.Add(1) {
		planned, err := l.Plan(t.Context(), lake.Changes, configtrail.Scope{Window: month.Window(time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range planned {
			files[month] = append(files[month], f.Path)
		}
	}
	return files
}

// fate is what happened to the files of a month between two plans.
func fate(before, after []string) string {
	kept := 0
	for _, file := range before {
		if slices.Contains(after, file) {
			kept++
		}
	}
	switch {
	case kept == len(before) && len(after) == len(before):
		return "untouched"
	case kept == len(before):
		return "appended"
	default:
		return "rewritten"
	}
}

func checkFates(t *testing.T, before, after map[configtrail.Month][]string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	months := maps.Clone(before)
	maps.Copy(months, after)
	for month := range months {
		got[month.String()] = fate(before[month], after[month])
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("files of changes (-want +got):\n%s", diff)
	}
}

// deliver puts one history object into a bucket and ingests it.
func deliver(t *testing.T, l *lake.Lake, bucket *memory, written string, items ...item) {
	t.Helper()
	bucket.put(historyKey(t, "1", written), history(items...))
	if summary := run(t, optionsFor(l, bucket)); summary.Deliveries.Ingested != 1 || summary.Items.Rejected > 0 {
		t.Fatalf("ingested %+v", summary)
	}
}

// months delivers four months of two VPCs, each month in its own ingest.
func months(t *testing.T) (*lake.Lake, *memory) {
	t.Helper()
	l, bucket := newLake(t), newMemory("bucket")
	for i, month := range []string{"08", "09", "10", "11"} {
		day := "2024-" + month + "-05"
		other := item{ID: "vpc-2", Captured: day + "T02:00:00Z", CIDR: fmt.Sprintf("172.%d", i)}
		before := filesOf(t, l)
		deliver(t, l, bucket, day+"T06:00:00Z", vpc(day+"T01:00:00Z", fmt.Sprintf("10.%d", i)), other)
		// In order, nothing that is there is ever touched again.
		for month, files := range before {
			if got := fate(files, filesOf(t, l)[month]); got != "untouched" {
				t.Errorf("%s was %s by an ingest in order", month, got)
			}
		}
	}
	checkTold(t, l,
		`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
		`vpc-1 updated 10-05T01 after 09-05T01 cidrBlock "10.1"→"10.2"`,
		`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.2"→"10.3"`,
		`vpc-2 updated 09-05T02 after 08-05T02 cidrBlock "172.0"→"172.1"`,
		`vpc-2 updated 10-05T02 after 09-05T02 cidrBlock "172.1"→"172.2"`,
		`vpc-2 updated 11-05T02 after 10-05T02 cidrBlock "172.2"→"172.3"`,
	)
	return l, bucket
}

func TestLateItems(t *testing.T) {
	for _, test := range []struct {
		name  string
		late  item
		vpc1  []string
		files map[string]string
	}{
		{
			"a state between two others changes its month and that of the next",
			vpc("2024-09-20T01:00:00Z", "10.9"),
			[]string{
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 09-20T01 after 09-05T01 cidrBlock "10.1"→"10.9"`,
				`vpc-1 updated 10-05T01 after 09-20T01 cidrBlock "10.9"→"10.2"`,
				`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.2"→"10.3"`,
			},
			map[string]string{"2024-09": "appended", "2024-10": "rewritten", "2024-11": "untouched"},
		},
		{
			"a repeated state only moves the time before the next change",
			vpc("2024-09-20T01:00:00Z", "10.1"),
			[]string{
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 10-05T01 after 09-20T01 cidrBlock "10.1"→"10.2"`,
				`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.2"→"10.3"`,
			},
			map[string]string{"2024-09": "untouched", "2024-10": "rewritten", "2024-11": "untouched"},
		},
		{
			"the next state, known before, makes its change vanish",
			vpc("2024-10-04T01:00:00Z", "10.2"),
			[]string{
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 10-04T01 after 09-05T01 cidrBlock "10.1"→"10.2"`,
				`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.2"→"10.3"`,
			},
			map[string]string{"2024-09": "untouched", "2024-10": "rewritten", "2024-11": "untouched"},
		},
		{
			"a deletion makes an update another life",
			item{ID: "vpc-1", Captured: "2024-10-20T01:00:00Z", Status: "ResourceDeleted"},
			[]string{
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 10-05T01 after 09-05T01 cidrBlock "10.1"→"10.2"`,
				`vpc-1 deleted 10-20T01 after 10-05T01`,
				`vpc-1 recreated 11-05T01 after 10-20T01 cidrBlock "10.2"→"10.3"`,
			},
			map[string]string{"2024-09": "untouched", "2024-10": "appended", "2024-11": "rewritten"},
		},
		{
			"an item before all others makes the first one a change",
			vpc("2024-07-05T01:00:00Z", "10.9"),
			[]string{
				`vpc-1 updated 08-05T01 after 07-05T01 cidrBlock "10.9"→"10.0"`,
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 10-05T01 after 09-05T01 cidrBlock "10.1"→"10.2"`,
				`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.2"→"10.3"`,
			},
			map[string]string{"2024-08": "appended", "2024-09": "untouched", "2024-10": "untouched", "2024-11": "untouched"},
		},
		{
			"another state of the same capture time counts by its state id",
			item{ID: "vpc-1", Captured: "2024-10-05T01:00:00Z", CIDR: "10.9", StateID: 7},
			[]string{
				`vpc-1 updated 09-05T01 after 08-05T01 cidrBlock "10.0"→"10.1"`,
				`vpc-1 updated 10-05T01 after 09-05T01 cidrBlock "10.1"→"10.9"`,
				`vpc-1 updated 11-05T01 after 10-05T01 cidrBlock "10.9"→"10.3"`,
			},
			map[string]string{"2024-09": "untouched", "2024-10": "rewritten", "2024-11": "rewritten"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, bucket := months(t)
			before := filesOf(t, l)
			deliver(t, l, bucket, "2024-12-05T06:00:00Z", test.late)
			checkTold(t, l, append(test.vpc1,
				`vpc-2 updated 09-05T02 after 08-05T02 cidrBlock "172.0"→"172.1"`,
				`vpc-2 updated 10-05T02 after 09-05T02 cidrBlock "172.1"→"172.2"`,
				`vpc-2 updated 11-05T02 after 10-05T02 cidrBlock "172.2"→"172.3"`)...)
			checkFates(t, before, filesOf(t, l), test.files)
		})
	}
}

// Whether a first item shows a creation depends on when its place was first
// delivered for, and on what came before it; both may become known later.
func TestLateFirstDelivery(t *testing.T) {
	l, bucket := newLake(t), newMemory("bucket")
	born := item{ID: "vpc-1", Captured: "2024-09-01T01:00:00Z", Status: "ResourceDiscovered", Created: "2024-09-01T00:00:00Z", CIDR: "10.0"}
	ageless := item{ID: "vpc-2", Captured: "2024-09-01T02:00:00Z", Status: "ResourceDiscovered", CIDR: "172.16"}
	role := item{ID: "vpc-3", Captured: "2024-09-01T03:00:00Z", Status: "ResourceDiscovered", Created: "2024-09-01T00:00:00Z", CIDR: "192.168", Region: configtrail.Global}
	bucket.put("export.json.gz", history(born, ageless, role))
	run(t, optionsFor(l, bucket)) // a key that tells nothing: no delivery is known
	checkTold(t, l, `vpc-1 created 09-01T01 after -`, `vpc-3 created 09-01T03 after -`)
	deliver(t, l, bucket, "2024-10-01T06:00:00Z", born)
	checkTold(t, l) // a month before the first delivery: the sweep of a new recorder

	// An earlier delivery of another region: it counts for what is global, and
	// need not be readable.
	bucket.put(keyIn(t, "AWSLogs/"+account, "us-east-1", "1", "2024-08-20T06:00:00Z"), nil)
	if summary := run(t, optionsFor(l, bucket)); summary.Deliveries.Quarantined != 1 || summary.Changes != 1 {
		t.Errorf("the empty object: %+v", summary)
	}
	checkTold(t, l, `vpc-3 created 09-01T03 after -`)

	// One of the region itself, that holds another resource.
	deliver(t, l, bucket, "2024-08-20T06:00:00Z", item{ID: "vpc-0", Captured: "2024-08-20T01:00:00Z", CIDR: "10.64"})
	checkTold(t, l, `vpc-1 created 09-01T01 after -`, `vpc-2 created 09-01T02 after -`, `vpc-3 created 09-01T03 after -`)

	// Earlier items: what was taken for a creation was none.
	deliver(t, l, bucket, "2024-12-01T06:00:00Z",
		item{ID: "vpc-1", Captured: "2024-08-15T01:00:00Z", CIDR: "10.0"},
		item{ID: "vpc-2", Captured: "2024-08-15T01:00:00Z", CIDR: "172.17"})
	checkTold(t, l, `vpc-2 updated 09-01T02 after 08-15T01 cidrBlock "172.17"→"172.16"`, `vpc-3 created 09-01T03 after -`)
}
