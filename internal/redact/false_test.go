package redact_test

import (
	"testing"
	"encoding/json"

	"configtrail/internal/redact"
)

func TestX(t *testing.T) {
	r := redact.New([]byte("k"))
	n, hits := 0, 0
	for _, s := range samples(t) {
		var befores, afters []json.RawMessage
		typ := ""
		if s.item != nil {
			befores = []json.RawMessage{s.item.Configuration, s.item.SupplementaryConfiguration}
			b, _ := json.Marshal(s.item.Tags)
			befores = append(befores, b)
			r.Item(s.item)
			b, _ = json.Marshal(s.item.Tags)
			afters = []json.RawMessage{s.item.Configuration, s.item.SupplementaryConfiguration, b}
			typ = s.item.Key.Type
		} else {
			befores = []json.RawMessage{s.event.Request, s.event.Response}
			r.Event(s.event)
			afters = []json.RawMessage{s.event.Request, s.event.Response}
			typ = s.event.Source + "/" + s.event.Name
		}
		for i := range befores {
			a := map[string][]string{}
			leaves(afters[i], func(p, x string) { a[p] = append(a[p], x) })
			seen := map[string]int{}
			leaves(befores[i], func(p, x string) {
				n++
				found := false
				for _, y := range a[p] { if y == x { found = true } }
				if !found {
					hits++
					if len(x) > 300 { x = x[:300] }
					t.Log(s.file, typ, p, x, "=>", a[p][:1])
				}
				seen[p]++
			})
		}
	}
	t.Log(n, hits)
}
