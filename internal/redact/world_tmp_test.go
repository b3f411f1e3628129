package redact_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/redact"
)

func TestWorldTmp(t *testing.T) {
	r := redact.New([]byte("k"))
	var recs []sample
	n := 0
	bytes := 0
	filepath.WalkDir("/tmp/world/bucket", func(p string, e fs.DirEntry, err error) error {
		if e.IsDir() || !strings.HasSuffix(p, ".gz") { return nil }
		n++
		if n%6 != 0 { return nil }
		f, _ := os.Open(p); defer f.Close()
		z, err := gzip.NewReader(f); if err != nil { return nil }
		raw, _ := io.ReadAll(z)
		collect(raw, func(s sample) { s.file = filepath.Base(p); recs = append(recs, s) })
		return nil
	})
	for _, s := range recs { if s.item != nil { bytes += len(s.item.Configuration)+len(s.item.SupplementaryConfiguration) } else { bytes += len(s.event.Request)+len(s.event.Response) } }
	seen := map[string]int{}
	total, lv := 0, 0
	type pair struct{ b, a json.RawMessage; typ string; tags map[string]string }
	var pairs []pair
	start := time.Now()
	for _, s := range recs {
		if s.item != nil {
			b, b2 := s.item.Configuration, s.item.SupplementaryConfiguration
			tags := map[string]string{}
			for k, v := range s.item.Tags { tags[k] = v }
			total += r.Item(s.item)
			pairs = append(pairs, pair{b, s.item.Configuration, s.item.Key.Type, nil}, pair{b2, s.item.SupplementaryConfiguration, s.item.Key.Type, nil})
			for k, v := range tags { if s.item.Tags[k] != v { seen["TAG "+k+"="+v]++ } }
		} else {
			b, b2 := s.event.Request, s.event.Response
			total += r.Event(s.event)
			pairs = append(pairs, pair{b, s.event.Request, s.event.Name, nil}, pair{b2, s.event.Response, s.event.Name, nil})
		}
	}
	d := time.Since(start)
	for _, p := range pairs {
		leaves(p.b, func(string, string) { lv++ })
		if string(p.a) == string(p.b) { continue }
		a := map[string][]string{}
		leaves(p.a, func(q, x string) { a[q] = append(a[q], x) })
		leaves(p.b, func(q, x string) {
			for _, y := range a[q] { if x == y { return } }
			if len(x) > 100 { x = x[:100] }
			y := a[q][0]; if len(y) > 150 { y = y[:150] }
			k := p.typ+" "+q
			if seen[k]++; seen[k] <= 3 { t.Log(k, x, "=>", y) }
		})
	}
	fmt.Println(len(recs), "records", bytes, "bytes", d, float64(bytes)/d.Seconds()/1e6, "MB/s", total, "redacted of", lv)
	for k, v := range seen { fmt.Println(v, k) }
	_ = configtrail.Event{}
}
