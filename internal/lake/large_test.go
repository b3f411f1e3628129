package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/lake"
)

// largeVariable sets how many megabytes of JSON TestMemoryOfTheWriter writes.
const largeVariable = "CONFIGTRAIL_LAKE_TEST_MB"

// TestMemoryOfTheWriter writes many items of 2 kB and some of 30 MB in one
// commit, in a process of its own, and looks at the most memory that took.
func TestMemoryOfTheWriter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak is read from /proc")
	}
	if testing.Short() {
		t.Skip("writes some hundred megabytes")
	}
	megabytes := 150
	if text := os.Getenv(largeVariable); text != "" {
		var err error
		if megabytes, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	start := time.Now()
	cmd := child(t, "large", dir, megabytes)
	// The product's own limit: half of 512 MB is live at most, the rest is the
	// collector's to use or not.
	cmd.Env = append(cmd.Env, "GOMEMLIMIT=384MiB")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	if match == nil {
		t.Fatalf("no peak in %s", out)
	}
	peak, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB of JSON in %v: peak %d MB; %s", megabytes, time.Since(start).Round(time.Millisecond), peak>>10, out[:strings.IndexByte(string(out), '\n')])
	if peak>>10 > 512 {
		t.Errorf("the process took %d MB at its peak, more than 512", peak>>10)
	}
	l := create(t, dir)
	var rows int64
	files, err := l.Plan(t.Context(), lake.Items, configtrail.Scope{})
	for _, f := range files {
		rows += f.Rows
	}
	if want := largeRows(megabytes); err != nil || rows != want || len(files) > 12 {
		t.Errorf("%d rows in %d files, error %v; want %d in a few files a month", rows, len(files), err, want)
	}
}

const hugeItems = 3

func largeRows(megabytes int) int64 { return int64(megabytes)*512 + hugeItems }

func writeLarge(ctx context.Context, dir string, megabytes int) (err error) {
	l, err := lake.Create(ctx, lake.Options{Dir: dir, RedactKeyID: "key-1"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := l.NewWriter(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for half := range errs {
		wg.Go(func() { errs[half] = addLarge(ctx, w, half, megabytes) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	added := time.Now()
	if err := w.Commit(ctx); err != nil {
		return err
	}
	fmt.Printf("the commit took %v\n", time.Since(added).Round(time.Millisecond))
	status, err := os.ReadFile("/proc/self/status")
	fmt.Printf("%s\n", status)
	return err
}

func addLarge(ctx context.Context, w *lake.Writer, half, megabytes int) error {
	random := rand.New(rand.NewPCG(1, uint64(half)))
	for i := half; i < megabytes*512; i += 2 {
		if _, err := w.AddItem(ctx, generated(random, i, 2<<10)); err != nil {
			return err
		}
		if half == 0 && i%(megabytes*512/hugeItems) < 2 && i/(megabytes*512/hugeItems) < hugeItems {
			if _, err := w.AddItem(ctx, generated(random, 1e9+i, 30<<20)); err != nil {
				return err
			}
		}
	}
	return nil
}

// generated is an item with about size bytes of JSON, spread over ten accounts,
// three types, four months and a thousand resources of each.
func generated(random *rand.Rand, n, size int) *configtrail.ConfigurationItem {
	types := []string{"AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::IAM::Role"}
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < size-2; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"networkInterfaceId":"eni-%016x","privateIpAddress":"10.0.%d.%d","status":"in-use"}`, random.Uint64(), random.IntN(256), random.IntN(256))
	}
	b.WriteString(`]}`)
	id := fmt.Sprintf("i-%012x", random.IntN(1000))
	item := bucket(fmt.Sprintf("%012d", random.IntN(10)), id, "2024-01-01T00:00:00Z", fmt.Sprintf("%016x%016x%016x%016x", n, random.Uint64(), n, n))
	item.Key.Type = types[random.IntN(len(types))]
	item.ARN = "arn:aws:ec2:ap-northeast-1:111122223333:instance/" + id
	item.CaptureTime = item.CaptureTime.Add(time.Duration(random.Int64N(int64(120 * 24 * time.Hour))))
	item.Configuration = json.RawMessage(b.String())
	item.Tags = map[string]string{"Name": id, "環境": "本番"}
	item.Relationships = []configtrail.Relationship{{ResourceType: "AWS::EC2::VPC", ResourceID: "vpc-1", Name: "Is contained in "}}
	item.Source.Key = fmt.Sprint("key-", n/1000)
	return item
}

func BenchmarkHeaders(b *testing.B) {
	dir := b.TempDir()
	l, err := lake.Create(b.Context(), lake.Options{Dir: dir, RedactKeyID: "key-1"})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	w, err := l.NewWriter(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	const rows = 200_000
	for i := range rows {
		if _, err := w.AddItem(b.Context(), generated(random, i, 200)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		n := 0
		for _, err := range l.Headers(b.Context(), configtrail.Scope{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
