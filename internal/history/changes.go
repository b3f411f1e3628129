package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"configtrail"
)

// Page is one stretch of a list of changes.
type Page struct {
	Changes []configtrail.Change
	Total   int64  // of all pages together
	Next    string // cursor of the page behind; empty where there is none
}

// Changes lists the changes that a filter lets through, at most Limit of them,
// which have to fit into memory. What is ingested between two pages is neither
// told twice nor does it push anything out.
func (h *History) Changes(ctx context.Context, filter Filter) (Page, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return Page{}, err
	}
	if _, err := w.behind(); err != nil {
		return Page{}, err
	}
	page := Page{Changes: []configtrail.Change{}}
	if page.Total, err = h.count(ctx, w); err != nil {
		return Page{}, err
	}
	if page.Total == 0 {
		return page, nil
	}
	w.Limit++ // one more tells whether there is a next page
	if filter.Limit == 0 {
		w.Limit = 0
	}
	for change, err := range h.each(ctx, w) {
		if err != nil {
			return Page{}, err
		}
		if filter.Limit > 0 && len(page.Changes) == filter.Limit {
			page.Next, err = w.cursorAt(page.Changes[filter.Limit-1])
			return page, err
		}
		page.Changes = append(page.Changes, change)
	}
	return page, nil
}

// EachChange gives the same changes as Changes, one at a time, so that there
// may be more of them than memory holds. An error ends the sequence.
func (h *History) EachChange(ctx context.Context, filter Filter) iter.Seq2[configtrail.Change, error] {
	return func(yield func(configtrail.Change, error) bool) {
		w, err := h.named(ctx, filter)
		if err != nil {
			yield(configtrail.Change{}, err)
			return
		}
		h.each(ctx, w)(yield)
	}
}

// Count tells how many changes a filter lets through, whatever its limit and cursor.
func (h *History) Count(ctx context.Context, filter Filter) (int64, error) {
	w, err := h.named(ctx, filter)
	if err != nil {
		return 0, err
	}
	return h.count(ctx, w)
}

func (h *History) count(ctx context.Context, w wanted) (n int64, err error) {
	changed, err := h.changed(w, w.Window)
	if err != nil {
		return 0, err
	}
	err = h.ask(ctx, "count", w.scope(w.Window), holes{"changed": changed, "noisy": w.noisy()}, func(r *row) error {
		n = r.int()
		return nil
	})
	return n, err
}

// pageRows is how many rows are asked for at a time: an engine may hold a whole
// answer in memory before it gives the first row.
const pageRows = 5000

// errEnough ends a question whose further rows nobody wants.
var errEnough = errors.New("enough")

// each reads the rows that a filter lets through, in its order and up to its
// limit, page by page behind the last one given. A change that concurrent writers
// let in twice is given once.
func (h *History) each(ctx context.Context, w wanted) iter.Seq2[configtrail.Change, error] {
	return func(yield func(configtrail.Change, error) bool) {
		changed, err := h.changed(w, w.Window)
		if err != nil {
			yield(configtrail.Change{}, err)
			return
		}
		behind, err := w.behind()
		if err != nil {
			yield(configtrail.Change{}, err)
			return
		}
		var last configtrail.Change
		given := 0
		for {
			asked, read := pageRows, 0
			if w.Limit > 0 {
				asked = min(asked, w.Limit-given)
			}
			limit := clause{"LIMIT ?", []any{int64(asked)}}
			parts := holes{"changed": changed, "noisy": w.noisy(), "behind": behind, "limit": limit, "order": {sql: "DESC"}}
			if w.Order == Ascending {
				parts["order"] = clause{sql: "ASC"}
			}
			err = h.ask(ctx, "changes", w.scope(w.Window), parts, func(r *row) error {
				read++
				change, err := r.change()
				if err != nil || given > 0 && change.Key == last.Key && change.Time.Equal(last.Time) {
					return err
				}
				last = change
				given++
				if !yield(change, nil) {
					return errEnough
				}
				return nil
			})
			if errors.Is(err, errEnough) {
				return
			}
			if err != nil {
				yield(configtrail.Change{}, err)
				return
			}
			if read < asked || w.Limit > 0 && given >= w.Limit {
				return
			}
			behind = keyset(w.Order, last.Time, last.Key)
		}
	}
}

// change reads the columns of changes.sql.
func (r *row) change() (configtrail.Change, error) {
	c := configtrail.Change{
		Key: r.key(), Time: r.time(), After: r.time(),
		Kind: configtrail.Kind(r.text()), Noise: configtrail.Noise(r.text()),
		Name: r.text(), ARN: r.text(), Tags: r.tags(), Edits: r.edits(),
	}
	c.HashBefore, c.HashAfter = r.text(), r.text()
	if err := r.actor(&c); err != nil {
		return c, err
	}
	c.Source = r.source()
	before := configtrail.Source{URI: r.text(), Key: r.text(), ETag: r.text()}
	if none := r.null(); !none {
		c.SourceBefore = &before
	}
	before.Index = r.int()
	return c, r.err
}

// edits takes a list of edits; it is never nil.
func (r *row) edits() []configtrail.Edit {
	edits := []configtrail.Edit{}
	for _, edit := range r.structs("path", "op", "old", "new") {
		edits = append(edits, configtrail.Edit{
			Path: member(edit, "path"), Op: member(edit, "op"), Old: side(edit, "old"), New: side(edit, "new"),
		})
	}
	return edits
}

// actor takes the columns that tell who made a change, from the actor's id to
// the candidates.
func (r *row) actor(c *configtrail.Change) error {
	actor := configtrail.Actor{ID: r.text(), Name: r.text(), Confidence: r.float(), Candidates: []configtrail.Actor{}}
	c.ActorStatus = r.text()
	actor.EventID, actor.EventName, actor.EventTime = r.text(), r.text(), r.time()
	candidates := r.raw()
	switch c.ActorStatus {
	case configtrail.ActorAmbiguous:
		actor.Ambiguous = true
		c.Actor = &actor
	case configtrail.ActorKnown:
		c.Actor = &actor
	case "":
		c.ActorStatus = configtrail.ActorNoTrail
	}
	if c.Actor != nil && candidates != nil {
		if err := json.Unmarshal(candidates, &actor.Candidates); err != nil {
			return fmt.Errorf("candidates of change %s: %w", c.ID(), err)
		}
		if actor.Candidates == nil {
			actor.Candidates = []configtrail.Actor{}
		}
	}
	return r.err
}

// side is the JSON of an edit's side; nil where it has none.
func side(edit map[string]any, name string) json.RawMessage {
	if text := member(edit, name); text != "" {
		return json.RawMessage(text)
	}
	return nil
}
