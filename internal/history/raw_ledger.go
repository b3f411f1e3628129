package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/ledger"
	"configtrail/internal/redact"
)

// rawItem is an item as a raw table tells it, with the end of the run of items
// that show the same.
type rawItem struct {
	configtrail.ConfigurationItem
	before time.Time          // capture of the item before it; zero where there is none
	last   configtrail.Source // of the last item of the run
}

func stateOf(item *rawItem) *configtrail.ConfigurationItem {
	if item == nil {
		return nil
	}
	return &item.ConfigurationItem
}

// rawLedger applies the rules of truth to candidates as they come, resource by
// resource in the order of time. It holds two items of one resource, and what
// the changes of the window are told by.
type rawLedger struct {
	window    configtrail.Window
	first     map[[2]string]time.Time // first delivery by account and region
	stepTypes []string
	content   bool // states are compared
	redactor  *redact.Redactor
	keep      func(configtrail.Change) bool // nil: all

	timeline *ledger.Timeline[*rawItem]
	newest   *rawItem

	changes []configtrail.Change
	steps   []Step
	left    int64                  // steps that were left out
	counts  map[RawCount]*RawCount // by account, region and type alone
	flawed  map[string]*Troubled   // by URI
}

// candidates asks for the items that may show changes.
func (l *rawLedger) candidates(ctx context.Context, h *History, w wanted, records clause, named clause) error {
	parts := holes{"records": records, "named": named, "subject": w.subject(), "from": value(w.Window.From), "to": value(w.Window.To)}
	err := h.ask(ctx, "raw_candidates", w.scope(w.Window), parts, func(r *row) error {
		item, flaw, err := l.read(r)
		switch {
		case flaw != nil:
			l.note(*flaw)
		case item != nil:
			l.add(item)
		}
		return err
	})
	if err == nil {
		l.endOfResource()
	}
	return err
}

// rawFlaw is why items of an object can't be placed.
type rawFlaw struct {
	uri, code, reason string
	index, items      int64
}

// read reads one row: a candidate, or flaws, or only counts of other items.
func (l *rawLedger) read(r *row) (*rawItem, *rawFlaw, error) {
	item := &rawItem{}
	item.Key = r.key()
	captured := r.time()
	flaw := rawFlaw{code: r.text(), uri: r.text(), items: r.int()}
	captures := r.int()
	item.CaptureTime = exact(r.text(), captured)
	before := r.time()
	item.before = exact(r.text(), before)
	item.Status = configtrail.Status(r.text())
	item.Name, item.ARN, item.AvailabilityZone, item.Version = r.text(), r.text(), r.text(), r.text()
	if id := r.int(); id >= 0 {
		item.StateID = fmt.Sprint(id)
	}
	item.CreationTime = r.time()
	state := rawState{r.text(), r.text(), r.text(), r.text()}
	item.Source = sourceAt(r.text(), r.int())
	last := sourceAt(r.text(), r.int())
	flaw.index = r.int()
	switch {
	case r.err != nil:
		return nil, nil, r.err
	case flaw.code != "":
		flaw.reason = flawReason[flaw.code]
		return nil, &flaw, nil
	}
	l.count(item.Key, flaw.items, captures)
	if item.Key.ID == "" {
		return nil, nil, nil // items that show nothing new, counted only
	}
	if last.URI != "" && l.newest != nil && l.newest.Key == item.Key {
		l.newest.last = last
		if item.before.Equal(item.CaptureTime) {
			item.before = l.newest.before // another state of one capture time
		}
	}
	item.last = item.Source
	if bad := l.compare(item, state); bad != nil {
		return nil, bad, nil
	}
	return item, nil, nil
}

// flawReason says what the codes of the query mean.
var flawReason = map[string]string{
	configtrail.CodeBadItem:         "items without a type, an id or a capture time",
	configtrail.CodeAccountMismatch: "items of another account than the folder they lie in",
}

// exact is a capture time to the microsecond, as far as its text tells it.
func exact(text string, otherwise time.Time) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return otherwise
	}
	return t.UTC().Truncate(time.Microsecond)
}

// sourceAt is a place in an object of S3.
func sourceAt(uri string, index int64) configtrail.Source {
	_, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	return configtrail.Source{URI: uri, Key: key, Index: index}
}

