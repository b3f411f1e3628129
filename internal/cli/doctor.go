package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/ingest"
	"configtrail/internal/message"
)

func (a *app) doctorCommand() *cobra.Command {
	var f filterFlags
	var cost costFlags
	var format string
	c := &cobra.Command{
		Use: "doctor [SOURCE…]", Short: a.t("doctor.short"), Long: a.t("doctor.long"), Example: a.t("doctor.example"),
		RunE: func(c *cobra.Command, args []string) error { return a.doctor(c.Context(), &f, cost, args, format) },
	}
	a.spanFlags(c, &f)
	a.placeFlags(c, &f)
	a.failFlag(c)
	a.costFlags(c, &cost)
	a.formatFlag(c, &format, "text", "json")
	return c
}

// examination is what doctor finds, as its JSON.
type examination struct {
	Lake        string             `json:"lake"`
	From        *configtrail.Stamp `json:"from"`
	To          *configtrail.Stamp `json:"to"`
	Places      []placeJSON        `json:"places"`
	Gaps        []gapJSON          `json:"gaps"`
	Overdue     []warningJSON      `json:"overdue"` // places whose next delivery should have come
	Quarantine  []troubledJSON     `json:"quarantine"`
	Items       int64              `json:"items"`      // distinct
	Objects     int64              `json:"objects"`    // read
	Duplicates  int64              `json:"duplicates"` // items read that were in already
	Rejected    int64              `json:"rejected"`
	TwoStates   int64              `json:"two_states"` // captures with more than one state
	Pending     bool               `json:"pending"`    // items are in whose changes are not derived yet
	Sources     []ingest.Survey    `json:"sources"`
	Advice      []string           `json:"advice"`
	Cost        *costEstimate      `json:"cost_estimate,omitempty"` // of a month, where it was asked for
	integrity   history.Integrity
	gaps        []configtrail.Gap
	late        []history.Warning // places whose next delivery should have come
	touched     []history.Warning // all trouble of the span, which decides the exit code
	unknownGaps int
}

// gapJSON is a Gap with open ends as null.
type gapJSON struct {
	Account string             `json:"account"`
	Region  string             `json:"region"`
	Types   []string           `json:"types"`
	From    *configtrail.Stamp `json:"from"`
	To      *configtrail.Stamp `json:"to"`
	Reason  string             `json:"reason"`
}

type placeJSON struct {
	Account       string            `json:"account"`
	AccountName   string            `json:"account_name,omitempty"`
	Region        string            `json:"region"`
	First         configtrail.Stamp `json:"first"`
	Last          configtrail.Stamp `json:"last"`
	CompleteUntil configtrail.Stamp `json:"complete_until"`
	Snapshots     int64             `json:"snapshots"`
	IntervalHours float64           `json:"snapshot_interval_hours"` // median; 0: unknown, so gaps are unknown too
}

type troubledJSON struct {
	URI         string                    `json:"uri"`
	Key         string                    `json:"key"`
	Account     string                    `json:"account,omitempty"`
	Region      string                    `json:"region,omitempty"`
	WrittenAt   *configtrail.Stamp        `json:"written_at"`
	Archived    bool                      `json:"archived,omitempty"`
	Quarantined []configtrail.Quarantined `json:"quarantined"`
	MendedBy    string                    `json:"mended_by,omitempty"`
}

func (a *app) doctor(ctx context.Context, f *filterFlags, cost costFlags, named []string, format string) error {
	window, err := f.span(a, 0)
	if err != nil {
		return err
	}
	f.window = window
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	e, err := a.examine(ctx, s, filter)
	if err != nil {
		return err
	}
	if len(named) > 0 {
		sources, err := a.sources(ctx, named)
		if err != nil {
			return err
		}
		if e.Sources, err = ingest.Examine(ctx, s.lake, sources); err != nil {
			return err
		}
	}
	e.Advice = a.advice(e)
	if cost.cost {
		if e.Cost, err = a.costOf(ctx, s, cost); err != nil {
			return err
		}
	}
	if format == "json" {
		err = writeJSON(a.Stdout, e)
	} else {
		a.examined(e)
		if e.Cost != nil {
			a.costed(e.Cost)
		}
	}
	if err != nil {
		return err
	}
	return a.judge(e.touched, s.pending)
}

