package history_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/history"
)

// shared finds a file of the material that lies beside the project.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, "shared", name); exists(file) {
			return file
		}
	}
	t.Skipf("no shared/%s above this package", name)
	return ""
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// jsonLines reads a gzip-compressed file of JSON lines.
func jsonLines[T any](t *testing.T, file string) []T {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bufio.NewReader(unzipped))
	var list []T
	for {
		var one T
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			t.Fatal(err)
		}
		list = append(list, one)
	}
}

var configName = regexp.MustCompile(`^(\d{12})_Config_([a-z0-9-]+)_Config(History|Snapshot)_.*?(\d{8}T\d{6}Z)_(?:\d+|[0-9a-f-]{36})\.json\.gz$`)

// worldDeliveries lists what the made-up bucket holds, by the names of its objects.
func worldDeliveries(t *testing.T) []configtrail.Delivery {
	t.Helper()
	f, err := os.Open(shared(t, "world/bucket.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	type badFile struct {
		Key, Kind string
		BadItems  int `json:"bad_items"`
	}
	codes := map[string]string{
		"truncated": configtrail.CodeTruncated, "invalid": configtrail.CodeInvalidJSON,
		"zero_byte": configtrail.CodeEmpty, "bad_item": configtrail.CodeBadItem,
	}
	bad := map[string]badFile{}
	for _, b := range jsonLines[badFile](t, shared(t, "world/bad_files.jsonl.gz")) {
		bad[b.Key] = b
	}
	var list []configtrail.Delivery
	found := 0
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		_, key, _ := strings.Cut(header.Name, "bucket/")
		name := configName.FindStringSubmatch(path.Base(key))
		if name == nil {
			continue
		}
		written, err := time.Parse("20060102T150405Z", name[4])
		if err != nil {
			t.Fatal(err)
		}
		delivery := configtrail.Delivery{
			URI: "s3://world/" + key, Key: key, Kind: configtrail.DeliveryKind(strings.ToLower(name[3])),
			Account: name[1], Region: name[2], WrittenAt: written, ReadAt: clock,
		}
		if b, ok := bad[key]; ok {
			found++
			for range max(1, b.BadItems) {
				delivery.Quarantined = append(delivery.Quarantined, configtrail.Quarantined{Index: -1, Code: codes[b.Kind]})
			}
		}
		list = append(list, delivery)
	}
	if found != len(bad) {
		t.Fatalf("%d of %d bad files are in the bucket", found, len(bad))
	}
	return list
}

// world is the truth about the made-up organisation as a ledger.
func world(t *testing.T) ledger {
	type truth struct {
		Resource, Status, Kind, Class string
		CaptureTime                   string `json:"capture_time"`
	}
	data := ledger{deliveries: worldDeliveries(t)}
	item := func(one truth) configtrail.ConfigurationItem {
		part := strings.SplitN(one.Resource, "|", 4)
		return configtrail.ConfigurationItem{
			Key: key(part[0], part[1], part[2], part[3]), CaptureTime: at(one.CaptureTime), Status: configtrail.Status(one.Status), ContentHash: one.CaptureTime,
		}
	}
	for _, one := range jsonLines[truth](t, shared(t, "world/observations.jsonl.gz")) {
		data.items = append(data.items, item(one))
	}
	for _, one := range jsonLines[truth](t, shared(t, "world/changes.jsonl.gz")) {
		of := item(one)
		data.items = append(data.items, of)
		change := configtrail.Change{Key: of.Key, Time: of.CaptureTime, Kind: configtrail.Kind(strings.ReplaceAll(one.Kind, "-", ""))}
		if one.Class != "meaningful" {
			change.Noise = configtrail.Noise(one.Class)
		}
		data.changes = append(data.changes, change)
	}
	return data
}

