package history

import (
	"context"
	"time"

	"configtrail"
)

// Figures count records as they lie in a month's folders.
type Figures struct {
	Rows    []Figure // by type, name, account, region, year and month
	Records int64    // of all rows
	LeftOut []LeftOut
	Cost    configtrail.Cost
}

// Figure is how many records of one resource lie in one month's folders.
type Figure struct {
	Type, Name, Account, Region string // as the items say
	Year, Month                 string // of the folder
	Records                     int64
}

// Figures counts records, not changes: every item of the folders of a month, as
// often as snapshots and histories repeat it. The month is that of the folders,
// which AWS Config calls by the day of delivery in UTC.
func (r *Raw) Figures(ctx context.Context, question MonthQuestion) (Figures, error) {
	cost := spending{newMeter(r.Tables.Engine())}
	h := r.history()
	h.Engine, h.Zone = cost, time.UTC
	w, err := h.monthly(question)
	if err != nil {
		return Figures{}, err
	}
	reading, err := r.Tables.Folders(ctx, w.scope(w.Window))
	if err != nil || reading.None() {
		return Figures{Rows: []Figure{}, Cost: cost.cost()}, err
	}
	listing, err := reading.List(ctx)
	if err != nil {
		return Figures{}, err
	}
	var f Figures
	f.LeftOut, err = r.withoutBad(ctx, reading, listing.Version, func(leaveOut []string) error {
		f.Rows, f.Records = []Figure{}, 0
		sql, args := reading.Items(leaveOut)
		parts := holes{"records": {sql, args}, "told": w.told()}
		return h.ask(ctx, "raw_figures", w.scope(w.Window), parts, func(row *row) error {
			f.Rows = append(f.Rows, Figure{
				Type: row.text(), Name: row.text(), Account: row.text(), Region: row.text(), Year: row.text(), Month: row.text(), Records: row.int(),
			})
			f.Records += f.Rows[len(f.Rows)-1].Records
			return nil
		})
	})
	f.Cost = cost.cost()
	return f, err
}

// told is what the filter says of a record by the item's own words.
func (w wanted) told() clause {
	var parts []clause
	if len(w.accounts) > 0 {
		parts = append(parts, in("told_account", w.accounts))
	}
	if len(w.regions) > 0 {
		parts = append(parts, in("told_region", w.regions))
	}
	if len(w.types) > 0 {
		var types []clause
		for _, pattern := range w.types {
			types = append(types, pattern.clause())
		}
		parts = append(parts, some(types))
	}
	return all(parts...)
}
