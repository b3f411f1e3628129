package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// relieve writes rows out once there are many. The lock is free meanwhile, so
// that others can go on, up to half a buffer; at most one spill runs.
func (w *Writer) relieve(ctx context.Context) error {
	for w.spilling && w.items.weight+w.events.weight >= bufferBytes/2 {
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
	case w.items.known.fresh+w.events.known.fresh >= w.lake.freshEntries && !w.spilling:
		if w.staging {
			return w.hold(ctx)
		}
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
	switch {
	case w.staging:
		return errStages
	case w.err != nil:
		return explain(w.err)
	}
	if err := w.commitRows(ctx); err != nil {
		return explain(err)
	}
	return explain(w.commitDeliveries(ctx))
}

func (w *Writer) commitRows(ctx context.Context) error {
	// Rows that could not be written out are gone from here, so their deliveries
	// must never be committed: the writer can only be abandoned then.
	if w.err = errors.Join(writeOut(ctx, &w.items), writeOut(ctx, &w.events)); w.err != nil {
		return w.err
	}
	defer w.view.renew()
	if err := commitTable(ctx, w.lake, &w.items); err != nil {
		return err
	}
	return commitTable(ctx, w.lake, &w.events)
}

// writeOut writes the rows in memory to files that no reader sees yet.
func writeOut[R any](ctx context.Context, t *pendingRows[R]) error {
	if len(t.rows) == 0 {
		return nil
	}
	return take(ctx, t)()
}

func commitTable[R any](ctx context.Context, l *Lake, t *pendingRows[R]) error {
	if t.runs.empty() {
		return nil
	}
	files, err := t.runs.settle(ctx)
	if err != nil {
		return err
	}
	if err := l.files().publish(ctx, files); err != nil {
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

// commitDeliveries commits the deliveries as one batch.
func (w *Writer) commitDeliveries(ctx context.Context) error {
	if len(w.deliveries) == 0 {
		return nil
	}
	b := batch{lake: w.lake}
	err := w.lake.commit(ctx, change{Deliveries, w.batchMark, func(ctx context.Context, base *table.Table, tx *table.Transaction, summary iceberg.Properties) error {
		return b.append(ctx, base, tx, w.deliveries, summary, iceberg.Properties{})
	}})
	if err != nil {
		return err
	}
	b.forget()
	w.deliveries, w.batchMark = nil, newMark()
	return nil
}

// batch is the file or files of one commit of deliveries.
type batch struct {
	lake   *Lake
	staged *runs[deliveryRow]
}

// append stages rows and sets properties. It numbers the batch, which only the
// base it is pinned to tells; files of a base that is no longer the newest go.
func (b *batch) append(ctx context.Context, base *table.Table, tx *table.Transaction, deliveries []deliveryRow, summary, properties iceberg.Properties) error {
	if b.staged != nil {
		if err := b.staged.abandon(); err != nil {
			return err
		}
	}
	b.staged = newRuns(b.lake, deliveryLayout(0))
	number := number(base, propertyBatch) + 1
	rows := make([]*deliveryRow, len(deliveries))
	for i, row := range deliveries {
		row.Batch, row.Derive = number, slices.Clone(row.Derive)
		rows[i] = &row
	}
	if err := b.staged.add(ctx, rows); err != nil {
		return err
	}
	files, err := b.staged.settle(ctx)
	if err != nil {
		return err
	}
	if err := b.lake.files().publish(ctx, files); err != nil {
		return err
	}
	if err := appendFiles(ctx, tx, entries(files), summary); err != nil {
		return err
	}
	properties[propertyBatch] = fmt.Sprint(number)
	return tx.SetProperties(properties)
}

func (b *batch) forget() {
	if b.staged != nil {
		b.staged.forget()
	}
}

// Abandon forgets what is not committed or staged and removes its files. The
// writer can go on afterwards.
func (w *Writer) Abandon() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.spilling {
		w.spilled.Wait()
	}
	if w.inDoubt { // files that a note may name
		w.items.held, w.events.held = nil, nil
	}
	err := errors.Join(abandon(w.lake, &w.items), abandon(w.lake, &w.events))
	w.deliveries, w.err, w.batchMark, w.inDoubt = nil, nil, newMark(), false
	clear(w.unfinished)
	w.view.renew()
	return explain(err)
}

func abandon[R any](l *Lake, t *pendingRows[R]) error {
	held := t.held
	t.rows, t.held, t.weight, t.mark = nil, nil, 0, newMark()
	t.known.abandoned()
	return errors.Join(t.runs.abandon(), l.files().discard(held))
}
