package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

const newsAccount = "111122223333"

// opened is a history file of a security group that was made three days ago and
// opened to the world two hours ago.
func opened(t *testing.T, id, name string, now time.Time) (key string, data []byte) {
	t.Helper()
	item := func(at time.Time, status string, permissions []any) map[string]any {
		return map[string]any{
			"configurationItemVersion": "1.3", "configurationItemCaptureTime": at.UTC().Format("2006-01-02T15:04:05.000Z"), "configurationItemStatus": status,
			"configurationStateId": fmt.Sprint(at.UnixMilli()), "awsAccountId": newsAccount, "awsRegion": "ap-northeast-1", "availabilityZone": "Not Applicable",
			"resourceType": "AWS::EC2::SecurityGroup", "resourceId": id, "resourceName": name,
			"ARN":  "arn:aws:ec2:ap-northeast-1:" + newsAccount + ":security-group/" + id,
			"tags": map[string]any{}, "relatedEvents": []any{}, "relationships": []any{}, "supplementaryConfiguration": map[string]any{},
			"configuration": map[string]any{"groupId": id, "groupName": name, "ownerId": newsAccount, "vpcId": "vpc-1", "ipPermissions": permissions},
		}
	}
	world := map[string]any{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipv4Ranges": []any{map[string]any{"cidrIp": "0.0.0.0/0"}}, "ipRanges": []any{"0.0.0.0/0"}}
	document := map[string]any{"fileVersion": "1.0", "configurationItems": []any{
		item(now.Add(-72*time.Hour), "ResourceDiscovered", []any{}), item(now.Add(-2*time.Hour), "OK", []any{world}),
	}}
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	const stamp = "20060102T150405Z"
	day := now.UTC()
	return fmt.Sprintf("AWSLogs/%s/Config/ap-northeast-1/%d/%d/%d/ConfigHistory/%s_Config_ap-northeast-1_ConfigHistory_AWS::EC2::SecurityGroup_%s_%s_%s.json",
		newsAccount, day.Year(), day.Month(), day.Day(), newsAccount, day.Add(-72*time.Hour).Format(stamp), day.Format(stamp), id), data
}

// ingests puts one object into the lake.
func (d *deployment) ingests(t *testing.T, objectKey string, data []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, filepath.FromSlash(objectKey))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	source, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), d.lakeOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := ingest.Run(t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: l, HashKey: key(t).Bytes(), Redactor: redact.New(key(t).Bytes()), Workers: 1,
	}); err != nil {
		t.Fatal(err)
	}
}

