package ingest

import (
	"iter"

	"configtrail"
	"configtrail/internal/lake"
)

// resources gathers the headers of each resource.
func resources(headers iter.Seq2[lake.Header, error]) iter.Seq2[[]lake.Header, error] {
	return func(yield func([]lake.Header, error) bool) {
		var current []lake.Header
		for h, err := range headers {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(current) > 0 && current[0].Key != h.Key {
				if !yield(current, nil) {
					return
				}
				current = nil // steps keep pointers into it
			}
			current = append(current, h)
		}
		if len(current) > 0 {
			yield(current, nil)
		}
	}
}

// ledgerReader reads the rows of changes resource by resource.
type ledgerReader struct {
	next  func() (configtrail.Change, error, bool)
	ahead *configtrail.Change
	ended bool
}

// peek is the next row, nil at the end.
func (l *ledgerReader) peek() (*configtrail.Change, error) {
	if l.ahead == nil && !l.ended {
		change, err, ok := l.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			l.ended = true
			return nil, nil
		}
		l.ahead = &change
	}
	return l.ahead, nil
}

// skipTo gives orphan every row of a resource before key: rows without items.
func (l *ledgerReader) skipTo(key configtrail.ResourceKey, orphan func(configtrail.Change) error) error {
	for {
		row, err := l.peek()
		if err != nil || row == nil || row.Key.Compare(key) >= 0 {
			return err
		}
		if err := orphan(*row); err != nil {
			return err
		}
		l.ahead = nil
	}
}

// of takes the rows of one resource.
func (l *ledgerReader) of(key configtrail.ResourceKey) ([]configtrail.Change, error) {
	var rows []configtrail.Change
	for {
		row, err := l.peek()
		if err != nil || row == nil || row.Key != key {
			return rows, err
		}
		rows = append(rows, *row)
		l.ahead = nil
	}
}

// drain gives orphan every row that is left.
func (l *ledgerReader) drain(orphan func(configtrail.Change) error) error {
	for {
		row, err := l.peek()
		if err != nil || row == nil {
			return err
		}
		if err := orphan(*row); err != nil {
			return err
		}
		l.ahead = nil
	}
}
