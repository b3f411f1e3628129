package lake

import (
	"context"
	"iter"
	"time"

	"configtrail"

	"github.com/parquet-go/parquet-go"
)

// DeliveryHead is what tells whether an object is in.
type DeliveryHead struct {
	URI, ETag string
	Kind      configtrail.DeliveryKind
	Archived  bool
	Read      ReadOrder
}

// ReadOrder orders the rows of one object: the last of them counts.
type ReadOrder struct{ readAt, batch int64 }

// After reports whether a row of the order o counts in place of one of the other.
func (o ReadOrder) After(other ReadOrder) bool {
	return o.readAt > other.readAt || o.readAt == other.readAt && o.batch > other.batch
}

// DeliveryHeads gives the heads of all rows that DeliveriesIn chooses from, in no
// order: several of one URI where it was read again. It is for who looks for some
// among very many.
func (l *Lake) DeliveryHeads(ctx context.Context, scope configtrail.Scope) iter.Seq2[DeliveryHead, error] {
	return func(yield func(DeliveryHead, error) bool) {
		t, err := l.load(ctx, Deliveries)
		if err != nil {
			yield(DeliveryHead{}, explain(err))
			return
		}
		files, err := l.planToRead(ctx, t, selectionOf(t, Deliveries, scope))
		if err != nil {
			yield(DeliveryHead{}, explain(err))
			return
		}
		for _, file := range files {
			for row, err := range readDeliveries(ctx, l.files(), file.path, headOfDelivery()) {
				if err != nil {
					yield(DeliveryHead{}, explain(err))
					return
				}
				head := DeliveryHead{row.URI, row.ETag, configtrail.DeliveryKind(row.Kind), row.Archived, ReadOrder{row.ReadAt, row.Batch}}
				if !yield(head, nil) {
					return
				}
			}
		}
	}
}

// FirstDelivery is when an account and region was first delivered for.
type FirstDelivery struct {
	Account, Region string
	WrittenAt       time.Time
}

// firstsKept is how many first deliveries are kept as data files tell of them:
// each file of a few places, a merged one of all.
const firstsKept = 1 << 18

// FirstDeliveries gives the first history or snapshot of each account and region
// that was delivered, readable or not. A file is read once, as files never change.
func (l *Lake) FirstDeliveries(ctx context.Context) ([]FirstDelivery, error) {
	t, err := l.load(ctx, Deliveries)
	if err != nil {
		return nil, explain(err)
	}
	files, err := l.plan(ctx, t, selection{})
	if err != nil {
		return nil, explain(err)
	}
	var unknown []planned
	for _, file := range files {
		if _, found := l.firsts.find(file.path); !found {
			unknown = append(unknown, file)
		}
	}
	if err := l.files().ahead(ctx, unknown); err != nil {
		return nil, explain(err)
	}
	first := make(map[[2]string]time.Time)
	for _, file := range files {
		of, err := l.firstsOf(ctx, file.path)
		if err != nil {
			return nil, explain(err)
		}
		for _, f := range of {
			earliest(first, f)
		}
	}
	return firstDeliveries(first), nil
}

// firstsOf are the first deliveries among the rows of a file.
func (l *Lake) firstsOf(ctx context.Context, path string) ([]FirstDelivery, error) {
	if known, found := l.firsts.find(path); found {
		return known, nil
	}
	first := make(map[[2]string]time.Time)
	for row, err := range readDeliveries(ctx, l.files(), path, placeOfDelivery()) {
		if err != nil {
			return nil, err
		}
		kind := configtrail.DeliveryKind(row.Kind)
		if row.Account == "" || row.Region == "" || row.WrittenAt == nil || kind != configtrail.KindHistory && kind != configtrail.KindSnapshot {
			continue
		}
		earliest(first, FirstDelivery{row.Account, row.Region, instant(*row.WrittenAt)})
	}
	list := firstDeliveries(first)
	l.firsts.keep(path, list, int64(len(list)+1))
	return list, nil
}

func earliest(first map[[2]string]time.Time, f FirstDelivery) {
	at := [2]string{f.Account, f.Region}
	if before, found := first[at]; !found || f.WrittenAt.Before(before) {
		first[at] = f.WrittenAt
	}
}

func firstDeliveries(first map[[2]string]time.Time) []FirstDelivery {
	list := make([]FirstDelivery, 0, len(first))
	for at, written := range first {
		list = append(list, FirstDelivery{at[0], at[1], written})
	}
	return list
}

// readDeliveries reads some columns of a file of deliveries. A row is valid until the next.
func readDeliveries(ctx context.Context, files opener, path string, columns []columnOf[deliveryRow]) stream[deliveryRow] {
	return func(yield func(*deliveryRow, error) bool) {
		f, err := openParquet(ctx, files, path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.close()
		for _, group := range f.parquet.RowGroups() {
			for rows, err := range readColumns(ctx, f, group, columns) {
				if err != nil {
					yield(nil, err)
					return
				}
				for i := range rows {
					if !yield(&rows[i], nil) {
						return
					}
				}
			}
		}
	}
}

func headOfDelivery() []columnOf[deliveryRow] {
	return []columnOf[deliveryRow]{
		sortedText("uri", func(r *deliveryRow) *string { return &r.URI }),
		sortedText("etag", func(r *deliveryRow) *string { return &r.ETag }),
		fewTexts("kind", func(r *deliveryRow) *string { return &r.Kind }),
		{"archived", func(r *deliveryRow, v parquet.Value) { r.Archived = v.Boolean() }},
		{"read_at", func(r *deliveryRow, v parquet.Value) { r.ReadAt = v.Int64() }},
		{"batch", func(r *deliveryRow, v parquet.Value) { r.Batch = v.Int64() }},
	}
}

func placeOfDelivery() []columnOf[deliveryRow] {
	return []columnOf[deliveryRow]{
		fewTexts("kind", func(r *deliveryRow) *string { return &r.Kind }),
		fewTexts("account", func(r *deliveryRow) *string { return &r.Account }),
		fewTexts("region", func(r *deliveryRow) *string { return &r.Region }),
		{"written_at", func(r *deliveryRow, v parquet.Value) {
			if !v.IsNull() {
				n := v.Int64()
				r.WrittenAt = &n
			}
		}},
	}
}
