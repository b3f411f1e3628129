package blob_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
)

// tree writes files, each with its own path as content.
func tree(t *testing.T, dir string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func openFolder(t *testing.T, dir string) *blob.Folder {
	t.Helper()
	folder, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// keys lists, and fails the test on an error.
func keys(t *testing.T, objects iter.Seq2[blob.Object, error]) []string {
	t.Helper()
	got := []string{}
	for object, err := range objects {
		if err != nil {
			t.Fatalf("after %d keys: %v", len(got), err)
		}
		got = append(got, object.Key)
	}
	return got
}

// levels lists one level, folders first.
func levels(t *testing.T, entries iter.Seq2[blob.Entry, error]) (folders, objects []string) {
	t.Helper()
	for entry, err := range entries {
		switch {
		case err != nil:
			t.Fatal(err)
		case entry.Folder != "":
			folders = append(folders, entry.Folder)
		default:
			objects = append(objects, entry.Object.Key)
		}
	}
	return folders, objects
}

func TestFolderListsInByteOrderOfWholeKeys(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the file system takes no such names")
	}
	dir := t.TempDir()
	// In the order of a walk by names, a/… would come before a-b.
	want := []string{
		" leading space", ".hidden", ".hidden.d/.x", "2024/11/10/z", "2024/11/5/z", "AWS::EC2::Instance_1.json.gz",
		"a b", "a+b%20c", "a-b", "a.b/c", "a/b", "a/b-c", "a0", "line\nbreak", "no\xffutf8", "日本/東京", "日本語",
	}
	tree(t, dir, want...)
	folder := openFolder(t, dir)
	if diff := cmp.Diff(want, keys(t, folder.List(t.Context(), ""))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		prefix string
		want   []string
	}{
		{"a", []string{"a b", "a+b%20c", "a-b", "a.b/c", "a/b", "a/b-c", "a0"}},
		{"a/", []string{"a/b", "a/b-c"}},
		{"a/b", []string{"a/b", "a/b-c"}},
		{"2024/1", []string{"2024/11/10/z", "2024/11/5/z"}},
		{"2024/11/5/z", []string{"2024/11/5/z"}},
		{"日", []string{"日本/東京", "日本語"}},
		{"a//", []string{}},
		{"../", []string{}},
		{"./a", []string{}},
		{"/", []string{}},
		{"nothing/here", []string{}},
	} {
		if diff := cmp.Diff(test.want, keys(t, folder.List(t.Context(), test.prefix))); diff != "" {
			t.Errorf("prefix %q (-want +got):\n%s", test.prefix, diff)
		}
	}
	for object, err := range folder.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, folder, object); got != object.Key {
			t.Errorf("%q holds %q", object.Key, got)
		}
	}
}

func content(t *testing.T, bucket blob.Bucket, object blob.Object) string {
	t.Helper()
	reader, err := bucket.Open(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFolderLevel(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "AWSLogs/1/a", "AWSLogs/2/b", "AWSLogs/note", "top")
	folder := openFolder(t, dir)
	folders, objects := levels(t, folder.Level(t.Context(), ""))
	if diff := cmp.Diff([][]string{{"AWSLogs/"}, {"top"}}, [][]string{folders, objects}); diff != "" {
		t.Errorf("top (-want +got):\n%s", diff)
	}
	folders, objects = levels(t, folder.Level(t.Context(), "AWSLogs/"))
	if diff := cmp.Diff([][]string{{"AWSLogs/1/", "AWSLogs/2/"}, {"AWSLogs/note"}}, [][]string{folders, objects}); diff != "" {
		t.Errorf("AWSLogs (-want +got):\n%s", diff)
	}
	folders, objects = levels(t, folder.Level(t.Context(), "gone/"))
	if folders != nil || objects != nil {
		t.Errorf("a folder that is not there has %q and %q", folders, objects)
	}
}

func TestFolderObject(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "x y/ü.json")
	modified := time.Date(2024, 11, 5, 1, 2, 3, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "x y", "ü.json"), modified, modified); err != nil {
		t.Fatal(err)
	}
	folder := openFolder(t, dir)
	for object, err := range folder.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if want := folder.URI() + "/x%20y/%C3%BC.json"; object.URI != want {
			t.Errorf("URI %s, want %s", object.URI, want)
		}
		if object.Size != 11 || !object.Modified.Equal(modified) {
			t.Errorf("size %d of %s", object.Size, object.Modified)
		}
		if want := "b-1804eccd39d7ae00"; object.ETag != want { // 11 bytes, 1730768523 s in ns
			t.Errorf("ETag %s, want %s", object.ETag, want)
		}
		// The URI is a source too.
		same, err := blob.Open(t.Context(), object.URI, blob.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		if same.URI() != object.URI {
			t.Errorf("opened as %s", same.URI())
		}
		if diff := cmp.Diff([]string{"ü.json"}, keys(t, same.List(t.Context(), ""))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFolderLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	tree(t, dir, "real/file")
	tree(t, outside, "secret")
	for name, target := range map[string]string{
		"again":     "real/file",
		"folder":    "real",
		"real/loop": "..",
		"out":       filepath.Join(outside, "secret"),
		"outdir":    outside,
		"nowhere":   "missing",
	} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	folder := openFolder(t, dir)
	var got, refused []string
	for object, err := range folder.List(t.Context(), "") {
		if err != nil {
			if !strings.Contains(err.Error(), object.URI) {
				t.Errorf("the error does not name %s: %v", object.URI, err)
			}
			refused = append(refused, object.Key)
			continue
		}
		got = append(got, object.Key)
	}
	if diff := cmp.Diff([]string{"again", "real/file"}, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"nowhere", "out", "outdir"}, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	for _, key := range []string{"out", "outdir/secret", "../" + filepath.Base(outside) + "/secret", "/etc/hosts", "", "real/../real/file", "real"} {
		if reader, err := folder.Open(t.Context(), blob.Object{Key: key}); err == nil {
			reader.Close()
			t.Errorf("opened %q", key)
		}
	}
}

func TestFolderUnreadable(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root can read everything: run as another user")
	}
	dir := t.TempDir()
	tree(t, dir, "a/x", "locked/y", "z")
	if err := os.Chmod(filepath.Join(dir, "locked"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "locked"), 0o755) })
	if err := os.Chmod(filepath.Join(dir, "z"), 0); err != nil {
		t.Fatal(err)
	}
	folder := openFolder(t, dir)
	var got, refused []string
	for object, err := range folder.List(t.Context(), "") {
		if err != nil {
			if !strings.Contains(err.Error(), "locked") {
				t.Errorf("the error does not name the folder: %v", err)
			}
			refused = append(refused, object.Key)
			continue
		}
		got = append(got, object.Key)
	}
	if diff := cmp.Diff([]string{"a/x", "z"}, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"locked/"}, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if _, err := folder.Open(t.Context(), blob.Object{Key: "z"}); err == nil || !strings.Contains(err.Error(), "/z: ") {
		t.Errorf("open z: %v", err)
	}
}

