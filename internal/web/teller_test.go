package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"configtrail"
	"configtrail/internal/analyst"
	"configtrail/internal/blob"
	"configtrail/internal/engine/duckdb"
	"configtrail/internal/engine/enginetest"
	"configtrail/internal/history"
	"configtrail/internal/ingest"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/redact"
	"configtrail/internal/report"
	"configtrail/internal/spend"
	"configtrail/internal/testorg"
)

// past is a real lake with what a teller needs of it, and how often it was asked.
type past struct {
	engine  *duckdb.Engine
	version atomic.Value // string
	reports atomic.Int64
	fails   error
	costs   int64 // bytes that a report is made to have cost
}

// lakeMonth is a month in which the test lake has changes; the clock of all tests is long after it.
var lakeMonth = configtrail.MonthOf(enginetest.At(0), time.UTC)

func newPast(t *testing.T) *past {
	t.Helper()
	return over(t, enginetest.NewLake(t))
}

// organisationMonth is the month of the lake of newOrganisation.
var organisationMonth = configtrail.Month{Year: 2024, Month: time.August}

// newOrganisation is a past with deliveries, of which a model can be told.
func newOrganisation(t *testing.T) *past {
	t.Helper()
	dir := t.TempDir()
	options := testorg.Options{Seed: 3, Months: 1, Accounts: 1, Regions: []string{"ap-northeast-1"}, Resources: 4}
	if _, err := testorg.WriteFolder(t.Context(), filepath.Join(dir, "bucket"), options); err != nil {
		t.Fatal(err)
	}
	key, err := redact.NewKey([]byte("an example of thirty-two bytes.."))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Create(t.Context(), lake.Options{Dir: filepath.Join(dir, "lake"), RedactKeyID: key.ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	source, err := blob.OpenFolder(filepath.Join(dir, "bucket"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Run(t.Context(), ingest.Options{
		Sources: []blob.Bucket{source}, Lake: l, HashKey: key.Bytes(), Redactor: redact.New(key.Bytes()),
	}); err != nil {
		t.Fatal(err)
	}
	return over(t, l)
}

func over(t *testing.T, l *lake.Lake) *past {
	t.Helper()
	e, err := duckdb.New(l, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	p := &past{engine: e}
	p.version.Store("v1")
	return p
}

func later() time.Time { return enginetest.At(0).AddDate(1, 0, 0) }

func (p *past) options() TellerOptions {
	return TellerOptions{
		Version: func(context.Context, Request) (string, error) { return p.version.Load().(string), nil },
		Report: func(ctx context.Context, r Request) (*report.Report, error) {
			p.reports.Add(1)
			if p.fails != nil {
				return nil, p.fails
			}
			printer, err := message.New(string(r.Lang))
			if err != nil {
				return nil, err
			}
			h := &history.History{Engine: p.engine, Zone: r.Zone, Now: later}
			made, err := report.Make(ctx, h, report.Options{Month: r.Month, Filter: r.Filter, Printer: printer, Version: "test"})
			if err == nil {
				made.Cost.Bytes = p.costs
			}
			return made, err
		},
		Source: "test", Now: later,
	}
}

func aRequest() Request { return Request{Month: lakeMonth, Zone: time.UTC, Lang: message.English} }

func tell(t *testing.T, teller *Teller, r Request) Answer {
	t.Helper()
	answer, err := teller.Tell(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// budget is one in a folder; two of the same folder are those of two processes.
func budgetIn(t *testing.T, folder string, caps spend.Caps) *spend.Budget {
	t.Helper()
	store, err := blob.OpenStore(t.Context(), folder, blob.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	budget, err := spend.New(store, spend.Options{Caps: caps, Now: later})
	if err != nil {
		t.Fatal(err)
	}
	return budget
}

func TestTheSameQuestionIsAnsweredOnce(t *testing.T) {
	p := newPast(t)
	teller := NewTeller(p.options())
	first := tell(t, teller, aRequest())
	if first.Kept || !strings.Contains(first.Text, "AWS changes in") || !json.Valid(first.Report) {
		t.Fatalf("%+v", first)
	}
	again := tell(t, teller, aRequest())
	if !again.Kept || again.Text != first.Text || string(again.Report) != string(first.Report) || p.reports.Load() != 1 {
		t.Errorf("kept %v, %d reports", again.Kept, p.reports.Load())
	}
	others := []func(*Request){
		func(r *Request) { r.Lang = message.Japanese },
		func(r *Request) { r.Zone = time.FixedZone("JST", 9*3600) },
		func(r *Request) { r.Month = r.Month.Add(-1) },
		func(r *Request) { r.Filter.Regions = []string{"ap-northeast-1"} },
		func(r *Request) { r.Filter.Accounts = []string{"111122223333"} },
		func(r *Request) { r.Filter.Types = []string{"ec2"} },
	}
	for i, change := range others {
		other := aRequest()
		change(&other)
		if answer := tell(t, teller, other); answer.Kept || p.reports.Load() != int64(2+i) {
			t.Errorf("question %d is answered with another's answer", i)
		}
	}
	p.version.Store("v2")
	if answer := tell(t, teller, aRequest()); answer.Kept {
		t.Error("new data is answered with the old answer")
	}
}

func TestAMonthUnderWayIsToldAnewEveryDay(t *testing.T) {
	p := newPast(t)
	options := p.options()
	now := lakeMonth.Window(time.UTC).To.Add(7*24*time.Hour - time.Minute)
	options.Now = func() time.Time { return now }
	teller := NewTeller(options)
	tell(t, teller, aRequest())
	if !tell(t, teller, aRequest()).Kept {
		t.Error("told twice on one day")
	}
	now = now.Add(time.Minute)
	if tell(t, teller, aRequest()).Kept {
		t.Error("not told anew the next day")
	}
	now = now.Add(24 * time.Hour)
	if !tell(t, teller, aRequest()).Kept {
		t.Error("a month long over is told anew")
	}
}

func TestTenAtOnceRunOneReport(t *testing.T) {
	p := newPast(t)
	teller := NewTeller(p.options())
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			if _, err := teller.Tell(t.Context(), aRequest()); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n := p.reports.Load(); n != 1 {
		t.Errorf("%d reports were made", n)
	}
}

func TestProcessesShareAnswers(t *testing.T) {
	p, folder := newPast(t), t.TempDir()
	options := p.options()
	options.Budget = budgetIn(t, folder, spend.Caps{})
	first := tell(t, NewTeller(options), aRequest())
	options.Budget = budgetIn(t, folder, spend.Caps{})
	second := tell(t, NewTeller(options), aRequest())
	if !second.Kept || second.Text != first.Text || string(second.Report) != string(first.Report) || second.Changes != first.Changes || p.reports.Load() != 1 {
		t.Errorf("%d reports, kept %v", p.reports.Load(), second.Kept)
	}
	options.Source = "other tables"
	if tell(t, NewTeller(options), aRequest()).Kept {
		t.Error("other tables are answered with the same answer")
	}
	// A kept answer that somebody has written over is none.
	files, err := filepath.Glob(filepath.Join(folder, "reports", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, []byte(`{"text":"all is well"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if answer := tell(t, NewTeller(options), aRequest()); answer.Kept || answer.Text == "all is well" {
		t.Errorf("%+v", answer)
	}
}

func TestBytesAreHeldAndSettled(t *testing.T) {
	p, folder := newPast(t), t.TempDir()
	p.costs = 30
	options := p.options()
	options.Budget, options.MayScan = budgetIn(t, folder, spend.Caps{Bytes: 100}), 60
	teller := NewTeller(options)
	months := func(n int) Request {
		r := aRequest()
		r.Month = r.Month.Add(-n)
		return r
	}
	tell(t, teller, months(0)) // 30 are spent
	tell(t, teller, months(1)) // 60 are spent, of which 60 may be held no more
	_, err := teller.Tell(t.Context(), months(2))
	if !errors.Is(err, configtrail.ErrOverBudget) || p.reports.Load() != 2 {
		t.Errorf("%v after %d reports", err, p.reports.Load())
	}
	if !tell(t, teller, months(1)).Kept {
		t.Error("what was paid for is told again without a budget")
	}
}

func TestAReportThatFailsCostsWhatItCost(t *testing.T) {
	p, folder := newPast(t), t.TempDir()
	p.fails = errors.New("a table is missing")
	options := p.options()
	options.Budget, options.MayScan = budgetIn(t, folder, spend.Caps{Bytes: 100}), 60
	options.CostOf = func(error) configtrail.Cost { return configtrail.Cost{Bytes: 45} }
	teller := NewTeller(options)
	if _, err := teller.Tell(t.Context(), aRequest()); !errors.Is(err, p.fails) {
		t.Fatal(err)
	}
	if _, err := teller.Tell(t.Context(), aRequest()); !errors.Is(err, configtrail.ErrOverBudget) { // 45 and 60 are more than 100
		t.Errorf("the cost of what failed is not counted: %v", err)
	}
}

// scripted is a model that gives one reply after another.
type scripted struct {
	replies []func() (analyst.Reply, error)
	asked   int
}

func (s *scripted) Name() string                { return "model-1" }
func (s *scripted) Price(int64, int64) *float64 { return nil }
func (s *scripted) Reply(ctx context.Context, _ analyst.Request) (analyst.Reply, error) {
	if err := ctx.Err(); err != nil {
		return analyst.Reply{}, err
	}
	s.asked++
	return s.replies[min(s.asked, len(s.replies))-1]()
}

func replies(text string) func() (analyst.Reply, error) {
	return func() (analyst.Reply, error) {
		return analyst.Reply{Text: text, Stop: analyst.StopEnd, Cost: configtrail.Cost{InputTokens: 10, OutputTokens: 5}}, nil
	}
}

func TestAModelThatIsBusyIsAskedAgainWithoutAQuery(t *testing.T) {
	p := newOrganisation(t)
	busy := func() (analyst.Reply, error) {
		return analyst.Reply{}, &configtrail.Problem{Key: "model.busy", Err: fmt.Errorf("%w: busy", configtrail.ErrOverBudget)}
	}
	model := &scripted{replies: []func() (analyst.Reply, error){busy, replies("It was a quiet month.")}}
	options := p.options()
	options.Prose = Prose{Model: model}
	teller := NewTeller(options)
	asking := aRequest()
	asking.Month = organisationMonth
	first := tell(t, teller, asking)
	if first.ToldBy != report.ByCode || first.Reason != "model.busy" || !strings.Contains(string(first.Report), `"told_why":`) {
		t.Errorf("told by %s for %q: %s", first.ToldBy, first.Reason, first.Report)
	}
	second := tell(t, teller, asking)
	if second.Reason != "model.unsupported" { // a month of many changes is not quiet
		t.Errorf("told by %s for %q", second.ToldBy, second.Reason)
	}
	if model.asked < 2 || p.reports.Load() != 1 {
		t.Errorf("the model was asked %d times, %d reports", model.asked, p.reports.Load())
	}
	asked := model.asked
	if third := tell(t, teller, asking); !third.Kept || third.Text != second.Text || model.asked != asked {
		t.Errorf("asked again: %d, kept %v", model.asked, third.Kept)
	}
}

func TestAModelThatLiesIsNotAskedAgain(t *testing.T) {
	p := newOrganisation(t)
	model := &scripted{replies: []func() (analyst.Reply, error){replies("There were 4711 changes.")}}
	options := p.options()
	options.Prose = Prose{Model: model}
	teller := NewTeller(options)
	asking := aRequest()
	asking.Month = organisationMonth
	answer := tell(t, teller, asking)
	if answer.ToldBy != report.ByCode || strings.Contains(answer.Text, "4711") || answer.Cost.InputTokens != 20 {
		t.Errorf("%+v", answer)
	}
	if !tell(t, teller, asking).Kept || model.asked != 2 { // once, and once to mend it
		t.Errorf("asked %d times", model.asked)
	}
}

func TestAMonthWithoutChangesNeedsNoModel(t *testing.T) {
	p := newPast(t)
	model := &scripted{}
	options := p.options()
	options.Prose = Prose{Model: model}
	quiet := aRequest()
	quiet.Month = configtrail.Month{Year: 2001, Month: time.May}
	if answer := tell(t, NewTeller(options), quiet); model.asked != 0 || answer.ToldBy != report.ByCode || !strings.Contains(answer.Text, "May 2001") {
		t.Errorf("asked %d times: %s", model.asked, answer.Text)
	}
}

func TestAnAnswerThroughTheFrontDoor(t *testing.T) {
	p := newPast(t)
	s := open(t, Options{Tell: NewTeller(p.options()).Tell, Now: later})
	body := fmt.Sprintf(`{"target_year":"%d","target_month":"%d"}`, lakeMonth.Year, lakeMonth.Month)
	answer := s.do(http.MethodPost, "/", body, "Content-Type", form)
	if answer.status != 200 || !strings.Contains(answer.body, "AWS変更レポート") {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}
