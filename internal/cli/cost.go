package cli

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/lake"
	"configtrail/internal/message"
	"configtrail/internal/price"
)

// costFlags are the flags of doctor --cost.
type costFlags struct {
	cost              bool
	accounts, regions int // 0: as found
	memory            int // MB of the ingest function; 0: the stack's default
	reports           float64
	prices            string
}

// reportsADay is how often a month is asked for, where nobody says.
const reportsADay = 10

func (a *app) costFlags(c *cobra.Command, f *costFlags) {
	c.Flags().BoolVar(&f.cost, "cost", false, a.t("flag.cost"))
	c.Flags().IntVar(&f.accounts, "accounts", 0, a.t("flag.cost-accounts"))
	c.Flags().IntVar(&f.regions, "regions", 0, a.t("flag.cost-regions"))
	c.Flags().IntVar(&f.memory, "memory", 0, a.t("flag.cost-memory"))
	c.Flags().Float64Var(&f.reports, "reports", reportsADay, a.t("flag.cost-reports"))
	c.Flags().StringVar(&f.prices, "prices", "", a.t("flag.prices"))
	a.check(c, func() error {
		for _, one := range []struct {
			flag  string
			value float64
		}{{"--accounts", float64(f.accounts)}, {"--regions", float64(f.regions)}, {"--memory", float64(f.memory)}, {"--reports", f.reports}} {
			if !(one.value >= 0) || math.IsInf(one.value, 0) {
				return invalid("cost_number", message.Args{"flag": one.flag})
			}
		}
		return nil
	})
}

// costEstimate is what a month of a deployment costs, as JSON.
type costEstimate struct {
	Accounts    int         `json:"accounts"`
	Regions     int         `json:"regions"` // each account's
	AWSRegion   string      `json:"aws_region"`
	ReportsADay float64     `json:"reports_a_day"`
	Model       string      `json:"model"` // "": none was named, so its tokens have no price
	Found       price.Found `json:"found"` // in the lake
	PlaceDay    struct {
		Objects    float64 `json:"objects"`
		Compressed float64 `json:"compressed"`
		JSON       float64 `json:"json"`
		Items      float64 `json:"items"`
		Changes    float64 `json:"changes"`
	} `json:"per_account_region_day"`
	price.Estimate
	NotIncluded []string    `json:"not_included"`
	Prices      pricesJSON  `json:"prices"`
	Rates       price.Rates `json:"rates"`
}

// costOf estimates the month of a deployment like the one that the lake tells of.
func (a *app) costOf(ctx context.Context, s *session, f costFlags) (*costEstimate, error) {
	book, err := a.priceBook(f.prices)
	if err != nil {
		return nil, err
	}
	found, err := a.countsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	e := &costEstimate{
		Accounts: f.accounts, Regions: f.regions, AWSRegion: a.deployedIn(), ReportsADay: f.reports, Model: a.set.Model,
		Found: found, Prices: pricesOf(book, f.prices), Rates: book.Rates,
	}
	if e.Accounts == 0 {
		e.Accounts = found.Accounts
	}
	if e.Regions == 0 {
		e.Regions = int(math.Ceil(float64(found.Places) / float64(found.Accounts)))
	}
	of := func(n int64) float64 { return math.Round(float64(n)/found.PlaceDays*1000) / 1000 }
	d := &e.PlaceDay
	d.Objects, d.Compressed, d.JSON, d.Items, d.Changes = of(found.Objects), of(found.Compressed), of(found.JSON), of(found.Items), of(found.Changes)

	deployment := price.Deployment{Accounts: e.Accounts, Regions: e.Regions, Region: e.AWSRegion, Reports: f.reports, MemoryMB: f.memory}
	model, err := a.model(ctx)
	if err != nil {
		return nil, err
	}
	if model != nil {
		const million = 1_000_000
		deployment.ModelInput, deployment.ModelOutput = model.Price(million, 0), model.Price(0, million)
	}
	e.Estimate = book.Month(found, deployment)
	for _, what := range []string{"free", "sources", "load", "transfer", "stored", "asked"} {
		e.NotIncluded = append(e.NotIncluded, a.t("cost.without."+what))
	}
	return e, nil
}