// examine looks at all that the lake tells about itself.
func (a *app) examine(ctx context.Context, s *session, filter history.Filter) (*examination, error) {
	e := &examination{
		Lake: a.set.Lake, From: a.moment(filter.Window.From), To: a.moment(filter.Window.To), Pending: s.pending,
		Places: []placeJSON{}, Gaps: []gapJSON{}, Overdue: []warningJSON{}, Quarantine: []troubledJSON{}, Sources: []ingest.Survey{},
	}
	coverage, err := s.Coverage(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, g := range coverage.Gaps {
		e.Gaps = append(e.Gaps, gapJSON{g.Account, g.Region, append([]string{}, g.Types...), a.moment(g.From), a.moment(g.To), g.Reason})
	}
	e.gaps = coverage.Gaps
	touched, err := s.Touched(ctx, filter.Window, filter)
	if err != nil {
		return nil, err
	}
	for _, w := range touched {
		switch {
		case w.Kind == history.WarnPending || w.Reason == history.ReasonBeforeFirst || w.Reason == history.ReasonNoCoverage:
			continue // how things are, and no trouble
		case w.Kind == history.WarnLate:
			e.late = append(e.late, w)
		}
		e.touched = append(e.touched, w)
	}
	e.Overdue = a.warningsJSON(e.late, false)
	for _, p := range coverage.Places {
		if p.Interval == 0 && p.Region != configtrail.Global {
			e.unknownGaps++
		}
		e.Places = append(e.Places, placeJSON{p.Account, a.set.AccountName(p.Account), p.Region, configtrail.Stamp(p.First.In(a.zone)), configtrail.Stamp(p.Last.In(a.zone)),
			configtrail.Stamp(p.CompleteUntil.In(a.zone)), p.Snapshots, p.Interval.Hours()})
	}
	troubled, err := s.Quarantine(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, t := range troubled {
		e.Quarantine = append(e.Quarantine, troubledJSON{t.URI, t.Key, t.Account, t.Region, a.moment(t.WrittenAt), t.Archived, t.Quarantined, t.MendedBy})
	}
	if e.integrity, err = s.Integrity(ctx, filter); err != nil {
		return nil, err
	}
	i := e.integrity
	e.Items, e.Objects, e.Duplicates, e.Rejected, e.TwoStates = i.Items, i.Objects, i.Duplicates, i.Rejected, i.TwoStates
	return e, nil
}

// advice says what to do about what was found.
func (a *app) advice(e *examination) []string {
	all := []string{}
	lost, mended := 0, 0
	for _, q := range e.Quarantine {
		if q.MendedBy == "" {
			lost++
		} else {
			mended++
		}
	}
	missing, archived, scope := 0, 0, 0
	for _, g := range e.gaps {
		switch g.Reason {
		case configtrail.GapNoDelivery:
			missing++
		case configtrail.GapArchived:
			archived++
		case configtrail.GapScope, configtrail.GapExcluded:
			scope++
		}
	}
	for _, rule := range []struct {
		holds bool
		key   string
		args  message.Args
	}{
		{len(e.Places) == 0, "doctor.advice.empty", nil},
		{e.Pending, "report.situation.pending", nil},
		{lost > 0, "doctor.advice.lost", message.Args{"n": lost}},
		{mended > 0, "doctor.advice.mended", message.Args{"n": mended}},
		{missing > 0, "doctor.advice.gaps", message.Args{"n": missing}},
		{archived > 0, "doctor.advice.archived", message.Args{"n": archived}},
		{scope > 0, "doctor.advice.scope", message.Args{"n": scope}},
		{len(e.late) > 0, "doctor.advice.late", message.Args{"n": len(e.late)}},
		{e.unknownGaps > 0, "report.gap.unknown", message.Args{"n": e.unknownGaps}},
		{e.TwoStates > 0, "doctor.advice.two_states", message.Args{"n": e.TwoStates}},
	} {
		if rule.holds {
			all = append(all, a.p.Text(rule.key, rule.args))
		}
	}
	for _, s := range e.Sources {
		if s.New > 0 {
			all = append(all, a.p.Text("doctor.advice.new", message.Args{"n": s.New, "source": configtrail.Visible(s.Source)}))
		}
	}
	if len(all) == 0 {
		all = append(all, a.t("doctor.advice.well"))
	}
	return all
}

// examined prints what was found for a person.
func (a *app) examined(e *examination) {
	out := a.Stdout
	from, to := "…", "…"
	if e.From != nil {
		from = a.stamp(time.Time(*e.From))
	}
	if e.To != nil {
		to = a.stamp(time.Time(*e.To))
	}
	fmt.Fprintln(out, a.p.Text("cli.span", message.Args{"from": from, "to": to, "zone": a.zone.String()}))
	fmt.Fprintln(out, a.p.Text("doctor.lake", message.Args{"lake": configtrail.Visible(e.Lake), "objects": e.Objects, "items": e.Items, "duplicates": e.Duplicates, "rejected": e.Rejected}))
	fmt.Fprintln(out, "\n"+a.t("doctor.places"))
	t := table{head: []string{a.t("report.table.account"), a.t("report.table.region"), a.t("doctor.first"), a.t("doctor.last"), a.t("doctor.complete"), a.t("doctor.snapshots"), a.t("doctor.interval")},
		right: []bool{false, false, false, false, false, true, true}}
	for _, p := range e.Places {
		interval := "?"
		if p.IntervalHours > 0 {
			interval = fmt.Sprintf("%.0f h", p.IntervalHours)
		}
		t.row(a.accountLabel(p.Account), p.Region, a.stamp(time.Time(p.First)), a.stamp(time.Time(p.Last)), a.stamp(time.Time(p.CompleteUntil)), message.Number(p.Snapshots), interval)
	}
	_ = t.write(out) // to the person's terminal: if it is gone nobody misses the rest
	if len(e.gaps)+len(e.late) > 0 {
		fmt.Fprintln(out, "\n"+a.t("doctor.gaps"))
		for _, w := range e.late {
			fmt.Fprintln(out, "  "+a.warning(w))
		}
		for _, g := range e.gaps {
			fmt.Fprintln(out, "  "+a.warning(history.Warning{Kind: history.WarnGap, Reason: g.Reason, Account: g.Account, Region: g.Region, Types: g.Types, From: g.From, To: g.To}))
		}
	}
	if len(e.Quarantine) > 0 {
		fmt.Fprintln(out, "\n"+a.t("doctor.quarantine"))
		for _, q := range e.Quarantine {
			for _, one := range q.Quarantined {
				fmt.Fprintln(out, "  - "+a.quarantined(one))
			}
			if q.Archived {
				fmt.Fprintln(out, "  - "+configtrail.Visible(q.Key)+": "+a.t("doctor.archived"))
			}
			if q.MendedBy != "" {
				fmt.Fprintln(out, "    "+a.p.Text("doctor.mended", message.Args{"uri": configtrail.Visible(q.MendedBy)}))
			}
		}
	}
	for _, s := range e.Sources {
		fmt.Fprintln(out, "\n"+a.p.Text("doctor.source", message.Args{"source": configtrail.Visible(s.Source), "seen": s.Seen, "in": s.In, "new": s.New, "ignored": s.Ignored, "archived": s.Archived, "unknown": s.Unknown}))
		for _, key := range s.Examples {
			fmt.Fprintln(out, "  - "+configtrail.Visible(key))
		}
	}
	if len(e.integrity.Examples) > 0 {
		fmt.Fprintln(out, "\n"+a.t("doctor.two_states"))
		for _, c := range e.integrity.Examples {
			fmt.Fprintf(out, "  - %s  %s\n", a.stamp(c.Time), configtrail.Visible(c.Key.String()))
		}
	}
	fmt.Fprintln(out, "\n"+a.t("doctor.advice"))
	for _, line := range e.Advice {
		fmt.Fprintln(out, "  - "+line)
	}
}
