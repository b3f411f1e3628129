package diff_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/diff"
)

// shared is a path in the folder of samples that lies beside the project.
func shared(t testing.TB, path ...string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		found := filepath.Join(append([]string{dir, "..", "shared"}, path...)...)
		if _, err := os.Stat(found); err == nil {
			return found
		}
	}
	t.Skipf("no samples here: no folder shared beside the project holds %s", filepath.Join(path...))
	return ""
}

// wireItem is an item as S3 and SNS carry it.
type wireItem struct {
	state
	AccountID    string             `json:"awsAccountId"`
	Region       string             `json:"awsRegion"`
	ResourceType string             `json:"resourceType"`
	ResourceID   string             `json:"resourceId"`
	CaptureTime  time.Time          `json:"configurationItemCaptureTime"`
	Status       configtrail.Status `json:"configurationItemStatus"`
}

func (w wireItem) configurationItem() *configtrail.ConfigurationItem {
	return &configtrail.ConfigurationItem{
		Key:         configtrail.ResourceKey{Account: w.AccountID, Region: w.Region, Type: w.ResourceType, ID: w.ResourceID},
		CaptureTime: w.CaptureTime, Status: w.Status, Tags: w.Tags, Relationships: w.Relationships,
		Configuration: w.Configuration, SupplementaryConfiguration: w.SupplementaryConfiguration,
	}
}

// TestLifeOfAnInstance: a real instance is stopped, started and stopped; the
// edits are those that a person would name.
func TestLifeOfAnInstance(t *testing.T) {
	folder := shared(t, "fixtures", "asecurityteam__awsconfig-transformerd", "pkg", "handlers", "v1", "testdata")
	src, err := os.ReadFile("testdata/instance_life.json")
	if err != nil {
		t.Fatal(err)
	}
	var steps []struct {
		Title string
		Edits []configtrail.Edit
	}
	if err := json.Unmarshal(src, &steps); err != nil {
		t.Fatal(err)
	}
	var items []*configtrail.ConfigurationItem
	for i := range len(steps) + 1 {
		items = append(items, notified(t, filepath.Join(folder, fmt.Sprintf("ec2.%d.json", i))))
	}
	for i, step := range steps {
		got, err := diff.Edits(items[i], items[i+1])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(plain(t, step.Edits), plain(t, got)); d != "" {
			t.Errorf("%s (- expected, + got):\n%s", step.Title, d)
		}
		if noise := diff.Classify(items[i].Key.Type, got); noise != configtrail.NoiseNone {
			t.Errorf("%s: noise %q", step.Title, noise)
		}
	}
}

func notified(t *testing.T, file string) *configtrail.ConfigurationItem {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Message json.RawMessage }
	if err := json.Unmarshal(src, &envelope); err != nil {
		t.Fatal(err)
	}
	var text string
	if json.Unmarshal(envelope.Message, &text) == nil {
		envelope.Message = []byte(text)
	}
	var message struct{ ConfigurationItem wireItem }
	if err := json.Unmarshal(envelope.Message, &message); err != nil {
		t.Fatal(file, err)
	}
	return message.ConfigurationItem.configurationItem()
}

