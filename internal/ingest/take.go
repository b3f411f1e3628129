package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"configtrail/internal/blob"
	"configtrail/internal/delivery"
	"configtrail/internal/lake"
	"configtrail/internal/redact"
)

// TakeOptions says how messages are taken. Lake, HashKey and Redactor are
// required; everything else has a useful zero value.
type TakeOptions struct {
	Lake     *lake.Lake
	HashKey  []byte // of content hashes; one a lake
	Redactor *redact.Redactor

	Sources []Source // where objects are read; what lies elsewhere is Foreign
	Large   int64    // compressed bytes above which an object is not read; 0: none is too large
	Workers int      // objects read at a time; 0: one a processor

	Now func() time.Time // nil: time.Now
}

// stageWithin is how long staging may go on when the time for reading is over.
const stageWithin = 5 * time.Second

// Taker takes batch after batch, as a function does that is called again and
// again. What it has read of the lake it keeps in mind for some minutes.
type Taker struct {
	options TakeOptions

	mu     sync.Mutex // one batch at a time
	memory *memory    // nil: none
}

// NewTaker is a Taker that has taken nothing yet.
func NewTaker(options TakeOptions) *Taker { return &Taker{options: options} }

// Take is Taker.Take of a Taker that takes one batch.
func Take(ctx context.Context, options TakeOptions, messages []Message) ([]Taken, Summary, error) {
	return NewTaker(options).Take(ctx, messages)
}

// Take reads what a batch of messages tells of and stages it, in one note. It
// gives what became of each message, in their order. They are independent of each
// other and of what was taken before: any of them may be taken again, in any
// batch, by any number of processes at once.
//
// Where ctx ends, what was read whole by then is staged all the same, and the rest
// is Failed; so ctx has to end some seconds before the process does. An error is
// one of the lake: then nothing was staged, and everything that was taken is Failed.
func (k *Taker) Take(ctx context.Context, messages []Message) ([]Taken, Summary, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := newTaking(k)
	taken := make([]Taken, len(messages))
	for i, message := range messages {
		t.open(message, &taken[i])
	}
	err := t.take(ctx)
	for i := range taken {
		t.tell(&taken[i])
	}
	for _, item := range t.items {
		item.taken.Outcome, item.taken.Err = item.outcome, item.err
	}
	return taken, t.summary(), err
}

// TakeObject reads one object of the sources by its URI, whatever its size, and
// stages it: what is too large for the many is left to one that has the time.
func TakeObject(ctx context.Context, options TakeOptions, uri string) (Taken, Summary, error) {
	place, err := blob.ParseURL(uri)
	if err != nil {
		return Taken{}, Summary{}, err
	}
	options.Large = 0
	t := newTaking(NewTaker(options))
	taken := Taken{ID: uri, Objects: []TakenObject{t.want(delivery.Written{Bucket: place.Bucket, Key: place.Prefix})}}
	err = t.take(ctx)
	t.tell(&taken)
	return taken, t.summary(), err
}

// taking is the state of one Take.
type taking struct {
	*run
	taker   *Taker
	objects map[string]*wantedObject // by URI
	order   []*wantedObject
	items   []*streamed
}

func newTaking(k *Taker) *taking {
	workers := k.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return &taking{
		run: newRun(Options{
			Staged: true, Lake: k.options.Lake, HashKey: k.options.HashKey, Redactor: k.options.Redactor,
			Workers: workers, Now: k.options.Now,
		}),
		taker: k, objects: map[string]*wantedObject{},
	}
}

// open notes what a message asks for.
func (t *taking) open(message Message, taken *Taken) {
	taken.ID = message.ID
	parsed, err := delivery.ParseMessage([]byte(message.Body))
	if err != nil {
		taken.Outcome, taken.Err = Failed, err
		return
	}
	taken.What = parsed.What
	switch parsed.Kind {
	case delivery.MessageObjects:
		for _, object := range parsed.Objects {
			taken.Objects = append(taken.Objects, t.want(object))
		}
	case delivery.MessageItem:
		taken.URI = cmp.Or(parsed.URI, "sns:"+message.ID)
		t.items = append(t.items, &streamed{taken: taken, document: parsed.Document, key: parsed.Key})
	default:
		taken.Outcome = ofKind(parsed.Kind)
	}
}

// want notes an object to be read, once for all messages that name it.
func (t *taking) want(written delivery.Written) TakenObject {
	uri := blob.URL{Bucket: written.Bucket, Prefix: written.Key}.String()
	told := TakenObject{URI: uri, Size: written.Size}
	if object := t.objects[uri]; object != nil {
		object.again(written)
		return told
	}
	object := newWanted(t.taker.options.Sources, uri, written)
	t.objects[uri] = object
	t.order = append(t.order, object)
	return told
}

// tell completes what became of a message that names objects.
func (t *taking) tell(taken *Taken) {
	for i := range taken.Objects {
		object := &taken.Objects[i]
		w := t.objects[object.URI]
		object.Outcome, object.Err, object.Size = w.outcome, w.err, w.object.Size
		if w.told && w.outcome == Ingested {
			object.Outcome = Already
		}
		w.told = true
	}
	taken.settle()
}

// take reads everything that is wanted and stages it.
func (t *taking) take(ctx context.Context) error {
	err := t.readAll(ctx)
	if err == nil && t.writer != nil {
		staging, cancel := outlive(ctx, stageWithin)
		defer cancel()
		err = t.commit(staging)
	}
	if err != nil {
		t.taker.memory = nil // it holds what is not in
		if t.writer != nil {
			err = errors.Join(err, t.writer.Abandon())
		}
		err = fmt.Errorf("stage: %w", err)
		t.fail(err)
		return err
	}
	for _, object := range t.order {
		if object.taken {
			t.known[hashOf(object.object.URI)] = knownDelivery{etag: hashOf(object.object.ETag), archived: object.object.Archived}
		}
	}
	return nil
}

// readAll reads all objects, then the items of the stream. An error is one of the lake.
func (t *taking) readAll(ctx context.Context) error {
	var due []*wantedObject
	for _, object := range t.order {
		t.tally.seen++
		switch object.outcome {
		case unsettled:
			due = append(due, object)
		case Ignored:
			t.tally.ignored++
		}
	}
	if len(due) == 0 && len(t.items) == 0 {
		return nil
	}
	memory, err := t.taker.remember(ctx, t.start)
	if err != nil {
		return err
	}
	t.writer, t.known, t.first = memory.writer, memory.known, memory.first
	if err := t.loadKnown(ctx, due); err != nil {
		return err
	}
	var workers errgroup.Group
	workers.SetLimit(t.Workers)
	for _, object := range due {
		workers.Go(func() error { return t.object(ctx, object) })
	}
	return errors.Join(workers.Wait(), t.stream(ctx))
}

// fail takes back what was promised of everything that is not staged.
func (t *taking) fail(err error) {
	for _, object := range t.order {
		if object.taken || object.outcome == unsettled {
			object.outcome, object.err = Failed, err
		}
	}
	for _, item := range t.items {
		if item.err == nil {
			item.outcome, item.err = Failed, err
		}
	}
}

// outlive is a context that ends some time after another one.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, cancel)
		context.AfterFunc(within, func() { timer.Stop() })
	})
	return within, func() { stop(); cancel() }
}