func TestFolderOpenSeesChanges(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "grows", "goes", "same")
	folder := openFolder(t, dir)
	listed := map[string]blob.Object{}
	for object, err := range folder.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed[object.Key] = object
	}
	if err := os.Remove(filepath.Join(dir, "goes")); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Open(t.Context(), listed["goes"]); !errors.Is(err, configtrail.ErrNotFound) {
		t.Errorf("a file that is gone: %v", err)
	}
	reader, err := folder.Open(t.Context(), listed["grows"])
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.WriteFile(filepath.Join(dir, "grows"), []byte("grows and grows"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(reader); !errors.Is(err, blob.ErrChanged) {
		t.Errorf("a file written while it was read: %v", err)
	}
	if _, err := folder.Open(t.Context(), listed["grows"]); !errors.Is(err, blob.ErrChanged) {
		t.Errorf("a file written since it was listed: %v", err)
	}
	if got := content(t, folder, listed["same"]); got != "same" {
		t.Errorf("same holds %q", got)
	}

	ctx, cancel := context.WithCancel(t.Context())
	reader, err = folder.Open(ctx, listed["same"])
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cancel()
	if _, err := io.ReadAll(reader); !errors.Is(err, context.Canceled) {
		t.Errorf("read after the end of its context: %v", err)
	}
	for _, err := range folder.List(ctx, "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("list after the end of its context: %v", err)
		}
	}
}

func TestOpenSources(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, "one")
	for _, test := range []struct {
		source string
		want   error
		text   string // of the error
	}{
		{dir, nil, ""},
		{filepath.Join(dir, "one"), nil, ""},
		{"file://" + filepath.ToSlash(dir), nil, ""},
		{filepath.Join(dir, "gone"), configtrail.ErrNotFound, "no folder at " + filepath.Join(dir, "gone")},
		{"", configtrail.ErrInvalid, "the source is empty"},
		{"s3:/bucket/x", configtrail.ErrInvalid, "s3:/bucket/x is no S3 URL"},
		{"s3://", configtrail.ErrInvalid, `s3://: "" is no bucket name`},
		{"s3://arn:aws:s3:ap-northeast-1:111122223333:accesspoint/x", configtrail.ErrInvalid, "names an ARN"},
		{"https://bucket.s3.amazonaws.com/x", configtrail.ErrInvalid, "neither a folder nor s3://bucket/prefix"},
		{"file://elsewhere/x", configtrail.ErrInvalid, "no file:/// URI of this machine"},
	} {
		bucket, err := blob.Open(t.Context(), test.source, blob.Sources{})
		if !errors.Is(err, test.want) {
			t.Errorf("%q: %v, want %v", test.source, err, test.want)
			continue
		}
		if err != nil {
			if !strings.Contains(err.Error(), test.text) {
				t.Errorf("%q: %q does not say %q", test.source, err, test.text)
			}
			var hint *configtrail.Hint
			if !errors.As(err, &hint) && test.source[:4] != "file" {
				t.Errorf("%q: no hint with %v", test.source, err)
			}
			continue
		}
		if got := keys(t, bucket.List(t.Context(), "")); !cmp.Equal(got, []string{"one"}) {
			t.Errorf("%q holds %q", test.source, got)
		}
	}
}

func TestParseURL(t *testing.T) {
	for _, test := range []struct {
		text string
		want blob.URL
	}{
		{"s3://logs", blob.URL{Bucket: "logs"}},
		{"s3://logs/", blob.URL{Bucket: "logs"}},
		{"S3://logs/a/b", blob.URL{Bucket: "logs", Prefix: "a/b"}},
		{"s3://logs/a b?c#d+e%20f/", blob.URL{Bucket: "logs", Prefix: "a b?c#d+e%20f/"}},
		{"s3://logs//double", blob.URL{Bucket: "logs", Prefix: "/double"}},
		{"s3://logs/組織/AWS::EC2", blob.URL{Bucket: "logs", Prefix: "組織/AWS::EC2"}},
	} {
		got, err := blob.ParseURL(test.text)
		if err != nil || got != test.want {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
	}
	for _, text := range []string{"logs", "/logs", "s3:/logs", "s3:///key", "s3://a", "s3://bu cket/x", "s3://evil.example.com@host/x", "s3://x?y/z", "http://logs"} {
		if got, err := blob.ParseURL(text); !errors.Is(err, configtrail.ErrInvalid) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
