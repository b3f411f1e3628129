package history_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"time"

	"configtrail/internal/history"
)

// naive counts the items of a bucket's objects as simply as can be, to hold raw
// answers against. It takes whole objects only, as tables do.
type naive struct {
	bucket string
	items  []naiveItem
}

type naiveItem struct {
	uri, folder           string // folder: region/year/month/day
	account, region       string
	resourceType, id, nam string
	told                  [2]string // account and region as the item tells them
	captured              time.Time
}

// add reads one object.
func (n *naive) add(key string, data []byte) {
	before, after, found := strings.Cut(key, "/Config/")
	if !found || strings.Contains(key, "ChangeNotification") {
		return
	}
	if unzipped, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		if data, err = io.ReadAll(unzipped); err != nil {
			return
		}
	}
	var document struct {
		ConfigurationItems []map[string]any `json:"configurationItems"`
	}
	if json.Unmarshal(data, &document) != nil {
		return
	}
	folders := strings.Split(after, "/")
	for _, item := range document.ConfigurationItems {
		text := func(name string) string { value, _ := item[name].(string); return value }
		captured, err := time.Parse(time.RFC3339, text("configurationItemCaptureTime"))
		one := naiveItem{
			uri: "s3://" + n.bucket + "/" + key, folder: strings.Join(folders[:min(4, len(folders))], "/"),
			account: text("awsAccountId"), region: text("awsRegion"), resourceType: text("resourceType"), id: text("resourceId"), nam: text("resourceName"),
			told: [2]string{text("awsAccountId"), text("awsRegion")}, captured: captured,
		}
		if err != nil || one.resourceType == "" || one.id == "" {
			continue
		}
		if one.account == "" {
			one.account = before[strings.LastIndexByte(before, '/')+1:]
		}
		if one.region == "" {
			one.region = folders[0]
			if strings.HasPrefix(one.resourceType, "AWS::IAM::") {
				one.region = "global"
			}
		}
		if one.account == before[strings.LastIndexByte(before, '/')+1:] {
			n.items = append(n.items, one)
		}
	}
}

// within reports whether an object's folder lies among the days read.
func (i naiveItem) within(from, to time.Time) bool {
	_, date, _ := strings.Cut(i.folder, "/")
	day, err := time.Parse("2006/1/2", date)
	return err == nil && !day.Before(from) && day.Before(to)
}

// counts are the records and captures of a window by account, region and type, of
// the folders read and without the objects left out.
func (n *naive) counts(answer *history.RawAnswer, from, to time.Time) map[history.RawCount]bool {
	left := map[string]bool{}
	for _, object := range answer.LeftOut {
		left[object.URI] = true
	}
	type group struct{ account, region, resourceType string }
	records, captures := map[group]int64{}, map[group]map[string]bool{}
	for _, item := range n.items {
		if left[item.uri] || !item.within(answer.From, answer.To) || item.captured.Before(from) || !item.captured.Before(to) {
			continue
		}
		g := group{item.account, item.region, item.resourceType}
		if records[g]++; captures[g] == nil {
			captures[g] = map[string]bool{}
		}
		captures[g][item.id+"\x00"+item.captured.Format(time.RFC3339Nano)] = true
	}
	counts := map[history.RawCount]bool{}
	for g, count := range records {
		counts[history.RawCount{Account: g.account, Region: g.region, Type: g.resourceType, Records: count, Captures: int64(len(captures[g]))}] = true
	}
	return counts
}
