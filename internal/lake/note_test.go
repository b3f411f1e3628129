package lake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/lake"

	"github.com/google/go-cmp/cmp"
)

// readNotes gives the notes of a place by name.
func readNotes(t *testing.T, at place) map[string][]byte {
	t.Helper()
	notes := map[string][]byte{}
	p, ok := remote(at)
	if !ok {
		files, err := filepath.Glob(filepath.Join(at, "staged", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if notes[filepath.Base(file)], err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		}
		return notes
	}
	objects, err := p.bucket()
	if err != nil {
		t.Fatal(err)
	}
	for object, err := range objects.List(t.Context(), objects.Key("staged/")) {
		if err != nil {
			t.Fatal(err)
		}
		if notes[path.Base(object.Key)], err = readObject(t.Context(), objects, object); err != nil {
			t.Fatal(err)
		}
	}
	return notes
}

func readObject(ctx context.Context, objects *blob.S3, object blob.Object) ([]byte, error) {
	r, err := objects.Open(ctx, object)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func writeNotes(t *testing.T, at place, notes map[string][]byte) {
	t.Helper()
	for name, data := range notes {
		var err error
		if p, ok := remote(at); ok {
			var objects *blob.S3
			if objects, err = p.bucket(); err == nil {
				_, err = objects.Put(t.Context(), objects.Key("staged/"+name), bytes.NewReader(data), int64(len(data)))
			}
		} else {
			err = os.WriteFile(filepath.Join(at, "staged", name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// edited is a note with one thing changed.
func edited(t *testing.T, data []byte, edit func(note map[string]any)) []byte {
	t.Helper()
	var note map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&note); err != nil {
		t.Fatal(err)
	}
	edit(note)
	changed, err := json.Marshal(note)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func firstFile(note map[string]any) map[string]any {
	return note["items"].([]any)[0].(map[string]any)
}

func TestNotesThatCannotBeGathered(t *testing.T) { everywhere(t, testNotesThatCannotBeGathered) }

func testNotesThatCannotBeGathered(t *testing.T, dir place) {
	l := create(t, dir)
	stage(t, l, "strange", "strange")
	var sound []byte
	for _, data := range readNotes(t, dir) {
		sound = data
	}
	file := func(key string, value any) func(map[string]any) {
		return func(note map[string]any) { firstFile(note)[key] = value }
	}
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAA", "it is no note", []byte(`{"format":1,"items":`)},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAB", "it is no note", nil},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAC", "it is of format 2", edited(t, sound, func(n map[string]any) { n["format"] = 2 })},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAD", "it is of format 0", []byte(`{}`)},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAE", "redaction key key-2", edited(t, sound, func(n map[string]any) { n["redact_key"] = "key-2" })},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAF", "is missing", edited(t, sound, file("path", "items/data/2024-11/GONE.parquet"))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAG", "bytes, not 1", edited(t, sound, file("bytes", 1))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAH", "not where files of items of its month are", edited(t, sound, file("path", "items/data/2024-11/../../../catalog.parquet"))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAI", "not where files of items of its month are", edited(t, sound, file("month", 0))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAJ", "month 2147483647", edited(t, sound, file("month", 1<<31-1))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAK", "-1 rows", edited(t, sound, file("rows", -1))},
		{"20240101T000000.000Z-AAAAAAAAAAAAAAAL", "partition is of spec 7", edited(t, sound, file("partition_spec", 7))},
		{"README", "no name of a note", []byte("hello")},
	}
	notes := map[string][]byte{}
	for _, test := range tests {
		notes[test.name+".json"] = test.data
	}
	writeNotes(t, dir, notes)
	stage(t, l, "another", "another")
	done := gather(t, l)
	if done.Notes != 2 || done.Deliveries != 2 {
		t.Errorf("gathered %d notes and %d deliveries, want those of two sound notes", done.Notes, done.Deliveries)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, left := range done.Left {
		name := strings.TrimSuffix(path.Base(left.Note), ".json")
		got[name] = left.Err.Error()
		for _, test := range tests {
			if test.name == name && strings.Contains(got[name], test.want) {
				got[name] = test.want
			}
		}
	}
	for _, test := range tests {
		want[test.name] = test.want
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	wantRows(t, l, 2, 2, 2)
	if _, err := l.Load(t.Context(), headers(t, l, configtrail.Scope{})); err != nil {
		t.Error(err)
	}
	if again := gather(t, l); len(again.Left) != len(tests) || again.Notes != 0 {
		t.Errorf("gathered again: %d notes, %d left; want them to stay", again.Notes, len(again.Left))
	}
}

// A file that two notes name is added once.
func TestAFileThatTwoNotesName(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	stage(t, l, "object", "a")
	for _, data := range readNotes(t, dir) {
		writeNotes(t, dir, map[string][]byte{"20240101T000000.000Z-AAAAAAAAAAAAAAAA.json": data})
	}
	if done := gather(t, l); done.Notes != 2 || done.Files != 2 || len(done.Left) != 0 {
		t.Errorf("gathered %+v", done)
	}
	if rows := rowsOf(t, l); rows[lake.Items] != 1 || rows[lake.Events] != 1 {
		t.Errorf("rows %v, want one of items and events", rows)
	}
}

// A compaction that does not know what a note says removes no file that the
// note may name.
func TestCompactionSparesTheFilesOfANoteOfANewerFormat(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	stage(t, l, "object", "a")
	sound := readNotes(t, dir)
	newer := map[string][]byte{}
	for name, data := range sound {
		newer[name] = edited(t, data, func(n map[string]any) { n["format"], n["items"] = 2, "somewhere else" })
	}
	writeNotes(t, dir, newer)
	compactAll(t, l)
	if done := gather(t, l); len(done.Left) != 1 || !errors.Is(done.Left[0].Err, configtrail.ErrInvalid) {
		t.Errorf("gathered %+v", done)
	}
	writeNotes(t, dir, sound) // as a newer configtrail would read it
	if done := gather(t, l); done.Notes != 1 || len(done.Left) != 0 {
		t.Errorf("gathered %+v", done)
	}
	wantRows(t, l, 1, 1, 1)
}

// The format of notes is held: an older configtrail's must be read for ever.
func TestANoteOfTheFirstFormat(t *testing.T) {
	dir := t.TempDir()
	l := create(t, dir)
	stage(t, l, "object", "a")
	for _, data := range readNotes(t, dir) {
		var note struct {
			Items []struct{ Columns []map[string]any }
		}
		if err := json.Unmarshal(data, &note); err != nil {
			t.Fatal(err)
		}
		keys := map[string][]string{}
		for name, object := range map[string]any{"note": data, "column": note.Items[0].Columns[0]} {
			if raw, ok := object.([]byte); ok {
				edited(t, raw, func(n map[string]any) {
					keys["note"], keys["file"] = keysOf(n), keysOf(firstFile(n))
					keys["delivery"] = keysOf(n["deliveries"].([]any)[0].(map[string]any))
				})
			} else {
				keys[name] = keysOf(object.(map[string]any))
			}
		}
		want := map[string][]string{
			"note":   {"deliveries", "events", "format", "items", "redact_key"},
			"file":   {"bytes", "columns", "month", "partition_spec", "path", "rows", "sort_order", "splits"},
			"column": {"id", "lower", "nulls", "size", "upper", "values"},
			"delivery": {"account", "archived", "batch", "bytes", "derive", "etag", "first_capture", "items_added", "items_duplicate", "items_read",
				"items_rejected", "key", "kind", "last_capture", "quarantined", "read_at", "region", "size", "uri", "written_at"},
		}
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("keys; another form needs another format (-want +got):\n%s", diff)
		}
	}
}

func keysOf(object map[string]any) []string {
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
