package ingest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
)

// outlooks lists how objects stand, by key.
func outlooks(t *testing.T, l *lake.Lake, o ingest.Outlook) map[string]ingest.Standing {
	t.Helper()
	o.Lake = l
	all := map[string]ingest.Standing{}
	for object, err := range o.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all[object.Object.Key] = object.Standing
	}
	return all
}

// What the outlook calls due is what a run then reads, at every step of a bucket's life.
func TestOutlookIsWhatARunDoes(t *testing.T) {
	const (
		folder  = "AWSLogs/111122223333/Config/us-east-1/2024/11/5/"
		history = folder + "ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::SNS::Topic_20241105T010000Z_20241105T070000Z_1.json"
		broken  = folder + "ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_AWS::SQS::Queue_20241105T010000Z_20241105T070000Z_1.json"
		cold    = folder + "ConfigSnapshot/111122223333_Config_us-east-1_ConfigSnapshot_20241105T010000Z_1.json"
		check   = "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile"
	)
	bucket := newMemory("logs")
	bucket.put(history, []byte(`{"configurationItems":[]}`))
	bucket.put(broken, []byte(`{"configurationItems":[`))
	bucket.put(cold, []byte(`{"configurationItems":[]}`))
	bucket.put(check, nil)
	bucket.archive(cold, true)
	outlook := ingest.Outlook{Sources: []blob.Bucket{bucket}}
	l := newLake(t)
	options := optionsFor(l, bucket)

	first := map[string]ingest.Standing{history: ingest.Due, broken: ingest.Due, cold: ingest.Due, check: ingest.NotRead}
	for _, none := range []*lake.Lake{nil, l} {
		if diff := cmp.Diff(first, outlooks(t, none, outlook)); diff != "" {
			t.Errorf("before anything is in (-want +got):\n%s", diff)
		}
		outlook.Lake = none
		if is, err := outlook.First(t.Context()); !is || err != nil {
			t.Errorf("a first load is one: %v, %v", is, err)
		}
	}
	run(t, options)
	if is, err := outlook.First(t.Context()); is || err != nil {
		t.Errorf("a second load is a first: %v, %v", is, err)
	}
	if is, err := (ingest.Outlook{Sources: []blob.Bucket{newMemory("log")}, Lake: l}).First(t.Context()); !is || err != nil {
		t.Errorf("another source's first load: %v, %v", is, err)
	}
	in := map[string]ingest.Standing{history: ingest.InAlready, broken: ingest.InAlready, cold: ingest.KnownArchive, check: ingest.NotRead}
	if diff := cmp.Diff(in, outlooks(t, l, outlook)); diff != "" {
		t.Errorf("when all is in (-want +got):\n%s", diff)
	}
	again := map[string]ingest.Standing{history: ingest.InAlready, broken: ingest.Due, cold: ingest.Due, check: ingest.NotRead}
	if diff := cmp.Diff(again, outlooks(t, l, ingest.Outlook{Sources: outlook.Sources, Retry: true})); diff != "" {
		t.Errorf("with Retry (-want +got):\n%s", diff)
	}
	bucket.put(history, []byte(`{"configurationItems":[] }`))
	bucket.archive(cold, false)
	changed := map[string]ingest.Standing{history: ingest.Due, broken: ingest.InAlready, cold: ingest.Due, check: ingest.NotRead}
	if diff := cmp.Diff(changed, outlooks(t, l, outlook)); diff != "" {
		t.Errorf("when one was replaced and one restored (-want +got):\n%s", diff)
	}
	if s := run(t, options); s.Deliveries.Ingested != 2 || s.Deliveries.Already != 1 {
		t.Errorf("the run then read %+v", s.Deliveries)
	}
}
