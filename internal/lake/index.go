package lake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"time"

	"configtrail"
)

const (
	// indexEntries is how many known rows a writer keeps in memory before it
	// lets go of the partitions it used least recently: 32 bytes each.
	indexEntries = 3 << 20
	// recentLeast and recentShare bound the new entries of a part, which are in
	// a map and so larger: beyond both, they are sorted into the others.
	recentLeast = 256
	recentShare = 8 // one in
)

// fingerprint stands for an identity: a hash that nobody can aim at.
type fingerprint [16]byte

// entry is one known row. 32 bytes, as there are millions.
type entry struct {
	id     fingerprint
	state  uint64 // rank
	tie    uint32 // rank
	source uint32 // hash of the URI the row came from
}

func (e entry) rank() rank { return rank{e.state, e.tie} }

// place is the part of a table whose known rows are loaded at once.
type place struct {
	month           month
	account, region string
}

// index tells which rows are in the lake or in the writer. It reads of the lake
// what it is asked about, place by place.
type index struct {
	load  func(context.Context, place, func(entry)) error
	parts map[place]*part
	clock int64 // of uses
	size  int   // entries of all parts
	fresh int   // entries that are in no commit yet
}

type part struct {
	sorted []entry // by id
	recent map[fingerprint]entry
	fresh  int
	held   bool // it has entries that are in files and not in the lake yet
	used   int64
}

func newIndex(load func(context.Context, place, func(entry)) error) *index {
	return &index{load: load, parts: make(map[place]*part)}
}

// find gives the known row of an identity.
func (x *index) find(ctx context.Context, at place, id fingerprint) (entry, bool, error) {
	p, err := x.part(ctx, at)
	if err != nil {
		return entry{}, false, err
	}
	if e, ok := p.recent[id]; ok {
		return e, true, nil
	}
	i, ok := slices.BinarySearchFunc(p.sorted, id, compareID)
	if !ok {
		return entry{}, false, nil
	}
	return p.sorted[i], true, nil
}

func compareID(e entry, id fingerprint) int { return bytes.Compare(e.id[:], id[:]) }

// add notes a row that is in no commit yet, in place of what was known of its identity.
func (x *index) add(ctx context.Context, at place, e entry) error {
	p, err := x.part(ctx, at)
	if err != nil {
		return err
	}
	p.recent[e.id] = e
	p.fresh++
	x.fresh++
	x.size++
	if len(p.recent) >= max(recentLeast, len(p.sorted)/recentShare) {
		x.size -= len(p.sorted) + len(p.recent)
		p.settle()
		x.size += len(p.sorted)
	}
	return nil
}

// settle moves the recent entries to the sorted ones, from the end, in place.
func (p *part) settle() {
	added := make([]entry, 0, len(p.recent))
	for _, e := range p.recent {
		if i, ok := slices.BinarySearchFunc(p.sorted, e.id, compareID); ok {
			p.sorted[i] = e
		} else {
			added = append(added, e)
		}
	}
	slices.SortFunc(added, func(a, b entry) int { return bytes.Compare(a.id[:], b.id[:]) })
	i, j := len(p.sorted)-1, len(added)-1
	p.sorted = append(p.sorted, added...)
	for k := len(p.sorted) - 1; j >= 0; k-- {
		if i >= 0 && bytes.Compare(p.sorted[i].id[:], added[j].id[:]) > 0 {
			p.sorted[k] = p.sorted[i]
			i--
		} else {
			p.sorted[k] = added[j]
			j--
		}
	}
	clear(p.recent)
}

func (x *index) part(ctx context.Context, at place) (*part, error) {
	x.clock++
	if p := x.parts[at]; p != nil {
		p.used = x.clock
		return p, nil
	}
	x.evict()
	p := &part{recent: make(map[fingerprint]entry), used: x.clock}
	if err := x.load(ctx, at, func(e entry) { p.sorted = append(p.sorted, e) }); err != nil {
		return nil, err
	}
	slices.SortFunc(p.sorted, func(a, b entry) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), b.rank().compare(a.rank()))
	})
	p.sorted = slices.Clip(slices.CompactFunc(p.sorted, func(a, b entry) bool { return a.id == b.id }))
	x.parts[at] = p
	x.size += len(p.sorted)
	return p, nil
}

