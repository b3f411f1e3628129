package ingest_test

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
	"configtrail/internal/testorg"
)

// world is a made-up organisation's bucket in a folder, and the truth about it.
type world struct {
	dir   string
	truth testorg.Truth
}

// The organisations of these tests. Each is made once, when first asked for.
var (
	// demo is the organisation of the demo, with every trap.
	demo = makeOnce(testorg.Options{})
	// small has nearly all the traps in a quarter of the objects, for tests
	// that ingest it several times.
	small = makeOnce(testorg.Options{Seed: 7, Months: 1, Resources: 8})
	// tiny is for tests that ingest many times.
	tiny = makeOnce(testorg.Options{Seed: 8, Months: 1, Accounts: 2, Resources: 4, Regions: []string{"ap-northeast-1"}})

	worlds struct {
		sync.Mutex
		dirs []string
	}
)

func makeOnce(options testorg.Options) func(*testing.T) world {
	once := sync.OnceValues(func() (world, error) {
		dir, err := os.MkdirTemp("", "configtrail-ingest-")
		if err != nil {
			return world{}, err
		}
		worlds.Lock()
		worlds.dirs = append(worlds.dirs, dir)
		worlds.Unlock()
		truth, err := testorg.WriteFolder(context.Background(), dir, options)
		return world{dir, truth}, err
	})
	return func(t *testing.T) world {
		t.Helper()
		w, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
}

func removeWorlds() error {
	worlds.Lock()
	defer worlds.Unlock()
	var err error
	for _, dir := range worlds.dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// theKey is the redaction key of every lake here, so that hashes can be compared.
func theKey() redact.Key {
	key, err := redact.NewKey([]byte("an example of thirty-two bytes.."))
	if err != nil {
		panic(err) // thirty-two bytes are a key
	}
	return key
}

func newLake(t *testing.T) *lake.Lake {
	t.Helper()
	return openLake(t, t.TempDir())
}

// openLake makes or opens the lake in dir until the test ends.
func openLake(t *testing.T, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), lake.Options{Dir: dir, RedactKeyID: theKey().ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func openFolder(t *testing.T, dir string) blob.Bucket {
	t.Helper()
	folder, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func optionsFor(l *lake.Lake, sources ...blob.Bucket) ingest.Options {
	key := theKey()
	return ingest.Options{Sources: sources, Lake: l, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes())}
}

// run ingests and expects no error.
func run(t *testing.T, options ingest.Options) ingest.Summary {
	t.Helper()
	summary, err := ingest.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func ledgerOf(t *testing.T, l *lake.Lake) []configtrail.Change {
	t.Helper()
	var all []configtrail.Change
	for change, err := range l.ChangesInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, change)
	}
	return all
}

func itemsOf(t *testing.T, l *lake.Lake) []configtrail.ConfigurationItem {
	t.Helper()
	var all []configtrail.ConfigurationItem
	for item, err := range l.ItemsInOrder(t.Context(), configtrail.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item)
	}
	return all
}

func deliveriesOf(t *testing.T, l *lake.Lake) map[string]configtrail.Delivery {
	t.Helper()
	all := map[string]configtrail.Delivery{}
	for row, err := range l.DeliveriesRead(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all[row.Key] = row
	}
	return all
}

func versionOf(t *testing.T, l *lake.Lake) string {
	t.Helper()
	version, err := l.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// asTruth is a row of the ledger in the truth's words. Paths of lists may come
// in another order than the truth sorts them.
func asTruth(change configtrail.Change) testorg.Change {
	c := testorg.Change{Key: change.Key, Time: change.Time, After: change.After, Kind: change.Kind, Noise: change.Noise}
	for _, e := range change.Edits {
		c.Edits = append(c.Edits, testorg.Edit{Path: e.Path, Op: e.Op})
	}
	slices.SortFunc(c.Edits, func(a, b testorg.Edit) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Op, b.Op))
	})
	return c
}

// checkLedger holds every row of the ledger against the truth: which changes
// there are, their kinds, times, noise, and the path and operation of each edit.
func checkLedger(t *testing.T, l *lake.Lake, truth testorg.Truth) {
	t.Helper()
	var got []testorg.Change
	for _, change := range ledgerOf(t, l) {
		got = append(got, asTruth(change))
	}
	ignore := cmpopts.IgnoreFields(testorg.Change{}, "Calls", "Actor") // of trails, which the ledger does not read yet
	if diff := gocmp.Diff(truth.Changes, got, ignore, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%d changes, the truth has %d (-truth +ledger):\n%.6000s", len(got), len(truth.Changes), diff)
	}
}

// rows is what two lakes of the same deliveries have to agree on: everything but
// which of several equal deliveries a source names, and how that one spells a state.
type rows struct {
	Changes []configtrail.Change
	Items   []configtrail.ConfigurationItem
	Events  int64
}

func rowsOf(t *testing.T, l *lake.Lake) rows {
	t.Helper()
	r := rows{Changes: ledgerOf(t, l), Items: itemsOf(t, l), Events: rowsIn(t, l, lake.Events)}
	for i := range r.Changes {
		c := &r.Changes[i]
		c.Source = configtrail.Source{}
		if c.SourceBefore != nil {
			c.SourceBefore = &configtrail.Source{}
		}
	}
	for i := range r.Items {
		item := &r.Items[i]
		item.Source = configtrail.Source{}
		// The hash stands for the state, whatever spelling of it came first.
		item.Configuration, item.SupplementaryConfiguration, item.Tags, item.Relationships = nil, nil, nil, nil
	}
	return r
}

func rowsIn(t *testing.T, l *lake.Lake, table string) (n int64) {
	t.Helper()
	files, err := l.Plan(t.Context(), table, configtrail.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		n += f.Rows
	}
	return n
}

func checkRows(t *testing.T, want, got rows) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%.6000s", diff)
	}
}
