package lake

import (
	"container/list"
	"sync"
)

// cache keeps values that never change, up to a sum of their sizes; beyond it,
// those used least recently go. It is safe for concurrent use.
type cache[K comparable, V any] struct {
	limit int64

	mu     sync.Mutex
	held   int64
	byKey  map[K]*list.Element
	recent *list.List // of *cached[K, V]; the one used last is in front
}

type cached[K comparable, V any] struct {
	key   K
	value V
	size  int64
}

func newCache[K comparable, V any](limit int64) *cache[K, V] {
	return &cache[K, V]{limit: limit, byKey: make(map[K]*list.Element), recent: list.New()}
}

func (c *cache[K, V]) find(key K) (value V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return value, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cached[K, V]).value, true
}

// keep keeps a value, unless it is larger than all may be together.
func (c *cache[K, V]) keep(key K, value V, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey[key] != nil || size > c.limit {
		return
	}
	c.byKey[key] = c.recent.PushFront(&cached[K, V]{key, value, size})
	for c.held += size; c.held > c.limit; {
		oldest := c.recent.Remove(c.recent.Back()).(*cached[K, V])
		delete(c.byKey, oldest.key)
		c.held -= oldest.size
	}
}
