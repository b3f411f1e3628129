package history_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/engine/raw"
	"configtrail/internal/history"
)

// A month in Tokyo begins nine hours early, and its hours and days are those of
// the clock there.
func TestARawMonthIsThatOfTheZone(t *testing.T) {
	r, e := scripted(t, true,
		rawSeen{id: "a", at: "2024-10-31T14:59:59Z", status: "ResourceDeleted"},
		rawSeen{id: "b", at: "2024-10-31T15:00:00Z", status: "ResourceDeleted"},
		rawSeen{id: "c", at: "2024-11-01T15:30:00Z", status: "ResourceDeleted"},
		rawSeen{id: "d", at: "2024-11-01T15:59:00Z", status: "ResourceDeleted"},
		rawSeen{id: "e", at: "2024-11-30T15:00:00Z", status: "ResourceDeleted"},
	)
	location := zone(t, "Asia/Tokyo")
	r.Zone = location
	var visited []string
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth, StepTypes: []string{sg}, Visit: func(c configtrail.Change) error {
		visited = append(visited, c.Key.ID)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []history.HourCount{
		{Account: prod, Region: tokyo, Type: sg, Kind: configtrail.Deleted, Hour: time.Date(2024, 11, 1, 0, 0, 0, 0, location), Changes: 1},
		{Account: prod, Region: tokyo, Type: sg, Kind: configtrail.Deleted, Hour: time.Date(2024, 11, 2, 0, 0, 0, 0, location), Changes: 2},
	}
	if difference := cmp.Diff(want, month.Hours); difference != "" {
		t.Error(difference)
	}
	if !slices.Equal(visited, []string{"b", "c", "d"}) || month.Narrowed {
		t.Error(visited)
	}
	if len(month.Steps) != 3 || month.Steps[0].Change.Key.ID != "b" || month.Steps[0].After.Status != configtrail.StatusResourceDeleted || month.Steps[0].Before != nil {
		t.Errorf("%+v", month.Steps)
	}
	if len(month.Summary.By.Day) != 30 || month.Summary.By.Day[1] != (history.Part{Key: "2024-11-02", Changes: 2}) {
		t.Error(month.Summary.By.Day)
	}
	if from, to := month.Raw.From.Format(time.DateOnly), month.Raw.To.Format(time.DateOnly); from != "2024-10-29" || to != "2024-12-04" {
		t.Error(from, to)
	}
	if len(month.Warnings) != 0 {
		t.Errorf("a month delivered whole is touched by %+v", month.Warnings)
	}
	if len(month.Coverage.Places) != 2 || month.Coverage.Places[1].Region != configtrail.Global || month.Coverage.Places[0].Interval != 24*time.Hour {
		t.Errorf("%+v", month.Coverage.Places)
	}
	if q := e.asked[0]; !strings.Contains(q.SQL, `r."account_id" = '`+prod+`'`) || !slices.Contains(q.Args, any(rawMonth.Window(location).From)) {
		t.Errorf("%s\n%v", q.SQL, q.Args)
	}
}

// Months before are read only where they are asked for, each with its own folders.
func TestRawMonthsBefore(t *testing.T) {
	r, e := scripted(t, true,
		rawSeen{id: "a", at: "2024-10-31T14:00:00Z", status: "ResourceDeleted"},
		rawSeen{id: "b", at: "2024-11-02T15:00:00Z", status: "ResourceDeleted"},
	)
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth, Before: 1})
	if err != nil {
		t.Fatal(err)
	}
	// Snapshots begin on 29 October: they do not cover that month.
	if month.Summary.Previous != nil || len(month.Earlier) != 0 || len(e.asked) != 2 {
		t.Errorf("%v, %v, %d queries", month.Summary.Previous, month.Earlier, len(e.asked))
	}
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-09-29T00:00:00Z", "2024-12-04T00:00:00Z")
	month, err = rawOver(t, dir, e, rawTable(true)).Month(t.Context(), history.MonthQuestion{Month: rawMonth, Before: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(month.Earlier) != 1 || month.Earlier[0].Month != rawMonth.Add(-1) || month.Summary.Previous == nil || month.Summary.Previous.Deleted != 1 {
		t.Errorf("%+v", month.Earlier)
	}
	if len(month.Hours) != 2 || month.Hours[0].Hour.Month() != time.October {
		t.Errorf("%+v", month.Hours)
	}
}

// An empty month says whether the bucket has any, and runs no query where no
// account has a folder.
func TestARawMonthWithoutDeliveries(t *testing.T) {
	r, _ := scripted(t, true)
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: configtrail.Month{Year: 2023, Month: time.March}})
	if err != nil {
		t.Fatal(err)
	}
	reach := configtrail.Window{From: at("2024-10-29T00:00:00Z"), To: at("2024-12-04T00:00:00Z")}
	if difference := cmp.Diff(reach, month.Raw.Reach); difference != "" {
		t.Error(difference)
	}
	if len(month.Coverage.Places) != 0 || len(month.Warnings) != 1 || month.Warnings[0].Reason != history.ReasonNoCoverage {
		t.Errorf("%+v", month.Warnings)
	}
	e := &script{}
	month, err = rawOver(t, t.TempDir(), e, rawTable(true)).Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil || len(e.asked) != 0 || !month.Raw.Reach.From.IsZero() || month.Summary.Totals != (history.Totals{}) {
		t.Errorf("%+v, %v, %d queries", month, err, len(e.asked))
	}
}