// TestWorld holds the edits of a made-up organisation's updates against what
// the program that made it says it changed: each path of either has to lie on a
// path of the other, compared down to the first list. It also holds the classes
// of noise against its labels.
func TestWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a whole bucket")
	}
	items := worldItems(t, shared(t, "world", "bucket.tar.gz"))
	type key struct {
		resource string
		captured time.Time
	}
	at := map[key]int{}
	for i, item := range items {
		at[key{strings.ReplaceAll(item.Key.String(), "/", "|"), item.CaptureTime}] = i
	}
	compared, agree, absent := 0, 0, 0
	classes := map[string]map[configtrail.Noise]int{}
	eachLine(t, shared(t, "world", "changes.jsonl.gz"), func(line []byte) {
		var change struct {
			Resource    string
			Type        string
			CaptureTime time.Time `json:"capture_time"`
			Kind        string
			Class       string
			Changed     []struct{ Path string }
		}
		if err := json.Unmarshal(line, &change); err != nil {
			t.Fatal(err)
		}
		if change.Kind != "updated" {
			return
		}
		i, ok := at[key{strings.ReplaceAll(change.Resource, "/", "|"), change.CaptureTime}]
		if !ok || i == 0 || items[i-1].Key != items[i].Key || !items[i-1].Status.Live() {
			absent++ // the state before was first recorded by a snapshot, or lost
			return
		}
		edits, err := diff.Edits(items[i-1], items[i])
		if err != nil {
			t.Fatal(change.Resource, err)
		}
		compared++
		var got, want []string
		for _, e := range edits {
			got = append(got, e.Path)
		}
		for _, c := range change.Changed {
			want = append(want, "/"+strings.ReplaceAll(c.Path, ".", "/"))
		}
		if covers(got, want) && covers(want, got) {
			agree++
		} else if compared-agree < 10 {
			t.Logf("%s %s\n told %q\n got  %q", change.Resource, change.CaptureTime, want, got)
		}
		checkPointers(t, items[i-1], items[i], edits)
		if classes[change.Class] == nil {
			classes[change.Class] = map[configtrail.Noise]int{}
		}
		classes[change.Class][diff.Classify(change.Type, edits)]++
	})
	t.Logf("%d of %d updates agree, %d without a state before in history files; classes %v", agree, compared, absent, classes)
	if compared < 1200 || agree < compared*99/100 {
		t.Errorf("%d of %d updates agree, %d left out", agree, compared, absent)
	}
	for class, want := range map[string]configtrail.Noise{
		"meaningful":   configtrail.NoiseNone,
		"available_ip": configtrail.NoiseCounter,
		"compliance":   configtrail.NoiseCompliance,
		"inventory":    configtrail.NoiseInventory,
		// Scaling moves desiredCapacity, which a person may as well have set.
		"churn": configtrail.NoiseNone,
	} {
		if got := classes[class]; len(got) != 1 || got[want] == 0 {
			t.Errorf("%s: %v; all should be %q", class, got, want)
		}
	}
}

// covers reports whether each path of as is a prefix or an extension of one of bs.
func covers(as, bs []string) bool {
	return !slices.ContainsFunc(as, func(a string) bool {
		return !slices.ContainsFunc(bs, func(b string) bool {
			return strings.HasPrefix(a+"/", b+"/") || strings.HasPrefix(b+"/", a+"/")
		})
	})
}

// worldItems are the distinct items of all history files, in order of key and time.
func worldItems(t testing.TB, archive string) (items []*configtrail.ConfigurationItem) {
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(entry.Name, "ConfigHistory_") && !strings.Contains(entry.Name, "OversizedChange") {
			continue
		}
		document, err := gzip.NewReader(entries)
		if err != nil {
			continue // broken on purpose
		}
		var delivery struct {
			ConfigurationItems []json.RawMessage
			ConfigurationItem  json.RawMessage
		}
		if json.NewDecoder(document).Decode(&delivery) != nil {
			continue
		}
		for _, src := range append(delivery.ConfigurationItems, delivery.ConfigurationItem) {
			var item wireItem
			if json.Unmarshal(src, &item) == nil && item.AccountID != "" && !item.Status.NotRecorded() {
				items = append(items, item.configurationItem())
			}
		}
	}
	slices.SortStableFunc(items, func(a, b *configtrail.ConfigurationItem) int {
		if c := a.Key.Compare(b.Key); c != 0 {
			return c
		}
		return a.CaptureTime.Compare(b.CaptureTime)
	})
	return slices.CompactFunc(items, func(a, b *configtrail.ConfigurationItem) bool {
		return a.Key == b.Key && a.CaptureTime.Equal(b.CaptureTime)
	})
}

func eachLine(t testing.TB, file string, do func(line []byte)) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		do(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
