package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"configtrail"

	"github.com/parquet-go/parquet-go"
)

// skipRows is the distance up to which rows in between are read past instead of
// sought over: a seek decodes the page of each column again.
const skipRows = 32

// Load gives the whole items of headers, in the order asked. A file that was
// compacted away since the headers were read gives an error that says so.
func (l *Lake) Load(ctx context.Context, headers []Header) ([]configtrail.ConfigurationItem, error) {
	order := make([]int, len(headers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(headers[a].file, headers[b].file), cmp.Compare(headers[a].row, headers[b].row))
	})
	items := make([]configtrail.ConfigurationItem, len(headers))
	for len(order) > 0 {
		file := headers[order[0]].file
		n := 1
		for n < len(order) && headers[order[n]].file == file {
			n++
		}
		if file == "" {
			return nil, fmt.Errorf("load items: %w: a header that Headers did not give", configtrail.ErrInvalid)
		}
		if err := loadFrom(ctx, l.files(), file, headers, order[:n], items); err != nil {
			return nil, explain(fmt.Errorf("load items: %w", err))
		}
		order = order[n:]
	}
	return items, nil
}

// loadFrom fills items[i] for each i of order, whose rows of the file ascend.
func loadFrom(ctx context.Context, files opener, path string, headers []Header, order []int, items []configtrail.ConfigurationItem) error {
	f, err := openParquet(ctx, files, path)
	if err != nil {
		return err
	}
	defer f.close()
	var first int64 // row of the group in the file
	for _, group := range f.parquet.RowGroups() {
		n := 0
		for n < len(order) && headers[order[n]].row < first+group.NumRows() {
			n++
		}
		if n > 0 {
			if err := loadGroup(ctx, group, first, headers, order[:n], items); err != nil {
				return fmt.Errorf("read data file %s: %w", path, err)
			}
		}
		order = order[n:]
		first += group.NumRows()
	}
	if len(order) > 0 {
		return fmt.Errorf("read data file %s: it has no row %d", path, headers[order[0]].row)
	}
	return nil
}

func loadGroup(ctx context.Context, group parquet.RowGroup, first int64, headers []Header, order []int, items []configtrail.ConfigurationItem) error {
	reader := parquet.NewGenericRowGroupReader[itemRow](group)
	defer func() { _ = reader.Close() }() // it was only read
	at := int64(0)
	for i := 0; i < len(order); {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		row := headers[order[i]].row - first
		if row-at > skipRows || row < at {
			if err := reader.SeekToRow(row); err != nil {
				return err
			}
			at = row
		}
		rows := make([]itemRow, row-at+1)
		if n, err := reader.Read(rows); n < len(rows) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		at = row + 1
		item := rows[len(rows)-1].item()
		for ; i < len(order) && headers[order[i]].row-first == row; i++ {
			items[order[i]] = item // the same header may be asked for twice
		}
	}
	return nil
}

// ItemsInOrder gives the distinct items of a scope, whole, in the order of Headers.
func (l *Lake) ItemsInOrder(ctx context.Context, scope configtrail.Scope) iter.Seq2[configtrail.ConfigurationItem, error] {
	return func(yield func(configtrail.ConfigurationItem, error) bool) {
		rows, err := scan(ctx, l.View(), itemLayout(), scope, func(row *itemRow, m matcher) bool {
			return m.matches(row.Account, row.Region, row.ResourceType, row.ResourceID, row.CaptureTime)
		})
		if err != nil {
			yield(configtrail.ConfigurationItem{}, explain(err))
			return
		}
		for row, err := range rows {
			if err != nil {
				yield(configtrail.ConfigurationItem{}, explain(err))
				return
			}
			if !yield(row.item(), nil) {
				return
			}
		}
	}
}

// ChangesInOrder gives the changes of a scope by resource key, then time.
func (l *Lake) ChangesInOrder(ctx context.Context, scope configtrail.Scope) iter.Seq2[configtrail.Change, error] {
	return l.View().ChangesInOrder(ctx, scope)
}

// ChangesInOrder is Lake.ChangesInOrder of a view.
func (v *View) ChangesInOrder(ctx context.Context, scope configtrail.Scope) iter.Seq2[configtrail.Change, error] {
	return func(yield func(configtrail.Change, error) bool) {
		rows, err := scan(ctx, v, changeLayout(), scope, func(row *changeRow, m matcher) bool {
			return m.matches(row.Account, row.Region, row.ResourceType, row.ResourceID, row.CaptureTime)
		})
		if err != nil {
			yield(configtrail.Change{}, explain(err))
			return
		}
		for row, err := range rows {
			if err != nil {
				yield(configtrail.Change{}, explain(err))
				return
			}
			change, err := row.change()
			if !yield(change, err) || err != nil {
				return
			}
		}
	}
}

// scan merges the rows of a table that are of a scope.
func scan[R any](ctx context.Context, v *View, order layout[R], scope configtrail.Scope, matches func(*R, matcher) bool) (stream[R], error) {
	t, err := v.load(ctx, order.table)
	if err != nil {
		return nil, err
	}
	files, err := v.lake.planToRead(ctx, t, selectionOf(t, order.table, scope))
	if err != nil {
		return nil, err
	}
	m := matcherOf(scope)
	sources := make([]source[R], 0, len(files))
	for _, f := range files {
		widest, err := widestOf(ctx, v.lake.files(), f.path)
		if err != nil {
			return nil, err
		}
		rows := func(yield func(*R, error) bool) {
			for row, err := range readRows[R](ctx, v.lake.files(), f.path, m.group) {
				if err == nil && !matches(row, m) {
					continue
				}
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
		sources = append(sources, source[R]{rows, widest})
	}
	return inOrder(ctx, order, sources), nil
}

func widestOf(ctx context.Context, files opener, path string) (int64, error) {
	f, err := openParquet(ctx, files, path)
	if err != nil {
		return 0, err
	}
	return f.widest(), f.close()
}
