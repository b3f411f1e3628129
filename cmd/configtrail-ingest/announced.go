package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"configtrail"
	"configtrail/internal/blob"
)

// announced remembers in one small object what was told already, by id, so that
// no day tells it again.
//
// A message can't be published and remembered in one step, so one of the two comes
// first. To publish and then remember tells everything again each day that the
// object can't be written. To remember and then publish loses what a run that is
// killed in between had to say. So a run claims what it is about to tell, by a
// conditional write; publishes; and notes that it was told. Of two runs at once,
// one claims and the other leaves it alone. A claim whose run was killed is taken
// up by the same invocation when Lambda tries it again, and by any other once no
// invocation can still be at it. Its message may have gone out just before, which
// is why a killed run may tell a thing a second time; it is never lost.
type announced struct {
	store blob.Store
	key   string // of the object, below the store
	run   string // names the invocation, also when Lambda tries it again
	now   func() time.Time
}

const (
	// leaseOfClaim is longer than the fifteen minutes that Lambda lets a function run.
	leaseOfClaim = 20 * time.Minute
	// keptFor is how long what is not seen any more is remembered. What is seen
	// still, such as a region that was given up, is noted again in time.
	keptFor  = 60 * 24 * time.Hour
	notedFor = keptFor / 2
)

// memory is the object.
type memory struct {
	Announced map[string]entry `json:"announced"`
}

// entry is what is known of one id.
type entry struct {
	At   time.Time `json:"at"` // when it was claimed, told, or last noted as still there
	Run  string    `json:"run"`
	Told bool      `json:"told"`
}

// claims are the ids that a run may tell, and how many it may not: those that
// were told, and those that another run is about to tell.
type claims struct {
	ids           []string
	told, awaited int
}

// claim takes what nobody has told of the ids and is not about to tell. It writes
// nothing where that changes nothing.
func (a announced) claim(ctx context.Context, ids []string) (claims, error) {
	var got claims
	err := a.change(ctx, func(m memory) {
		got = claims{}
		now := a.now().UTC()
		for id, e := range m.Announced {
			if now.Sub(e.At) > keptFor {
				delete(m.Announced, id)
			}
		}
		for _, id := range ids {
			switch e, known := m.Announced[id]; {
			case known && e.Told:
				got.told++
				if now.Sub(e.At) > notedFor {
					e.At = now
					m.Announced[id] = e
				}
			case known && e.Run != a.run && now.Sub(e.At) < leaseOfClaim:
				got.awaited++
			default:
				got.ids = append(got.ids, id)
				m.Announced[id] = entry{At: now, Run: a.run}
			}
		}
	})
	return got, err
}

// tell notes that ids were told.
func (a announced) tell(ctx context.Context, ids []string) error {
	return a.change(ctx, func(m memory) {
		for _, id := range ids {
			m.Announced[id] = entry{At: a.now().UTC(), Run: a.run, Told: true}
		}
	})
}

// change edits the object until no other writer comes in between.
func (a announced) change(ctx context.Context, edit func(memory)) error {
	for attempt := 0; ; attempt++ {
		before, etag, err := a.store.Read(ctx, a.key)
		if err != nil && !errors.Is(err, configtrail.ErrNotFound) {
			return err
		}
		m := memory{}
		if len(before) > 0 { // what can't be read must not be taken for nothing told
			if err := json.Unmarshal(before, &m); err != nil {
				return configtrail.WithHint(fmt.Errorf("read %s: %w", a.key, err), "remove it, after which the last days are told once more")
			}
		}
		if m.Announced == nil {
			m.Announced = map[string]entry{}
		}
		edit(m)
		after, err := json.Marshal(m)
		if err != nil || bytes.Equal(before, after) || len(before) == 0 && len(m.Announced) == 0 {
			return err
		}
		if _, err = a.store.Swap(ctx, a.key, after, etag); !errors.Is(err, configtrail.ErrConflict) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return fmt.Errorf("write %s: others write it all the time: %w", a.key, err)
		}
	}
}

// pause waits a random time below a bound that doubles, so that writers who met
// do not meet again.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(min(10*time.Millisecond<<min(attempt, 6), 500*time.Millisecond)) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
