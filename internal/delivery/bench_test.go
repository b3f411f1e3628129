package delivery_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"

	"configtrail"
	"configtrail/internal/delivery"
)

// BenchmarkDecode compares decoding with unpacking alone on the same snapshot.
// MB/s are of uncompressed bytes; unpacking runs ahead on a second core.
func BenchmarkDecode(b *testing.B) {
	plain, err := io.ReadAll(snapshot(30 << 20))
	if err != nil {
		b.Fatal(err)
	}
	packed := gz(b, string(plain))
	key := delivery.ParseKey(snapshotKey)
	run := func(name string, data []byte) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				doc := delivery.Document{Source: configtrail.Source{Key: snapshotKey}, Key: key}
				for record, err := range delivery.Decode(context.Background(), bytes.NewReader(data), doc) {
					if err != nil || record.Item == nil {
						b.Fatal(err, record)
					}
				}
			}
		})
	}
	b.Run("gunzip", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	run("gzip", packed)
	run("plain", plain)
}
