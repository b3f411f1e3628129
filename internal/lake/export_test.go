package lake

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Interrupt has hook called at each step of every commit; an error of it ends the commit there.
func (l *Lake) Interrupt(hook func(step string) error) { l.interrupt = hook }

// MarkVersion makes a table one of another lake version.
func (l *Lake) MarkVersion(ctx context.Context, name, version string) error {
	return l.commit(ctx, change{name, newMark(), func(_ context.Context, _ *table.Table, tx *table.Transaction, _ iceberg.Properties) error {
		return tx.SetProperties(iceberg.Properties{propertyVersion: version})
	}})
}
