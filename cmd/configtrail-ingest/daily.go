package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"configtrail"
	"configtrail/internal/report"
)

// lookBack is how many days a daily run looks at where nobody says otherwise:
// enough for a run that fails some days in a row to miss nothing, and for what is
// delivered late. longLook is the most that may be asked for.
const (
	lookBack = 7
	longLook = 31
)

// daily tells the topic, in one message, what is grave or missing in the last days
// and was not told before; where there is nothing, it tells nothing.
func daily(ctx context.Context, p *parts, e event) ([]slog.Attr, error) {
	h, err := p.herald(ctx)
	if err != nil {
		return nil, err
	}
	store, err := p.store(ctx, p.config.Announced)
	if err != nil {
		return nil, err
	}
	return h.daily(ctx, announced{store, "daily.json", runOf(ctx), p.now}, e.Days)
}

func (h herald) daily(ctx context.Context, memory announced, days int) ([]slog.Attr, error) {
	switch {
	case days == 0:
		days = lookBack
	case days < 0 || days > longLook:
		return nil, fmt.Errorf("%w: %d days; a daily run looks at 1 to %d", configtrail.ErrInvalid, days, longLook)
	}
	now := h.now().In(h.zone)
	since := now.AddDate(0, 0, -days)
	var reports []*report.Report
	read := int64(0)
	for month := configtrail.MonthOf(since, h.zone); !configtrail.MonthOf(now, h.zone).Before(month); month = month.Add(1) {
		r, err := h.report(ctx, month)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
		read += r.Cost.Bytes
	}
	news := report.NewsSince(since, reports...)
	ids := make([]string, len(news))
	for i, n := range news {
		ids[i] = n.ID
	}
	claimed, err := memory.claim(ctx, ids)
	if err != nil {
		return nil, err
	}
	counts := []slog.Attr{
		slog.Int("news", len(news)), slog.Int("told_before", claimed.told), slog.Int("told_by_another", claimed.awaited),
		slog.Int("told", len(claimed.ids)), slog.Int64("bytes", read),
	}
	if len(claimed.ids) == 0 {
		return counts, nil
	}
	fresh := slices.DeleteFunc(news, func(n report.News) bool { return !slices.Contains(claimed.ids, n.ID) })
	notice := reports[len(reports)-1].Alert(fresh, report.AlertOptions{Since: since, Flags: h.flags})
	if err := h.publish(ctx, notice.Subject, notice.Text); err != nil {
		return nil, err
	}
	return counts, memory.tell(ctx, claimed.ids)
}
