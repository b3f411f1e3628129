package history

import (
	"encoding/json"
	"fmt"
	"time"

	"configtrail"
)

// row reads the values of one row from left to right, in the order of the
// question's SELECT list. The first value of an unexpected type is kept as an
// error, and everything behind it reads as zero.
type row struct {
	values []any
	next   int
	err    error
}

// read takes the next value, which may be null where T's zero value says so.
func read[T any](r *row) T {
	var zero T
	if r.err != nil {
		return zero
	}
	if r.next >= len(r.values) {
		r.err = fmt.Errorf("the row has only %d columns", len(r.values))
		return zero
	}
	value := r.values[r.next]
	r.next++
	if value == nil {
		return zero
	}
	typed, ok := value.(T)
	if !ok {
		r.err = fmt.Errorf("column %d is %T, not %T", r.next, value, zero)
	}
	return typed
}

func (r *row) text() string    { return read[string](r) }
func (r *row) int() int64      { return read[int64](r) }
func (r *row) bool() bool      { return read[bool](r) }
func (r *row) time() time.Time { return read[time.Time](r) }

// peek is the next value, which it leaves to be taken.
func (r *row) peek() any {
	if r.err != nil || r.next >= len(r.values) {
		return nil
	}
	return r.values[r.next]
}

// null reports whether the next value is null, without taking it.
func (r *row) null() bool { return r.next < len(r.values) && r.values[r.next] == nil }

// float takes a double, or a whole number that stands for one.
func (r *row) float() float64 {
	if r.next < len(r.values) {
		if whole, ok := r.values[r.next].(int64); ok {
			r.next++
			return float64(whole)
		}
	}
	return read[float64](r)
}

// raw takes JSON text; null gives nil.
func (r *row) raw() json.RawMessage {
	if text := r.text(); text != "" {
		return json.RawMessage(text)
	}
	return nil
}

func (r *row) key() configtrail.ResourceKey {
	return configtrail.ResourceKey{Account: r.text(), Region: r.text(), Type: r.text(), ID: r.text()}
}

// source takes uri, key, etag and index.
func (r *row) source() configtrail.Source {
	return configtrail.Source{URI: r.text(), Key: r.text(), ETag: r.text(), Index: r.int()}
}

// done tells what went wrong, a column too many included.
func (r *row) done() error {
	if r.err == nil && r.next != len(r.values) {
		return fmt.Errorf("the row has %d columns and only %d were read", len(r.values), r.next)
	}
	return r.err
}
