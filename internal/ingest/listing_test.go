package ingest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
)

// A filter goes down only into folders that can hold what it wants, whatever the
// prefix, and although days are not padded.
func TestFilterPrunesTheListing(t *testing.T) {
	const other = "444455556666"
	bucket := newMemory("bucket")
	put := func(prefix, region, written string) {
		bucket.put(keyIn(t, prefix, region, "1", written), history(vpc(written, "10.0")))
	}
	put("AWSLogs/"+account, region, "2024-11-04T06:00:00Z")
	put("AWSLogs/"+account, region, "2024-11-05T06:00:00Z")
	put("AWSLogs/"+account, region, "2024-11-10T06:00:00Z")
	put("AWSLogs/"+account, region, "2024-10-05T06:00:00Z")
	put("AWSLogs/"+account, region, "2023-11-05T06:00:00Z")
	put("AWSLogs/"+account, "us-east-1", "2024-11-05T06:00:00Z")
	put("org/o-abc/AWSLogs/"+other, region, "2024-11-05T06:00:00Z")
	bucket.put("AWSLogs/"+account+"/elasticloadbalancing/"+region+"/2024/11/05/x.log.gz", nil)
	bucket.put("AWSLogs/"+account+"/Config/ConfigWritabilityCheckFile", nil)

	in := func(region, below string) string { return "AWSLogs/" + account + "/Config/" + region + "/" + below }
	for _, test := range []struct {
		name   string
		filter ingest.Filter
		asked  []string
		seen   int64
	}{
		{"none", ingest.Filter{}, []string{"list "}, 9},
		{
			"days, an account and a region",
			ingest.Filter{
				Since: instant(t, "2024-11-04T00:00:00Z"), Until: instant(t, "2024-11-06T00:00:00Z"),
				Accounts: []string{account}, Regions: []string{region},
			},
			[]string{
				"level ", "level AWSLogs/", "level AWSLogs/" + account + "/", "level AWSLogs/" + account + "/Config/",
				"level " + in(region, ""), "level " + in(region, "2024/"), "level " + in(region, "2024/11/"),
				"list " + in(region, "2024/11/4/"), "list " + in(region, "2024/11/5/"),
				"level org/", "level org/o-abc/", "level org/o-abc/AWSLogs/",
			},
			3, // two days, and the check file, whose key has no day
		},
		{
			"until a month",
			ingest.Filter{Until: instant(t, "2024-01-01T00:00:00Z"), Accounts: []string{account}},
			[]string{
				"level ", "level AWSLogs/", "level AWSLogs/" + account + "/", "level AWSLogs/" + account + "/Config/",
				"level " + in(region, ""), "level " + in(region, "2023/"), "level " + in(region, "2023/11/"), "list " + in(region, "2023/11/5/"),
				"level " + in("us-east-1", ""),
				"level org/", "level org/o-abc/", "level org/o-abc/AWSLogs/",
			},
			2,
		},
		{
			"another account",
			ingest.Filter{Accounts: []string{other}},
			[]string{
				"level ", "level AWSLogs/",
				"level org/", "level org/o-abc/", "level org/o-abc/AWSLogs/", "level org/o-abc/AWSLogs/" + other + "/",
				"level org/o-abc/AWSLogs/" + other + "/Config/", "level org/o-abc/AWSLogs/" + other + "/Config/" + region + "/",
				"level org/o-abc/AWSLogs/" + other + "/Config/" + region + "/2024/", "level org/o-abc/AWSLogs/" + other + "/Config/" + region + "/2024/11/",
				"list org/o-abc/AWSLogs/" + other + "/Config/" + region + "/2024/11/5/",
			},
			1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			bucket.requests()
			options := optionsFor(newLake(t), bucket)
			options.Filter = test.filter
			summary := run(t, options)
			slices.Sort(test.asked)
			if diff := gocmp.Diff(test.asked, bucket.requests()); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if summary.Deliveries.Seen != test.seen {
				t.Errorf("saw %d objects, want %d", summary.Deliveries.Seen, test.seen)
			}
		})
	}
}

