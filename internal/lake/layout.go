package lake

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"configtrail"
)

// layout is what writing, merging and compacting need to know of a table's rows.
type layout[R any] struct {
	table string

	// compare is the order of rows in a file. Rows that are the same one stand
	// together in it, the one that counts first.
	compare func(a, b *R) int
	same    func(a, b *R) bool

	// absorb lets the row that counts take what must not be lost of another
	// one that is the same; nil: nothing.
	absorb func(kept, dropped *R)

	time   func(*R) *int64 // that partitions; nil: unknown
	weight func(*R) int64  // bytes in memory, roughly
}

func (l layout[R]) month(row *R) month {
	if t := l.time(row); t != nil {
		return monthOf(*t)
	}
	return noMonth
}

// month is months since January 1970, the value of a partition.
type month int32

// noMonth is the partition of rows whose time is not known.
const noMonth = month(math.MinInt32)

func monthOf(micros int64) month {
	t := instant(micros)
	return month(configtrail.Month{Year: t.Year(), Month: t.Month()}.Since1970())
}

// quarter numbers three months.
func (m month) quarter() int64 { return int64(m) / 3 }

func (m month) folder() string {
	if m == noMonth {
		return "unknown"
	}
	return configtrail.MonthSince1970(int(m)).String()
}

func itemLayout() layout[itemRow] {
	return layout[itemRow]{
		table: Items,
		compare: func(a, b *itemRow) int {
			if n := compareKeys(a.Account, b.Account, a.Region, b.Region, a.ResourceType, b.ResourceType, a.ResourceID, b.ResourceID); n != 0 {
				return n
			}
			if n := cmp.Compare(a.CaptureTime, b.CaptureTime); n != 0 {
				return n
			}
			if n := strings.Compare(a.ContentHash, b.ContentHash); n != 0 {
				return n
			}
			return b.rank().compare(a.rank())
		},
		same: func(a, b *itemRow) bool {
			return a.CaptureTime == b.CaptureTime && a.ResourceID == b.ResourceID && a.ContentHash == b.ContentHash &&
				a.ResourceType == b.ResourceType && a.Region == b.Region && a.Account == b.Account
		},
		time: func(row *itemRow) *int64 { return &row.CaptureTime },
		weight: func(row *itemRow) int64 {
			return 512 + int64(len(row.ResourceID)+len(row.ARN)+len(row.ResourceName)+len(row.Configuration)+len(row.Supplementary)) +
				weightOfTags(row.Tags) + 128*int64(len(row.Relationships))
		},
	}
}

// compareKeys compares pairs of texts up to the first that differ. It is called
// for every comparison of a sort, where cmp.Or would compute all of them.
func compareKeys(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Compare(pairs[i], pairs[i+1]); n != 0 {
			return n
		}
	}
	return 0
}

func weightOfTags(tags map[string]string) int64 {
	var n int64
	for key, value := range tags {
		n += 48 + int64(len(key)+len(value))
	}
	return n
}

// rank orders items that are one and the same but for scalars that are no state.
// The highest counts, whatever the order in which they came.
type rank struct {
	state uint64 // configurationStateId; above the largest number that fits: that number
	tie   uint32 // hash of the other scalars
}

func (r rank) compare(other rank) int {
	return cmp.Or(cmp.Compare(r.state, other.state), cmp.Compare(r.tie, other.tie))
}

func (row *itemRow) rank() rank {
	return rankOf(row.StateID, row.Status, row.ResourceName, row.ARN, row.AvailabilityZone, row.Version, row.CreationTime)
}

func rankOf(stateID, status, name, arn, zone, version string, creation *int64) rank {
	state, err := strconv.ParseUint(stateID, 10, 64)
	exact := ""
	if err != nil {
		exact = stateID // no number, or one that does not fit: state is 0 or the largest
	}
	created := "-"
	if creation != nil {
		created = strconv.FormatInt(*creation, 10)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{status, name, arn, zone, version, created, exact}, "\x1f")))
	return rank{state, binary.BigEndian.Uint32(sum[:])}
}

func eventLayout() layout[eventRow] {
	return layout[eventRow]{
		table: Events,
		compare: func(a, b *eventRow) int {
			if n := compareKeys(a.Account, b.Account, a.Region, b.Region); n != 0 {
				return n
			}
			return cmp.Or(
				cmp.Compare(a.EventTime, b.EventTime), strings.Compare(a.EventID, b.EventID),
				strings.Compare(a.SourceURI, b.SourceURI), cmp.Compare(a.SourceIndex, b.SourceIndex))
		},
		same: func(a, b *eventRow) bool {
			return a.EventID == b.EventID && a.EventTime == b.EventTime && a.Account == b.Account && a.Region == b.Region
		},
		time: func(row *eventRow) *int64 { return &row.EventTime },
		weight: func(row *eventRow) int64 {
			return 768 + int64(len(row.Request)+len(row.Response)+len(row.UserAgent)) + 128*int64(len(row.Resources))
		},
	}
}

func changeLayout() layout[changeRow] {
	return layout[changeRow]{
		table: Changes,
		compare: func(a, b *changeRow) int {
			if n := compareKeys(a.Account, b.Account, a.Region, b.Region, a.ResourceType, b.ResourceType, a.ResourceID, b.ResourceID); n != 0 {
				return n
			}
			return cmp.Or(
				cmp.Compare(a.CaptureTime, b.CaptureTime), strings.Compare(a.ID, b.ID),
				strings.Compare(a.HashAfter, b.HashAfter), strings.Compare(a.HashBefore, b.HashBefore))
		},
		same: func(a, b *changeRow) bool { return a.ID == b.ID && a.CaptureTime == b.CaptureTime },
		time: func(row *changeRow) *int64 { return &row.CaptureTime },
		weight: func(row *changeRow) int64 {
			n := 768 + int64(len(row.ResourceID)+len(row.ARN)+len(row.ActorCandidates)) + weightOfTags(row.Tags)
			for _, edit := range row.Edits {
				n += 96 + int64(len(edit.Path)+len(edit.Old)+len(edit.New))
			}
			return n
		},
	}
}

// deliveryLayout orders by URI, which begins with account and region, and keeps
// the newest row of each. Rows above batch derived still
// have to be derived: what they name goes over to the row that is kept.
func deliveryLayout(derived int64) layout[deliveryRow] {
	return layout[deliveryRow]{
		table: Deliveries,
		compare: func(a, b *deliveryRow) int {
			return cmp.Or(strings.Compare(a.URI, b.URI), cmp.Compare(b.ReadAt, a.ReadAt), cmp.Compare(b.Batch, a.Batch))
		},
		same: func(a, b *deliveryRow) bool { return a.URI == b.URI },
		absorb: func(kept, dropped *deliveryRow) {
			if dropped.Batch <= derived {
				return
			}
			if kept.Batch <= derived {
				kept.Derive = nil // these are derived already
			}
			kept.Batch = max(kept.Batch, dropped.Batch)
			kept.Derive = append(kept.Derive, dropped.Derive...)
		},
		time: func(row *deliveryRow) *int64 { return row.WrittenAt },
		weight: func(row *deliveryRow) int64 {
			return 512 + 96*int64(len(row.Quarantined)+len(row.Derive))
		},
	}
}