// evict lets parts go, least recently used first. Those that the lake can't
// give again come last: what was staged is read twice then, and drops out when
// the lake is read.
func (x *index) evict() {
	for x.size > indexEntries {
		oldest, found := x.leastUsed(false)
		if !found {
			oldest, found = x.leastUsed(true)
		}
		if !found {
			return
		}
		x.drop(oldest)
	}
}

// leastUsed gives the part that was not used for longest, held ones among them or not.
func (x *index) leastUsed(held bool) (oldest place, found bool) {
	for at, p := range x.parts {
		if p.fresh == 0 && (held || !p.held) && (!found || p.used < x.parts[oldest].used) {
			oldest, found = at, true
		}
	}
	return oldest, found
}

func (x *index) drop(at place) {
	p := x.parts[at]
	x.size -= len(p.sorted) + len(p.recent)
	delete(x.parts, at)
}

// committed says that everything added is in the lake.
func (x *index) committed() {
	for _, p := range x.parts {
		p.fresh = 0
	}
	x.fresh = 0
}

// hold says that everything added is in files that a note names or is going to name.
func (x *index) hold() {
	for _, p := range x.parts {
		p.held = p.held || p.fresh > 0
		p.fresh = 0
	}
	x.fresh = 0
}

// abandoned forgets what was added: what the lake holds is loaded again when asked for.
func (x *index) abandoned() {
	for at, p := range x.parts {
		if p.fresh > 0 || p.held {
			x.drop(at)
		}
	}
	x.fresh = 0
}

// identifier makes fingerprints. Not safe for concurrent use.
type identifier struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

func newIdentifier() *identifier { return &identifier{hash: sha256.New()} }

func (i *identifier) of(time int64, parts ...string) fingerprint {
	i.hash.Reset()
	var n [8]byte
	for _, part := range parts {
		// Lengths keep ("a", "bc") apart from ("ab", "c").
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		i.hash.Write(n[:])
		i.hash.Write([]byte(part))
	}
	binary.BigEndian.PutUint64(n[:], uint64(time))
	i.hash.Write(n[:])
	return fingerprint(i.hash.Sum(i.sum[:0])[:16])
}

func sourceHash(uri string) uint32 {
	sum := sha256.Sum256([]byte(uri))
	return binary.BigEndian.Uint32(sum[:])
}

// knownItems loads the identities of the items of a place.
func (v *View) knownItems(ctx context.Context, at place, add func(entry)) error {
	sources, err := v.headerSources(ctx, configtrail.Scope{
		Window: configtrail.MonthSince1970(int(at.month)).Window(time.UTC), Accounts: []string{at.account}, Regions: []string{at.region},
	})
	if err != nil {
		return err
	}
	ids := newIdentifier()
	hashes := map[string]uint32{}
	for _, source := range sources {
		for row, err := range source.rows {
			if err != nil {
				return err
			}
			from, ok := hashes[row.SourceURI]
			if !ok {
				from = sourceHash(row.SourceURI)
				hashes[row.SourceURI] = from
			}
			r := row.rank()
			id := ids.of(row.CaptureTime, row.Account, row.Region, row.ResourceType, row.ResourceID, row.ContentHash)
			add(entry{id, r.state, r.tie, from})
		}
	}
	return nil
}

// knownEvents loads the ids of the events of a place, whose region is empty.
func (v *View) knownEvents(ctx context.Context, at place, add func(entry)) error {
	window := configtrail.MonthSince1970(int(at.month)).Window(time.UTC)
	t, err := v.load(ctx, Events)
	if err != nil {
		return err
	}
	scope := configtrail.Scope{Window: window, Accounts: []string{at.account}}
	files, err := v.lake.planToRead(ctx, t, selectionOf(t, Events, scope))
	if err != nil {
		return err
	}
	ids := newIdentifier()
	for _, f := range files {
		if err := eventIDs(ctx, v.lake.files(), f.path, at.account, func(id string) { add(entry{id: ids.of(0, id)}) }); err != nil {
			return err
		}
	}
	return nil
}
