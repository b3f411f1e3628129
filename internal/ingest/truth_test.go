package ingest_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"configtrail"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/testorg"
)

// The ledger of the demo's organisation is the truth about it, exactly; and
// everything else that the truth knows is in the lake too.
func TestLedgerIsTheTruth(t *testing.T) {
	w := demo(t)
	dir := t.TempDir()
	l := openLake(t, dir)
	summary := run(t, optionsFor(l, openFolder(t, w.dir)))

	checkLedger(t, l, w.truth)
	t.Run("months", func(t *testing.T) { checkMonths(t, l, w.truth) })
	t.Run("hashes", func(t *testing.T) { checkHashes(t, l) })
	t.Run("deliveries", func(t *testing.T) { checkDeliveries(t, l, w.truth, summary) })
	t.Run("secrets", func(t *testing.T) { checkSecrets(t, l, dir, w.truth) })
	t.Run("again", func(t *testing.T) { checkAgain(t, l, w) })
}

// checkMonths counts each month of a zone by what the lake gives for its span.
func checkMonths(t *testing.T, l *lake.Lake, truth testorg.Truth) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	perMonth := map[string]int{}
	for _, zone := range []*time.Location{time.UTC, tokyo} {
		var got []testorg.Count
		want := truth.Month(zone)
		for month := want[0].Month; !want[len(want)-1].Month.Before(month); month = month.Add(1) {
			counts := map[testorg.Count]*testorg.Count{}
			for c, err := range l.ChangesInOrder(t.Context(), configtrail.Scope{Window: month.Window(zone)}) {
				if err != nil {
					t.Fatal(err)
				}
				group := testorg.Count{Month: month, Account: c.Key.Account, Region: c.Key.Region, Type: c.Key.Type, Kind: c.Kind}
				if counts[group] == nil {
					counts[group] = &testorg.Count{Month: month, Account: c.Key.Account, Region: c.Key.Region, Type: c.Key.Type, Kind: c.Kind}
				}
				if c.Noise == configtrail.NoiseNone {
					counts[group].Changes++
				} else {
					counts[group].Noise++
				}
				perMonth[zone.String()+month.String()]++
			}
			var sorted []testorg.Count
			for _, count := range counts {
				sorted = append(sorted, *count)
			}
			slices.SortFunc(sorted, func(a, b testorg.Count) int {
				return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region),
					strings.Compare(a.Type, b.Type), strings.Compare(string(a.Kind), string(b.Kind)))
			})
			got = append(got, sorted...)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("counts in %s (-truth +ledger):\n%.3000s", zone, diff)
		}
	}
	if perMonth["UTC2024-09"] == perMonth["Asia/Tokyo2024-09"] {
		t.Errorf("September has %d changes in both zones: nothing tells them apart", perMonth["UTC2024-09"])
	}
}

// checkHashes follows the chain of states: every change leads from the hash of
// the last item with a state to the hash of its own item, and its sources hold them.
func checkHashes(t *testing.T, l *lake.Lake) {
	timelines := map[configtrail.ResourceKey][]configtrail.ConfigurationItem{}
	for _, item := range itemsOf(t, l) {
		timelines[item.Key] = append(timelines[item.Key], item)
	}
	chained := 0
	for _, c := range ledgerOf(t, l) {
		var before, after *configtrail.ConfigurationItem
		for i := range timelines[c.Key] {
			item := &timelines[c.Key][i]
			switch {
			case item.CaptureTime.Equal(c.Time) && item.ContentHash == c.HashAfter:
				after = item
			case item.CaptureTime.Before(c.Time) && item.Status.Live() && item.ContentHash == c.HashBefore:
				before = item
			case item.CaptureTime.Before(c.Time) && item.Status.Live() && before != nil && item.CaptureTime.After(before.CaptureTime):
				before = nil // not the last one
			}
		}
		switch {
		case after == nil || after.Source != c.Source:
			t.Fatalf("%s: no item of its hash and source %+v", c.ID(), c.Source)
		case (c.SourceBefore == nil) != (c.HashBefore == ""):
			t.Fatalf("%s: hash before %q, source %v", c.ID(), c.HashBefore, c.SourceBefore)
		case c.HashBefore != "" && (before == nil || before.Source != *c.SourceBefore):
			t.Fatalf("%s: the item before is not the last one with a state", c.ID())
		case c.HashBefore != "":
			chained++
		}
	}
	if chained == 0 {
		t.Error("no change has a state before it")
	}
}