// TestNewsOfADeployment runs the real function over a lake in S3, with Athena's
// API, a topic and its own clock.
func TestNewsOfADeployment(t *testing.T) {
	d := deploy(t, "")
	home := "s3://" + d.home
	d.gather = d.start(t, "CONFIGTRAIL_TOPIC="+topicName, "CONFIGTRAIL_ANNOUNCED="+home+"/announced", "CONFIGTRAIL_REPORTS="+home+"/reports", "CONFIGTRAIL_OUTPUT="+home+"/results/")
	count := func(counts map[string]any, name string) int {
		n, _ := counts[name].(float64)
		return int(n)
	}
	// holding counts the messages from one on that hold a text.
	holding := func(from int, text string) (n int) {
		for _, p := range d.topic.Published()[from:] {
			if strings.Contains(p.Message, text) {
				n++
			}
		}
		return n
	}
	now := time.Now()

	objectKey, data := opened(t, "sg-first", "web", now)
	d.ingests(t, objectKey, data)
	if counts := d.task(t, `{"task":"daily"}`); count(counts, "told") != 1 || count(counts, "bytes") == 0 {
		t.Errorf("counted %v", counts)
	}
	if counts := d.task(t, `{"task":"daily"}`); count(counts, "told") != 0 || count(counts, "told_before") != 1 {
		t.Errorf("counted %v", counts)
	}
	sent := d.topic.Published()
	if len(sent) != 1 || sent[0].Subject != "configtrail: 1 high finding" {
		t.Fatalf("published %q", sent)
	}
	for _, want := range []string{
		"異常の疑い1件（高1件）\n", "のセキュリティグループ「web」で、SSH (22) が全世界（0.0.0.0/0）に開放されました（sg-first）。\n",
		"根拠：c_", "確認：configtrail timeline '111122223333/ap-northeast-1/AWS::EC2::SecurityGroup/sg-first' --tz Asia/Tokyo\n",
		"--engine athena --lake " + home + "/lake --database " + d.database,
	} {
		if !strings.Contains(sent[0].Message, want) {
			t.Errorf("the message lacks %q:\n%s", want, sent[0].Message)
		}
	}
	t.Log(sent[0].Message)

	objectKey, data = opened(t, "sg-second", "batch", now.Add(time.Second))
	d.ingests(t, objectKey, data)
	d.task(t, `{"task":"daily"}`)
	if holding(1, "sg-second") != 1 || holding(1, "sg-first") != 0 || len(d.topic.Published()) != 2 {
		t.Errorf("published %q", d.topic.Published()[1:])
	}

	objectKey, data = opened(t, "sg-third", "admin", now.Add(2*time.Second))
	d.ingests(t, objectKey, data)
	var runs sync.WaitGroup
	for range 2 {
		runs.Go(func() {
			if result, err := d.gather.Invoke(t.Context(), []byte(`{"task":"daily"}`)); err != nil || result.Failed {
				t.Errorf("%s, %v", result.Payload, err)
			}
		})
	}
	runs.Wait()
	if n := holding(2, "sg-third"); n < 1 || n > 2 {
		t.Errorf("told %d times", n)
	}
	d.task(t, `{"task":"daily"}`)
	if n := holding(2, "sg-third"); n < 1 || n > 2 || holding(2, "sg-second") != 0 {
		t.Errorf("told %d times", n)
	}

	t.Run("monthly", func(t *testing.T) {
		tokyo, err := time.LoadLocation("Asia/Tokyo")
		if err != nil {
			t.Fatal(err)
		}
		month := configtrail.MonthOf(now.Add(-2*time.Hour), tokyo)
		before := len(d.topic.Published())
		event := fmt.Sprintf(`{"task":"monthly","month":"%s"}`, month)
		for range 2 { // whoever asks is told
			if counts := d.task(t, event); count(counts, "told") != 1 || count(counts, "changes") < 3 {
				t.Errorf("counted %v", counts)
			}
		}
		folder := "reports/" + strings.ReplaceAll(month.String(), "-", "/") + "/"
		sent := d.topic.Published()[before:]
		if len(sent) != 2 || !strings.HasSuffix(sent[0].Subject, ", 3 findings (3 grave), not complete yet") || !strings.Contains(sent[0].Message, "\n"+home+"/"+folder+"report.html\n") {
			t.Fatalf("published %q", sent)
		}
		t.Log(sent[0].Message)
		for name, contentType := range map[string]string{"report.html": "text/html; charset=utf-8", "report.md": "text/markdown; charset=utf-8", "report.json": "application/json"} {
			objectKey := folder + name
			head, err := d.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &d.home, Key: &objectKey})
			if err != nil || *head.ContentType != contentType || *head.ContentLength < 1000 {
				t.Errorf("%s: %+v, %v", name, head, err)
			}
		}
		// The schedule's event, delivered twice, is about the month before, and told once.
		for _, want := range []int{1, 0} {
			if counts := d.task(t, `{"task":"monthly"}`); count(counts, "told") != want || counts["month"] != month.Add(-1).String() && counts["month"] != month.String() {
				t.Errorf("counted %v", counts)
			}
		}
	})
	d.gather.Close()
	for _, task := range []string{taskDaily, taskMonthly} {
		for _, line := range d.lines(t, task) {
			if text := fmt.Sprint(line); strings.Contains(text, newsAccount) || strings.Contains(text, "sg-") {
				t.Errorf("logged %s", text)
			}
		}
	}
}
