package testorg

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
)

// What Big writes is one document that says what Big says of it.
func TestBig(t *testing.T) {
	for name, o := range map[string]BigOptions{
		"in order": {Bytes: 2 << 20},
		"gzip":     {Bytes: 3 << 20, Item: 4 << 10, Seed: 7},
		"largest":  {Bytes: 4 << 20, Item: 8 << 10, Largest: 3 << 20, Plain: true},
		"repeated": {Bytes: 2 << 20, Distinct: 40, Shuffled: true, Repeated: true, Plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			var written bytes.Buffer
			truth, err := Big(&written, o)
			if err != nil {
				t.Fatal(err)
			}
			text := written.Bytes()
			if !o.Plain {
				zip, err := gzip.NewReader(&written)
				if err != nil {
					t.Fatal(err)
				}
				if text, err = io.ReadAll(zip); err != nil {
					t.Fatal(err)
				}
			}
			raws, whole := elements(text)
			distinct := make(map[string]bool)
			largest, repeated := 0, 0
			var times []string
			for _, raw := range raws {
				var item struct {
					ResourceID string `json:"resourceId"`
					Captured   string `json:"configurationItemCaptureTime"`
				}
				if err := json.Unmarshal(raw, &item); err != nil {
					t.Fatal(err)
				}
				distinct[item.ResourceID] = true
				times = append(times, item.Captured)
				largest = max(largest, len(raw))
				if repeats(raw) {
					repeated++
				}
			}
			if !whole || int64(len(raws)) != truth.Items || int64(len(distinct)) != truth.Distinct || int64(len(text)) != truth.Bytes {
				t.Errorf("whole %v, items %d, distinct %d, bytes %d, told %+v", whole, len(raws), len(distinct), len(text), truth)
			}
			if o.Distinct > 0 && truth.Distinct != o.Distinct {
				t.Errorf("distinct %d, asked for %d", truth.Distinct, o.Distinct)
			}
			if truth.Bytes < o.Bytes || truth.Bytes > o.Bytes+o.Largest+(64<<10) {
				t.Errorf("%d bytes, asked for %d", truth.Bytes, o.Bytes)
			}
			if o.Largest > 0 && (int64(largest) < o.Largest*9/10 || int64(largest) > o.Largest*11/10) {
				t.Errorf("largest item has %d bytes, asked for %d", largest, o.Largest)
			}
			if o.Repeated != (repeated == len(raws)) || o.Shuffled == slices.IsSorted(times) {
				t.Errorf("%d of %d items with a member twice; in order: %v", repeated, len(raws), slices.IsSorted(times))
			}
		})
	}
}

func TestBigIsDeterministic(t *testing.T) {
	var first, second, other bytes.Buffer
	for w, o := range map[*bytes.Buffer]BigOptions{&first: {Bytes: 1 << 20}, &second: {Bytes: 1 << 20}, &other: {Bytes: 1 << 20, Seed: 1}} {
		if _, err := Big(w, o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) || bytes.Equal(first.Bytes(), other.Bytes()) {
		t.Error("equal options must give equal bytes, and other seeds others")
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A writer that fails ends it.
func TestBigStops(t *testing.T) {
	for _, plain := range []bool{true, false} {
		if _, err := Big(&fullDisk{left: 100_000}, BigOptions{Bytes: 10 << 20, Plain: plain}); !errors.Is(err, errFull) {
			t.Errorf("plain %v: got %v", plain, err)
		}
	}
}