// An entry that a listing can't tell more of is quarantined, and the run goes on.
func TestUnreadableEntriesAreQuarantined(t *testing.T) {
	dir := t.TempDir()
	write := func(key string, content []byte) {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(historyKey(t, "1", "2024-11-05T06:00:00Z"), history(vpc("2024-11-05T01:00:00Z", "10.0")))
	dangling := historyKey(t, "1", "2024-11-05T12:00:00Z")
	if err := os.Symlink("nowhere", filepath.Join(dir, filepath.FromSlash(dangling))); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	write(historyKey(t, "1", "2024-11-05T18:00:00Z"), history(vpc("2024-11-05T13:00:00Z", "10.1")))

	for name, filter := range map[string]ingest.Filter{
		"all": {}, "filtered": {Since: instant(t, "2024-11-01T00:00:00Z")},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			options := optionsFor(l, openFolder(t, dir))
			options.Filter = filter
			summary := run(t, options)
			if len(summary.Quarantine) != 1 || summary.Deliveries.Ingested != 3 {
				t.Fatalf("summary %+v", summary)
			}
			if q := summary.Quarantine[0]; q.Key != dangling || q.Code != configtrail.CodeUnreadable || q.Index != -1 || !strings.Contains(q.Reason, "symbolic link") {
				t.Errorf("quarantined %+v", q)
			}
			checkTold(t, l, `vpc-1 updated 11-05T13 after 11-05T01 cidrBlock "10.0"→"10.1"`)
		})
	}

	// Retried as long as that is asked for, and told of no more once it can be read.
	l := newLake(t)
	options := optionsFor(l, openFolder(t, dir))
	run(t, options)
	options.Retry = true
	if summary := run(t, options); summary.Deliveries.Ingested != 1 || len(summary.Quarantine) != 1 {
		t.Errorf("a retry of what still can't be read: %+v", summary)
	}
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(dangling))); err != nil {
		t.Fatal(err)
	}
	write(dangling, history(vpc("2024-11-05T07:00:00Z", "10.9")))
	if summary := run(t, options); len(summary.Quarantine) != 0 {
		t.Errorf("quarantine after the retry: %+v", summary.Quarantine)
	}
	checkTold(t, l,
		`vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0"→"10.9"`,
		`vpc-1 updated 11-05T13 after 11-05T07 cidrBlock "10.9"→"10.1"`)
}

// Archived objects are counted, are no gap in silence, and are read once they can be.
func TestArchivedObjects(t *testing.T) {
	bucket := newMemory("bucket")
	l := newLake(t)
	old := historyKey(t, "1", "2024-11-05T06:00:00Z")
	bucket.put(old, history(vpc("2024-11-05T01:00:00Z", "10.0")))
	bucket.put(historyKey(t, "1", "2024-11-05T12:00:00Z"), history(vpc("2024-11-05T07:00:00Z", "10.1")))
	counts := func(bucket blob.Bucket) [3]int64 {
		t.Helper()
		d := run(t, optionsFor(l, bucket)).Deliveries
		return [3]int64{d.Ingested, d.Already, d.Archived}
	}
	bucket.archive(old, true)
	if got := counts(bucket); got != [3]int64{1, 0, 1} {
		t.Errorf("ingested, already, archived: %v", got)
	}
	if row := deliveriesOf(t, l)[old]; !row.Archived || row.Read != 0 || row.WrittenAt != instant(t, "2024-11-05T06:00:00Z") {
		t.Errorf("the archived one's row: %+v", row)
	}
	checkTold(t, l)
	before := versionOf(t, l)
	if got := counts(bucket); got != [3]int64{0, 1, 1} || versionOf(t, l) != before {
		t.Errorf("again, ingested, already, archived: %v", got)
	}
	// The archive tiers of intelligent tiering show only when the object is opened.
	unlisted := arranged{Bucket: bucket, arrange: func(all []blob.Object) []blob.Object {
		for i := range all {
			all[i].Archived = false
		}
		return all
	}}
	if got := counts(unlisted); got != [3]int64{0, 1, 1} || versionOf(t, l) != before {
		t.Errorf("asked for and still archived: ingested, already, archived: %v, version changed: %v", got, versionOf(t, l) != before)
	}
	bucket.archive(old, false)
	if got := counts(bucket); got != [3]int64{1, 1, 0} {
		t.Errorf("restored, ingested, already, archived: %v", got)
	}
	checkTold(t, l, `vpc-1 updated 11-05T07 after 11-05T01 cidrBlock "10.0"→"10.1"`)
}
