package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"

	"configtrail"
)

// News is one thing that somebody should be told before the month is over: a
// finding of severity high or critical, or a hole in what was delivered.
type News struct {
	// ID is the same whenever the same thing is looked at again, also when more of
	// it is known by then: a gap may grow, and a wave of deletions get more evidence.
	ID string

	finding configtrail.Finding
	gap     configtrail.Gap // of a finding it has no reason; one that goes on has no end
}

// isGap reports whether the news is about data that is missing.
func (n News) isGap() bool { return n.gap.Reason != "" }

// NewsSince are the news of reports that lie behind an instant, each once:
// findings first, gravest first, then gaps in the order of time. What lies behind
// it are findings of that time, gaps that reach into it, and types left out of
// recording since then. A place that stopped delivering is news until it goes on.
func NewsSince(since time.Time, reports ...*Report) []News {
	var all []News
	for _, r := range reports {
		all = append(all, r.teller.news(since)...)
	}
	slices.SortStableFunc(all, compareNews)
	told := map[string]bool{}
	return slices.DeleteFunc(all, func(n News) bool {
		again := told[n.ID] || n.isGap() && ofAccount(n.gap, all)
		told[n.ID] = true
		return again
	})
}

func compareNews(a, b News) int {
	severity := func(n News) int { return slices.Index(severities, n.finding.Severity) }
	switch {
	case a.isGap() && b.isGap():
		return cmp.Or(a.gap.From.Compare(b.gap.From), strings.Compare(a.gap.Account, b.gap.Account),
			strings.Compare(a.gap.Region, b.gap.Region), strings.Compare(a.gap.Reason, b.gap.Reason), slices.Compare(a.gap.Types, b.gap.Types))
	case a.isGap():
		return 1
	case b.isGap():
		return -1
	}
	return cmp.Or(cmp.Compare(severity(a), severity(b)), cmp.Compare(b.finding.Score, a.finding.Score),
		a.finding.Time.Compare(b.finding.Time), strings.Compare(a.ID, b.ID))
}

// ofAccount reports whether a silence of an account's global services is told by
// that of a region of it.
func ofAccount(gap configtrail.Gap, all []News) bool {
	return gap.Reason == configtrail.GapNoDelivery && gap.Region == configtrail.Global && slices.ContainsFunc(all, func(n News) bool {
		other := n.gap
		return other.Reason == gap.Reason && other.Account == gap.Account && other.Region != gap.Region &&
			(gap.To.IsZero() || other.From.Before(gap.To)) && (other.To.IsZero() || gap.From.Before(other.To))
	})
}

func (t teller) news(since time.Time) []News {
	var all []News
	for _, f := range t.Findings {
		if grave(f) && !f.Time.Before(since) {
			all = append(all, News{ID: lasting(f), finding: f})
		}
	}
	for _, g := range append(slices.Clone(t.Gaps), t.silences(since)...) {
		if isNews(g, since) {
			all = append(all, News{ID: gapID(g), gap: g})
		}
	}
	return all
}

// isNews reports whether a gap is told: what a recorder was told to record in
// addition hides nothing, and a type that is left out for good is told when that
// began. A time that is not known may be any.
func isNews(g configtrail.Gap, since time.Time) bool {
	switch g.Reason {
	case configtrail.GapScope:
		return false
	case configtrail.GapExcluded:
		return !g.From.Before(since)
	}
	return g.To.IsZero() || g.To.After(since)
}

// silences are places that stopped delivering, as gaps without an end. A place
// without snapshots has no rhythm that would tell how long it may be silent:
// what counts for it is silence since an instant long ago.
func (t teller) silences(since time.Time) []configtrail.Gap {
	var all []configtrail.Gap
	for _, p := range t.Overdue {
		last := p.Time.Add(configtrail.Lag)
		if t.Rhythm[[2]string{p.Account, p.Region}] || last.Before(since) {
			all = append(all, configtrail.Gap{Account: p.Account, Region: p.Region, From: last, Reason: configtrail.GapNoDelivery})
		}
	}
	return all
}

// lasting is a finding's id. One about a place as a whole counts changes, and gets
// more evidence as more is delivered, so its id is that of place and time alone.
func lasting(f configtrail.Finding) string {
	if f.Resource.ID == "" {
		f.Evidence = nil
	}
	return f.ID()
}

// gapID is what stays the same of a gap: where it is, why, and since when. Which
// stretch an unreadable object leaves open is worked out from the usual interval
// between snapshots, which moves a little every day, so of that the day counts.
func gapID(g configtrail.Gap) string {
	from := g.From.Unix()
	switch g.Reason {
	case configtrail.GapQuarantined, configtrail.GapArchived:
		from -= from % int64((24 * time.Hour).Seconds())
	}
	parts := append([]string{"gap", g.Reason, g.Account, g.Region, strconv.FormatInt(from, 10)}, g.Types...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x1f")))
	return "g_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:16]
}
