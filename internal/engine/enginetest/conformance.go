package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
)

// Conform asks every question of package history on two engines over the same
// rows and fails where the answers differ. What it filters by, hostile names too,
// is taken from the rows themselves.
func Conform(t *testing.T, reference, other engine.Engine) {
	t.Helper()
	over := func(e engine.Engine, zone *time.Location) *history.History {
		return &history.History{Engine: e, Zone: zone, Now: func() time.Time { return clock }}
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	found := survey(t, over(reference, tokyo))
	for _, q := range questions(t, found) {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel() // most of the time is spent waiting for a server
			zone := tokyo
			if q.zone != nil {
				zone = q.zone
			}
			want, wantErr := q.ask(t.Context(), over(reference, zone))
			got, gotErr := q.ask(t.Context(), over(other, zone))
			if said, says := text(wantErr), text(gotErr); said != says {
				t.Fatalf("error %q, where the reference says %q", says, said)
			}
			if q.full != nil && wantErr == nil && !q.full(want) {
				t.Errorf("the question finds nothing in these rows, and so proves nothing")
			}
			if difference := cmp.Diff(want, got, cmp.AllowUnexported(history.Troubled{}), cmp.Comparer(sameJSON)); difference != "" {
				t.Errorf("-reference +other:\n%.5000s", difference)
			}
		})
	}
}

// sameJSON compares texts as a whole: some are tens of megabytes long.
func sameJSON(a, b json.RawMessage) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// clock is what the histories take for now: behind all that is made up.
var clock = time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)

// text is what an error says to a person, without the words of the engine's own.
func text(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, configtrail.ErrNotFound), errors.Is(err, configtrail.ErrInvalid):
		return err.Error()
	}
	return "failed: " + err.Error()
}

// question is one that both engines are asked.
type question struct {
	name string
	zone *time.Location // nil: Asia/Tokyo
	ask  func(ctx context.Context, h *history.History) (any, error)
	full func(answer any) bool // whether the answer has anything in it; nil: it need not
}

// found is what there is to ask for.
type found struct {
	window  configtrail.Window
	months  []configtrail.Month // of changes, in order
	keys    []configtrail.ResourceKey
	names   []string
	filters map[string]history.Filter
}

// survey looks through the changes of the reference for what questions can be
// about: one example of everything that a filter has a member for, and what is
// odd in names and ids.
func survey(t *testing.T, h *history.History) found {
	t.Helper()
	f := found{filters: map[string]history.Filter{}}
	add := func(name string, filter history.Filter) {
		if _, there := f.filters[name]; !there {
			f.filters[name] = filter
		}
	}
	odd, types := 0, map[string]bool{}
	for c, err := range h.EachChange(t.Context(), history.Filter{Noise: history.NoiseInclude, Order: history.Ascending}) {
		if err != nil {
			t.Fatal(err)
		}
		if f.window.From.IsZero() {
			f.window.From = c.Time
		}
		f.window.To = c.Time.Add(time.Microsecond)
		if month := configtrail.MonthOf(c.Time, h.Zone); !slices.Contains(f.months, month) {
			f.months = append(f.months, month)
		}
		add("account", history.Filter{Accounts: []string{c.Key.Account}})
		add("region", history.Filter{Regions: []string{c.Key.Region}})
		add("type", history.Filter{Types: []string{c.Key.Type}})
		add("kind "+string(c.Kind), history.Filter{Kinds: []configtrail.Kind{c.Kind}})
		add("service", history.Filter{Types: []string{strings.Split(c.Key.Type, "::")[1]}})
		for key, value := range c.Tags {
			add("tag", history.Filter{Tags: map[string]string{key: value}})
			if unusual(key + value) {
				add("odd tag", history.Filter{Tags: map[string]string{key: value}})
			}
		}
		for _, edit := range c.Edits {
			add("path", history.Filter{Paths: []string{edit.Path}})
			if at := strings.LastIndexByte(edit.Path, '/'); at > 0 {
				add("path with a star", history.Filter{Paths: []string{edit.Path[:at] + "/*"}})
			}
			if unusual(edit.Path) {
				add("odd path", history.Filter{Paths: []string{edit.Path}})
			}
			if old := strings.Trim(string(edit.Old), `"{}[]`); len(old) > 3 && !strings.ContainsAny(old, `"\`) {
				add("old value", history.Filter{Contains: strings.ToUpper(old[:min(len(old), 12)])})
			}
		}
		if c.Actor != nil && c.Actor.Name != "" {
			add("actor", history.Filter{Actor: c.Actor.Name})
		}
		if !types[c.Key.Type] && len(f.keys) < 10 {
			types[c.Key.Type] = true
			f.keys = append(f.keys, c.Key)
		}
		if unusual(c.Name+c.Key.ID) && odd < 6 && !slices.Contains(f.keys, c.Key) {
			odd++
			f.keys = append(f.keys, c.Key)
			f.names = append(f.names, c.Key.ID)
			if c.Name != "" {
				f.names = append(f.names, c.Name)
				add(fmt.Sprintf("odd name %d", odd), history.Filter{Contains: c.Name})
			}
		}
	}
	if len(f.months) == 0 {
		t.Fatal("the reference has no changes")
	}
	return f
}

// unusual reports what an engine could trip over: quotes, wildcards, controls,
// letters beyond ASCII.
func unusual(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(`'"\%_;?{}`+"`", r)
	})
}