func TestTheWorldsGapsAreFoundAndNoOther(t *testing.T) {
	h := over(open(t, world(t)))
	coverage, err := h.Coverage(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	long := []configtrail.Gap{} // over 36 hours or open
	short := map[string]int{}
	for _, g := range coverage.Gaps {
		if g.To.IsZero() || g.To.Sub(g.From) > configtrail.MinGap {
			long = append(long, g)
		} else {
			short[g.Account+" "+g.Region+" "+g.Reason+" "+strings.Join(g.Types, ",")]++
		}
	}
	if len(long) != 3 {
		t.Fatalf("%d long gaps: %v", len(long), long)
	}
	// A recorder was switched off for 48 hours; the nearest deliveries lie up to a day around.
	off := long[1]
	if off.Account != "724598091486" || off.Region != tokyo || off.Reason != configtrail.GapNoDelivery || len(off.Types) != 0 ||
		off.From.After(at("2024-09-11T02:00:00Z")) || off.To.Before(at("2024-09-13T02:00:00Z")) || off.To.Sub(off.From) > 4*daily {
		t.Errorf("the recorder's gap: %v", off)
	}
	// IAM was added to what a recorder records.
	scope := long[0]
	if scope.Account != "460549720751" || scope.Region != "global" || scope.Reason != configtrail.GapScope {
		t.Errorf("the change of scope: %v", scope)
	}
	if !configtrail.MonthOf(scope.From, time.UTC).Window(time.UTC).From.Equal(at("2024-08-01T00:00:00Z")) || scope.From.Day() != 1 ||
		scope.To.Before(at("2024-10-08T05:00:00Z")) || scope.To.After(at("2024-10-08T05:02:00Z")) {
		t.Errorf("the change of scope: %v", scope)
	}
	types := []string{"AWS::IAM::Group", "AWS::IAM::OIDCProvider", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::SAMLProvider", "AWS::IAM::User"}
	if difference := cmp.Diff(types, scope.Types); difference != "" {
		t.Error(difference)
	}
	// Queues were taken out of what a recorder records.
	excluded := gap("991757780968", tokyo, "2024-10-21T03:05:05.398Z", "", configtrail.GapExcluded, "AWS::SQS::Queue")
	if difference := cmp.Diff(excluded, long[2]); difference != "" {
		t.Error(difference)
	}
	// Of eight objects that can't be read whole four were delivered again.
	want := map[string]int{
		"742651625915 ap-northeast-1 quarantined AWS::CloudFormation::Stack":         1,
		"870183984173 ap-northeast-1 quarantined AWS::AutoScaling::AutoScalingGroup": 1,
		"724598091486 ap-northeast-1 quarantined AWS::SQS::Queue":                    1,
		"460549720751 us-east-1 quarantined AWS::IAM::Group":                         1,
	}
	if difference := cmp.Diff(want, short); difference != "" {
		t.Error(difference)
	}
	objects, err := h.Quarantine(t.Context(), history.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	mended := 0
	for _, object := range objects {
		if object.MendedBy != "" {
			mended++
		}
	}
	if len(objects) != 8 || mended != 4 || coverage.Quarantined != 10 { // two of them hold four bad items each
		t.Errorf("%d objects, %d mended, %d things lost", len(objects), mended, coverage.Quarantined)
	}
}

// The figures of every month in both zones are those of the naive count.
func TestTheWorldsMonthsAreCounted(t *testing.T) {
	data := world(t)
	e := open(t, data)
	for _, location := range []*time.Location{time.UTC, zone(t, "Asia/Tokyo")} {
		h := over(e)
		h.Zone = location
		for month := (configtrail.Month{Year: 2024, Month: time.July}); month.Before(configtrail.Month{Year: 2025, Month: time.January}); month = month.Add(1) {
			var want history.Totals
			resources, accounts := map[configtrail.ResourceKey]bool{}, map[string]bool{}
			for _, c := range data.changes {
				if configtrail.MonthOf(c.Time, location) != month {
					continue
				}
				if c.Noise != "" {
					want.Noise++
					continue
				}
				want.Changes++
				*map[configtrail.Kind]*int64{
					configtrail.Created: &want.Created, configtrail.Updated: &want.Updated,
					configtrail.Deleted: &want.Deleted, configtrail.Recreated: &want.Recreated,
				}[c.Kind]++
				resources[c.Key], accounts[c.Key.Account] = true, true
			}
			want.Resources, want.Accounts = int64(len(resources)), int64(len(accounts))
			got, err := h.Summary(t.Context(), history.Filter{Window: month.Window(location)})
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(want, got.Totals); difference != "" {
				t.Error(location, month, difference)
			}
			if reached := month.Month > time.August; (got.Previous != nil) != reached {
				t.Errorf("%s %s: the month before is %v", location, month, got.Previous)
			}
		}
	}
}
