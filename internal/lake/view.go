package lake

import (
	"context"
	"sync"
	"time"

	"github.com/apache/iceberg-go/table"
)

// viewLasts is how long a view goes by a table as it found it: much shorter than
// files stay that a commit has replaced.
const viewLasts = 10 * time.Minute

// View reads a lake without asking anew, at each reading, whether its tables
// moved: what was committed since a View read of a table shows up minutes later.
// It is for who reads place after place. It is safe for concurrent use.
type View struct {
	lake *Lake

	mu     sync.Mutex
	tables map[string]viewed
}

type viewed struct {
	table *table.Table
	since time.Time
}

// View is a view that has read of no table yet.
func (l *Lake) View() *View { return &View{lake: l, tables: make(map[string]viewed)} }

func (v *View) load(ctx context.Context, name string) (*table.Table, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.lake.options.Now()
	if known, found := v.tables[name]; found && now.Sub(known.since).Abs() < viewLasts {
		return known.table, nil
	}
	t, err := v.lake.load(ctx, name)
	if err != nil {
		return nil, err
	}
	v.tables[name] = viewed{t, now}
	return t, nil
}

// renew has each table looked up again when it is read next.
func (v *View) renew() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.tables)
}
