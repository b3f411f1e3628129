package lake

import (
	"context"
	"path"
	"slices"
	"strings"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Interrupt has hook called at each step of every commit; an error of it ends the commit there.
func (l *Lake) Interrupt(hook func(step string) error) { l.interrupt = hook }

// FreshEntries sets how many rows its writers take before they put them out.
func (l *Lake) FreshEntries(n int) { l.freshEntries = n }

// GatherBytes sets how much of notes Gather holds at once.
func (l *Lake) GatherBytes(n int64) { l.gatherBytes = n }

// SmallChanges sets below which size a file of changes is written together with others.
func (l *Lake) SmallChanges(n int64) { l.smallChanges = n }

// WorthMerging is which of some files are merged, by their sizes.
var WorthMerging = worthMerging

// Snapshots counts the commits of a table that added or replaced files.
func (l *Lake) Snapshots(ctx context.Context, name string) (int, error) {
	t, err := l.load(ctx, name)
	if err != nil {
		return 0, err
	}
	return len(t.Metadata().Snapshots()), nil
}

// MarkVersion makes a table one of another lake version.
func (l *Lake) MarkVersion(ctx context.Context, name, version string) error {
	return l.commit(ctx, change{name, newMark(), func(_ context.Context, _ *table.Table, tx *table.Transaction, _ iceberg.Properties) error {
		return tx.SetProperties(iceberg.Properties{propertyVersion: version})
	}})
}

// PlanByIceberg gives the names of the files that iceberg-go plans for a scope.
func (l *Lake) PlanByIceberg(ctx context.Context, name string, scope configtrail.Scope) ([]string, error) {
	t, err := l.load(ctx, name)
	if err != nil {
		return nil, err
	}
	var filter iceberg.BooleanExpression = iceberg.AlwaysTrue{}
	column := iceberg.Reference(timeColumn(name))
	times := func(e iceberg.BooleanExpression) {
		if name == Deliveries {
			e = iceberg.NewOr(e, iceberg.IsNull(column))
		}
		filter = iceberg.NewAnd(filter, e)
	}
	if !scope.From.IsZero() {
		times(iceberg.GreaterThanEqual(column, iceberg.Timestamp(micros(scope.From))))
	}
	if !scope.To.IsZero() {
		times(iceberg.LessThan(column, iceberg.Timestamp(micros(scope.To))))
	}
	for column, values := range map[string][]string{"account": scope.Accounts, "region": scope.Regions, "resource_type": scope.Types, "resource_id": scope.Resources} {
		if _, found := t.Schema().FindFieldByName(column); found && len(values) > 0 {
			filter = iceberg.NewAnd(filter, iceberg.IsIn(iceberg.Reference(column), values...))
		}
	}
	tasks, err := t.Scan(table.WithRowFilter(filter)).PlanFiles(ctx)
	names := []string{}
	for _, task := range tasks {
		names = append(names, path.Base(task.File.FilePath()))
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// Told counts the notes whose names a table tells.
func (l *Lake) Told(ctx context.Context, name string) (int, error) {
	t, err := l.load(ctx, name)
	if err != nil {
		return 0, err
	}
	return len(strings.Fields(t.Properties()[propertyGathered])), nil
}
