package ingest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"configtrail/internal/ingest"
	"configtrail/internal/testorg"
)

// large is set to 1 to run the tests that take minutes and gigabytes of disk.
const large = "CONFIGTRAIL_LARGE"

// A snapshot of any size is read in the memory of a small container: its items
// out of order, one of them of 30 MB, members repeated. What it takes does not
// grow with the snapshot.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 512 << 20
	if peakRSS() == 0 {
		t.Skip("this system does not tell a process's peak memory")
	}
	if testing.Short() {
		t.Skip("half a gigabyte of memory")
	}
	of300MB := ingestBig(t, 300<<20)
	if of300MB > limit {
		t.Errorf("300 MB took %d MiB, more than %d MiB", of300MB>>20, limit>>20)
	}
	if os.Getenv(large) == "" {
		t.Logf("3 GB are left out: set %s=1", large)
		return
	}
	of3GB := ingestBig(t, 3<<30)
	if of3GB > of300MB+of300MB/10 {
		t.Errorf("3 GB took %d MiB, more than a tenth above the %d MiB of 300 MB", of3GB>>20, of300MB>>20)
	}
}

// A batch of messages may name several snapshots, which are read side by side.
func TestMemoryIsBoundedForABatch(t *testing.T) {
	const limit = 512 << 20
	if peakRSS() == 0 {
		t.Skip("this system does not tell a process's peak memory")
	}
	if testing.Short() {
		t.Skip("half a gigabyte of memory")
	}
	source, l := t.TempDir(), t.TempDir()
	var items int64
	for i := range 3 {
		name := fmt.Sprintf("123400005678_Config_ap-northeast-1_ConfigSnapshot_2024110%dT000000Z_00000000-0000-4000-8000-000000000000.json.gz", i+1)
		file, err := os.Create(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		truth, err := testorg.Big(file, testorg.BigOptions{Bytes: 70 << 20, Largest: 30 << 20, Shuffled: true, Repeated: true})
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		items += truth.Items
	}
	result := startChild(t, task{Source: source, Lake: l, MemoryLimit: ingest.MemoryLimit, Take: true}).result(t)
	if s := result.Summary; s.Deliveries.Ingested != 3 || s.Items.Read != items || len(s.Quarantine) > 0 {
		t.Errorf("read %+v of %d items", s, items)
	}
	if result.PeakRSS > limit {
		t.Errorf("the batch took %d MiB, more than %d MiB", result.PeakRSS>>20, limit>>20)
	}
	t.Logf("%.1f s with %d MiB", result.Summary.Seconds, result.PeakRSS>>20)
}

// Many versions of a large state are compared few at a time.
func TestMemoryIsBoundedForManyLargeStates(t *testing.T) {
	const (
		limit    = 512 << 20
		versions = 58
		size     = 6 << 20
	)
	if peakRSS() == 0 {
		t.Skip("this system does not tell a process's peak memory")
	}
	if os.Getenv(large) == "" {
		t.Skipf("a minute long: set %s=1", large)
	}
	source, l := t.TempDir(), t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var packages bytes.Buffer
	for packages.Len() < size {
		fmt.Fprintf(&packages, `"package %d of version %d",`, rng.Uint32(), rng.Uint32N(100))
	}
	name := "111122223333_Config_ap-northeast-1_ConfigHistory_AWS::SSM::ManagedInstanceInventory_20241105T000000Z_20241105T060000Z_1.json.gz"
	file, err := os.Create(filepath.Join(source, name))
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(zip, `{"fileVersion":"1.0","configurationItems":[`)
	for i := range versions {
		if i > 0 {
			fmt.Fprint(zip, ",")
		}
		fmt.Fprintf(zip, `{"awsAccountId":"111122223333","awsRegion":"ap-northeast-1","resourceType":"AWS::SSM::ManagedInstanceInventory","resourceId":"i-1","configurationItemStatus":"OK","configurationItemCaptureTime":"2024-11-05T01:%02d:00Z","configuration":{"Content":[%s"last"],"Revision":%d}}`,
			i, packages.Bytes(), i)
	}
	fmt.Fprint(zip, "]}")
	if err := errors.Join(zip.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	result := startChild(t, task{Source: source, Lake: l, MemoryLimit: ingest.MemoryLimit}).result(t)
	if s := result.Summary; s.Items.Added != versions || s.Changes != versions-1 {
		t.Errorf("summary %+v", s)
	}
	if result.PeakRSS > limit {
		t.Errorf("%d versions of %d MiB took %d MiB, more than %d MiB", versions, size>>20, result.PeakRSS>>20, limit>>20)
	}
	t.Logf("%.1f s with %d MiB", result.Summary.Seconds, result.PeakRSS>>20)
}

// ingestBig lets another process ingest one snapshot and gives the most memory
// that it ever held.
func ingestBig(t *testing.T, size int64) (peak int64) {
	t.Helper()
	source, l := t.TempDir(), t.TempDir()
	name := "123400005678_Config_ap-northeast-1_ConfigSnapshot_20241106T000000Z_00000000-0000-4000-8000-000000000000.json.gz"
	file, err := os.Create(filepath.Join(source, name))
	if err != nil {
		t.Fatal(err)
	}
	truth, err := testorg.Big(file, testorg.BigOptions{Bytes: size, Largest: 30 << 20, Shuffled: true, Repeated: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	result := startChild(t, task{Source: source, Lake: l, MemoryLimit: ingest.MemoryLimit}).result(t)
	if s := result.Summary; s.Items.Read != truth.Items || s.Items.Added != truth.Distinct || s.Bytes.JSON != truth.Bytes || len(s.Quarantine) > 0 {
		t.Errorf("%d bytes: read %+v of %+v, quarantined %v", size, s.Items, truth, s.Quarantine)
	}
	t.Logf("%d MB of JSON in %.1f s with %d MiB", truth.Bytes>>20, result.Summary.Seconds, result.PeakRSS>>20)
	return result.PeakRSS
}
