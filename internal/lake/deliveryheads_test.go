package lake_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

func addDeliveries(t *testing.T, l *lake.Lake, deliveries ...configtrail.Delivery) {
	t.Helper()
	w := writer(t, l)
	for _, d := range deliveries {
		if err := w.AddDelivery(t.Context(), d, nil); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, w)
}

func TestFirstDeliveries(t *testing.T) { everywhere(t, testFirstDeliveries) }

func testFirstDeliveries(t *testing.T, dir place) {
	l := create(t, dir)
	of := func(uri, account, region string, kind configtrail.DeliveryKind, written time.Time) configtrail.Delivery {
		d := delivery(uri, "2024-12-01T00:00:00Z", written)
		d.Account, d.Region, d.Kind = account, region, kind
		return d
	}
	first := func() []string {
		t.Helper()
		got, err := l.FirstDeliveries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{}
		for _, f := range got {
			lines = append(lines, strings.Join([]string{f.Account, f.Region, f.WrittenAt.Format(time.RFC3339)}, " "))
		}
		slices.Sort(lines)
		return lines
	}
	if got := first(); len(got) != 0 {
		t.Errorf("of an empty lake: %q", got)
	}
	addDeliveries(t, l,
		of("a", prod, tokyo, configtrail.KindHistory, at("2024-11-05T06:00:00Z")),
		of("b", prod, tokyo, configtrail.KindSnapshot, at("2024-11-04T00:00:00Z")),
		of("c", prod, tokyo, configtrail.KindCloudTrail, at("2024-01-01T00:00:00Z")),   // delivers nothing of Config
		of("d", prod, tokyo, configtrail.KindNotification, at("2024-01-01T00:00:00Z")), // is no file
		of("e", prod, "us-east-1", configtrail.KindHistory, at("2024-10-31T23:59:59Z")),
		of("f", audit, tokyo, configtrail.KindHistory, time.Time{}), // when is not known
		of("g", "", tokyo, configtrail.KindHistory, at("2024-01-01T00:00:00Z")),
	)
	want := []string{prod + " " + tokyo + " 2024-11-04T00:00:00Z", prod + " us-east-1 2024-10-31T23:59:59Z"}
	if diff := cmp.Diff(want, first()); diff != "" {
		t.Errorf("first deliveries (-want +got):\n%s", diff)
	}
	addDeliveries(t, l, of("h", prod, tokyo, configtrail.KindHistory, at("2023-02-01T00:00:00Z")), of("i", audit, tokyo, configtrail.KindSnapshot, at("2025-01-01T00:00:00Z")))
	want = []string{prod + " " + tokyo + " 2023-02-01T00:00:00Z", prod + " us-east-1 2024-10-31T23:59:59Z", audit + " " + tokyo + " 2025-01-01T00:00:00Z"}
	slices.Sort(want)
	for _, when := range []string{"with what is kept of the files before", "once more"} {
		if diff := cmp.Diff(want, first()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	compactAll(t, l)
	if diff := cmp.Diff(want, first()); diff != "" {
		t.Errorf("after compaction (-want +got):\n%s", diff)
	}
}

func TestDeliveryHeads(t *testing.T) { everywhere(t, testDeliveryHeads) }

func testDeliveryHeads(t *testing.T, dir place) {
	l := create(t, dir)
	again := delivery("a", "2024-12-02T00:00:00Z", at("2024-11-05T00:00:00Z"))
	again.ETag, again.Archived = "e2", true
	addDeliveries(t, l, again, delivery("b", "2024-12-01T00:00:00Z", at("2024-11-06T00:00:00Z")), delivery("c", "2024-12-01T00:00:00Z", at("2024-10-06T00:00:00Z")))
	addDeliveries(t, l, delivery("a", "2024-12-01T00:00:00Z", at("2024-11-05T00:00:00Z"))) // read before, committed later
	heads := map[string][]lake.DeliveryHead{}
	for head, err := range l.DeliveryHeads(t.Context(), configtrail.Scope{Window: configtrail.Window{From: at("2024-11-01T00:00:00Z"), To: at("2024-12-01T00:00:00Z")}}) {
		if err != nil {
			t.Fatal(err)
		}
		heads[head.URI] = append(heads[head.URI], head)
	}
	if len(heads["s3://b/a"]) != 2 || len(heads["s3://b/b"]) != 1 || len(heads["s3://b/c"]) != 0 {
		t.Fatalf("heads of November: %+v", heads)
	}
	newest := heads["s3://b/a"][0]
	if other := heads["s3://b/a"][1]; other.Read.After(newest.Read) {
		newest = other
	}
	if newest.ETag != "e2" || !newest.Archived || newest.Kind != configtrail.KindHistory || newest.Read.After(newest.Read) {
		t.Errorf("the newest is %+v", newest)
	}
	if b := heads["s3://b/b"][0]; b.ETag != "e" || b.Archived {
		t.Errorf("the other object is %+v", b)
	}
}
