package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/history"
)

var november = configtrail.Month{Year: 2024, Month: time.November}

const group = "AWS::EC2::SecurityGroup"

// seenMonth asks for a month and keeps what is shown.
func seenMonth(t *testing.T, h *history.History, question history.MonthQuestion) (*history.Month, []configtrail.Change) {
	t.Helper()
	var seen []configtrail.Change
	question.Visit = func(c configtrail.Change) error {
		seen = append(seen, c)
		return nil
	}
	month, err := h.Month(t.Context(), question)
	if err != nil {
		t.Fatal(err)
	}
	return month, seen
}

// A month tells what the single questions tell.
func sameAsSingly(t *testing.T, h *history.History, question history.MonthQuestion) {
	t.Helper()
	ctx, location := t.Context(), h.Zone
	if location == nil {
		location = time.UTC
	}
	month, seen := seenMonth(t, h, question)
	filter := question.Filter
	filter.Window = question.Month.Window(location)

	same := func(what string, want, got any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if difference := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(history.Troubled{})); difference != "" {
			t.Errorf("%s %s %s: %s", what, question.Month, location, difference)
		}
	}
	summary, err := h.Summary(ctx, filter)
	same("summary", summary, month.Summary, err)
	coverage, err := h.Coverage(ctx, filter)
	same("coverage", coverage, month.Coverage, err)
	warnings, err := h.Touched(ctx, filter.Window, filter)
	same("warnings", warnings, month.Warnings, err)
	troubled, err := h.Quarantine(ctx, filter)
	same("quarantine", troubled, month.Troubled, err)

	for i, earlier := range month.Earlier {
		filter.Window = question.Month.Add(-i - 1).Window(location)
		summary, err := h.Summary(ctx, filter)
		same("earlier", history.Earlier{Month: question.Month.Add(-i - 1), Totals: summary.Totals, By: summary.By}, earlier, err)
	}

	filter.Window, filter.Order = question.Month.Window(location), history.Ascending
	page, err := h.Changes(ctx, filter)
	for i := range page.Changes { // these a month leaves out
		c := &page.Changes[i]
		c.ARN, c.HashBefore, c.HashAfter, c.Source, c.SourceBefore = "", "", "", configtrail.Source{}, nil
	}
	same("changes", page.Changes, seen, err)

	var counted, noise int64
	for _, hour := range month.Hours {
		if !filter.Window.Contains(hour.Hour) {
			continue
		}
		if hour.Noise == "" {
			counted += hour.Changes
		} else {
			noise += hour.Changes
		}
	}
	same("hours", [2]int64{summary.Totals.Changes, summary.Totals.Noise}, [2]int64{counted, noise}, nil)
	if !slices.IsSortedFunc(month.Hours, func(a, b history.HourCount) int { return a.Hour.Compare(b.Hour) }) {
		t.Errorf("the hours of %s are in no order", question.Month)
	}
}

func TestAMonthIsWhatTheSingleQuestionsTell(t *testing.T) {
	data := lives()
	data.changes = append(data.changes, smallLedger()...)
	data.changes = append(data.changes, smallLedger()[:2]...) // let in twice
	data.deliveries = slices.Concat(
		snapshots(prod, tokyo, "2024-07-01T00:00:00Z", "2024-11-10T00:00:01Z", daily),
		snapshots(prod, tokyo, "2024-11-13T00:00:00Z", "2024-11-28T00:00:01Z", daily),
		snapshots(dev, "us-east-1", "2024-01-01T00:00:00Z", "2024-12-02T00:00:01Z", daily),
		[]configtrail.Delivery{broken(delivered(dev, tokyo, "2024-11-05T06:00:00Z"), empty)})
	h := over(open(t, data))
	for _, location := range []*time.Location{zone(t, "Asia/Tokyo"), zone(t, "America/New_York"), zone(t, "Asia/Kathmandu")} {
		h.Zone = location
		for _, month := range []configtrail.Month{november, november.Add(-8), november.Add(-30)} {
			sameAsSingly(t, h, history.MonthQuestion{Month: month, Before: 4, StepTypes: []string{group}})
		}
	}
	for _, filter := range []history.Filter{
		{Accounts: []string{dev}}, {Regions: []string{tokyo}, Types: []string{"ec2"}}, {Types: []string{group}}, {Accounts: []string{"999999999999"}},
	} {
		sameAsSingly(t, h, history.MonthQuestion{Month: november, Filter: filter, Before: 4, StepTypes: []string{group}})
	}
}

