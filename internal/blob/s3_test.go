package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
)

// weird are keys as people and services make them, in byte order.
var weird = []string{
	" ", "%41", "%zz", "+plus+", "AWS%3A%3AEC2%3A%3AInstance",
	"AWSLogs/111122223333/Config/ap-northeast-1/2024/11/5/ConfigHistory/111122223333_Config_ap-northeast-1_ConfigHistory_AWS::EC2::Instance_20241105T010203Z_20241105T070203Z_1.json.gz",
	"a b", "a&b<c>\"'", "a?b=c#d", "日本語/東京 支社/設定.json", "\U0001f600",
}

func TestS3WeirdKeys(t *testing.T) {
	store := newStore(t)
	for _, key := range weird {
		store.put(key, "this is "+key)
	}
	bucket := store.open("s3://logs", blob.S3Options{})
	var got []string
	for object, err := range bucket.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if want := "s3://logs/" + object.Key; object.URI != want {
			t.Errorf("URI %s, want %s", object.URI, want)
		}
		if text := content(t, bucket, object); text != "this is "+object.Key {
			t.Errorf("%q holds %q", object.Key, text)
		}
		got = append(got, object.Key)
	}
	if diff := cmp.Diff(weird, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestS3ListsEveryPage(t *testing.T) {
	store := newStore(t)
	const n = 10_500
	for i := range n {
		store.put(fmt.Sprintf("AWSLogs/%05d", i), "")
	}
	store.put("other", "")
	bucket := store.open("s3://logs/AWSLogs/", blob.S3Options{})
	got := keys(t, bucket.List(t.Context(), ""))
	if len(got) != n || got[0] != "AWSLogs/00000" || got[n-1] != "AWSLogs/10499" || !slices.IsSorted(got) {
		t.Errorf("%d keys from %q to %q", len(got), got[0], got[len(got)-1])
	}
	if pages := store.count("list-type=2"); pages != 11 {
		t.Errorf("%d requests for eleven pages", pages)
	}
}

// A place is the key itself and the folder below it, as everywhere below AWSLogs.
func TestS3Place(t *testing.T) {
	store := newStore(t)
	for _, key := range []string{"a/logs", "a/logs-old/x", "a/logs/1/x", "a/logs/2/y", "a/logs/z", "b"} {
		store.put(key, key)
	}
	for _, test := range []struct {
		url, prefix string
		want        []string
	}{
		{"s3://logs", "", []string{"a/logs", "a/logs-old/x", "a/logs/1/x", "a/logs/2/y", "a/logs/z", "b"}},
		{"s3://logs", "a/logs/", []string{"a/logs/1/x", "a/logs/2/y", "a/logs/z"}},
		{"s3://logs/a/logs", "", []string{"a/logs", "a/logs/1/x", "a/logs/2/y", "a/logs/z"}},
		{"s3://logs/a/logs/", "", []string{"a/logs/1/x", "a/logs/2/y", "a/logs/z"}},
		{"s3://logs/a/logs/", "a/logs/1", []string{"a/logs/1/x"}},
		{"s3://logs/a/logs/", "b", []string{}},
		{"s3://logs/a/logs/", "a/logs-old/", []string{}},
		{"s3://logs/b", "", []string{"b"}},
		{"s3://logs/a/log", "", []string{}},
	} {
		bucket := store.open(test.url, blob.S3Options{})
		if diff := cmp.Diff(test.want, keys(t, bucket.List(t.Context(), test.prefix))); diff != "" {
			t.Errorf("%s, prefix %q (-want +got):\n%s", test.url, test.prefix, diff)
		}
	}
	for _, test := range []struct {
		url, prefix      string
		folders, objects []string
	}{
		{"s3://logs", "", []string{"a/"}, []string{"b"}},
		{"s3://logs", "a/", []string{"a/logs-old/", "a/logs/"}, []string{"a/logs"}},
		{"s3://logs/a/logs", "", []string{"a/"}, nil},
		{"s3://logs/a/logs", "a/", []string{"a/logs/"}, []string{"a/logs"}},
		{"s3://logs/a/logs", "a/logs/", []string{"a/logs/1/", "a/logs/2/"}, []string{"a/logs/z"}},
		{"s3://logs/a/logs/", "b/", nil, nil},
	} {
		bucket := store.open(test.url, blob.S3Options{})
		folders, objects := levels(t, bucket.Level(t.Context(), test.prefix))
		if diff := cmp.Diff([][]string{test.folders, test.objects}, [][]string{folders, objects}); diff != "" {
			t.Errorf("%s, level %q (-want +got):\n%s", test.url, test.prefix, diff)
		}
	}
	bucket := store.open("s3://logs/a/logs", blob.S3Options{})
	for _, key := range []string{"b", "a/logs-old/x"} {
		if _, err := bucket.Open(t.Context(), blob.Object{Key: key}); !errors.Is(err, configtrail.ErrNotFound) {
			t.Errorf("open %s outside the place: %v", key, err)
		}
	}
}

// What S3 writes of storage classes and encoded keys, which the in-process server does not.
const storageClasses = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><Prefix></Prefix><KeyCount>7</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
<Contents><Key>a%2Bb+c%01</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>
<Contents><Key>b/DEEP</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e2-2&quot;</ETag><Size>1</Size><StorageClass>DEEP_ARCHIVE</StorageClass></Contents>
<Contents><Key>b/FLEX</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e3&quot;</ETag><Size>1</Size><StorageClass>GLACIER</StorageClass></Contents>
<Contents><Key>b/INSTANT</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e4&quot;</ETag><Size>1</Size><StorageClass>GLACIER_IR</StorageClass></Contents>
<Contents><Key>b/RESTORED</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e5&quot;</ETag><Size>1</Size><StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-12-21T00:00:00.000Z</RestoreExpiryDate></RestoreStatus></Contents>
<Contents><Key>b/RESTORING</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e6&quot;</ETag><Size>1</Size><StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus></Contents>
<Contents><Key>b/TIERED</Key><LastModified>2024-11-05T01:02:03.000Z</LastModified><ETag>&quot;e7&quot;</ETag><Size>1</Size><StorageClass>INTELLIGENT_TIERING</StorageClass></Contents>
</ListBucketResult>`

func TestS3StorageClasses(t *testing.T) {
	store := newStore(t)
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2" {
			if r.URL.Query().Get("encoding-type") != "url" || r.Header.Get("x-amz-optional-object-attributes") != "RestoreStatus" {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			io.WriteString(w, storageClasses)
			return true
		}
		if strings.HasSuffix(r.URL.Path, "TIERED") {
			refuse(w, http.StatusForbidden, "InvalidObjectState", "The action is not valid for the object's storage class")
			return true
		}
		return false
	})
	bucket := store.open("s3://logs", blob.S3Options{})
	at := time.Date(2024, 11, 5, 1, 2, 3, 0, time.UTC)
	want := []blob.Object{
		{Key: "a+b c\x01", URI: "s3://logs/a+b c\x01", ETag: "d41d8cd98f00b204e9800998ecf8427e", Size: 12, Modified: at},
		{Key: "b/DEEP", URI: "s3://logs/b/DEEP", ETag: "e2-2", Size: 1, Modified: at, Archived: true},
		{Key: "b/FLEX", URI: "s3://logs/b/FLEX", ETag: "e3", Size: 1, Modified: at, Archived: true},
		{Key: "b/INSTANT", URI: "s3://logs/b/INSTANT", ETag: "e4", Size: 1, Modified: at},
		{Key: "b/RESTORED", URI: "s3://logs/b/RESTORED", ETag: "e5", Size: 1, Modified: at},
		{Key: "b/RESTORING", URI: "s3://logs/b/RESTORING", ETag: "e6", Size: 1, Modified: at, Archived: true},
		{Key: "b/TIERED", URI: "s3://logs/b/TIERED", ETag: "e7", Size: 1, Modified: at},
	}
	var got []blob.Object
	for object, err := range bucket.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, object)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if _, err := bucket.Open(t.Context(), want[6]); !errors.Is(err, blob.ErrArchived) {
		t.Errorf("an object in an archive tier: %v", err)
	}
}

func TestS3SurvivesSlowDown(t *testing.T) {
	store := newStore(t)
	object := store.put("x", "content")
	var refused atomic.Int32
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if refused.Add(1) > 6 {
			return false
		}
		refuse(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
		return true
	})
	bucket := store.open("s3://logs", blob.S3Options{})
	if got := content(t, bucket, object); got != "content" {
		t.Errorf("read %q", got)
	}
	refused.Store(-100)
	var hint *configtrail.Hint
	if _, err := bucket.Open(t.Context(), object); err == nil || err.Error() != "read s3://logs/x: AWS asked to slow down, and went on asking" || !errors.As(err, &hint) {
		t.Errorf("slowed down for ever: %v", err)
	}
}

func TestS3RenewsExpiredCredentials(t *testing.T) {
	store := newStore(t)
	object := store.put("x", "content")
	var fetched atomic.Int32
	store.cfg.Credentials = sdk.NewCredentialsCache(sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		return sdk.Credentials{AccessKeyID: fmt.Sprintf("KEY%d", fetched.Add(1)), SecretAccessKey: "secret", SessionToken: "token"}, nil
	}))
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=KEY1/") {
			return false
		}
		refuse(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
		return true
	})
	bucket := store.open("s3://logs", blob.S3Options{})
	if got := content(t, bucket, object); got != "content" || fetched.Load() != 2 {
		t.Errorf("read %q with credentials fetched %d times", got, fetched.Load())
	}

	// Credentials that stay expired are an error, not a loop.
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		refuse(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
		return true
	})
	var hint *configtrail.Hint
	for _, err := range bucket.List(t.Context(), "") {
		if err == nil || err.Error() != "list s3://logs: the AWS credentials have expired" || !errors.As(err, &hint) {
			t.Errorf("expired for good: %v", err)
		}
	}
}

func TestS3FindsTheRegion(t *testing.T) {
	for _, test := range []struct {
		name   string
		refuse func(w http.ResponseWriter, r *http.Request)
	}{
		{"another signature", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("x-amz-bucket-region", "eu-south-2")
			refuse(w, http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-south-2'")
		}},
		{"moved", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("x-amz-bucket-region", "eu-south-2")
			refuse(w, http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")
		}},
		{"only HEAD tells", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.Header().Set("x-amz-bucket-region", "eu-south-2")
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			refuse(w, http.StatusMovedPermanently, "PermanentRedirect", "…")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t)
			store.put("x", "content")
			var wrong atomic.Int32
			store.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.Header.Get("Authorization"), "/eu-south-2/s3/") {
					return false
				}
				wrong.Add(1)
				test.refuse(w, r)
				return true
			})
			store.cfg.Region = ""
			bucket := store.open("s3://logs", blob.S3Options{})
			if got := keys(t, bucket.List(t.Context(), "")); !cmp.Equal(got, []string{"x"}) {
				t.Errorf("listed %q", got)
			}
			first := wrong.Load()
			keys(t, bucket.List(t.Context(), ""))
			if wrong.Load() != first {
				t.Error("the region is looked for every time")
			}
		})
	}

	// A region becomes part of a host name: what is none is not believed.
	store := newStore(t)
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("x-amz-bucket-region", "evil.example.com/")
		refuse(w, http.StatusMovedPermanently, "PermanentRedirect", "…")
		return true
	})
	bucket := store.open("s3://logs", blob.S3Options{})
	for _, err := range bucket.List(t.Context(), "") {
		if err == nil || err.Error() != "list s3://logs: the bucket is in another region" {
			t.Errorf("%v", err)
		}
	}
}

func TestS3SaysWhoPaysAndWhoOwns(t *testing.T) {
	store := newStore(t)
	object := store.put("x", "content")
	store.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("x-amz-request-payer") != "requester" || r.Header.Get("x-amz-expected-bucket-owner") != "111122223333" {
			t.Errorf("%s %s: %v", r.Method, r.URL, r.Header)
		}
		return false
	})
	bucket := store.open("s3://logs", blob.S3Options{RequestPayer: true, ExpectedOwner: "111122223333"})
	keys(t, bucket.List(t.Context(), ""))
	levels(t, bucket.Level(t.Context(), ""))
	content(t, bucket, object)

	if _, err := blob.OpenS3(store.cfg, "s3://logs", blob.S3Options{ExpectedOwner: "me"}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("an owner that is no account: %v", err)
	}
}

func TestS3NotThere(t *testing.T) {
	store := newStore(t)
	object := store.put("x", "content")
	bucket := store.open("s3://logs", blob.S3Options{})
	if _, err := bucket.Open(t.Context(), blob.Object{Key: "y"}); !errors.Is(err, configtrail.ErrNotFound) || err.Error() != "read s3://logs/y: not found" {
		t.Errorf("no such key: %v", err)
	}
	if _, err := bucket.Open(t.Context(), blob.Object{Key: "x", ETag: "older"}); !errors.Is(err, blob.ErrChanged) {
		t.Errorf("another version than listed: %v", err)
	}
	gone := store.open("s3://gone/p", blob.S3Options{})
	var hint *configtrail.Hint
	for _, err := range gone.List(t.Context(), "") {
		if !errors.Is(err, configtrail.ErrNotFound) || err.Error() != "list s3://gone/p: no such bucket" || !errors.As(err, &hint) {
			t.Errorf("no such bucket: %v", err)
		}
	}
	if _, err := gone.Open(t.Context(), object); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("an object of no bucket: %v", err)
	}
}

// A server that goes round in circles is an error, not a loop.
func TestS3ListingWithoutEnd(t *testing.T) {
	for _, test := range []struct{ token, want string }{
		{"<NextContinuationToken>same</NextContinuationToken>", "list s3://logs: the server gives the same page again and again"},
		{"", "list s3://logs: the server cut the listing short and does not say how to go on"},
	} {
		store := newStore(t)
		store.answer(func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, `<ListBucketResult><IsTruncated>true</IsTruncated>%s<Contents><Key>k</Key><Size>1</Size></Contents></ListBucketResult>`, test.token)
			return true
		})
		bucket := store.open("s3://logs", blob.S3Options{})
		var last error
		for _, err := range bucket.List(t.Context(), "") {
			last = err
		}
		if last == nil || last.Error() != test.want {
			t.Errorf("%v, want %s", last, test.want)
		}
	}
}
