package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"configtrail"
	"configtrail/internal/blob"
)

// arranged is a bucket whose objects a test chooses, orders or renames: what
// listings of other stores, or of the same store on another day, would give.
type arranged struct {
	blob.Bucket
	arrange func([]blob.Object) []blob.Object
	open    func(context.Context, blob.Object) (io.ReadCloser, error) // nil: the bucket's
}

func (a arranged) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		var all []blob.Object
		for object, err := range a.Bucket.List(ctx, prefix) {
			if err != nil {
				yield(blob.Object{}, err)
				return
			}
			all = append(all, object)
		}
		for _, object := range a.arrange(all) {
			if !yield(object, nil) {
				return
			}
		}
	}
}

func (a arranged) Open(ctx context.Context, object blob.Object) (io.ReadCloser, error) {
	if a.open != nil {
		return a.open(ctx, object)
	}
	return a.Bucket.Open(ctx, object)
}

// asListed leaves the objects as they are.
func asListed(all []blob.Object) []blob.Object { return all }

// shuffled gives objects in an order that the seed decides.
func shuffled(seed uint64) func([]blob.Object) []blob.Object {
	return func(all []blob.Object) []blob.Object {
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	}
}

// part gives every n-th object of a shuffled listing, beginning with the i-th.
func part(i, n int) func([]blob.Object) []blob.Object {
	return func(all []blob.Object) []blob.Object {
		var some []blob.Object
		for at, object := range shuffled(1)(all) {
			if at%n == i {
				some = append(some, object)
			}
		}
		return some
	}
}

// copied is a bucket as it would look where all its objects had been copied to.
type copied struct{ blob.Bucket }

func (c copied) URI() string { return "s3://copy" }

func (c copied) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for object, err := range c.Bucket.List(ctx, prefix) {
			object.URI = c.URI() + "/" + object.Key
			if !yield(object, err) {
				return
			}
		}
	}
}

// memory is a bucket of few objects that a test writes itself. It remembers
// which folders it was asked for.
type memory struct {
	name string

	mu      sync.Mutex
	objects map[string]stored
	asked   []string
}

type stored struct {
	content  []byte
	version  int
	archived bool
}

func newMemory(name string) *memory { return &memory{name: name, objects: map[string]stored{}} }

func (m *memory) put(key string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = stored{content, m.objects[key].version + 1, false}
}

func (m *memory) archive(key string, archived bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	object := m.objects[key]
	object.archived = archived
	m.objects[key] = object
}

// requests gives what was asked for since the last call, sorted.
func (m *memory) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.asked
	m.asked = nil
	slices.Sort(asked)
	return asked
}

func (m *memory) URI() string { return "s3://" + m.name }

func (m *memory) object(key string) blob.Object {
	o := m.objects[key]
	return blob.Object{Key: key, URI: m.URI() + "/" + key, ETag: fmt.Sprint(o.version), Size: int64(len(o.content)), Archived: o.archived}
}

func (m *memory) List(_ context.Context, prefix string) iter.Seq2[blob.Object, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, "list "+prefix)
	var all []blob.Object
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(key, prefix) {
			all = append(all, m.object(key))
		}
	}
	return func(yield func(blob.Object, error) bool) {
		for _, object := range all {
			if !yield(object, nil) {
				return
			}
		}
	}
}

func (m *memory) Level(_ context.Context, prefix string) iter.Seq2[blob.Entry, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, "level "+prefix)
	var all []blob.Entry
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		rest, below := strings.CutPrefix(key, prefix)
		if !below {
			continue
		}
		segment, _, deeper := strings.Cut(rest, "/")
		switch folder := prefix + segment + "/"; {
		case !deeper:
			all = append(all, blob.Entry{Object: m.object(key)})
		case !seen[folder]:
			seen[folder] = true
			all = append(all, blob.Entry{Folder: folder})
		}
	}
	return func(yield func(blob.Entry, error) bool) {
		for _, entry := range all {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (m *memory) Open(_ context.Context, object blob.Object) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[object.Key]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s", configtrail.ErrNotFound, object.URI)
	case o.archived:
		return nil, blob.ErrArchived
	}
	return io.NopCloser(bytes.NewReader(o.content)), nil
}