func TestTheMonthsOfTheWorldAreWhatTheSingleQuestionsTell(t *testing.T) {
	h := over(open(t, world(t)))
	h.Zone = zone(t, "Asia/Tokyo")
	for _, month := range []configtrail.Month{november, november.Add(-1), november.Add(-3)} {
		sameAsSingly(t, h, history.MonthQuestion{Month: month, Before: 3, StepTypes: []string{group}})
	}
	month, _ := seenMonth(t, h, history.MonthQuestion{Month: november, Before: 4})
	if got := []configtrail.Month{month.Earlier[0].Month, month.Earlier[1].Month}; !slices.Equal(got, []configtrail.Month{november.Add(-1), november.Add(-2)}) {
		t.Errorf("earlier months: %v", got)
	}
}

func TestAMonthOfALake(t *testing.T) {
	e, err := duckdb.New(enginetest.NewLake(t), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for month := range 3 {
		sameAsSingly(t, over(e), history.MonthQuestion{Month: november.Add(month - 1), Before: 2, StepTypes: []string{enginetest.Group}})
	}
	items := enginetest.Items()
	month, _ := seenMonth(t, over(e), history.MonthQuestion{Month: november, StepTypes: []string{enginetest.Group, enginetest.Bucket}})
	if len(month.Steps) != 1 || month.StepsLeft != 0 {
		t.Fatalf("%d steps, %d left out", len(month.Steps), month.StepsLeft)
	}
	step := month.Steps[0]
	if step.Change.ID() != enginetest.Changes()[0].ID() || len(step.Change.Edits) != 2 {
		t.Errorf("change %+v", step.Change)
	}
	if string(step.Before.Configuration) != string(items[0].Configuration) || string(step.After.Configuration) != string(items[1].Configuration) ||
		!step.Before.CaptureTime.Equal(items[0].CaptureTime) || step.After.Status != configtrail.StatusOK {
		t.Errorf("from %+v to %+v", step.Before, step.After)
	}
	if month.Cost.Bytes == 0 || month.Cost.USD == nil || *month.Cost.USD != 0 {
		t.Errorf("cost %+v", month.Cost)
	}
}

// The state before a change is the last one that the resource had, whatever
// came since, and of one capture the one that counts.
func TestStepsStandBetweenTheRightStates(t *testing.T) {
	state := func(when, hash, id string, status configtrail.Status) configtrail.ConfigurationItem {
		item := seen(queue, when, hash, status)
		item.StateID, item.Configuration = id, json.RawMessage(`{"state":"`+hash+id+`"}`)
		return item
	}
	step := func(when, before, after string, kind configtrail.Kind) configtrail.Change {
		c := happened(queue, when, kind)
		c.HashBefore, c.HashAfter = before, after
		return c
	}
	data := ledger{
		items: []configtrail.ConfigurationItem{
			state("2024-03-01T00:00:00Z", "a", "1", found),
			state("2024-03-05T00:00:00Z", "b", "2", ok),
			state("2024-04-01T00:00:00Z", "a", "3", ok),
			state("2024-05-01T00:00:00Z", "", "4", ended), // not recorded for some time
			state("2024-11-02T00:00:00Z", "c", "9", ok),
			state("2024-11-02T00:00:00Z", "d", "10", ok), // the later of two states of one capture
			state("2024-11-03T00:00:00Z", "", "11", deleted),
			state("2024-11-04T00:00:00Z", "e", "12", ok),
			state("2024-12-01T00:00:00Z", "f", "13", ok),
		},
		changes: []configtrail.Change{
			step("2024-03-05T00:00:00Z", "a", "b", configtrail.Updated),
			step("2024-11-02T00:00:00Z", "a", "d", configtrail.Updated),
			step("2024-11-03T00:00:00Z", "d", "", configtrail.Deleted),
			step("2024-11-04T00:00:00Z", "d", "e", configtrail.Recreated),
			step("2024-12-01T00:00:00Z", "e", "f", configtrail.Updated), // another month
			happened(other, "2024-11-04T00:00:00Z", configtrail.Updated),
		},
	}
	noisy := step("2024-11-05T00:00:00Z", "e", "e2", configtrail.Updated)
	noisy.Noise = configtrail.NoiseCounter
	data.changes = append(data.changes, noisy)
	want := []between{
		{"updated", `{"state":"a3"}`, `{"state":"d10"}`},
		{"deleted", `{"state":"d10"}`, `{"state":"11"}`},
		{"recreated", "", `{"state":"e12"}`}, // what a former life held says nothing
	}
	for name, literals := range map[string]int{"by name": 0, "of very many changes": 1} {
		h := over(open(t, data))
		h.Limit(0, 0, literals)
		month, _ := seenMonth(t, h, history.MonthQuestion{Month: november, StepTypes: []string{queue.Type}})
		if difference := cmp.Diff(want, stepsOf(month)); difference != "" {
			t.Errorf("%s: %s", name, difference)
		}
		judged := func(c configtrail.Change) bool { return c.Kind == configtrail.Deleted }
		month, _ = seenMonth(t, h, history.MonthQuestion{Month: november, StepTypes: []string{queue.Type}, Judge: judged})
		if difference := cmp.Diff(want[1:2], stepsOf(month)); difference != "" || month.StepsLeft != 0 {
			t.Errorf("%s, deletions alone: %s, %d left out", name, difference, month.StepsLeft)
		}
	}
}

// between is a step by the configurations on both sides.
type between struct{ Kind, Before, After string }

func stepsOf(month *history.Month) []between {
	var all []between
	for _, s := range month.Steps {
		one := between{Kind: string(s.Change.Kind)}
		if s.Before != nil {
			one.Before = string(s.Before.Configuration)
		}
		if s.After != nil {
			one.After = string(s.After.Configuration)
		}
		all = append(all, one)
	}
	return all
}

// Where the capture before a change tells which state stood there, nothing else is
// looked at; of two states with one id their hashes decide, which costs a look more.
func TestHowOftenStatesAreLookedAt(t *testing.T) {
	state := func(when, hash, id string) configtrail.ConfigurationItem {
		item := seen(queue, when, hash, ok)
		item.StateID, item.Configuration = id, json.RawMessage(`{"state":"`+hash+`"}`)
		return item
	}
	change := happened(queue, "2024-11-02T00:00:00Z", configtrail.Updated)
	change.After, change.HashBefore, change.HashAfter = at("2024-03-01T00:00:00Z"), "a", "d"
	before, after := state("2024-03-01T00:00:00Z", "a", "1"), state("2024-11-02T00:00:00Z", "d", "2")
	older := state("2024-02-01T00:00:00Z", "z", "0")
	for _, c := range []struct {
		name  string
		items []configtrail.ConfigurationItem
		looks int
		want  between
	}{
		{"as the change says", []configtrail.ConfigurationItem{older, before, after}, 1, between{"updated", `{"state":"a"}`, `{"state":"d"}`}},
		{"two after, of one id", []configtrail.ConfigurationItem{older, before, after, state("2024-11-02T00:00:00Z", "c", "2")}, 2, between{"updated", `{"state":"a"}`, `{"state":"d"}`}},
		{"two before, of one id", []configtrail.ConfigurationItem{older, before, state("2024-03-01T00:00:00Z", "b", "1"), after}, 2, between{"updated", `{"state":"b"}`, `{"state":"d"}`}},
		{"one let in twice", []configtrail.ConfigurationItem{before, before, after, after}, 1, between{"updated", `{"state":"a"}`, `{"state":"d"}`}},
		{"none where the change says", []configtrail.ConfigurationItem{older, after}, 2, between{"updated", `{"state":"z"}`, `{"state":"d"}`}},
	} {
		e := &counting{Engine: open(t, ledger{items: c.items, changes: []configtrail.Change{change}}), n: map[string]int{}}
		month, _ := seenMonth(t, over(e), history.MonthQuestion{Month: november, StepTypes: []string{queue.Type}})
		if difference := cmp.Diff([]between{c.want}, stepsOf(month)); difference != "" || e.n["month_states"] != c.looks {
			t.Errorf("%s: %d looks, %s", c.name, e.n["month_states"], difference)
		}
	}
}

// An hour begins on the clock of the zone, and the hour that comes twice when
// clocks are set back is two.
func TestHoursAreThoseOfTheZone(t *testing.T) {
	changes := []configtrail.Change{
		instance(1, configtrail.Updated, "2024-11-03T05:10:00Z"), // New York: 1:10, summer
		instance(2, configtrail.Updated, "2024-11-03T05:50:00Z"), // 1:50, summer
		instance(3, configtrail.Updated, "2024-11-03T06:20:00Z"), // 1:20 again, winter
		instance(4, configtrail.Updated, "2024-11-05T18:20:00Z"), // Kathmandu, 5:45 ahead: 0:05 of the 6th
		instance(5, configtrail.Updated, "2024-11-05T18:10:00Z"), // 23:55 of the 5th
	}
	for name, want := range map[string]map[string]int64{
		"America/New_York": {"2024-11-03T01:00:00-04:00": 2, "2024-11-03T01:00:00-05:00": 1, "2024-11-05T13:00:00-05:00": 2},
		"Asia/Kathmandu": {
			"2024-11-03T10:00:00+05:45": 1, "2024-11-03T11:00:00+05:45": 1, "2024-11-03T12:00:00+05:45": 1,
			"2024-11-05T23:00:00+05:45": 1, "2024-11-06T00:00:00+05:45": 1,
		},
	} {
		h := over(open(t, ledger{changes: changes}))
		h.Zone = zone(t, name)
		month, _ := seenMonth(t, h, history.MonthQuestion{Month: november})
		got := map[string]int64{}
		for _, hour := range month.Hours {
			got[hour.Hour.Format(time.RFC3339)] += hour.Changes
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("%s: %s", name, difference)
		}
	}
}

func TestOfAHugeMonthTheWeightyChangesAreSeen(t *testing.T) {
	bucket := key(prod, tokyo, "AWS::S3::Bucket", "b")
	ordinary := []configtrail.Change{
		instance(1, configtrail.Updated, "2024-11-01T00:00:00Z"), instance(2, configtrail.Updated, "2024-11-02T00:00:00Z"),
		instance(3, configtrail.Updated, "2024-11-03T00:00:00Z"), instance(4, configtrail.Updated, "2024-11-04T00:00:00Z"),
	}
	heavy := []configtrail.Change{
		happened(bucket, "2024-11-05T00:00:00Z", configtrail.Updated), happened(bucket, "2024-11-06T00:00:00Z", configtrail.Updated),
		instance(5, configtrail.Recreated, "2024-11-07T00:00:00Z"),
	}
	for _, c := range []struct {
		name     string
		changes  []configtrail.Change
		types    []string
		limit    int
		want     []string
		narrowed bool
	}{
		{"whole", slices.Concat(ordinary, heavy), nil, 7, []string{"1", "2", "3", "4", "5", "6", "7"}, false},
		{"huge", slices.Concat(ordinary, heavy), nil, 6, []string{"5", "6", "7"}, true},
		{"with types that are asked for", slices.Concat(ordinary, heavy), []string{"AWS::EC2::Instance"}, 6, []string{"1", "2", "3", "4", "5", "6", "7"}, true},
		{"nothing weighty", ordinary, nil, 3, []string{"1", "2", "3"}, true},
	} {
		h := over(open(t, ledger{changes: c.changes}))
		h.Limit(c.limit, 0, 0)
		month, seen := seenMonth(t, h, history.MonthQuestion{Month: november, StepTypes: c.types})
		var days []string
		for _, change := range seen {
			days = append(days, change.Time.Format("2"))
		}
		if !slices.Equal(days, c.want) || month.Narrowed != c.narrowed {
			t.Errorf("%s: saw %v, narrowed %v", c.name, days, month.Narrowed)
		}
		if month.Summary.Totals.Changes != int64(len(c.changes)) {
			t.Errorf("%s: %d changes", c.name, month.Summary.Totals.Changes)
		}
	}
}

// Of very many steps the latest are given, and the others counted.
func TestStepsThatAreLeftOutAreCounted(t *testing.T) {
	var data ledger
	for day := 1; day <= 5; day++ {
		when := fmt.Sprintf("2024-11-%02dT00:00:00Z", day)
		c := happened(queue, when, configtrail.Updated)
		c.HashAfter = fmt.Sprint(day)
		data.changes = append(data.changes, c)
		data.items = append(data.items, seen(queue, when, fmt.Sprint(day), ok))
	}
	h := over(open(t, data))
	h.Limit(0, 2, 0)
	month, _ := seenMonth(t, h, history.MonthQuestion{Month: november, StepTypes: []string{queue.Type}})
	if len(month.Steps) != 2 || month.StepsLeft != 3 || month.Steps[0].Change.Time.Day() != 4 {
		t.Errorf("%d steps, %d left out", len(month.Steps), month.StepsLeft)
	}
}

// counting is an engine that counts queries.
type counting struct {
	engine.Engine
	mu sync.Mutex
	n  map[string]int
}

func (c *counting) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	c.mu.Lock()
	c.n[q.Name]++
	c.mu.Unlock()
	return c.Engine.Query(ctx, q)
}

