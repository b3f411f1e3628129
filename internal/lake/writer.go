package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// freshEntries is how many uncommitted rows a writer takes before it commits
// the items and events it has, without a delivery: an object that holds more
// is read again after a crash, and finds its items known.
const freshEntries = 2 << 20

// Group is what has to be derived again: the resources of one type in an
// account and region. An empty Region or Type stands for all of them.
type Group struct{ Account, Region, Type string }

// Writer adds items, events and deliveries. It is safe for concurrent use.
//
// What is added is in the lake after Commit. Until then rows are held in memory
// up to some tens of megabytes, and beyond that in files that no reader sees.
// After an error of Commit the same Commit may be tried again, or Abandon.
type Writer struct {
	lake *Lake

	mu         sync.Mutex
	spilled    *sync.Cond // signals that a spill ended
	spilling   bool
	err        error // of a spill: the writer can only be abandoned
	items      pendingRows[itemRow]
	events     pendingRows[eventRow]
	deliveries []deliveryRow
	batchMark  string // of the commit of deliveries

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
	mark   string
}

// NewWriter starts a writer. A lake opened without the id of its redaction key gives configtrail.ErrInvalid.
func (l *Lake) NewWriter(context.Context) (*Writer, error) {
	if l.options.RedactKeyID == "" {
		return nil, fmt.Errorf("write lake %s: %w: it was opened for reading, without a redaction key", l.dir, configtrail.ErrInvalid)
	}
	w := &Writer{
		lake:       l,
		items:      pendingRows[itemRow]{known: newIndex(l.knownItems), runs: newRuns(l, itemLayout()), mark: newMark()},
		events:     pendingRows[eventRow]{known: newIndex(l.knownEvents), runs: newRuns(l, eventLayout()), mark: newMark()},
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
	known, err := w.knows(ctx, &row, id, at)
	return known, explain(err)
}

// AddItem adds an item unless it is known, and reports whether it did. The
// item's tags and JSON are shared until the commit and must not change.
func (w *Writer) AddItem(ctx context.Context, item *configtrail.ConfigurationItem) (added bool, err error) {
	row := toItemRow(item)
	id, at := identify(&row)
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, err := w.knows(ctx, &row, id, at); known || err != nil {
		return false, explain(err)
	}
	r := row.rank()
	if err := w.items.known.add(ctx, at, entry{id, r.state, r.tie, sourceHash(row.SourceURI)}); err != nil {
		return false, explain(err)
	}
	w.items.rows = append(w.items.rows, &row)
	w.items.weight += itemLayout().weight(&row)
	return true, explain(w.relieve(ctx))
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

func (w *Writer) knows(ctx context.Context, row *itemRow, id fingerprint, at place) (bool, error) {
	if w.err != nil {
		return false, w.err
	}
	e, known, err := w.items.known.find(ctx, at, id)
	if err != nil || !known || row.rank().compare(e.rank()) > 0 {
		return false, err
	}
	if row.SourceURI != "" && e.source == sourceHash(row.SourceURI) {
		groups := w.unfinished[row.SourceURI]
		if groups == nil {
			groups = make(map[Group]bool)
			w.unfinished[strings.Clone(row.SourceURI)] = groups
		}
		groups[Group{row.Account, row.Region, row.ResourceType}] = true
	}
	return true, nil
}

// relieve writes rows out once there are many. The lock is free meanwhile, so
// that others can go on; at most one spill runs, so that memory stays bounded.
func (w *Writer) relieve(ctx context.Context) error {
	for w.spilling && (w.items.weight >= bufferBytes || w.events.weight >= bufferBytes) {
		w.spilled.Wait()
	}
	if w.err != nil {
		return w.err
	}
	var work func() error
	switch {
	case w.items.weight >= bufferBytes:
		work = take(ctx, &w.items)
	case w.events.weight >= bufferBytes:
		work = take(ctx, &w.events)
	case w.items.known.fresh+w.events.known.fresh >= freshEntries && !w.spilling:
		return w.commitRows(ctx)
	default:
		return nil
	}
	w.spilling = true
	w.mu.Unlock()
	err := work()
	w.mu.Lock()
	w.spilling = false
	w.err = errors.Join(w.err, err)
	w.spilled.Broadcast()
	return w.err
}

func take[R any](ctx context.Context, t *pendingRows[R]) func() error {
	rows := t.rows
	t.rows, t.weight = nil, 0
	return func() error { return t.runs.add(ctx, rows) }
}

// Commit puts everything added into the lake: items and events, then the
// deliveries. The writer can go on afterwards.
func (w *Writer) Commit(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.spilling {
		w.spilled.Wait()
	}
	if w.err != nil {
		return explain(w.err)
	}
	if err := w.commitRows(ctx); err != nil {
		return explain(err)
	}
	return explain(w.commitDeliveries(ctx))
}

func (w *Writer) commitRows(ctx context.Context) error {
	if err := commitTable(ctx, w.lake, &w.items); err != nil {
		return err
	}
	return commitTable(ctx, w.lake, &w.events)
}

func commitTable[R any](ctx context.Context, l *Lake, t *pendingRows[R]) error {
	if len(t.rows) > 0 {
		if err := take(ctx, t)(); err != nil {
			return err
		}
	}
	if t.runs.empty() {
		return nil
	}
	files, err := t.runs.settle(ctx)
	if err != nil {
		return err
	}
	if err := syncFiles(files); err != nil {
		return err
	}
	err = l.commit(ctx, change{t.runs.layout.table, t.mark, func(ctx context.Context, _ *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		return appendFiles(ctx, tx, entries(files), summary)
	}})
	if err != nil {
		return err
	}
	t.runs.forget()
	t.mark = newMark()
	t.known.committed()
	return nil
}

// commitDeliveries numbers the batch, which only the base it is pinned to tells.
func (w *Writer) commitDeliveries(ctx context.Context) error {
	if len(w.deliveries) == 0 {
		return nil
	}
	order := deliveryLayout(0)
	var staged *runs[deliveryRow]
	err := w.lake.commit(ctx, change{Deliveries, w.batchMark, func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		if staged != nil { // of a base that is no longer the newest
			if err := staged.abandon(); err != nil {
				return err
			}
		}
		staged = newRuns(w.lake, order)
		batch := number(base, propertyBatch) + 1
		rows := make([]*deliveryRow, len(w.deliveries))
		for i := range w.deliveries {
			w.deliveries[i].Batch = batch
			rows[i] = &w.deliveries[i]
		}
		if err := staged.add(ctx, rows); err != nil {
			return err
		}
		files, err := staged.settle(ctx)
		if err != nil {
			return err
		}
		if err := syncFiles(files); err != nil {
			return err
		}
		if err := appendFiles(ctx, tx, entries(files), summary); err != nil {
			return err
		}
		return tx.SetProperties(iceberg.Properties{propertyBatch: fmt.Sprint(batch)})
	}})
	if err != nil {
		return err
	}
	w.deliveries, w.batchMark = nil, newMark()
	return nil
}

// Abandon forgets what is not committed and removes its files. The writer can
// go on afterwards.
func (w *Writer) Abandon() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.spilling {
		w.spilled.Wait()
	}
	err := errors.Join(abandon(&w.items), abandon(&w.events))
	w.deliveries, w.err, w.batchMark = nil, nil, newMark()
	clear(w.unfinished)
	return explain(err)
}

func abandon[R any](t *pendingRows[R]) error {
	t.rows, t.weight, t.mark = nil, 0, newMark()
	t.known.abandoned()
	return t.runs.abandon()
}
