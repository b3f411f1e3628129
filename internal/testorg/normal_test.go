package testorg

import (
	"bytes"
	"encoding/json"
	"net/url"
	"sort"
	"strings"
)

// prune removes from objects what means nothing.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := make(map[string]any)
		for name, member := range v {
			if p := prune(member); !hollow(p) {
				kept[name] = p
			}
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, e := range v {
			kept[i] = prune(e)
		}
		return kept
	}
	return v
}

func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// normal is the text of a state in which JSON in strings is opened and lists have no order.
func normal(v any) string {
	text, err := json.Marshal(sorted(prune(opened(v))))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// opened replaces strings that hold JSON objects by them.
func opened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = opened(member)
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = opened(e)
		}
		return v
	case string:
		text := v
		if strings.HasPrefix(text, "%7B") {
			text, _ = url.QueryUnescape(text)
		}
		for strings.HasPrefix(text, `"{`) {
			if json.Unmarshal([]byte(text), &text) != nil {
				break
			}
		}
		if strings.HasPrefix(text, "{") {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			var inner any
			if decoder.Decode(&inner) == nil {
				return opened(inner)
			}
		}
	}
	return v
}

func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		made := make(map[string]any, len(v))
		for name, member := range v {
			made[name] = sorted(member)
		}
		return made
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			text, err := json.Marshal(sorted(e))
			if err != nil {
				panic(err)
			}
			texts[i] = string(text)
		}
		sort.Strings(texts)
		made := make([]any, len(texts))
		for i, text := range texts {
			made[i] = json.RawMessage(text)
		}
		return made
	}
	return v
}

// repeats reports a member that stands twice in one object.
func repeats(raw []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	type level struct {
		names map[string]bool // nil: a list
		name  bool            // the next string is a name
	}
	var levels []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		top := len(levels) - 1
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				if top >= 0 {
					levels[top].name = true
				}
				next := level{name: true}
				if token == '{' {
					next.names = make(map[string]bool)
				}
				levels = append(levels, next)
				continue
			}
			levels = levels[:top]
		case string:
			if top >= 0 && levels[top].names != nil && levels[top].name {
				if levels[top].names[token] {
					return true
				}
				levels[top].names[token] = true
				levels[top].name = false
				continue
			}
			if top >= 0 {
				levels[top].name = true
			}
		default:
			if top >= 0 {
				levels[top].name = true
			}
		}
	}
}
