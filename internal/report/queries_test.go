package report_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/report"
)

// counting is an engine that counts queries.
type counting struct {
	engine.Engine
	mu    sync.Mutex
	names []string
}

func (c *counting) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	c.mu.Lock()
	c.names = append(c.names, q.Name)
	c.mu.Unlock()
	return c.Engine.Query(ctx, q)
}

func TestAReportIsAtMostSixQueries(t *testing.T) {
	l := smallLake(t, "2024-12-05T00:00:00.000Z")
	e, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p, err := message.New("ja")
	if err != nil {
		t.Fatal(err)
	}
	asked := &counting{Engine: e}
	h := &history.History{Engine: asked, Zone: time.UTC, Now: func() time.Time { return at(t, "2024-12-05T00:00:00.000Z") }}
	r, err := report.Make(t.Context(), h, report.Options{Month: configtrail.Month{Year: 2024, Month: time.November}, Printer: p})
	if err != nil {
		t.Fatal(err)
	}
	if len(asked.names) == 0 || len(asked.names) > 6 {
		t.Errorf("%d queries: %v", len(asked.names), asked.names)
	}
	if r.Cost.Bytes == 0 || r.Cost.USD == nil || *r.Cost.USD != 0 {
		t.Errorf("cost %+v", r.Cost)
	}
}

// openedLake holds a security group that was opened to the world on 5 November,
// with the states around that.
func openedLake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	key := configtrail.ResourceKey{Account: account, Region: "ap-northeast-1", Type: "AWS::EC2::SecurityGroup", ID: "sg-1"}
	before := configtrail.ConfigurationItem{
		Key: key, CaptureTime: at(t, "2024-08-02T00:00:00.000Z"), Status: configtrail.StatusOK, Name: "web\u202e", ContentHash: strings.Repeat("1", 64),
		Configuration: json.RawMessage(`{"ipPermissions":[]}`), Source: configtrail.Source{URI: "file:///a", Key: "a"},
	}
	after := before
	after.CaptureTime, after.ContentHash = at(t, "2024-11-05T05:05:00.000Z"), strings.Repeat("2", 64)
	after.Configuration = json.RawMessage(`{"ipPermissions":[{"fromPort":22,"toPort":22,"ipProtocol":"tcp","ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]}]}`)
	change := changed(configtrail.Updated, key.Region, key.Type, key.ID, after.CaptureTime,
		edit("/configuration/ipPermissions/0", `{"fromPort":22,"toPort":22,"ipProtocol":"tcp","ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]}`))
	change.Name, change.HashBefore, change.HashAfter = after.Name, before.ContentHash, after.ContentHash

	w, err := l.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range []configtrail.ConfigurationItem{before, after} {
		if _, err := w.AddItem(t.Context(), &item); err != nil {
			t.Fatal(err)
		}
	}
	for day := at(t, "2024-08-01T03:00:00.000Z"); day.Before(at(t, "2024-12-05T00:00:00.000Z")); day = day.AddDate(0, 0, 1) {
		deliver(t, w, configtrail.Delivery{Kind: configtrail.KindSnapshot, WrittenAt: day}, "ConfigSnapshot_"+day.Format("20060102T150405Z")+"_11111111-2222-3333-4444-555555555555.json.gz")
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	cw, err := l.NewChangeWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := cw.Add(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := cw.Commit(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhatRulesFindInALakeIsInTheReport(t *testing.T) {
	value, r := made(t, openedLake(t), "Asia/Tokyo", history.Filter{}, "2024-12-05T00:00:00.000Z")
	if len(r.Findings) != 1 {
		t.Fatalf("findings %+v", r.Findings)
	}
	found := value["findings"].([]any)[0].(map[string]any)
	resource := found["resource"].(map[string]any)
	if found["detector"] != "rule.1" || found["time"] != "2024-11-05T14:05:00.000+09:00" || resource["resource_id"] != "sg-1" || resource["account_name"] != "prod" {
		t.Errorf("finding %v", found)
	}
	change := configtrail.ChangeID(configtrail.ResourceKey{Account: account, Region: "ap-northeast-1", Type: "AWS::EC2::SecurityGroup", ID: "sg-1"}, at(t, "2024-11-05T05:05:00.000Z"))
	if evidence := found["evidence"].([]any); !slices.Equal(evidence, []any{change}) {
		t.Errorf("evidence %v, want %s", evidence, change)
	}
	answer := r.Answer()
	for _, want := range []string{"11-05 14:05 Security group “web\\u202e” in prod (111122223333) ap-northeast-1 opened SSH (22) to the whole internet (0.0.0.0/0) (sg-1).", "read "} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer lacks %q:\n%s", want, answer)
		}
	}
	if strings.ContainsAny(answer, "\u202e\x1b") {
		t.Error("the answer hides something")
	}
}
