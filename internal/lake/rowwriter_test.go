package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Null and empty are told apart wherever nulls lie among values.
func TestNullsAreWrittenAsNulls(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		value := func() []byte {
			if random.IntN(2) == 0 {
				return nil
			}
			return []byte(`"x"`)
		}
		tags := func() map[string]string {
			return [...]map[string]string{nil, nil, {}, {"a": "1"}, {"a": "1", "b": "2"}}[random.IntN(5)]
		}
		var items []itemRow
		var changes []changeRow
		for i := range 1 + random.IntN(80) {
			item := itemRow{ResourceID: fmt.Sprint(i), Tags: tags(), Configuration: value(), Supplementary: value()}
			if n := random.IntN(4); n > 0 {
				item.Relationships = make([]relationshipRow, n-1)
				item.CreationTime = &item.SourceIndex
			}
			items = append(items, item)
			change := changeRow{ID: fmt.Sprint(i), Tags: tags(), Edits: make([]editRow, random.IntN(12))}
			for j := range change.Edits {
				change.Edits[j] = editRow{Path: fmt.Sprint(j), Old: value(), New: value()}
			}
			changes = append(changes, change)
		}
		if diff := cmp.Diff(items, written(t, items)); diff != "" {
			t.Fatalf("items of seed %d (-want +got):\n%s", seed, diff)
		}
		if diff := cmp.Diff(changes, written(t, changes)); diff != "" {
			t.Fatalf("changes of seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// written gives rows as they come back from a file.
func written[R any](t *testing.T, rows []R) []R {
	t.Helper()
	var file bytes.Buffer
	w := newRowWriter[R](&file, zstd.SpeedFastest)
	if err := w.write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := parquet.NewGenericReader[R](bytes.NewReader(file.Bytes()))
	defer r.Close()
	got := make([]R, len(rows))
	if n, err := r.Read(got); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("read %d of %d rows: %v", n, len(rows), err)
	}
	return got
}
