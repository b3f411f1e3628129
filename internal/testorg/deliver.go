package testorg

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"configtrail"
)

// perObject is the largest number of items of a history object; more make a second part.
const perObject = 40

// emit gives an object to the sink.
func (w *world) emit(key string, data []byte) {
	if w.failed != nil {
		return
	}
	w.truth.Objects++
	if err := w.sink(key, data); err != nil {
		w.failed = fmt.Errorf("write %s: %w", key, err)
	}
}

// compress is text as a gzip member without a time. It is valid until the next call.
func (w *world) compress(text []byte) []byte {
	w.buffer.Reset()
	w.zip.Reset(&w.buffer)
	_, _ = w.zip.Write(text) // a bytes.Buffer takes everything
	_ = w.zip.Close()
	return w.buffer.Bytes()
}

// folder is where a place's objects of a day and kind lie. Config does not pad its dates.
func (p *place) folder(day time.Time, kind string) string {
	return fmt.Sprintf("%s/Config/%s/%d/%d/%d/%s/", p.account.prefix, p.region, day.Year(), int(day.Month()), day.Day(), kind)
}

const inName = "20060102T150405Z"

func (p *place) historyName(resourceType string, from, to time.Time, part int) string {
	return fmt.Sprintf("%s_Config_%s_ConfigHistory_%s_%s_%s_%d.json.gz",
		p.account.id, p.region, resourceType, from.Format(inName), to.Format(inName), part)
}

// wrote notes when a history or snapshot object was written, by the time in its name.
func (w *world) wrote(p *place, at time.Time) {
	at = at.Truncate(time.Second)
	name := Place{p.account.id, p.region}
	if first, ok := w.truth.FirstWritten[name]; !ok || at.Before(first) {
		w.truth.FirstWritten[name] = at
	}
	if at.After(p.written) {
		p.written = at
		w.truth.LastWritten[name] = at
	}
	if !p.gapFrom.IsZero() {
		w.truth.Gaps = append(w.truth.Gaps, configtrail.Gap{
			Account: p.account.id, Region: p.region, From: p.gapFrom, To: at, Reason: configtrail.GapNoDelivery,
		})
		p.gapFrom = time.Time{}
		w.trapped(TrapRecorderGap)
	}
}

// round writes the history objects of a place: one a type, of all captures
// since the round before.
func (w *world) round(p *place) {
	if !p.on {
		return
	}
	for _, resourceType := range slices.Sorted(maps.Keys(p.buffers)) {
		captures := p.buffers[resourceType]
		for part := 1; len(captures) > 0; part++ {
			n := min(perObject, len(captures))
			w.writeHistory(p, resourceType, captures[:n], part)
			captures = captures[n:]
		}
		delete(p.buffers, resourceType)
	}
}

// writeHistory writes one history object, unless a damage is due that fits it.
func (w *world) writeHistory(p *place, resourceType string, captures []*capture, part int) {
	s := &shipment{place: p, resourceType: resourceType, captures: captures, part: part, from: captures[0].time, to: w.now, day: w.now}
	for i, d := range w.damages {
		if d.due(w.now, s) {
			w.damages = slices.Delete(w.damages, i, i+1)
			w.trapped(d.trap)
			d.strike(w, s)
			return
		}
	}
	w.send(s)
}

// shipment is a history object to be written.
type shipment struct {
	place        *place
	resourceType string
	captures     []*capture
	part         int
	from, to     time.Time // in the name
	day          time.Time // of the folder
}

func (s *shipment) key() string {
	return s.place.folder(s.day, "ConfigHistory") + s.place.historyName(s.resourceType, s.from, s.to, s.part)
}

// send writes a history object in which everything is right, save what the
// traps do to any object.
func (w *world) send(s *shipment) {
	items := w.items(s)
	if len(items) > 2 && w.options.has(TrapOutOfOrder) && w.chance(30) {
		w.rng.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		w.trapped(TrapOutOfOrder)
	}
	w.ship(s, w.wrap(items, ""), len(items))
	w.arrived(s.captures)
}

// items are the JSON of a shipment's items: its captures, and what is told twice.
func (w *world) items(s *shipment) [][]byte {
	var items [][]byte
	for _, c := range s.captures {
		if c.earlier != nil {
			items = append(items, appendItem(nil, c.earlier, c.earlier.ordinary()))
		}
		items = append(items, appendItem(nil, c, c.ordinary()))
		if w.options.has(TrapStateIDs) && w.chance(2) {
			again := c.ordinary()
			again.stateID += 17
			again.empties = emptyList
			items = append(items, appendItem(nil, c, again))
			w.trapped(TrapStateIDs)
		}
	}
	return items
}

