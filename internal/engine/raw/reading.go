package raw

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/blob"
)

// Reading is what a question reads: whole folders of days, of some accounts and
// regions. Nothing was read yet.
type Reading struct {
	From, To time.Time // midnights in UTC; To is not read

	tables *Tables
	parts  []part
}

// part is what is read of one table.
type part struct {
	table  Table
	bucket blob.Bucket
	// accounts and regions are the folders read; nil: all that there are.
	accounts, regions []string
	where             string // the predicate on the partition columns
}

// Around is the reading of a bounded window with the days before and after it.
// Its accounts limit what is read, its regions too, unless they name global or
// its types are of services that have no region: those come through any.
func (t *Tables) Around(ctx context.Context, scope configtrail.Scope) (*Reading, error) {
	if scope.From.IsZero() || scope.To.IsZero() {
		return nil, problem("raw_unbounded", nil, fmt.Errorf("%w: raw tables are asked about a span with both ends", configtrail.ErrInvalid))
	}
	from, to := midnight(scope.From), midnight(scope.To.Add(-1)).AddDate(0, 0, 1)
	from = from.AddDate(0, 0, -days(t.options.Before, Before))
	return t.reading(ctx, scope, from, to.AddDate(0, 0, days(t.options.After, After)))
}

// Folders is the reading of the folders of a window's own days, as they are
// called, and of no other.
func (t *Tables) Folders(ctx context.Context, scope configtrail.Scope) (*Reading, error) {
	return t.reading(ctx, scope, midnight(scope.From), midnight(scope.To.Add(-1)).AddDate(0, 0, 1))
}

func days(asked, usual int) int {
	if asked == 0 {
		return usual
	}
	return max(asked, 0)
}

func midnight(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func (t *Tables) reading(ctx context.Context, scope configtrail.Scope, from, to time.Time) (*Reading, error) {
	r := &Reading{From: from, To: to, tables: t}
	for i, table := range t.tables {
		p := part{table: table, bucket: t.buckets[i]}
		ok, err := t.choose(ctx, i, &p, scope)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table.Name(), err)
		}
		if ok {
			if from.Before(to) {
				p.where = p.predicate(from, to)
			}
			r.parts = append(r.parts, p)
		}
	}
	return r, nil
}

// choose finds the accounts and regions of one table. It reports false where the
// table has none of those asked for.
func (t *Tables) choose(ctx context.Context, i int, p *part, scope configtrail.Scope) (bool, error) {
	account, region := p.table.layout.account, p.table.layout.region
	switch {
	case account.fixed != "":
		if len(scope.Accounts) > 0 && !slices.Contains(scope.Accounts, account.fixed) {
			return false, nil
		}
		p.accounts = []string{account.fixed}
	case account.column.kind == "enum":
		p.accounts = slices.DeleteFunc(slices.Clone(account.column.values), func(id string) bool {
			return !configtrail.IsAccountID(id) || len(scope.Accounts) > 0 && !slices.Contains(scope.Accounts, id)
		})
	case len(scope.Accounts) > 0:
		p.accounts = slices.Clone(scope.Accounts)
	default:
		found, err := t.allAccounts(ctx, i)
		if err != nil {
			return false, err
		}
		p.accounts = found
	}
	if len(p.accounts) == 0 {
		return false, nil
	}
	wanted := scope.Regions
	if throughAnyRegion(scope) {
		wanted = nil
	}
	switch {
	case region.fixed != "":
		if len(wanted) > 0 && !slices.Contains(wanted, region.fixed) {
			return false, nil
		}
		p.regions = []string{region.fixed}
	case region.column.kind == "enum":
		p.regions = slices.DeleteFunc(slices.Clone(region.column.values), func(name string) bool {
			return !isRegion(name) || len(wanted) > 0 && !slices.Contains(wanted, name)
		})
	case len(wanted) > 0:
		p.regions = slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return !isRegion(name) })
	default:
		found, err := t.allRegions(ctx, p)
		if err != nil {
			return false, err
		}
		p.regions = found
	}
	return len(p.regions) > 0, nil
}

// regionless are the services whose resources are delivered through one region
// or several, whatever region their items bear.
var regionless = []string{
	"AWS::IAM::", "AWS::CloudFront::", "AWS::Route53::", "AWS::GlobalAccelerator::", "AWS::WAF::", "AWS::WAFv2::",
	"AWS::Organizations::", "AWS::Shield::", "AWS::ECR::PublicRepository", "AWS::NetworkManager::", "AWS::Route53RecoveryControl::",
	"AWS::Route53RecoveryReadiness::", "AWS::Budgets::",
}

func throughAnyRegion(scope configtrail.Scope) bool {
	if slices.Contains(scope.Regions, configtrail.Global) {
		return true
	}
	return slices.ContainsFunc(scope.Types, func(name string) bool {
		return slices.ContainsFunc(regionless, func(service string) bool { return strings.HasPrefix(name, service) })
	})
}

// None reports whether no table can hold anything of what was asked.
func (r *Reading) None() bool { return len(r.parts) == 0 || !r.From.Before(r.To) }

// Predicates tell what is read, one line a table: its name and the predicate on
// its partition columns.
func (r *Reading) Predicates() []string {
	lines := make([]string, len(r.parts))
	for i, p := range r.parts {
		lines[i] = p.table.Name() + ": " + p.where
	}
	return lines
}

// predicate is the SQL that chooses the partitions of some days. Every value in
// it is an account id, a region, or digits of a date.
func (p part) predicate(from, to time.Time) string {
	l := &p.table.layout
	var parts []string
	if l.account.column.name != "" {
		parts = append(parts, l.account.column.among(p.accounts))
	}
	if l.region.column.name != "" {
		parts = append(parts, l.region.column.among(p.regions))
	}
	return strings.Join(append(parts, l.dates(from, to)), " AND ")
}

// among compares a column with values that are not empty.
func (c column) among(values []string) string {
	literals := make([]string, len(values))
	for i, value := range values {
		literals[i] = c.literal(value)
	}
	if len(literals) == 1 {
		return "r." + quote(c.name) + " = " + literals[0]
	}
	return "r." + quote(c.name) + " IN (" + strings.Join(literals, ", ") + ")"
}

func (c column) literal(value string) string {
	if c.whole {
		return strings.TrimLeft(value[:len(value)-1], "0") + value[len(value)-1:]
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// dates is the predicate of the days from one midnight to another. Each column is
// limited by itself first, which is what engines list partitions by.
func (l *layout) dates(from, to time.Time) string {
	columns := make([][]string, len(l.date))
	var months []string
	for month := from; month.Before(to); {
		next := time.Date(month.Year(), month.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		var inMonth []string
		for day := month; day.Before(next) && day.Before(to); day = day.AddDate(0, 0, 1) {
			values := l.onDay(day)
			for i, value := range values {
				if !slices.Contains(columns[i], value) {
					columns[i] = append(columns[i], value)
				}
			}
			inMonth = append(inMonth, values[len(values)-1])
		}
		if len(l.date) == 3 {
			values := l.onDay(month)
			one := []string{l.date[0].among(values[:1]), l.date[1].among(values[1:2])}
			if whole := month.Day() == 1 && !to.Before(next); !whole {
				one = append(one, l.date[2].among(inMonth))
			}
			months = append(months, strings.Join(one, " AND "))
		}
		month = next
	}
	var parts []string
	for i, c := range l.date {
		parts = append(parts, c.among(columns[i]))
	}
	if len(months) > 1 {
		parts = append(parts, "("+strings.Join(months, " OR ")+")")
	}
	return strings.Join(parts, " AND ")
}
