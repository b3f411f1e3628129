package history

import (
	"context"
	"iter"
	"sync"

	"configtrail"
	"configtrail/internal/engine"
)

// meter is an engine that adds up what its queries cost.
type meter struct {
	engine.Engine

	mu    sync.Mutex
	total configtrail.Cost // guarded by mu
}

// newMeter begins at nothing, which is known.
func newMeter(e engine.Engine) *meter {
	free := 0.0
	return &meter{Engine: e, total: configtrail.Cost{USD: &free}}
}

// Query counts a query once its rows have been read or given up.
func (m *meter) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := m.Engine.Query(ctx, q)
	if err != nil {
		return result, err
	}
	rows := result.Rows
	result.Rows = iter.Seq2[[]any, error](func(yield func([]any, error) bool) {
		rows(yield)
		if result.Cost != nil {
			m.add(result.Cost())
		}
	})
	return result, nil
}

// add leaves the sum unknown where a part of it is.
func (m *meter) add(c configtrail.Cost) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Bytes += c.Bytes
	if c.USD == nil || m.total.USD == nil {
		m.total.USD = nil
		return
	}
	sum := *m.total.USD + *c.USD
	m.total.USD = &sum
}

func (m *meter) cost() configtrail.Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}
