package testorg

import (
	"bytes"
	"compress/gzip"
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// world is the simulation: what exists, what is due, and the truth so far.
// It has one thread and one source of chance, so that it always runs the same.
type world struct {
	options   Options
	sink      Sink
	rng       *rand.Rand
	templates []*template
	accounts  []*account

	now        time.Time
	start, end time.Time // midnights UTC; nothing changes outside
	horizon    time.Time // last deliveries
	ended      bool
	agenda     agenda
	due        int64 // for the order of what is due at one time
	failed     error // of the sink

	damages []*damage
	truth   Truth
	firsts  []first

	buffer bytes.Buffer
	zip    *gzip.Writer
}

// account is a member account. Its number in the organisation decides how its keys are laid out.
type account struct {
	number int
	id     string
	env    string
	prefix string // of Config keys, up to and with the account
	places []*place
	home   *place      // records what is global
	global []*resource // dead ones included until swept
	trail  map[string][]*call
	apps   int // names given
}

// place is one recorder: an account and a region.
type place struct {
	account   *account
	region    string
	on        bool
	excluded  map[string]bool // types that are not recorded
	daily     map[string]bool // types recorded once a day
	resources []*resource     // regional ones; dead ones included until swept
	buffers   map[string][]*capture
	interval  time.Duration // of snapshots
	written   time.Time     // last history or snapshot object
	gapFrom   time.Time     // set while the gap's end is not known
	references
}

// references are ids that templates fill in.
type references struct{ vpc, subnet, sg string }

func newWorld(options Options, sink Sink) (*world, error) {
	w := &world{
		options: options, sink: sink,
		rng:   rand.New(rand.NewPCG(options.Seed, 0x636f6e666967)),
		start: options.Start.Window(time.UTC).From,
		end:   options.Start.Add(options.Months).Window(time.UTC).From,
	}
	w.horizon = w.end.Add(14 * time.Hour)
	w.now = w.start
	w.truth.Trapped = make(map[Trap]int)
	w.truth.FirstWritten = make(map[Place]time.Time)
	w.truth.LastWritten = make(map[Place]time.Time)
	var err error
	if w.templates, err = templates(); err != nil {
		return nil, err
	}
	if w.zip, err = gzip.NewWriterLevel(&w.buffer, gzip.BestSpeed); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	for n := range options.Accounts {
		w.found(n)
	}
	return w, nil
}

const organisation = "o-exampleorg1"

// environments name accounts; more accounts get a number behind the name.
var environments = [...]string{"prod", "stg", "shared", "data", "sandbox"}

// found makes an account, its recorders and what they have recorded before the first month.
func (w *world) found(number int) {
	a := &account{number: number, env: environments[number%len(environments)], trail: make(map[string][]*call)}
	if number >= len(environments) {
		a.env += fmt.Sprint(number / len(environments))
	}
	a.id = fmt.Sprintf("%012d", 100_000_000_000+w.rng.Int64N(900_000_000_000))
	a.prefix = [...]string{
		"AWSLogs/" + a.id,
		"AWSLogs/" + organisation + "/" + a.id,
		"config-archive/AWSLogs/" + a.id,
		organisation + "/AWSLogs/" + a.id,
		"audit/jp/config/AWSLogs/" + organisation + "/" + a.id,
	}[number%5]
	w.accounts = append(w.accounts, a)
	for i, region := range w.options.Regions {
		p := w.open(a, region)
		if number == 1 && i == len(w.options.Regions)-1 && w.options.has(TrapFrequentSnapshots) {
			p.interval = 3 * time.Hour
		}
		if a.home == nil || region == "us-east-1" {
			a.home = p
		}
	}
	for _, p := range a.places {
		w.furnish(p)
	}
	for _, t := range w.templates {
		for i := 0; t.Global && i < t.Count; i++ {
			w.preexist(w.build(t, a.home, origin{}))
		}
	}
	if number == w.options.Accounts-1 && w.options.has(TrapEmptySnapshot) && !slices.Contains(w.options.Regions, "eu-central-1") {
		w.open(a, "eu-central-1") // recorded, but nobody uses it
	}
}

func (w *world) open(a *account, region string) *place {
	p := &place{
		account: a, region: region, on: true, interval: w.options.SnapshotEvery,
		excluded: make(map[string]bool), daily: make(map[string]bool), buffers: make(map[string][]*capture),
	}
	a.places = append(a.places, p)
	return p
}

// furnish gives a place the resources it had before the first month.
func (w *world) furnish(p *place) {
	for _, t := range w.templates {
		if t.Global {
			continue
		}
		count := t.Count
		if count > 0 && !t.Once {
			count = max(1, count*w.options.Resources/40)
		}
		for range count {
			r := w.build(t, p, origin{})
			w.preexist(r)
			switch t.Type {
			case "AWS::EC2::Instance":
				w.preexist(w.build(w.template("AWS::EC2::NetworkInterface"), p, origin{instance: r.key.ID}))
			case "AWS::EC2::SecurityGroup", "AWS::S3::Bucket":
				w.preexist(w.build(w.template("AWS::Config::ResourceCompliance"), p, origin{target: r}))
			}
		}
	}
	if instances := p.alive("AWS::EC2::Instance"); len(instances) > 0 {
		w.preexist(w.build(w.template("AWS::SSM::ManagedInstanceInventory"), p, origin{instance: instances[0].key.ID}))
	}
}

func (w *world) template(name string) *template {
	return w.templates[slices.IndexFunc(w.templates, func(t *template) bool { return t.Type == name })]
}

// alive are the living resources of a type, in the order in which they were
// made. What is global lives in its account's home.
func (p *place) alive(resourceType string) []*resource {
	var living []*resource
	for _, all := range [][]*resource{p.resources, p.globals()} {
		for _, r := range all {
			if r.template.Type == resourceType && !r.dead {
				living = append(living, r)
			}
		}
	}
	return living
}

func (p *place) globals() []*resource {
	if p != p.account.home {
		return nil
	}
	return p.account.global
}

// run plays the months.
func (w *world) run(ctx context.Context) error {
	w.routine()
	w.story()
	for len(w.agenda) > 0 && w.failed == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := heap.Pop(&w.agenda).(entry)
		if next.time.After(w.horizon) {
			break
		}
		w.now = next.time
		next.do()
	}
	w.ended = true
	for _, a := range w.accounts {
		for _, p := range a.places {
			for _, r := range p.resources {
				w.settle(r)
			}
		}
		for _, r := range a.global {
			w.settle(r)
		}
	}
	return w.failed
}

// at does something at a time; what is in the past is done at once.
func (w *world) at(t time.Time, do func()) {
	w.due++
	heap.Push(&w.agenda, entry{t.Truncate(time.Millisecond), w.due, do})
}

// change is at for what changes resources: nothing does after the last month.
func (w *world) change(t time.Time, do func()) {
	if t.Before(w.end) {
		w.at(t, do)
	}
}

// trapped counts a trap that was set.
func (w *world) trapped(trap Trap) { w.truth.Trapped[trap]++ }

// chance is true in so many cases of a hundred.
func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

// between is a random duration in [from, to).
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)))
}

// entry is one thing that is due.
type entry struct {
	time  time.Time
	order int64
	do    func()
}

// agenda is a heap of what is due, earliest first.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if order := a[i].time.Compare(a[j].time); order != 0 {
		return order < 0
	}
	return a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push and Pop are those of container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop takes the last entry away.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
