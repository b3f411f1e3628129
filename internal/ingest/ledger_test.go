package ingest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/lake"
)

func TestScopesSwallowWhatTheyCover(t *testing.T) {
	got := scopes([]lake.Group{
		{Account: "2", Region: "r", Type: "b"}, {Account: "2", Region: "r", Type: "a"}, {Account: "2", Region: "r", Type: "a"},
		{Account: "2", Region: "q", Type: "b"},
		{Account: "1", Region: "r", Type: "a"}, {Account: "1", Region: "r"}, {Account: "1", Region: "s", Type: "a"}, {Account: "1", Region: "q"},
		{Account: "3", Region: "r", Type: "a"}, {Account: "3"}, {Account: "3", Region: "r"},
	})
	want := []configtrail.Scope{
		{Accounts: []string{"1"}, Regions: []string{"q", "r"}},
		{Accounts: []string{"1"}, Regions: []string{"s"}, Types: []string{"a"}},
		{Accounts: []string{"2"}, Regions: []string{"q", "r"}, Types: []string{"a", "b"}},
		{Accounts: []string{"3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

func TestFilterGoesDownOnlyWhereItHasTo(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2024, 11, d, 0, 0, 0, 0, time.UTC) }
	f := Filter{Since: day(4), Until: day(6), Accounts: []string{"111122223333"}, Regions: []string{"ap-northeast-1"}}
	for folder, want := range map[string]bool{
		"logs/":                        true,
		"logs/AWSLogs/":                true,
		"AWSLogs/o-abc/":               true,
		"AWSLogs/111122223333/":        true,
		"AWSLogs/444455556666/":        false,
		"AWSLogs/111122223333/Config/": true,
		"AWSLogs/111122223333/elasticloadbalancing/":                       false,
		"AWSLogs/111122223333/Config/us-east-1/":                           false,
		"AWSLogs/111122223333/Config/ap-northeast-1/":                      true,
		"AWSLogs/111122223333/Config/ap-northeast-1/2023/":                 false,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/":                 true,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/10/":              false,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/":              true,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/3/":            false,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/4/":            true,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/5/":            true,
		"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/6/":            false,
		"AWSLogs/o-abc/111122223333/CloudTrail/ap-northeast-1/2024/11/05/": true,
		"o-abc/AWSLogs/111122223333/Config/ap-northeast-1/2024/11/5/":      true,
		"a/b/c/AWSLogs/111122223333/Config/ap-northeast-1/2024/11/30/":     false,
	} {
		if got := f.entersFolder(folder); got != want {
			t.Errorf("enters %s: %v, want %v", folder, got, want)
		}
	}
}
