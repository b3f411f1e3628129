package cli

import (
	"context"
	"fmt"
	"strconv"

	"configtrail"
	"configtrail/internal/history"
	"configtrail/internal/message"
)

// recordsJSON is what `report --records --format json` writes.
type recordsJSON struct {
	Month   string           `json:"month"`
	Records int64            `json:"records"`
	Rows    []recordJSON     `json:"rows"`     // never nil
	LeftOut []string         `json:"left_out"` // objects that break the query; never nil
	Cost    configtrail.Cost `json:"cost"`
}

type recordJSON struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Year    string `json:"year"`
	Month   string `json:"month"`
	Records int64  `json:"records"`
}

// records counts what lies in the folders of a month, repetitions included: the
// figures that people had of raw tables before there was a ledger.
func (a *app) records(ctx context.Context, month configtrail.Month, filter history.Filter, format string) error {
	if !a.raw() {
		return invalid("records_of_raw", nil)
	}
	tables, e, err := a.openRaw(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	figures, err := tables.Figures(ctx, history.MonthQuestion{Month: month, Filter: filter})
	if err != nil {
		return err
	}
	out := recordsJSON{Month: month.String(), Records: figures.Records, Rows: []recordJSON{}, LeftOut: []string{}, Cost: figures.Cost}
	for _, f := range figures.Rows {
		out.Rows = append(out.Rows, recordJSON(f))
	}
	for _, object := range figures.LeftOut {
		out.LeftOut = append(out.LeftOut, object.URI)
	}
	if err := a.writeRecords(out, format); err != nil {
		return err
	}
	if len(out.LeftOut) > 0 {
		return errTouched
	}
	return nil
}

func (a *app) writeRecords(out recordsJSON, format string) error {
	head := []string{a.t("records.type"), a.t("records.name"), a.t("records.account"), a.t("records.region"),
		a.t("records.year"), a.t("records.month"), a.t("records.records")}
	cells := func(r recordJSON) []string {
		return []string{r.Type, r.Name, r.Account, r.Region, r.Year, r.Month, strconv.FormatInt(r.Records, 10)}
	}
	switch format {
	case "json":
		return writeJSON(a.Stdout, out)
	case "html":
		return misused("flag_value", message.Args{"flag": "--format", "value": format})
	case "markdown":
		if err := markdownHead(a.Stdout, head...); err != nil {
			return err
		}
		for _, r := range out.Rows {
			if err := markdownRow(a.Stdout, cells(r)...); err != nil {
				return err
			}
		}
		return nil
	}
	t := table{head: head}
	for _, r := range out.Rows {
		row := cells(r)
		for i := range row {
			row[i] = message.Clip(configtrail.Visible(row[i]), valueShown)
		}
		t.row(row...)
	}
	if err := t.write(a.Stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.Stdout, a.p.Text("records.total", message.Args{"n": out.Records}))
	return err
}
