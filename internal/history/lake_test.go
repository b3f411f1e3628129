package history_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"configtrail"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/history"
	"configtrail/internal/lake"
)

func emptyLake(t *testing.T) (*lake.Lake, *duckdb.Engine) {
	t.Helper()
	l, err := lake.Create(t.Context(), lake.Options{Dir: t.TempDir(), RedactKeyID: "k1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	e, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, e
}

// Every question passes the engine's guard, with every filter set and with none,
// and an empty lake has an answer to it.
func TestEveryQuestionRunsOverALake(t *testing.T) {
	_, e := emptyLake(t)
	h := over(e)
	h.Zone = zone(t, "America/New_York")
	month := configtrail.Month{Year: 2024, Month: time.November}.Window(h.Zone)
	for name, filter := range map[string]history.Filter{
		"none": {},
		"all": {
			Window: month, Accounts: []string{prod, dev}, Regions: []string{tokyo}, Types: []string{"ec2", "AWS::S3::Bucket"}, Resources: []string{"x", queue.String()},
			Kinds: configtrail.Kinds, Tags: map[string]string{"a": "b"}, Paths: []string{"/a/*", "b"}, Contains: `"`, Actor: "x", Noise: history.NoiseOnly, Order: history.Ascending, Limit: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := h.Changes(t.Context(), filter)
			check("changes", err)
			for _, err := range h.EachChange(t.Context(), filter) {
				check("each change", err)
			}
			spanned := filter
			spanned.Window = month
			_, err = h.Summary(t.Context(), spanned)
			check("summary", err)
			_, err = h.Touched(t.Context(), month, filter)
			check("touched", err)
			_, err = h.Integrity(t.Context(), filter)
			check("integrity", err)
			states := filter
			states.Kinds, states.Paths, states.Actor = nil, nil, ""
			for _, err := range h.At(t.Context(), clock, states) {
				check("at", err)
			}
		})
	}
	if _, err := h.Resolve(t.Context(), "arn:aws:sqs:us-east-1:111122223333:q", history.Filter{}); err == nil {
		t.Error("resolved in an empty lake")
	}
}

// fill writes a ledger into a lake as ingest does.
func fill(t *testing.T, l *lake.Lake, data ledger) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := l.NewWriter(t.Context())
	check(err)
	for i := range data.items {
		_, err := w.AddItem(t.Context(), &data.items[i])
		check(err)
	}
	for _, delivery := range data.deliveries {
		check(w.AddDelivery(t.Context(), delivery, nil))
	}
	check(w.Commit(t.Context()))
	changes, err := l.NewChangeWriter(t.Context())
	check(err)
	for _, change := range data.changes {
		check(changes.Add(t.Context(), change))
	}
	_, through, err := l.Pending(t.Context())
	check(err)
	check(changes.Commit(t.Context(), through))
}

// A lake gives the answers that the other tests hold the tables in memory to.
func TestALakeAnswersAsTheTablesDo(t *testing.T) {
	data := lives()
	data.changes = append(data.changes, smallLedger()...)
	data.deliveries = slices.Concat(
		snapshots(prod, tokyo, "2024-11-01T00:00:00Z", "2024-11-10T00:00:01Z", daily),
		snapshots(prod, tokyo, "2024-11-13T00:00:00Z", "2024-11-28T00:00:01Z", daily),
		snapshots(dev, "us-east-1", "2024-01-01T00:00:00Z", "2024-11-30T00:00:01Z", daily),
		[]configtrail.Delivery{broken(delivered(dev, tokyo, "2024-11-05T06:00:00Z"), empty)})
	l, e := emptyLake(t)
	fill(t, l, data)
	stored, memory := over(e), over(open(t, data))
	stored.Zone, memory.Zone = zone(t, "Asia/Tokyo"), zone(t, "Asia/Tokyo")
	month := configtrail.Month{Year: 2024, Month: time.November}.Window(stored.Zone)
	for name, ask := range map[string]func(h *history.History) (any, error){
		"changes": func(h *history.History) (any, error) {
			return h.Changes(t.Context(), history.Filter{Noise: history.NoiseInclude})
		},
		"a page": func(h *history.History) (any, error) {
			page, err := h.Changes(t.Context(), history.Filter{Limit: 2})
			if err != nil {
				return nil, err
			}
			return h.Changes(t.Context(), history.Filter{Limit: 2, Cursor: page.Next})
		},
		"a path": func(h *history.History) (any, error) {
			return h.Changes(t.Context(), history.Filter{Paths: []string{"ip*/**"}})
		},
		"a tag": func(h *history.History) (any, error) {
			return h.Changes(t.Context(), history.Filter{Tags: map[string]string{"Env": "prod"}})
		},
		"a text": func(h *history.History) (any, error) {
			return h.Changes(t.Context(), history.Filter{Contains: `say "hello"`})
		},
		"summary":  func(h *history.History) (any, error) { return h.Summary(t.Context(), history.Filter{Window: month}) },
		"timeline": func(h *history.History) (any, error) { return h.Timeline(t.Context(), queue, configtrail.Window{}) },
		"diff": func(h *history.History) (any, error) {
			return h.Diff(t.Context(), queue, at("2024-01-15T00:00:00Z"), clock)
		},
		"resolve":  func(h *history.History) (any, error) { return h.Resolve(t.Context(), "AROA", history.Filter{}) },
		"coverage": func(h *history.History) (any, error) { return h.Coverage(t.Context(), history.Filter{}) },
		"touched":  func(h *history.History) (any, error) { return h.Touched(t.Context(), month, history.Filter{}) },
		"at": func(h *history.History) (any, error) {
			var got []history.State
			for state, err := range h.At(t.Context(), at("2024-05-15T00:00:00Z"), history.Filter{}) {
				if err != nil {
					return nil, err
				}
				got = append(got, state)
			}
			return got, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := ask(memory)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ask(stored)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(history.Troubled{})); difference != "" {
				t.Error(difference)
			}
		})
	}
}
