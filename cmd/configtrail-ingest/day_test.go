package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"configtrail/internal/delivery"
	"configtrail/internal/lake"
	"configtrail/internal/price"
	"configtrail/internal/testorg"
	"configtrail/internal/testserver/queue"
	"configtrail/internal/testserver/runtime"
)

const (
	windowsOfGather = 15 // of 20 s, in the five minutes between two gatherings
	gathersOfMemory = 2  // for as long a function goes by what it has read of the lake
	gathersOfHour   = 12 // and then the lake is compacted
)

// TestADay simulates a day of an organisation whose lake has its days before.
// Objects come when they were written, their times pressed together to one day;
// their messages are waited for in windows, as the stack's queue does; every five
// minutes they are gathered, and every hour the lake is compacted. A function that
// takes them lives for ten of these minutes, and then has to read the lake anew.
//
// With CONFIGTRAIL_LARGE=1 it has 60 accounts in three regions and 20,000 objects.
func TestADay(t *testing.T) {
	shape := testorg.Options{Seed: 7, Months: 1, Accounts: 4, Regions: []string{"ap-northeast-1", "us-east-1", "eu-west-1"}, Resources: 10}
	most, gathers := 400, 24
	if os.Getenv("CONFIGTRAIL_LARGE") != "" {
		shape.Accounts, shape.Resources, shape.Changes = 60, 40, 200
		most, gathers = 20_000, 288
	}
	const memory = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=2048" // of the stack
	d := deploy(t, "", memory)
	d.gather = d.start(t, memory)
	coming := d.before(t, shape, time.Date(2024, 8, 5, 0, 0, 0, 0, time.UTC), most)
	first, last := coming[0].written, coming[len(coming)-1].written
	t.Logf("%d objects of %v", len(coming), last.Sub(first))

	day := &simulated{deployment: d, spent: map[string]*spent{}}
	var changes float64
	for gather := range gathers {
		if gather%gathersOfMemory == 0 && gather > 0 {
			d.function.Close()
			d.function = d.start(t, memory)
		}
		for window := range windowsOfGather {
			end := first.Add(last.Sub(first) * time.Duration(gather*windowsOfGather+window+1) / time.Duration(gathers*windowsOfGather))
			n := 0
			for n < len(coming) && !coming[n].written.After(end) {
				d.queue.Send(ofS3(d.source, d.put(t, coming[n].key, coming[n].data)))
				n++
			}
			coming = coming[n:]
			day.ingest(t)
		}
		counts := day.task(t, taskGather)
		changes += counts["changes"].(float64)
		if gather%gathersOfHour == gathersOfHour-1 {
			day.task(t, taskCompact)
			t.Logf("%d gatherings: %s", gather+1, day.spent[taskGather])
		}
	}
	if len(coming) > 0 || len(d.dead.Messages()) > 0 {
		t.Errorf("%d objects did not come, %d dead letters", len(coming), len(d.dead.Messages()))
	}
	d.function.Close()
	d.gather.Close()
	got := rowsOf(t, d.lake(t))
	checkRows(t, d.reference(t), got)
	if changes == 0 {
		t.Error("no changes of the day")
	}
	t.Logf("%d items and %d changes in the lake, %.0f changes of the day", len(got.Items), len(got.Changes), changes)
	day.tell(t)

	// What a batch asks of Glue does not grow with what it holds, nor a gathering
	// with what it gathers.
	batches, gathered := day.spent[taskIngest], day.spent[taskGather]
	if asked := batches.calls["glue GetTable"]; asked > 8*batches.invocations {
		t.Errorf("%d invocations read %d tables of Glue", batches.invocations, asked)
	}
	if asked := gathered.calls["glue GetTable"]; asked > 40*gathered.invocations {
		t.Errorf("%d gatherings read %d tables of Glue", gathered.invocations, asked)
	}
	if updates := gathered.calls["glue UpdateTable"]; updates > 5*gathered.invocations {
		t.Errorf("%d gatherings made %d commits", gathered.invocations, updates)
	}
}

// arriving is an object that is still to come.
type arriving struct {
	written time.Time
	key     string
	data    []byte
}

