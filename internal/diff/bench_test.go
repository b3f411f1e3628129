package diff_test

import (
	"testing"

	"configtrail"
	"configtrail/internal/diff"
)

// worldSample is the items of a few kilobytes of a whole organisation; huge
// inventories, which would drown the others, are left out.
func worldSample(b *testing.B) (items []*configtrail.ConfigurationItem, size int64) {
	for _, item := range worldItems(b, shared(b, "world", "bucket.tar.gz")) {
		if len(item.Configuration) < 1<<20 {
			items = append(items, item)
			size += int64(len(item.Configuration) + len(item.SupplementaryConfiguration))
		}
	}
	return items, size
}

func BenchmarkCanonical(b *testing.B) {
	items, size := worldSample(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range items {
			if _, err := diff.Canonical(item); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkHash(b *testing.B) {
	items, size := worldSample(b)
	b.SetBytes(size)
	key := make([]byte, 32)
	for b.Loop() {
		for _, item := range items {
			if _, err := diff.Hash(key, item); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEdits(b *testing.B) {
	items, _ := worldSample(b)
	var pairs [][2]*configtrail.ConfigurationItem
	for i := 1; i < len(items); i++ {
		if items[i-1].Key == items[i].Key {
			pairs = append(pairs, [2]*configtrail.ConfigurationItem{items[i-1], items[i]})
		}
	}
	b.ReportAllocs()
	count := 0
	for b.Loop() {
		for _, pair := range pairs {
			if _, err := diff.Edits(pair[0], pair[1]); err != nil {
				b.Fatal(err)
			}
		}
		count += len(pairs)
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "diffs/s")
}