func TestAMonthIsSixQueries(t *testing.T) {
	whole := []configtrail.Delivery{delivered(dev, tokyo, "2024-11-05T06:00:00Z")}
	for name, c := range map[string]struct {
		deliveries []configtrail.Delivery
		troubled   int
	}{
		"all could be read":  {whole, 0},
		"one could not":      {append(slices.Clone(whole), broken(delivered(prod, tokyo, "2024-11-06T06:00:00Z"), empty)), 1},
		"nothing is told of": {nil, 0},
	} {
		e := &counting{Engine: open(t, ledger{changes: smallLedger(), deliveries: c.deliveries}), n: map[string]int{}}
		month, _ := seenMonth(t, over(e), history.MonthQuestion{Month: november, Before: 4, StepTypes: []string{group}})
		want := map[string]int{"counts": 1, "month_changes": 1, "month_states": 1, "places": 1, "recording": 1}
		if c.troubled > 0 {
			want["troubled"] = 1
		}
		if difference := cmp.Diff(want, e.n); difference != "" || len(month.Troubled) != c.troubled {
			t.Errorf("%s: %d are troubled, %s", name, len(month.Troubled), difference)
		}
	}
}

func TestWhatGoesWrongInAMonthIsTold(t *testing.T) {
	h := over(open(t, ledger{changes: smallLedger()}))
	if _, err := h.Month(t.Context(), history.MonthQuestion{Month: november, Filter: history.Filter{Accounts: []string{"nobody"}}}); !errors.Is(err, configtrail.ErrInvalid) {
		t.Errorf("an account of no name: %v", err)
	}
	enough := errors.New("enough")
	_, err := h.Month(t.Context(), history.MonthQuestion{Month: november, Visit: func(configtrail.Change) error { return enough }})
	if !errors.Is(err, enough) {
		t.Errorf("a visitor that gave up: %v", err)
	}
}