// before puts what was written before a time into the lake, and gives what comes after.
func (d *deployment) before(t *testing.T, shape testorg.Options, day time.Time, most int) (after []arriving) {
	t.Helper()
	_, err := testorg.Generate(t.Context(), shape, func(key string, data []byte) error {
		switch written := delivery.ParseKey(key).WrittenAt; {
		case len(after) == most:
			return errEnough
		case written.Before(day):
			d.put(t, key, data)
		default:
			after = append(after, arriving{written, key, slices.Clone(data)})
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	slices.SortStableFunc(after, func(a, b arriving) int { return a.written.Compare(b.written) })
	l, err := lake.Open(t.Context(), d.lakeOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d.ingestInto(t, l)
	return after
}

// simulated counts what a day costs.
type simulated struct {
	*deployment
	spent map[string]*spent // by task
}

type spent struct {
	invocations, cold int
	seconds, longest  float64
	calls             map[string]int
	written           map[string]int64 // bytes, by folder of the lake
}

func (s *spent) String() string {
	return fmt.Sprintf("%d invocations (%d cold), %.1f s, the longest %.1f s, %v, bytes written %v", s.invocations, s.cold, s.seconds, s.longest, s.calls, s.written)
}

// during counts what is asked of the servers while a task runs.
func (s *simulated) during(task string, run func(took func(runtime.Result))) {
	of := s.spent[task]
	if of == nil {
		of = &spent{calls: map[string]int{}, written: map[string]int64{}}
		s.spent[task] = of
	}
	calls, written := s.copyCalls(), s.copyWritten()
	run(func(result runtime.Result) {
		s.mu.Lock()
		defer s.mu.Unlock()
		of.invocations++
		if result.Cold {
			of.cold++
		}
		of.seconds += result.Took.Seconds()
		of.longest = max(of.longest, result.Took.Seconds())
	})
	for folder, n := range s.copyWritten() {
		if n -= written[folder]; n > 0 {
			of.written[folder] += n
		}
	}
	for name, n := range s.copyCalls() {
		if n -= calls[name]; n > 0 {
			of.calls[name] += n
		}
	}
}

// ingest brings what waits in the queue to the function.
func (s *simulated) ingest(t *testing.T) {
	t.Helper()
	s.during(taskIngest, func(took func(runtime.Result)) {
		mapping := &queue.Mapping{Queue: s.queue, Function: s.function.Function, Batch: 50, Most: 4, After: took}
		brought, err := mapping.Drain(t.Context())
		if err != nil || brought.Failed > 0 || brought.Returned > 0 {
			t.Fatalf("%s, %v: %s", brought, err, s.tail())
		}
	})
}

// task runs a task and gives its counts.
func (s *simulated) task(t *testing.T, task string) (counts map[string]any) {
	t.Helper()
	s.during(task, func(took func(runtime.Result)) {
		result, err := s.gather.Invoke(t.Context(), []byte(`{"task":"`+task+`"}`))
		if err != nil || result.Failed {
			t.Fatalf("%s: %v, %s", task, err, result.Payload)
		}
		took(result)
		if err := json.Unmarshal(result.Payload, &counts); err != nil {
			t.Fatal(err)
		}
	})
	return counts
}

// tell prints what the day came to, and what that costs by the price list.
func (s *simulated) tell(t *testing.T) {
	t.Helper()
	book, err := price.New()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	memory := map[string]float64{taskIngest: 2, taskGather: 2, taskCompact: 4} // GB, of the stack
	for _, task := range slices.Sorted(maps.Keys(s.spent)) {
		of := s.spent[task]
		t.Logf("%s: %s", task, of)
		all["lambda.requests"] += float64(of.invocations)
		all["lambda.arm64"] += of.seconds * memory[task]
		for name, n := range of.calls {
			switch service, call, _ := strings.Cut(name, " "); {
			case service == "glue":
				all["glue.requests"] += float64(n)
			case service == "s3" && slices.Contains([]string{"PUT", "POST", "LIST"}, call):
				all["s3.write"] += float64(n)
			case service == "s3" && call != "DELETE":
				all["s3.read"] += float64(n)
			}
		}
	}
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		of := book.Prices[name]
		usd := all[name] / of.Per * *of.USD["ap-northeast-1"]
		sum += usd
		t.Logf("%s: %.0f cost %.4f USD", name, all[name], usd)
	}
	t.Logf("%.2f USD; %.0f s CPU of the functions", sum, children())
}

// children is the CPU time of processes that have ended, in seconds.
func children() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
