package delivery_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/delivery"
)

func TestRealSamples(t *testing.T) {
	root := shared(t, "fixtures")
	table, err := os.Open("testdata/fixtures.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows := 0
	for lines := bufio.NewScanner(table); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		rows++
		words := strings.Fields(lines.Text())
		want := map[string]int64{}
		for _, word := range words[1:] {
			name, number, _ := strings.Cut(word, "=")
			if want[name], err = strconv.ParseInt(number, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.Open(filepath.Join(root, words[0]))
		if err != nil {
			t.Fatal(err)
		}
		got := decode(t, file, delivery.Document{Key: delivery.ParseKey(words[0])})
		file.Close()
		if diff := cmp.Diff(want, got.counts()); diff != "" || got.err != nil {
			t.Errorf("%s: %v\n%s", words[0], got.err, diff)
		}
	}
	if rows != 201 {
		t.Errorf("the table has %d rows, not 201", rows)
	}
}

// counts are the words of testdata/fixtures.txt.
func (r result) counts() map[string]int64 {
	counts := map[string]int64{}
	for name, n := range map[string]int64{
		"items": int64(len(r.items)), "events": int64(len(r.events)),
		"notices": int64(len(r.notices)), "read_only": r.tally.ReadOnly,
	} {
		if n > 0 {
			counts[name] = n
		}
	}
	for _, bad := range r.bad {
		counts[bad.Code]++
	}
	return counts
}

// The bucket of the fictitious organisation: each object that can't be read whole
// is told so, with the right number of good items, and nothing else is.
func TestWorld(t *testing.T) {
	file, err := os.Open(filepath.Join(shared(t, "world"), "bucket.tar.gz"))
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := brokenObjects(t)
	codeOf := map[string]string{
		"truncated": configtrail.CodeTruncated, "invalid": configtrail.CodeInvalidJSON,
		"zero_byte": configtrail.CodeEmpty, "bad_item": configtrail.CodeBadItem,
	}
	var items, events, readOnly, seen int64
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(strings.TrimPrefix(header.Name, "./"), "bucket/")
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		key := delivery.ParseKey(name)
		if key.Kind == configtrail.KindWritability {
			continue
		}
		if key.Kind == configtrail.KindOther || key.Account == "" || key.Region == "" || key.WrittenAt.IsZero() || key.Day.IsZero() {
			t.Errorf("%s: %+v", name, key)
		}
		got := decode(t, archive, delivery.Document{Source: configtrail.Source{Key: name}, Key: key})
		items += int64(len(got.items))
		events += int64(len(got.events))
		readOnly += got.tally.ReadOnly
		object, bad := broken[name]
		if object.Kind == "invalid" {
			object.Good = 1 // of its two items the first is whole
		}
		if !bad {
			if len(got.bad) != 0 || got.err != nil {
				t.Errorf("%s: %v %+v", name, got.err, got.bad)
			}
			continue
		}
		seen++
		var want []string
		for range max(object.Bad, 1) {
			want = append(want, codeOf[object.Kind])
		}
		if diff := cmp.Diff(want, got.codes()); diff != "" || len(got.items) != object.Good {
			t.Errorf("%s: %d items, want %d\n%s", name, len(got.items), object.Good, diff)
		}
	}
	if seen != 8 {
		t.Errorf("%d broken objects, want 8", seen)
	}
	// Counted by decompressing and parsing every object with another program, which
	// gave up the two invalid objects, each with one whole item.
	if items != 78389+2 || events != 1586 || readOnly != 5704 {
		t.Errorf("%d items, %d events and %d reads, want 78391, 1586 and 5704", items, events, readOnly)
	}
}

type brokenObject struct {
	Key  string
	Kind string
	Good int `json:"good_items"`
	Bad  int `json:"bad_items"`
}

func brokenObjects(t *testing.T) map[string]brokenObject {
	file, err := os.Open(filepath.Join(shared(t, "world"), "bad_files.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := map[string]brokenObject{}
	for values := json.NewDecoder(unpacked); values.More(); {
		var object brokenObject
		if err := values.Decode(&object); err != nil {
			t.Fatal(err)
		}
		broken[object.Key] = object
	}
	return broken
}