// count adds up how many records and captures there are of a type.
func (l *rawLedger) count(key configtrail.ResourceKey, records, captures int64) {
	if records == 0 && captures == 0 {
		return
	}
	of := RawCount{Account: key.Account, Region: key.Region, Type: key.Type}
	have := l.counts[of]
	if have == nil {
		have = &RawCount{Account: key.Account, Region: key.Region, Type: key.Type}
		l.counts[of] = have
	}
	have.Records += records
	have.Captures += captures
}

// mostFlaws bounds how many flaws of one kind are listed of one object, so that a
// hostile file can't fill the memory.
const mostFlaws = 10_000

// note keeps what is wrong with an object.
func (l *rawLedger) note(flaw rawFlaw) {
	object := l.flawed[flaw.uri]
	if object == nil {
		told := objectAt(flaw.uri)
		object = &told
		l.flawed[flaw.uri] = object
	}
	for range min(flaw.items, mostFlaws) {
		object.Quarantined = append(object.Quarantined, configtrail.Quarantined{
			Key: object.Key, Index: flaw.index, Offset: -1, Code: flaw.code, Reason: flaw.reason,
		})
	}
}

// add goes on with the next candidate.
func (l *rawLedger) add(item *rawItem) {
	if l.newest == nil || l.newest.Key != item.Key {
		l.endOfResource()
		l.timeline = ledger.New(l.first[[2]string{item.Key.Account, item.Key.Region}], stateOf)
	}
	l.newest = item
	if step, is := l.timeline.Add(item); is {
		l.step(step)
	}
}

func (l *rawLedger) endOfResource() {
	if l.timeline == nil {
		return
	}
	step, is := l.timeline.End()
	l.timeline, l.newest = nil, nil
	if is {
		l.step(step)
	}
}

// step completes a step within the window.
func (l *rawLedger) step(s ledger.Step[*rawItem]) {
	after, before := stateOf(s.After), stateOf(s.Before)
	if !l.window.Contains(after.CaptureTime) {
		return
	}
	change := ledger.Change(s.Kind, s.After.before, after, before)
	change.HashBefore, change.HashAfter = "", ""
	if before != nil {
		last := s.Before.last
		change.SourceBefore = &last
	}
	for _, item := range []*configtrail.ConfigurationItem{after, before} {
		if item != nil && item.RedactionVersion == 0 {
			l.redactor.Item(item)
		}
	}
	is, bad := completed(&change, after, before)
	if bad != nil {
		l.note(*bad)
	}
	if !is || l.keep != nil && !l.keep(change) {
		return
	}
	l.changes = append(l.changes, change)
	if change.Noise == configtrail.NoiseNone && slices.Contains(l.stepTypes, change.Key.Type) {
		l.keepStep(change, before, after)
	}
}

// completed fills in what needs the states and reports whether there is a change.
func completed(c *configtrail.Change, after, before *configtrail.ConfigurationItem) (bool, *rawFlaw) {
	is, err := ledger.Complete(c, after, before)
	if err != nil {
		return false, badItem(after, err)
	}
	return is, nil
}

// badItem is an item whose state can't be compared.
func badItem(item *configtrail.ConfigurationItem, err error) *rawFlaw {
	return &rawFlaw{uri: item.Source.URI, code: configtrail.CodeBadItem, reason: err.Error(), index: item.Source.Index, items: 1}
}

// keepStep keeps a change with the states around it, of very many the latest.
func (l *rawLedger) keepStep(change configtrail.Change, before, after *configtrail.ConfigurationItem) {
	step := Step{Change: change, After: withoutHash(after)}
	if before != nil && held(change) {
		step.Before = withoutHash(before)
	}
	l.steps = append(l.steps, step)
	if len(l.steps) >= 2*mostSteps {
		l.trimSteps()
	}
}

func withoutHash(item *configtrail.ConfigurationItem) *configtrail.ConfigurationItem {
	copied := *item
	copied.ContentHash = ""
	return &copied
}

// trimSteps puts the steps in order and leaves out the earliest above mostSteps.
func (l *rawLedger) trimSteps() {
	slices.SortFunc(l.steps, func(a, b Step) int { return byTime(a.Change, b.Change) })
	if above := len(l.steps) - mostSteps; above > 0 {
		l.left += int64(above)
		l.steps = slices.Delete(l.steps, 0, above)
	}
}

// byTime orders changes by time, ties by key.
func byTime(a, b configtrail.Change) int { return cmp.Or(a.Time.Compare(b.Time), a.Key.Compare(b.Key)) }
