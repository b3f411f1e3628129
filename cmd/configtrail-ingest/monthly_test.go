package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/message"
)

// archive is a bucket for reports.
type archive struct {
	t      *testing.T
	client *s3.Client
	bucket *blob.S3
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("lake"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	cfg := sdk.Config{Region: "ap-northeast-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("KEY", "secret", "")}
	bucket, err := blob.OpenS3(cfg, "s3://lake/reports", blob.S3Options{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return &archive{t, s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), bucket}
}

// read gives an object and what a browser is told of it.
func (a *archive) read(key string) (text, contentType string) {
	a.t.Helper()
	out, err := a.client.GetObject(a.t.Context(), &s3.GetObjectInput{Bucket: sdk.String("lake"), Key: &key})
	if err != nil {
		a.t.Fatal(err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(data), sdk.ToString(out.ContentType)
}

func (a *archive) keys() []string {
	a.t.Helper()
	out, err := a.client.ListObjectsV2(a.t.Context(), &s3.ListObjectsV2Input{Bucket: sdk.String("lake")})
	if err != nil {
		a.t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

func TestMonthsOfAnOrganisation(t *testing.T) {
	g := newGrowing(t)
	september := configtrail.Month{Year: 2024, Month: 9}
	archives := map[message.Lang]*archive{message.English: newArchive(t), message.Japanese: newArchive(t)}
	run := func(lang message.Lang, name string, how telling) string {
		t.Helper()
		g.sent = nil
		a := archives[lang]
		s := shelf{a.bucket, september, "ap-northeast-1"}
		attrs, err := g.herald(lang).monthly(t.Context(), s, announced{a.bucket, s.below("announced.json"), name, g.clock.Now}, how)
		if err != nil {
			t.Fatal(err)
		}
		for _, attr := range attrs {
			if attr.Key == "complete" {
				return attr.Value.String()
			}
		}
		return ""
	}

	// The month ended three hours ago: what was delivered of it is told, and that it is not all.
	g.until("2024-10-01 03:00")
	if complete := run(message.English, "first", onceOnly); complete != "false" || len(g.sent) != 1 || !strings.HasSuffix(g.sent[0].Subject, ", not complete yet") {
		t.Errorf("complete %s, sent %q", complete, g.sent)
	}
	early, _ := archives[message.English].read("reports/2024/09/report.json")
	run(message.Japanese, "first", onceOnly)

	// Two days later it is complete. The schedule's event, if it comes again, writes
	// the files anew and tells nobody; a person who asks is told.
	g.until("2024-10-03 09:00")
	for _, lang := range message.Langs {
		if complete := run(lang, "second", onceOnly); complete != "true" || len(g.sent) != 0 {
			t.Errorf("%s: complete %s, sent %q", lang, complete, g.sent)
		}
		run(lang, "third", always)
		if len(g.sent) != 1 || !strings.HasPrefix(g.sent[0].Subject, "configtrail: report of 2024-09: ") || strings.Contains(g.sent[0].Subject, "not complete") {
			t.Errorf("%s: sent %q", lang, g.sent)
			continue
		}
		golden(t, "monthly."+string(lang)+".txt", g.sent[0].Text)
	}

	a := archives[message.English]
	want := []string{"reports/2024/09/announced.json", "reports/2024/09/report.html", "reports/2024/09/report.json", "reports/2024/09/report.md"}
	if diff := cmp.Diff(want, a.keys()); diff != "" {
		t.Errorf("(-want +written):\n%s", diff)
	}
	for key, begins := range map[string][2]string{
		"report.html": {"<!doctype html>", "text/html; charset=utf-8"},
		"report.md":   {"# AWS changes in September 2024", "text/markdown; charset=utf-8"},
		"report.json": {`{"month":"2024-09",`, "application/json"},
	} {
		text, contentType := a.read("reports/2024/09/" + key)
		if !strings.HasPrefix(strings.ToLower(text), strings.ToLower(begins[0])) || contentType != begins[1] {
			t.Errorf("%s: %s, begins %.60s", key, contentType, text)
		}
	}
	late, _ := a.read("reports/2024/09/report.json")
	for text, made := range map[string]string{early: "2024-10-01T03:00:00", late: "2024-10-03T09:00:00"} {
		var r struct{ Generated string }
		if err := json.Unmarshal([]byte(text), &r); err != nil || !strings.HasPrefix(r.Generated, made) {
			t.Errorf("made at %s, want %s, %v", r.Generated, made, err)
		}
	}
}

func TestConsoleLinksGoToThePartition(t *testing.T) {
	for region, want := range map[string]string{
		"ap-northeast-1": "https://ap-northeast-1.console.aws.amazon.com/s3/object/lake?prefix=reports%2F2024%2F11%2Freport.html&region=ap-northeast-1",
		"cn-north-1":     "https://cn-north-1.console.amazonaws.cn/s3/object/lake?prefix=reports%2F2024%2F11%2Freport.html&region=cn-north-1",
		"us-gov-west-1":  "https://console.amazonaws-us-gov.com/s3/object/lake?prefix=reports%2F2024%2F11%2Freport.html&region=us-gov-west-1",
		"us-iso-east-1":  "",
	} {
		s := shelf{newArchive(t).bucket, configtrail.Month{Year: 2024, Month: 11}, region}
		if got := s.console(); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestAMonthThatHasNotBegunIsNotTold(t *testing.T) {
	zone := tokyo(t, "2024-11-05 09:00").Location()
	h := herald{zone: zone, now: (&clock{now: tokyo(t, "2024-11-01 00:30")}).Now}
	for text, want := range map[string]string{"": "2024-10", "2024-11": "2024-11", "2023-02": "2023-02", "2024-12": "", "November": ""} {
		month, err := h.monthIn(text)
		if want == "" && !errors.Is(err, configtrail.ErrInvalid) || want != "" && month.String() != want {
			t.Errorf("%q: %s, %v", text, month, err)
		}
	}
}