// checkDeliveries holds what was read and what could not be against the truth.
func checkDeliveries(t *testing.T, l *lake.Lake, truth testorg.Truth, summary ingest.Summary) {
	type bad struct {
		Codes []string
		Good  int64
		Bad   int64
	}
	got, want := map[string]bad{}, map[string]bad{}
	first := map[testorg.Place]time.Time{}
	for key, row := range deliveriesOf(t, l) {
		if len(row.Quarantined) > 0 {
			b := bad{Good: row.Read, Bad: row.Rejected}
			for _, q := range row.Quarantined {
				if !slices.Contains(b.Codes, q.Code) {
					b.Codes = append(b.Codes, q.Code)
				}
				if q.Key != key || q.Reason == "" || q.Offset < 0 {
					t.Errorf("%s: quarantined as %+v", key, q)
				}
			}
			got[key] = b
		}
		at := testorg.Place{Account: row.Account, Region: row.Region}
		if row.Kind == configtrail.KindHistory || row.Kind == configtrail.KindSnapshot {
			if f, ok := first[at]; !ok || row.WrittenAt.Before(f) {
				first[at] = row.WrittenAt
			}
		}
	}
	for _, b := range truth.Bad {
		count := max(b.Bad, 1)
		switch b.Code {
		case configtrail.CodeTruncated, configtrail.CodeInvalidJSON, configtrail.CodeEmpty:
			count = 1 // what lies behind the break can't be counted
		}
		want[b.Key] = bad{[]string{b.Code}, b.Good, count}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("quarantine (-truth +lake):\n%s", diff)
	}
	if diff := gocmp.Diff(truth.FirstWritten, first); diff != "" {
		t.Errorf("first deliveries (-truth +lake):\n%s", diff)
	}
	distinct := map[string]bool{}
	for _, item := range itemsOf(t, l) {
		distinct[item.Key.String()+item.CaptureTime.String()+item.ContentHash] = true
	}
	for what, n := range map[string][2]int64{
		"objects":        {truth.Objects, summary.Deliveries.Seen},
		"items read":     {truth.Delivered, summary.Items.Read},
		"distinct items": {truth.Distinct, int64(len(distinct))},
		"items added":    {truth.Distinct, summary.Items.Added},
		"items counted":  {summary.Items.Read, summary.Items.Added + summary.Items.Duplicates},
		"events":         {truth.Events, rowsIn(t, l, lake.Events)},
		"changes":        {int64(len(truth.Changes)), summary.Changes},
		"bad objects":    {int64(len(truth.Bad)), summary.Deliveries.Quarantined},
		"delivery rows":  {summary.Deliveries.Ingested, rowsIn(t, l, lake.Deliveries)},
		"sorts":          {summary.Deliveries.Seen, summary.Deliveries.Ingested + summary.Deliveries.Ignored},
	} {
		if n[0] != n[1] {
			t.Errorf("%s: want %d, got %d", what, n[0], n[1])
		}
	}
}

// checkSecrets looks for every planted secret in every value of every file. A
// secret that changed is a change all the same.
func checkSecrets(t *testing.T, l *lake.Lake, dir string, truth testorg.Truth) {
	if len(truth.Secrets) < 10 {
		t.Fatalf("only %d secrets were planted", len(truth.Secrets))
	}
	length := len(truth.Secrets[0])
	secrets := map[string]bool{}
	for _, s := range truth.Secrets {
		if len(s) != length {
			t.Fatalf("secrets of %d and %d bytes", length, len(s))
		}
		secrets[s] = true
	}
	values, markers := 0, 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		look := func(value []byte) {
			values++
			markers += bytes.Count(value, []byte("[REDACTED:"))
			for i := 0; i+length <= len(value); i++ {
				if secrets[string(value[i:i+length])] {
					t.Fatalf("%s holds the secret %s: %.300s", path, value[i:i+length], value)
				}
			}
		}
		if filepath.Ext(path) == ".parquet" {
			return eachValue(path, look)
		}
		content, err := os.ReadFile(path)
		look(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if values < 100_000 || markers == 0 {
		t.Errorf("looked at %d values with %d markers", values, markers)
	}
	changed := 0
	for _, c := range ledgerOf(t, l) {
		for _, e := range c.Edits {
			if marked(e.Old) && marked(e.New) && !bytes.Equal(e.Old, e.New) {
				changed++
			}
		}
	}
	if changed == 0 {
		t.Error("no change of a secret is in the ledger")
	}
}

func marked(raw json.RawMessage) bool { return bytes.Contains(raw, []byte("[REDACTED:")) }

// eachValue gives the text of every value of a Parquet file.
func eachValue(path string, look func([]byte)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	opened, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return err
	}
	values := make([]parquet.Value, 1024)
	for _, group := range opened.RowGroups() {
		for _, chunk := range group.ColumnChunks() {
			if chunk.Type().Kind() != parquet.ByteArray {
				continue
			}
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
				reader := page.Values()
				for {
					n, err := reader.ReadValues(values)
					for _, v := range values[:n] {
						if !v.IsNull() {
							look(v.ByteArray())
						}
					}
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						return err
					}
				}
				parquet.Release(page)
			}
			if err := pages.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAgain: what is in is not read again, and deriving has nothing to write.
func checkAgain(t *testing.T, l *lake.Lake, w world) {
	before := versionOf(t, l)
	summary := run(t, optionsFor(l, openFolder(t, w.dir)))
	d := summary.Deliveries
	if d.Ingested != 0 || d.Already+d.Ignored != w.truth.Objects || summary.Items.Read != 0 || summary.Changes != 0 {
		t.Errorf("the second run did something: %+v", summary)
	}
	if len(summary.Quarantine) == 0 || d.Quarantined != int64(len(w.truth.Bad)) {
		t.Errorf("the second run tells of %d quarantined objects, want %d", d.Quarantined, len(w.truth.Bad))
	}
	if written, err := ingest.Derive(t.Context(), l); written != 0 || err != nil {
		t.Errorf("deriving again wrote %d rows: %v", written, err)
	}
	if after := versionOf(t, l); after != before {
		t.Errorf("version %s became %s", before, after)
	}
}