// ship writes an object of a shipment, whatever is in it, and its copy.
func (w *world) ship(s *shipment, text []byte, good int) {
	w.store(s.place, s.key(), w.compress(text), good)
	w.wrote(s.place, s.to)
}

// store emits an object with so many good items, and while its account is being
// copied, also under the other prefix.
func (w *world) store(p *place, key string, data []byte, good int) {
	w.emit(key, data)
	w.truth.Delivered += int64(good)
	if w.copying(p) {
		w.emit("restored/"+key, data)
		w.truth.Delivered += int64(good)
		w.trapped(TrapCopiedPrefix)
	}
}

// copying reports whether a place's objects are at present also restored under another prefix.
func (w *world) copying(p *place) bool {
	span := w.end.Sub(w.start)
	return p.account.number == 0 && w.options.has(TrapCopiedPrefix) &&
		w.now.After(w.start.Add(span/5)) && w.now.Before(w.start.Add(span/3))
}

// arrived notes that a readable object holds captures.
func (w *world) arrived(captures []*capture) {
	for _, c := range captures {
		c.outstanding--
		c.visible = true
		w.settle(c.resource)
	}
}

// lost notes that an object that should have held captures never came.
func (w *world) lost(captures []*capture) {
	for _, c := range captures {
		c.outstanding--
		w.settle(c.resource)
	}
}

// wrap makes a document of items. A snapshot has an id, history has none.
func (w *world) wrap(items [][]byte, snapshotID string) []byte {
	size := 100
	for _, item := range items {
		size += len(item) + 1
	}
	text := make([]byte, 0, size)
	swapped := snapshotID != "" && w.options.has(TrapMembersSwapped) && w.chance(5)
	if swapped {
		w.trapped(TrapMembersSwapped)
		text = append(text, `{"configurationItems":[`...)
	} else {
		text = append(text, `{"fileVersion":"1.0",`...)
		if snapshotID != "" {
			text = append(text, `"configSnapshotId":"`+snapshotID+`",`...)
		}
		text = append(text, `"configurationItems":[`...)
	}
	for i, item := range items {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, item...)
	}
	text = append(text, ']')
	if swapped {
		text = append(text, `,"configSnapshotId":"`+snapshotID+`","fileVersion":"1.0"`...)
	}
	return append(text, '}')
}

// snapshot writes the current item of each recorded, living resource of a place.
func (w *world) snapshot(p *place) {
	if !p.on {
		return
	}
	var items [][]byte
	var shown []*capture
	for _, r := range w.recorded(p) {
		c := r.current
		if c == nil || c.state == nil || p.excluded[r.template.Type] {
			continue
		}
		if c.inSnapshot == nil {
			c.inSnapshot = appendItem(nil, c, w.snapshotWording(c))
		}
		items = append(items, c.inSnapshot)
		shown = append(shown, c)
	}
	id := w.uuid()
	key := p.folder(w.now, "ConfigSnapshot") + fmt.Sprintf("%s_Config_%s_ConfigSnapshot_%s_%s.json.gz",
		p.account.id, p.region, w.now.Format(inName), id)
	if len(items) == 0 {
		w.trapped(TrapEmptySnapshot)
	}
	if p.interval < w.options.SnapshotEvery {
		w.trapped(TrapFrequentSnapshots)
	}
	w.store(p, key, w.compress(w.wrap(items, id)), len(items))
	w.wrote(p, w.now)
	for _, c := range shown {
		if !c.visible {
			c.visible = true
			if c.outstanding == 0 && c.time.After(w.start) {
				w.trapped(TrapSnapshotOnly)
			}
			w.settle(c.resource)
		}
	}
	w.sweep(p)
}

// snapshotWording is how snapshots spell an item. The status of a first item
// decides whether it is a creation, so that is never told in two ways.
func (w *world) snapshotWording(c *capture) wording {
	as := c.ordinary()
	if w.options.has(TrapEmptyFlips) {
		if as.empties = w.rng.IntN(4); as.empties != emptyAsIs {
			w.trapped(TrapEmptyFlips)
		}
	}
	if first := c.resource.history.first; w.options.has(TrapStatusFlips) && c.status == configtrail.StatusOK && first != nil && first != c {
		as.status = configtrail.StatusResourceDiscovered
		w.trapped(TrapStatusFlips)
	}
	return as
}

// recorded are the resources that a place records, dead ones included.
func (w *world) recorded(p *place) []*resource {
	all := slices.Clip(p.resources)
	for _, r := range p.account.global {
		if slices.Contains(r.places, p) {
			all = append(all, r)
		}
	}
	return all
}

// sweep forgets dead resources about which nothing is left to say.
func (w *world) sweep(p *place) {
	gone := func(r *resource) bool {
		return r.dead && !r.due && !r.dirty && len(r.history.waiting) == 0
	}
	p.resources = slices.DeleteFunc(p.resources, gone)
}
