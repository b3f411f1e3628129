package lake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

// scratchIn makes t's own folder the one for temporary files.
func scratchIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return dir
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	for _, line := range strings.Split(entriesBelow(t, dir), "\n") {
		if line != "" {
			found = append(found, line)
		}
	}
	return found
}

// What a writer stages lies on this machine until its commit, and nothing of it
// stays there or in the bucket once it is given up.
func TestStagedFilesOfALakeOnS3(t *testing.T) {
	scratch := scratchIn(t)
	at := newAWS(t).place(t)
	l := create(t, at)
	w := writer(t, l)
	big := func(id string) *configtrail.ConfigurationItem {
		item := bucket(prod, id, "2024-11-05T00:00:00Z", "h")
		item.Configuration = json.RawMessage(`"` + strings.Repeat("x", 9<<20) + `"`)
		return item
	}
	for i := range 5 { // more than a buffer
		addItems(t, w, big(fmt.Sprint(i)))
	}
	if there, here := dataFiles(t, at, lake.Items), filesBelow(t, scratch); len(there) != 0 || len(here) == 0 {
		t.Fatalf("before the commit %d files are in the bucket, %d here", len(there), len(here))
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	if here := filesBelow(t, scratch); len(here) != 0 {
		t.Errorf("after Abandon there are %q", here)
	}

	// A commit that fails after its files were sent: tried again, it is in once.
	stop := errors.New("stopped")
	l.Interrupt(func(step string) error {
		if step == "commit items" {
			return stop
		}
		return nil
	})
	addItems(t, w, big("a"), big("b"), big("c"), bucket(prod, "old", "2024-10-05T00:00:00Z", "h"))
	if err := w.Commit(t.Context()); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if there := dataFiles(t, at, lake.Items); len(there) != 2 {
		t.Errorf("%d files were sent, want 2", len(there))
	}
	l.Interrupt(nil)
	addItems(t, w, big("d"))
	commit(t, w)
	if n := len(headers(t, l, configtrail.Scope{})); n != 5 {
		t.Errorf("%d items, want 5", n)
	}

	// Sent, and then given up, or left by a process that died.
	l.Interrupt(func(string) error { return stop })
	before := len(dataFiles(t, at, lake.Items))
	addItems(t, w, bucket(prod, "given up", "2024-11-05T00:00:00Z", "h"))
	if err := w.Commit(t.Context()); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	if n := len(dataFiles(t, at, lake.Items)); n != before {
		t.Errorf("%d files in the bucket after Abandon, %d before", n, before)
	}
	dead := writer(t, l)
	addItems(t, dead, bucket(prod, "dead", "2024-11-05T00:00:00Z", "h"))
	if err := dead.Commit(t.Context()); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	l.Interrupt(nil)
	result, err := l.Compact(t.Context(), lake.CompactOptions{KeepSnapshots: time.Nanosecond, KeepOrphans: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	planned, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(dataFiles(t, at, lake.Items)); n != len(planned) || result.Tables[0].Orphans == 0 {
		t.Errorf("%d files in the bucket, %d in the table, %d orphans removed", n, len(planned), result.Tables[0].Orphans)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 1 { // of the dead writer's folder nothing, but of this test's
		for _, e := range left {
			if strings.HasPrefix(e.Name(), "configtrail-lake-") {
				t.Errorf("after Close %s is left, error %v", e.Name(), err)
			}
		}
	}
}

// A file's footer and the columns of a header cost a few requests, not one a page.
func TestFewRequestsOfALakeOnS3(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	l := create(t, at)
	w := writer(t, l)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 6_000 { // two row groups
		item := bucket(prod, fmt.Sprintf("b%05d", i), "2024-11-05T00:00:00Z", fmt.Sprint(i))
		item.Configuration = json.RawMessage(fmt.Sprintf(`{"a":"%x"}`, random.Perm(400)))
		addItems(t, w, item)
	}
	commit(t, w)
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil || len(files) != 1 || files[0].Bytes < 3<<20 {
		t.Fatalf("files %v, error %v: the test needs one large file", files, err)
	}
	l = create(t, at)
	c.asked()
	if n := len(headers(t, l, configtrail.Scope{})); n != 6_000 {
		t.Fatalf("%d headers", n)
	}
	reads := 0
	for _, call := range c.asked() {
		if strings.Contains(call, ".parquet") {
			reads++
		}
	}
	t.Logf("%d requests for the headers of a file of %d bytes", reads, files[0].Bytes)
	if reads > 12 {
		t.Errorf("%d requests, want 12 at most", reads)
	}
	if headers(t, l, configtrail.Scope{}); len(c.asked()) > 2 {
		t.Error("the same headers were read again from the bucket")
	}
}

func TestFetch(t *testing.T) {
	c := newAWS(t)
	at := c.place(t)
	l := create(t, at)
	w := writer(t, l)
	for month := range 3 {
		item := bucket(prod, "a", fmt.Sprintf("2024-%02d-05T00:00:00Z", month+1), "h")
		addItems(t, w, item)
	}
	commit(t, w)
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v, error %v", files, err)
	}
	copies := t.TempDir()
	open := func(bytes int64) *lake.Lake {
		o := options(t, at, "")
		o.S3.Copies, o.S3.CopyBytes = copies, bytes
		l, err := lake.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	fetch := func(l *lake.Lake, files []lake.File) []lake.File {
		t.Helper()
		local, err := l.Fetch(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range local {
			info, err := os.Stat(file.Path)
			if err != nil || info.Size() != files[i].Bytes || file.Rows != 1 {
				t.Errorf("%s as %s: %v, %v", files[i].Path, file.Path, info, err)
			}
			if below := strings.TrimPrefix(files[i].Path, "s3://lakes/team/lake/"); !strings.HasSuffix(filepath.ToSlash(file.Path), below) {
				t.Errorf("%s has become %s", files[i].Path, file.Path)
			}
		}
		return local
	}
	gets := func() int {
		n := 0
		for _, call := range c.asked() {
			if strings.HasPrefix(call, "GET ") && strings.Contains(call, ".parquet") {
				n++
			}
		}
		return n
	}
	reader := open(0)
	gets()
	local := fetch(reader, files)
	if n := gets(); n != 3 {
		t.Errorf("%d objects were read, want 3", n)
	}
	fetch(open(0), files) // another run
	if n := gets(); n != 0 {
		t.Errorf("%d objects were read again", n)
	}
	// What is not whole is fetched again.
	if err := os.Truncate(local[1].Path, 10); err != nil {
		t.Fatal(err)
	}
	fetch(reader, files)
	if n := gets(); n != 1 {
		t.Errorf("%d objects were read for one damaged copy", n)
	}
	// Beyond the bound the copy that was used longest ago goes, unless it is fresh.
	old := time.Now().Add(-time.Hour)
	for i, file := range local {
		if err := os.Chtimes(file.Path, old, old.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	small := open(files[0].Bytes + files[2].Bytes)
	fetch(small, files[:1])
	for i, want := range []bool{true, false, true} {
		if _, err := os.Stat(local[i].Path); (err == nil) != want {
			t.Errorf("copy %d: %v, want it there: %v", i, err, want)
		}
	}
	fetch(small, files)
	fetch(small, files) // all are in use: none goes
	if _, err := small.Fetch(t.Context(), []lake.File{{Path: "s3://lakes/team/other/items/data/x.parquet"}}); err == nil {
		t.Error("a file of another lake was fetched")
	}
	removeFile(t, at, files[0].Path)
	if err := os.Remove(local[0].Path); err != nil {
		t.Fatal(err)
	}
	if _, err := small.Fetch(t.Context(), files[:1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
}

// A plan leaves out what Iceberg's own planner leaves out, and nothing else.
func TestPlanIsThatOfIceberg(t *testing.T) {
	l := create(t, t.TempDir())
	w := writer(t, l)
	random := rand.New(rand.NewPCG(3, 4))
	accounts, regions := []string{prod, audit, "999999999999"}, []string{tokyo, "us-east-1", "global"}
	types := []string{"AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::IAM::Role"}
	start := at("2023-12-30T00:00:00Z")
	moment := func() time.Time { return start.Add(time.Duration(random.IntN(120*24)) * time.Hour) }
	id := func() string { return strings.Repeat("長い-", random.IntN(30)) + fmt.Sprint(random.IntN(20)) }
	for range 16 {
		for range 1 + random.IntN(4) {
			item := bucket(accounts[random.IntN(3)], id(), "2024-01-01T00:00:00Z", fmt.Sprint(random.Int()))
			item.Key.Region, item.Key.Type, item.CaptureTime = regions[random.IntN(3)], types[random.IntN(3)], moment()
			addItems(t, w, item)
			d := delivery(fmt.Sprint("object ", random.Int()), "2024-01-01T00:00:00Z", moment())
			d.Account, d.Region, d.WrittenAt = item.Key.Account, item.Key.Region, moment()
			if random.IntN(4) == 0 {
				d.WrittenAt = time.Time{}
			}
			addDelivery(t, w, d)
		}
		commit(t, w)
	}
	some := func(of []string) []string {
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		return of[:random.IntN(3)]
	}
	pruned := 0
	for i := range 50 {
		scope := configtrail.Scope{Accounts: some(accounts), Regions: some(regions), Types: some(types)}
		if random.IntN(2) == 0 {
			scope.From = moment()
		}
		if random.IntN(2) == 0 {
			scope.To = moment()
		}
		if random.IntN(3) == 0 {
			scope.Resources = []string{id(), id()}
		}
		for _, table := range []string{lake.Items, lake.Deliveries} {
			want, err := l.PlanByIceberg(t.Context(), table, scope)
			if err != nil {
				t.Fatal(err)
			}
			files, err := l.Plan(t.Context(), table, scope)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, file := range files {
				got = append(got, filepath.Base(file.Path))
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scope %d, %+v: files of %s (-want +got):\n%s", i, scope, table, diff)
			}
			if len(got) > 0 && len(got) < 15 {
				pruned++
			}
		}
	}
	if pruned < 20 {
		t.Errorf("only %d plans left some out and some in", pruned)
	}
}
