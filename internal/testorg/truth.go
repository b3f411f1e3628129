package testorg

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"configtrail"
)

// Truth is what somebody who reads every object of the bucket can know, and
// what nobody can know from it.
type Truth struct {
	Changes   []Change   // by key, then time
	Sightings []Sighting // by key, then time
	Bad       []BadObject
	Gaps      []configtrail.Gap
	Lost      []Captured // captures that no readable object holds, by key, then time

	FirstWritten map[Place]time.Time // first history or snapshot object of each account and region
	LastWritten  map[Place]time.Time

	Objects   int64 // objects of every kind
	Delivered int64 // readable items in them, repetitions included; nothing that is bad
	Distinct  int64 // readable items that differ in key, capture time or state
	Events    int64 // distinct write events, refused ones included
	Refused   int64 // of them, those with an errorCode

	Secrets []string // secret values planted in states and calls
	Trapped map[Trap]int
}

// Place is an account and one of its regions.
type Place struct{ Account, Region string }

// Change is one real change.
type Change struct {
	Key   configtrail.ResourceKey
	Time  time.Time // capture time
	After time.Time // capture time of the visible item before it; zero where there is none
	Kind  configtrail.Kind
	Noise configtrail.Noise
	Edits []Edit // by path; nil for created and deleted, and for a first life that was never seen

	// Calls are the events that made the change, in order; empty where a service
	// made it without one. Actor is set where all calls are by one identity.
	Calls []string
	Actor string
}

// ID is the id of the change in the ledger.
func (c Change) ID() string { return configtrail.ChangeID(c.Key, c.Time) }

// Sighting is an entry of a timeline that is no change: first recorded, or no
// longer recorded.
type Sighting struct {
	Key  configtrail.ResourceKey
	Time time.Time
	Kind configtrail.Kind
}

// Captured names one capture.
type Captured struct {
	Key  configtrail.ResourceKey
	Time time.Time
}

// BadObject is an object that can't be read whole.
type BadObject struct {
	Key         string
	Code        string // of configtrail.Quarantined
	Good        int64  // items in it that can be read
	Bad         int64  // items or members in it that can't
	Redelivered string // key of the object that brings the same items later; empty: none does
}

// Count is the number of changes of one kind in one month.
type Count struct {
	Month   configtrail.Month
	Account string
	Region  string
	Type    string
	Kind    configtrail.Kind
	Changes int // without noise
	Noise   int
}

// Month counts the changes by the month of their capture in zone, by month,
// account, region, type and kind.
func (t Truth) Month(zone *time.Location) []Count {
	counts := make(map[Count]*Count)
	for _, c := range t.Changes {
		group := Count{
			Month: configtrail.MonthOf(c.Time, zone), Account: c.Key.Account, Region: c.Key.Region, Type: c.Key.Type, Kind: c.Kind,
		}
		count := counts[group]
		if count == nil {
			copied := group
			count = &copied
			counts[group] = count
		}
		if c.Noise == configtrail.NoiseNone {
			count.Changes++
		} else {
			count.Noise++
		}
	}
	sorted := make([]Count, 0, len(counts))
	for _, count := range counts {
		sorted = append(sorted, *count)
	}
	slices.SortFunc(sorted, func(a, b Count) int {
		return cmp.Or(
			cmp.Compare(a.Month.Since1970(), b.Month.Since1970()), strings.Compare(a.Account, b.Account),
			strings.Compare(a.Region, b.Region), strings.Compare(a.Type, b.Type),
			strings.Compare(string(a.Kind), string(b.Kind)),
		)
	})
	return sorted
}
