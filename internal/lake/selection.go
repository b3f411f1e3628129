package lake

import (
	"encoding/binary"
	"math"
	"slices"

	"configtrail"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// selection tells which manifests and files may hold rows that are wanted. What
// it can't tell it leaves in. The zero value wants everything.
type selection struct {
	spec int // of the table, whose only field is the month

	window   bool // From and to count
	from, to int64
	undated  bool // rows whose time is not known are wanted whatever the window
	time     int  // field id

	texts []wantedText

	batches int // field id of a number that has to be above after; 0: any
	after   int64
}

// wantedText is a column whose value has to be one of some.
type wantedText struct {
	field  int
	sorted []string
}

func selectionOf(t *table.Table, name string, scope configtrail.Scope) selection {
	spec := t.Spec()
	s := selection{spec: spec.ID(), from: math.MinInt64, to: math.MaxInt64, undated: name == Deliveries}
	if field, found := t.Schema().FindFieldByName(timeColumn(name)); found {
		s.time = field.ID
		s.window = !scope.From.IsZero() || !scope.To.IsZero()
	}
	if !scope.From.IsZero() {
		s.from = micros(scope.From)
	}
	if !scope.To.IsZero() {
		s.to = micros(scope.To)
	}
	among := func(column string, values []string) {
		if field, found := t.Schema().FindFieldByName(column); found && len(values) > 0 {
			s.texts = append(s.texts, wantedText{field.ID, slices.Sorted(slices.Values(values))})
		}
	}
	among("account", scope.Accounts)
	if name != Events {
		among("region", scope.Regions)
	}
	among("resource_type", scope.Types)
	among("resource_id", scope.Resources)
	return s
}

// newerBatches selects the deliveries of batches after one.
func newerBatches(t *table.Table, after int64) selection {
	spec := t.Spec()
	s := selection{spec: spec.ID(), after: after}
	if field, found := t.Schema().FindFieldByName("batch"); found {
		s.batches = field.ID
	}
	return s
}

// mayBeIn judges a manifest by the months of its files.
func (s selection) mayBeIn(m iceberg.ManifestFile) bool {
	if !s.window || int(m.PartitionSpecID()) != s.spec {
		return true
	}
	months := m.Partitions()
	if len(months) != 1 || s.undated && months[0].ContainsNull {
		return true
	}
	low, high := months[0].LowerBound, months[0].UpperBound
	if low == nil || high == nil || len(*low) != 4 || len(*high) != 4 {
		return true
	}
	return s.overlaps(month(binary.LittleEndian.Uint32(*low)), month(binary.LittleEndian.Uint32(*high)))
}

// overlaps reports whether the window has a part of the months.
func (s selection) overlaps(first, last month) bool {
	return s.to > math.MinInt64 && (s.from == math.MinInt64 || last >= monthOf(s.from)) && (s.to == math.MaxInt64 || first <= monthOf(s.to-1))
}

// mayBeOf judges a file by its month and by the bounds of its columns.
func (s selection) mayBeOf(f *liveFile) bool {
	if s.window && !s.mayBeWithin(f) {
		return false
	}
	for _, wanted := range s.texts {
		low, high := f.lower[wanted.field], f.upper[wanted.field]
		if low == nil {
			continue
		}
		// The first wanted value that is not below the file must not be above it.
		i, _ := slices.BinarySearch(wanted.sorted, string(low))
		if i == len(wanted.sorted) || high != nil && wanted.sorted[i] > string(high) {
			return false
		}
	}
	if s.batches != 0 {
		if high := f.upper[s.batches]; len(high) == 8 && int64(binary.LittleEndian.Uint64(high)) <= s.after {
			return false
		}
	}
	return true
}

func (s selection) mayBeWithin(f *liveFile) bool {
	if s.undated && (f.month == noMonth || f.nulls[s.time] > 0) {
		return true
	}
	if f.spec == s.spec && f.month != noMonth && !s.overlaps(f.month, f.month) {
		return false
	}
	low, high := f.lower[s.time], f.upper[s.time]
	if len(low) != 8 || len(high) != 8 {
		return true
	}
	return int64(binary.LittleEndian.Uint64(high)) >= s.from && int64(binary.LittleEndian.Uint64(low)) < s.to
}
