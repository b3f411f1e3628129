package lake

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
	"github.com/parquet-go/parquet-go"
)

type statistics struct {
	sizes, values, nulls map[int]int64
	lower, upper         map[int][]byte
	offsets              []int64 // where a reader may divide the file among workers
}

// splitBytes is how much of a file is worth a worker of its own. Trino reads the
// footer again for each part, which costs more than a small part.
const splitBytes = 64 << 20

// statisticsOf gathers a footer's row groups. Iceberg's bounds are a value's
// bytes, little-endian for numbers, which is how Parquet keeps them as well.
func statisticsOf(file parquet.FileView, schema *iceberg.Schema) statistics {
	s := statistics{
		sizes: map[int]int64{}, values: map[int]int64{}, nulls: map[int]int64{},
		lower: map[int][]byte{}, upper: map[int][]byte{},
	}
	unknown := map[int]bool{}
	for _, group := range file.Metadata().RowGroups {
		if len(group.Columns) > 0 {
			first := group.Columns[0].MetaData
			offset := first.DataPageOffset
			if first.DictionaryPageOffset > 0 {
				offset = min(offset, first.DictionaryPageOffset)
			}
			if last := len(s.offsets) - 1; last < 0 || offset-s.offsets[last] >= splitBytes {
				s.offsets = append(s.offsets, offset)
			}
		}
		for _, chunk := range group.Columns {
			meta := chunk.MetaData
			if len(meta.PathInSchema) != 1 {
				continue // of lists and maps nothing is pruned
			}
			field, found := schema.FindFieldByName(meta.PathInSchema[0])
			if !found {
				continue
			}
			id := field.ID
			s.sizes[id] += meta.TotalCompressedSize
			s.values[id] += meta.NumValues
			s.nulls[id] += meta.Statistics.NullCount
			low, high := meta.Statistics.MinValue, meta.Statistics.MaxValue
			if low == nil || high == nil {
				unknown[id] = unknown[id] || meta.Statistics.NullCount < meta.NumValues
				continue
			}
			compare := compareBounds(field.Type)
			if compare == nil {
				continue
			}
			if old, ok := s.lower[id]; !ok || compare(low, old) < 0 {
				s.lower[id] = low
			}
			if old, ok := s.upper[id]; !ok || compare(high, old) > 0 {
				s.upper[id] = high
			}
		}
	}
	for id := range s.lower {
		field, _ := schema.FindFieldByID(id)
		if _, isText := field.Type.(iceberg.StringType); isText {
			s.lower[id] = truncate(s.lower[id])
			high, ok := truncateUp(s.upper[id])
			if s.upper[id] = high; !ok {
				delete(s.upper, id)
			}
		}
		if unknown[id] {
			delete(s.lower, id)
			delete(s.upper, id)
		}
	}
	return s
}

func compareBounds(typ iceberg.Type) func(a, b []byte) int {
	switch typ.(type) {
	case iceberg.StringType:
		return func(a, b []byte) int { return strings.Compare(string(a), string(b)) }
	case iceberg.Int64Type, iceberg.TimestampTzType:
		return func(a, b []byte) int {
			x, y := int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b))
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return nil
}

// truncate shortens a lower bound to whole characters of at most boundBytes.
func truncate(bound []byte) []byte {
	if len(bound) <= boundBytes {
		return bound
	}
	cut := boundBytes
	for cut > 0 && !utf8.RuneStart(bound[cut]) {
		cut--
	}
	return bound[:cut:cut]
}

// truncateUp shortens an upper bound so that it still is above every value it
// stood for: its last character that has a next one becomes that. Where none
// has, there is no short bound.
func truncateUp(bound []byte) ([]byte, bool) {
	short := truncate(bound)
	if len(short) == len(bound) {
		return bound, true
	}
	for len(short) > 0 {
		last, size := utf8.DecodeLastRune(short)
		short = short[: len(short)-size : len(short)-size]
		next := last + 1
		if next == 0xD800 {
			next = 0xE000 // surrogates are no characters
		}
		if next <= utf8.MaxRune {
			return utf8.AppendRune(short, next), true
		}
	}
	return nil, false
}