func TestRawVersionsFollowTheObjects(t *testing.T) {
	e := &script{}
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-10-29T00:00:00Z", "2024-11-20T00:00:00Z")
	version := func(before int) string {
		v, err := rawOver(t, dir, e, rawTable(true)).Version(t.Context(), history.MonthQuestion{Month: rawMonth, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := version(0)
	if version(0) != first || version(1) == first {
		t.Error("the version is not that of the question and the objects")
	}
	daySnapshots(t, dir, "2024-11-20T00:00:00Z", "2024-11-21T00:00:00Z")
	if version(0) == first {
		t.Error("one more object changed nothing")
	}
}

func TestRawFilters(t *testing.T) {
	r, e := scripted(t, true,
		rawSeen{id: "a", at: "2024-11-01T00:00:00Z", status: "OK", configuration: `{"port":22}`, tags: `{"env":"prod"}`},
		rawSeen{id: "a", at: "2024-11-05T00:00:00Z", status: "OK", configuration: `{"port":"Quote\"d"}`, tags: `{"env":"prod"}`, before: "2024-11-01T00:00:00Z"},
		rawSeen{id: "a", at: "2024-11-06T00:00:00Z", status: "OK", configuration: `{"port":"Quote\"d"}`, tags: `{"env":"dev"}`, before: "2024-11-05T00:00:00Z"},
		rawSeen{id: "b", at: "2024-11-06T00:00:00Z", status: "ResourceDeleted"},
		rawSeen{id: "c", at: "2024-11-07T00:00:00Z", status: "ResourceDeleted"},
	)
	for _, c := range []struct {
		name   string
		change func(*history.Filter)
		want   string
	}{
		{"all, the latest first", func(f *history.Filter) { f.Order = history.Descending }, "07c 06a 06b 05a"},
		{"kind", func(f *history.Filter) { f.Kinds = []configtrail.Kind{configtrail.Updated} }, "05a 06a"},
		{"tag of the state after", func(f *history.Filter) { f.Tags = map[string]string{"env": "dev"} }, "06a"},
		{"path", func(f *history.Filter) { f.Paths = []string{"/configuration/po*"} }, "05a"},
		{"text in a value", func(f *history.Filter) { f.Contains = `quote"D` }, "05a"},
		{"text in a name", func(f *history.Filter) { f.Contains = "WEB" }, "05a 06a 06b 07c"},
		{"actor", func(f *history.Filter) { f.Actor = "alice" }, ""},
		{"only noise", func(f *history.Filter) { f.Noise = history.NoiseOnly }, ""},
	} {
		f := wholeNovember()
		c.change(&f)
		page, err := r.Changes(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, change := range page.Changes {
			got = append(got, change.Time.Format("02")+change.Key.ID)
		}
		if strings.Join(got, " ") != c.want || page.Total != int64(len(got)) {
			t.Errorf("%s: %v, %d in all", c.name, got, page.Total)
		}
	}

	// Pages follow on one another, and each is asked for anew.
	f := wholeNovember()
	f.Limit = 3
	page, err := r.Changes(t.Context(), f)
	if err != nil || len(page.Changes) != 3 || page.Total != 4 || page.Next == "" {
		t.Fatal(page, err)
	}
	f.Cursor = page.Next
	page, err = r.Changes(t.Context(), f)
	if err != nil || len(page.Changes) != 1 || page.Changes[0].Key.ID != "c" || page.Next != "" {
		t.Error(page, err)
	}

	// What names places and resources goes into the query, as parameters.
	const hostile = `x'; DROP TABLE changes; --`
	f = wholeNovember()
	f.Accounts, f.Regions, f.Types, f.Resources = []string{prod}, []string{tokyo}, []string{hostile}, []string{hostile}
	e.asked = nil
	if _, err := r.Changes(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if q := e.asked[0]; strings.Contains(q.SQL, "DROP") || strings.Count(q.SQL, "?") != len(q.Args) || !slices.Contains(q.Args, any(hostile)) {
		t.Errorf("%s\n%v", q.SQL, q.Args)
	}
}

func TestRawRefusesWhatItCanNotTell(t *testing.T) {
	r, e := scripted(t, true)
	_, unbounded := r.Changes(t.Context(), history.Filter{})
	_, timeline := r.Timeline(t.Context(), configtrail.ResourceKey{}, configtrail.Window{})
	_, diff := r.Diff(t.Context(), configtrail.ResourceKey{}, time.Time{}, time.Time{})
	var at error
	for _, err := range r.At(t.Context(), time.Time{}, history.Filter{}) {
		at = err
	}
	for key, errs := range map[string][]error{"raw_unbounded": {unbounded}, "raw_refused": {timeline, diff, at}} {
		for _, err := range errs {
			if problem := (*configtrail.Problem)(nil); !errors.As(err, &problem) || problem.Key != key || !errors.Is(err, configtrail.ErrInvalid) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	if len(e.asked) != 0 {
		t.Error(e.asked)
	}
}

// The first user's figures count records of the folders that bear the month's
// name, and nothing beside them.
func TestRawFigures(t *testing.T) {
	r, e := scripted(t, false)
	e.rows = [][]any{
		{sg, nil, prod, tokyo, "2024", "11", int64(30)},
		{sg, "web", prod, tokyo, "2024", "11", int64(12)},
	}
	figures, err := r.Figures(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Figure{
		{Type: sg, Account: prod, Region: tokyo, Year: "2024", Month: "11", Records: 30},
		{Type: sg, Name: "web", Account: prod, Region: tokyo, Year: "2024", Month: "11", Records: 12},
	}
	if difference := cmp.Diff(want, figures.Rows); difference != "" || figures.Records != 42 {
		t.Error(difference, figures.Records)
	}
	if q := e.asked[0]; q.Name != "raw_figures" || !strings.Contains(q.SQL, `r."year" = '2024' AND r."month" = '11' AND r."day" IN ('1', `) || strings.Contains(q.SQL, "'10', '11', '12')\nAND") {
		t.Error(q.SQL)
	}
}

// Nothing of a reading is asked of the engine to tell what would be read.
func TestRawTellsWhatItWouldRead(t *testing.T) {
	r, e := scripted(t, true)
	reads, err := r.Reads(t.Context(), wholeNovember())
	if err != nil || len(e.asked) != 0 {
		t.Fatal(err, e.asked)
	}
	if len(reads.Partitions) != 1 || reads.Objects != 35 || reads.Bytes != 35 || !strings.HasPrefix(reads.Partitions[0], "logs.config: r.") {
		t.Errorf("%+v", reads)
	}
}

// archive is a bucket whose objects of some days lie in an archive.
type archive struct {
	blob.Bucket
	days string
}

func (a archive) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for object, err := range a.Bucket.List(ctx, prefix) {
			object.Archived = strings.Contains(object.Key, a.days)
			if !yield(object, err) {
				return
			}
		}
	}
}

// Queries skip archived objects without a word, so the listing has to tell of them.
func TestRawArchivedObjectsAreAGap(t *testing.T) {
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-10-29T00:00:00Z", "2024-12-04T00:00:00Z")
	tables, err := raw.New([]types.Table{rawTable(true)}, func(string) (blob.Bucket, error) {
		folder, err := blob.OpenFolder(dir)
		return archive{folder, "/2024/11/1"}, err // the 1st and the 10th to the 19th
	}, raw.Options{Engine: &script{}})
	if err != nil {
		t.Fatal(err)
	}
	month, err := (&history.Raw{Tables: tables}).Month(t.Context(), history.MonthQuestion{Month: rawMonth})
	if err != nil {
		t.Fatal(err)
	}
	var gaps []configtrail.Gap
	for _, gap := range month.Coverage.Gaps {
		gap.Types = nil
		gaps = append(gaps, gap)
	}
	want := []configtrail.Gap{
		{Account: prod, Region: tokyo, From: at("2024-10-31T12:00:00Z"), To: at("2024-11-01T12:00:01Z"), Reason: configtrail.GapArchived},
		{Account: prod, Region: tokyo, From: at("2024-11-09T12:00:00Z"), To: at("2024-11-19T12:00:01Z"), Reason: configtrail.GapArchived},
	}
	if difference := cmp.Diff(want, gaps); difference != "" || month.Coverage.Archived != 11 {
		t.Error(difference, month.Coverage.Archived)
	}
}

// A silence longer than snapshots are apart is a gap, and a resource that is
// asked for by a part of its names narrows the question, not the folders.
func TestRawGapsAndResources(t *testing.T) {
	dir := t.TempDir()
	daySnapshots(t, dir, "2024-10-29T00:00:00Z", "2024-11-10T00:00:00Z")
	daySnapshots(t, dir, "2024-11-13T00:00:00Z", "2024-12-04T00:00:00Z")
	e := &script{}
	r := rawOver(t, dir, e, rawTable(true))
	coverage, err := r.Coverage(t.Context(), wholeNovember())
	if err != nil {
		t.Fatal(err)
	}
	want := configtrail.Gap{
		Account: prod, Region: tokyo, Types: []string{}, From: at("2024-11-09T12:00:00Z"), To: at("2024-11-13T12:00:00Z"), Reason: configtrail.GapNoDelivery,
	}
	if difference := cmp.Diff([]configtrail.Gap{want}, coverage.Gaps); difference != "" {
		t.Error(difference)
	}
	f := wholeNovember()
	f.Resources = []string{"web"}
	if _, err := r.Changes(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if q := e.asked[0]; !strings.Contains(q.SQL, "(resource_id = ? OR resource_name = ? OR arn = ?)") {
		t.Error(q.SQL)
	}
	f.Resources = []string{"999988887777/" + tokyo + "/" + sg + "/sg-1"}
	if page, err := r.Changes(t.Context(), f); err != nil || len(page.Changes) != 0 || !strings.Contains(e.asked[1].SQL, "'999988887777'") {
		t.Error(page, err, e.asked[1].SQL)
	}
}

// A month that is too large to be shown whole shows what weighs most.
func TestRawShowsWhatWeighsMostOfALargeMonth(t *testing.T) {
	r, e := scripted(t, true)
	for i := range history.WholeMonth + 1 {
		row := rawSeen{id: fmt.Sprintf("%06d", i), at: "2024-11-07T00:00:00Z", status: "ResourceDeleted"}.row()
		row[2] = "AWS::EC2::Volume"
		if i%1000 == 0 {
			row[2] = "AWS::S3::Bucket"
		}
		e.rows = append(e.rows, row)
	}
	seen := map[string]int{}
	month, err := r.Month(t.Context(), history.MonthQuestion{Month: rawMonth, Visit: func(c configtrail.Change) error {
		seen[c.Key.Type]++
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !month.Narrowed || len(seen) != 1 || seen["AWS::S3::Bucket"] != 51 || month.Summary.Totals.Deleted != history.WholeMonth+1 {
		t.Errorf("narrowed %t, seen %v, %+v", month.Narrowed, seen, month.Summary.Totals)
	}
}
