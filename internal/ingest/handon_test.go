package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"configtrail/internal/blob"
	"configtrail/internal/ingest"
)

// handedTo remembers what is handed on, by key, and refuses what a test wants.
type handedTo struct {
	keys    []string
	refused map[string]error
}

func (h *handedTo) take(_ context.Context, object blob.Object) error {
	h.keys = append(h.keys, object.Key)
	return h.refused[object.Key]
}

// taken gives what was handed on since the last call.
func (h *handedTo) taken() []string {
	keys := h.keys
	h.keys = nil
	return keys
}

// many is a delivery of many VPCs, so that it is larger than one of a single VPC.
func many(captured string, n int) []byte {
	var items []item
	for i := range n {
		items = append(items, item{ID: fmt.Sprintf("vpc-%d", 100+i), Captured: captured, CIDR: fmt.Sprintf("10.%d.0.0/16", i)})
	}
	return history(items...)
}

func TestLargeObjectsAreHandedOn(t *testing.T) {
	for name, staged := range map[string]bool{"staged": true, "committed": false} {
		t.Run(name, func(t *testing.T) {
			bucket, l := newMemory("bucket"), newLake(t)
			put := func(written string, content []byte) string {
				key := historyKey(t, "1", written)
				bucket.put(key, content)
				return key
			}
			small := history(vpc("2024-11-05T01:00:00Z", "10.0"))
			refused := put("2024-11-05T06:00:00Z", many("2024-11-05T01:00:00Z", 50))
			fits := put("2024-11-05T12:00:00Z", small)
			passed := put("2024-11-05T18:00:00Z", many("2024-11-05T13:00:00Z", 60))
			archived := put("2024-11-06T00:00:00Z", many("2024-11-05T19:00:00Z", 70))
			bucket.archive(archived, true)
			busy := errors.New("busy")
			to := &handedTo{refused: map[string]error{refused: busy}}
			options := optionsFor(l, bucket)
			options.Staged, options.HandOn, options.Large = staged, to.take, int64(len(small)) // what is as large as that is read

			summary, err := ingest.Run(t.Context(), options)
			if !errors.Is(err, busy) || err.Error() != "1 objects could not be handed on: hand on s3://bucket/"+refused+": busy" {
				t.Errorf("error %v", err)
			}
			if d := summary.Deliveries; d.Seen != 4 || d.HandedOn != 1 || d.Ingested != 1 || d.Archived != 1 || summary.Items.Added != 1 {
				t.Errorf("summary %+v", summary)
			}
			if diff := gocmp.Diff([]string{refused, passed}, to.taken()); diff != "" {
				t.Errorf("handed on (-want +got):\n%s", diff)
			}
			if staged {
				gather(t, l)
			}
			rows := deliveriesOf(t, l)
			if len(rows) != 2 || rows[fits].Added != 1 || !rows[archived].Archived {
				t.Errorf("rows %+v", rows)
			}

			// It is due again until whoever got it has read it.
			if again, err := ingest.Run(t.Context(), options); !errors.Is(err, busy) || again.Deliveries.Already != 1 || !slices.Equal(to.taken(), []string{refused, passed}) {
				t.Errorf("again: %+v, %v", again.Deliveries, err)
			}
			clear(to.refused)
			if _, _, err := ingest.TakeObject(t.Context(), takeOptions(l, bucket), "s3://bucket/"+passed); err != nil {
				t.Fatal(err)
			}
			gather(t, l)
			last := run(t, options)
			if !slices.Equal(to.taken(), []string{refused}) || last.Deliveries.HandedOn != 1 || last.Deliveries.Already != 2 {
				t.Errorf("the last time: %+v", last.Deliveries)
			}
			if got := deliveriesOf(t, l)[passed]; got.Added != 60 {
				t.Errorf("the longer run's row: %+v", got)
			}
			if text, err := json.Marshal(last); err != nil || !strings.Contains(string(text), `"handed_on":1`) {
				t.Errorf("printed %s, %v", text, err)
			}
			if text, err := json.Marshal(ingest.Summary{}); err != nil || strings.Contains(string(text), "handed_on") {
				t.Errorf("printed where nothing is handed on: %s, %v", text, err)
			}
		})
	}
}

// Without anybody to hand on to, and without a limit, everything is read.
func TestNothingIsTooLarge(t *testing.T) {
	for name, change := range map[string]func(*ingest.Options){
		"nobody to hand on to": func(o *ingest.Options) { o.HandOn = nil },
		"no limit":             func(o *ingest.Options) { o.Large = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			bucket, to := newMemory("bucket"), &handedTo{}
			bucket.put(historyKey(t, "1", "2024-11-05T06:00:00Z"), many("2024-11-05T01:00:00Z", 50))
			options := optionsFor(newLake(t), bucket)
			options.HandOn, options.Large = to.take, 1
			change(&options)
			if summary := run(t, options); summary.Deliveries.HandedOn != 0 || summary.Items.Added != 50 || len(to.taken()) != 0 {
				t.Errorf("summary %+v", summary)
			}
		})
	}
}

// Many that can't be handed on are all counted, and not all named.
func TestManyCanNotBeHandedOn(t *testing.T) {
	bucket, to := newMemory("bucket"), &handedTo{refused: map[string]error{}}
	for hour := range 12 {
		key := historyKey(t, "1", fmt.Sprintf("2024-11-05T%02d:00:00Z", hour))
		bucket.put(key, history(vpc("2024-11-05T01:00:00Z", "10.0")))
		to.refused[key] = errors.New("busy")
	}
	options := optionsFor(newLake(t), bucket)
	options.HandOn, options.Large = to.take, 1
	summary, err := ingest.Run(t.Context(), options)
	if err == nil || !strings.HasPrefix(err.Error(), "12 objects could not be handed on: ") || strings.Count(err.Error(), "busy") != 10 {
		t.Errorf("error %v", err)
	}
	if len(to.taken()) != 12 || summary.Deliveries.HandedOn != 0 {
		t.Errorf("summary %+v", summary)
	}
}

// Where the time ends amid handing on, it is the time that the error is about.
func TestTimeEndsAmidHandingOn(t *testing.T) {
	bucket := newMemory("bucket")
	for _, written := range []string{"2024-11-05T06:00:00Z", "2024-11-05T12:00:00Z"} {
		bucket.put(historyKey(t, "1", written), history(vpc("2024-11-05T01:00:00Z", "10.0")))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	options := optionsFor(newLake(t), bucket)
	options.Large = 1
	options.HandOn = func(ctx context.Context, _ blob.Object) error {
		calls++
		cancel()
		return fmt.Errorf("start: %w", ctx.Err())
	}
	_, err := ingest.Run(ctx, options)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "handed on") || calls != 1 {
		t.Errorf("after %d calls: %v", calls, err)
	}
}