// deployedIn is the region whose prices count: the one of the settings or of
// AWS's own variables, else us-east-1, whose prices most others are near to.
func (a *app) deployedIn() string {
	for _, region := range []string{a.set.AWS.Region, a.Getenv("AWS_REGION"), a.Getenv("AWS_DEFAULT_REGION")} {
		if region != "" {
			return region
		}
	}
	return "us-east-1"
}

// countsOf counts what was delivered into the lake, and what it became.
func (a *app) countsOf(ctx context.Context, s *session) (price.Found, error) {
	var found price.Found
	accounts, spans := map[string]bool{}, map[[2]string]*span{}
	for row, err := range s.lake.DeliveriesRead(ctx) {
		if err != nil {
			return found, told("lake", err)
		}
		if row.Kind == configtrail.KindNotification {
			continue // the object that brings it again is counted
		}
		found.Objects++
		found.Compressed += row.Size
		found.JSON += row.Bytes
		if row.Size > largeBytes {
			found.Large++
		}
		if row.Kind == configtrail.KindCloudTrail {
			continue // its regions are no places of AWS Config
		}
		found.Items += row.Added
		if row.Account == "" || row.Region == "" || row.WrittenAt.IsZero() {
			continue
		}
		place := [2]string{row.Account, row.Region}
		if spans[place] == nil {
			spans[place] = &span{row.WrittenAt, row.WrittenAt}
		}
		spans[place].add(row.WrittenAt)
		accounts[row.Account] = true
	}
	found.Accounts, found.Places = len(accounts), len(spans)
	for _, one := range spans {
		found.PlaceDays += max(one.to.Sub(one.from).Hours()/24, 1)
	}
	if found.Places == 0 {
		return found, invalid("cost_no_counts", message.Args{"lake": a.set.Lake})
	}
	var err error
	if found.Changes, err = s.Count(ctx, history.Filter{}); err != nil {
		return found, err
	}
	found.LakeBytes, err = bytesOf(ctx, s.lake)
	return found, err
}

// span is from the first to the last of some times.
type span struct{ from, to time.Time }

func (s *span) add(t time.Time) {
	if t.Before(s.from) {
		s.from = t
	}
	if t.After(s.to) {
		s.to = t
	}
}

// bytesOf is how much the files of a lake's tables hold.
func bytesOf(ctx context.Context, l *lake.Lake) (n int64, err error) {
	for _, table := range []string{lake.Items, lake.Changes, lake.Events, lake.Deliveries} {
		files, err := l.Plan(ctx, table, configtrail.Scope{})
		if err != nil {
			return 0, told("lake", err)
		}
		for _, file := range files {
			n += file.Bytes
		}
	}
	return n, nil
}

// costed prints a month's cost for a person.
func (a *app) costed(e *costEstimate) {
	out := a.Stdout
	f, d := e.Found, e.PlaceDay
	fmt.Fprintln(out, "\n"+a.p.Text("cost.head", message.Args{
		"accounts": e.Accounts, "regions": e.Regions, "region": configtrail.Visible(e.AWSRegion), "reports": figure(e.ReportsADay)}))
	fmt.Fprintln(out, a.p.Text("cost.found", message.Args{
		"objects": f.Objects, "accounts": f.Accounts, "places": f.Places, "days": figure(math.Round(f.PlaceDays)),
		"day_objects": figure(d.Objects), "day_json": size(int64(d.JSON)), "day_items": figure(d.Items), "day_changes": figure(d.Changes)}))
	fmt.Fprintln(out)
	a.costs(out, e.Estimate)
	fmt.Fprintln(out, "\n"+a.t("cost.without"))
	for _, what := range e.NotIncluded {
		fmt.Fprintln(out, "  - "+what)
	}
	a.priced(out, e.Prices)
}
