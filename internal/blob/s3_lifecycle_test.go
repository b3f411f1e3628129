package blob_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
)

// lifecycle answers as GetBucketLifecycleConfiguration does, with rules as its
// documentation writes them.
func lifecycle(rules, header string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if _, asked := r.URL.Query()["lifecycle"]; !asked {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		if header != "" {
			w.Header().Set("x-amz-transition-default-minimum-object-size", header)
		}
		_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + rules + `</LifecycleConfiguration>`))
		return true
	}
}

const manyRules = `
<Rule><ID>year</ID><Filter><Prefix>AWSLogs/</Prefix></Filter><Status>Enabled</Status>
  <Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>
  <Transition><Days>180</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>
  <Expiration><Days>365</Days></Expiration>
  <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>
<Rule><ID>off</ID><Filter><Prefix></Prefix></Filter><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>
<Rule><ID>housekeeping</ID><Filter></Filter><Status>Enabled</Status>
  <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>
  <NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>
  <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>
<Rule><ID>and</ID><Filter><And><Prefix>AWSLogs/1</Prefix><Tag><Key>keep</Key><Value>no</Value></Tag><Tag><Key>環境</Key><Value>a+b</Value></Tag>
  <ObjectSizeGreaterThan>100</ObjectSizeGreaterThan><ObjectSizeLessThan>5000</ObjectSizeLessThan></And></Filter><Status>Enabled</Status>
  <Transition><Days>0</Days><StorageClass>INTELLIGENT_TIERING</StorageClass></Transition></Rule>
<Rule><ID>tag</ID><Filter><Tag><Key>class</Key><Value>cold</Value></Tag></Filter><Status>Enabled</Status>
  <Expiration><Date>2025-01-01T00:00:00.000Z</Date></Expiration></Rule>
<Rule><Prefix>old/</Prefix><Status>Enabled</Status><Expiration><Days>10</Days></Expiration></Rule>`

func TestLifecycle(t *testing.T) {
	store := newStore(t)
	store.answer(lifecycle(manyRules, "all_storage_classes_128K"))
	got, err := store.open("s3://logs/AWSLogs", blob.S3Options{}).Lifecycle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []blob.LifecycleAction{
		{Rule: "year", Prefix: "AWSLogs/", Days: 365, Larger: -1},
		{Rule: "year", Prefix: "AWSLogs/", Days: 90, Class: "GLACIER", Larger: 131_071},
		{Rule: "year", Prefix: "AWSLogs/", Days: 180, Class: "DEEP_ARCHIVE", Larger: 131_071},
		{Rule: "and", Prefix: "AWSLogs/1", Class: "INTELLIGENT_TIERING", Tags: map[string]string{"keep": "no", "環境": "a+b"}, Larger: 100, Smaller: 5000},
		{Rule: "tag", Tags: map[string]string{"class": "cold"}, Date: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Larger: -1},
		{Prefix: "old/", Days: 10, Larger: -1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	for i, kind := range []struct{ deletes, archives bool }{{true, false}, {false, true}, {false, true}, {false, false}, {true, false}, {true, false}} {
		if a := got[i]; a.Deletes() != kind.deletes || a.Archives() != kind.archives {
			t.Errorf("%+v: deletes %v, archives %v", a, a.Deletes(), a.Archives())
		}
	}

	// The older default moves small objects to the archive classes.
	store.answer(lifecycle(manyRules, "varies_by_storage_class"))
	got, err = store.open("s3://logs", blob.S3Options{}).Lifecycle(t.Context())
	if err != nil || got[1].Larger != -1 || got[2].Larger != -1 {
		t.Errorf("with the older default: %+v, %v", got, err)
	}
}

func TestLifecycleMeetsObjects(t *testing.T) {
	written := time.Date(2024, 1, 15, 10, 30, 0, 0, time.UTC)
	object := blob.Object{Key: "AWSLogs/x", Size: 1000, Modified: written}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, test := range []struct {
		name   string
		action blob.LifecycleAction
		at     time.Time // zero: never
	}{
		{"a day later, at the next midnight", blob.LifecycleAction{Days: 1, Larger: -1}, day("2024-01-17")},
		{"a year", blob.LifecycleAction{Days: 365, Larger: -1}, day("2025-01-15")}, // 2024 has 366 days
		{"of age at once", blob.LifecycleAction{Days: 0, Larger: -1}, day("2024-01-16")},
		{"a date", blob.LifecycleAction{Date: day("2030-01-01"), Larger: -1}, day("2030-01-01")},
		{"its prefix", blob.LifecycleAction{Days: 1, Prefix: "AWSLogs/", Larger: -1}, day("2024-01-17")},
		{"another prefix", blob.LifecycleAction{Days: 1, Prefix: "AWSLogs-old/", Larger: -1}, time.Time{}},
		{"larger than a byte less", blob.LifecycleAction{Days: 1, Larger: 999}, day("2024-01-17")},
		{"larger than itself", blob.LifecycleAction{Days: 1, Larger: 1000}, time.Time{}},
		{"smaller than itself", blob.LifecycleAction{Days: 1, Larger: -1, Smaller: 1000}, time.Time{}},
		{"smaller than a byte more", blob.LifecycleAction{Days: 1, Larger: -1, Smaller: 1001}, day("2024-01-17")},
	} {
		at, ok := test.action.At(object)
		if ok == test.at.IsZero() || !at.Equal(test.at) && ok {
			t.Errorf("%s: %v, %v; want %v", test.name, at, ok, test.at)
		}
	}
	midnight := blob.Object{Modified: day("2024-01-15")}
	if at, _ := (blob.LifecycleAction{Days: 2, Larger: -1}).At(midnight); !at.Equal(day("2024-01-17")) {
		t.Errorf("written at midnight: %v", at)
	}
}

func TestLifecycleNotKnown(t *testing.T) {
	store := newStore(t)
	refusing := func(status int, code string) {
		store.answer(func(w http.ResponseWriter, r *http.Request) bool {
			refuse(w, status, code, "…")
			return true
		})
	}
	bucket := store.open("s3://logs/p", blob.S3Options{})
	refusing(http.StatusNotFound, "NoSuchLifecycleConfiguration")
	if got, err := bucket.Lifecycle(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("none is set: %v, %v", got, err)
	}
	refusing(http.StatusForbidden, "AccessDenied")
	var hint *configtrail.Hint
	_, err := bucket.Lifecycle(t.Context())
	if err == nil || err.Error() != "read the lifecycle of s3://logs: access denied: s3:GetLifecycleConfiguration" || !errors.As(err, &hint) {
		t.Errorf("refused: %v", err)
	}
	if got := bucket.Region(); got != "us-east-1" {
		t.Errorf("region %q", got)
	}
	if got := bucket.Place(); got != (blob.URL{Bucket: "logs", Prefix: "p"}) {
		t.Errorf("place %v", got)
	}
}
