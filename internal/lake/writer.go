package lake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"configtrail"
)

// freshEntries is how many uncommitted rows a writer takes before it commits
// the items and events it has, without a delivery: an object that holds more
// is read again after a crash, and finds its items known. A writer that stages
// publishes their files then.
const freshEntries = 2 << 20

// Group is what has to be derived again: the resources of one type in an
// account and region. An empty Region or Type stands for all of them.
type Group struct{ Account, Region, Type string }

// Writer adds items, events and deliveries. It is safe for concurrent use.
//
// What is added is in the lake after Commit, or, of a writer that stages, after
// Stage and the next Gather. Until then rows are held in memory up to some tens
// of megabytes, and beyond that in files that no reader sees.
// After an error of Commit the same Commit may be tried again, or Abandon.
type Writer struct {
	lake    *Lake
	view    *View // renewed with each commit
	staging bool

	mu         sync.Mutex
	spilled    *sync.Cond // signals that a spill ended
	spilling   bool
	err        error // of a spill: the writer can only be abandoned
	items      pendingRows[itemRow]
	events     pendingRows[eventRow]
	deliveries []deliveryRow
	batchMark  string // of the commit of deliveries
	inDoubt    bool   // a note that names what is held may have been written

	// unfinished holds, by URI, groups of items that are in the lake and came
	// from that very object: an earlier reading of it added them and did not
	// live to commit its delivery, so they may not have been derived.
	unfinished map[string]map[Group]bool
}

// pendingRows is one table's part of a Writer.
type pendingRows[R any] struct {
	known  *index
	rows   []*R
	weight int64
	runs   *runs[R]
	held   []*dataFile // published for the next note
	mark   string
}

// NewWriter starts a writer. A lake opened without the id of its redaction key gives configtrail.ErrInvalid.
func (l *Lake) NewWriter(context.Context) (*Writer, error) {
	if l.options.RedactKeyID == "" {
		return nil, fmt.Errorf("write lake %s: %w: it was opened for reading, without a redaction key", l.home, configtrail.ErrInvalid)
	}
	view := l.View()
	w := &Writer{
		lake: l, view: view,
		items:      pendingRows[itemRow]{known: newIndex(view.knownItems), runs: newRuns(l, itemLayout()), mark: newMark()},
		events:     pendingRows[eventRow]{known: newIndex(view.knownEvents), runs: newRuns(l, eventLayout()), mark: newMark()},
		batchMark:  newMark(),
		unfinished: make(map[string]map[Group]bool),
	}
	w.spilled = sync.NewCond(&w.mu)
	return w, nil
}

// Known reports whether the lake or this writer holds an item of the same key,
// capture time and content hash whose row would count before or beside this one.
func (w *Writer) Known(ctx context.Context, item *configtrail.ConfigurationItem) (bool, error) {
	row := keyRow(item)
	id, at := identify(&row)
	w.mu.Lock()
	defer w.mu.Unlock()
	outcome, err := w.judge(ctx, &row, id, at)
	return outcome == Duplicate && err == nil, explain(err)
}

// Outcome is what became of an item that was added.
type Outcome int

// The values of Outcome.
const (
	Duplicate Outcome = iota // known, and no row was added
	Better                   // known, and added as another row that counts in place of the known one
	New                      // not known before
)

// AddItem adds an item unless its row would count less than one that is known.
// What is derived of the item's group may change unless it was a Duplicate. The
// item's tags and JSON are shared until the commit and must not change.
func (w *Writer) AddItem(ctx context.Context, item *configtrail.ConfigurationItem) (Outcome, error) {
	row := toItemRow(item)
	id, at := identify(&row)
	w.mu.Lock()
	defer w.mu.Unlock()
	outcome, err := w.judge(ctx, &row, id, at)
	if outcome == Duplicate || err != nil {
		return Duplicate, explain(err)
	}
	r := row.rank()
	if err := w.items.known.add(ctx, at, entry{id, r.state, r.tie, sourceHash(row.SourceURI)}); err != nil {
		return Duplicate, explain(err)
	}
	w.items.rows = append(w.items.rows, &row)
	w.items.weight += itemLayout().weight(&row)
	return outcome, explain(w.relieve(ctx))
}

// AddEvent adds an event unless the lake or this writer holds one of its id,
// and reports whether it did.
func (w *Writer) AddEvent(ctx context.Context, event *configtrail.Event) (added bool, err error) {
	row := toEventRow(event)
	id := newIdentifier().of(0, row.EventID)
	at := place{month: monthOf(row.EventTime), account: row.Account}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known, err := w.events.known.find(ctx, at, id); known || err != nil {
		return false, explain(err)
	}
	if err := w.events.known.add(ctx, at, entry{id: id}); err != nil {
		return false, explain(err)
	}
	w.events.rows = append(w.events.rows, &row)
	w.events.weight += eventLayout().weight(&row)
	return true, explain(w.relieve(ctx))
}

// AddDelivery adds the row of an object that was read whole, with the groups
// whose items it added. It goes in with or after everything added before.
func (w *Writer) AddDelivery(_ context.Context, delivery configtrail.Delivery, derive []Group) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return explain(w.err)
	}
	uri := text(delivery.URI)
	groups := slices.Clone(derive)
	for g := range w.unfinished[uri] {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	delete(w.unfinished, uri)
	slices.SortFunc(groups, compareGroups)
	w.deliveries = append(w.deliveries, toDeliveryRow(&delivery, groups))
	return nil
}

func compareGroups(a, b Group) int {
	return slices.Compare([]string{a.Account, a.Region, a.Type}, []string{b.Account, b.Region, b.Type})
}

// keyRow is the part of an item's row that Known needs.
func keyRow(item *configtrail.ConfigurationItem) itemRow {
	scalars := *item
	scalars.Tags, scalars.Relationships, scalars.Configuration, scalars.SupplementaryConfiguration = nil, nil, nil, nil
	return toItemRow(&scalars)
}

func identify(row *itemRow) (fingerprint, place) {
	id := newIdentifier().of(row.CaptureTime, row.Account, row.Region, row.ResourceType, row.ResourceID, row.ContentHash)
	return id, place{monthOf(row.CaptureTime), row.Account, row.Region}
}

// judge tells what adding a row would come to. It notes groups that a duplicate
// shows to be unfinished.
func (w *Writer) judge(ctx context.Context, row *itemRow, id fingerprint, at place) (Outcome, error) {
	if w.err != nil {
		return Duplicate, w.err
	}
	e, known, err := w.items.known.find(ctx, at, id)
	switch {
	case err != nil:
		return Duplicate, err
	case !known:
		return New, nil
	case row.rank().compare(e.rank()) > 0:
		return Better, nil
	}
	if row.SourceURI != "" && e.source == sourceHash(row.SourceURI) {
		groups := w.unfinished[row.SourceURI]
		if groups == nil {
			groups = make(map[Group]bool)
			w.unfinished[strings.Clone(row.SourceURI)] = groups
		}
		groups[Group{row.Account, row.Region, row.ResourceType}] = true
	}
	return Duplicate, nil
}
