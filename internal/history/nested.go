package history

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Maps and lists of structs come as such, or as the text of a JSON value where
// the dialect asks for that.

// tags takes a map of texts; null gives nil, and a null in it "".
func (r *row) tags() map[string]string {
	text, isText := r.peek().(string)
	if !isText {
		return read[map[string]string](r)
	}
	r.next++
	var tags map[string]string
	if err := json.Unmarshal([]byte(text), &tags); err != nil && r.err == nil {
		r.err = fmt.Errorf("column %d is no map of texts: %w", r.next, err)
	}
	return tags
}

// structs takes a list of structs whose members have the names given, in the
// order of the column's type; null gives none.
func (r *row) structs(names ...string) []map[string]any {
	var list []any
	if text, isText := r.peek().(string); isText {
		r.next++
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&list); err != nil && r.err == nil {
			r.err = fmt.Errorf("column %d is no list: %w", r.next, err)
		}
	} else {
		list = read[[]any](r)
	}
	members := make([]map[string]any, 0, len(list))
	for _, element := range list {
		switch element := element.(type) {
		case map[string]any:
			members = append(members, element)
		case []any: // a struct cast to JSON, as older engines spell it
			if len(element) != len(names) {
				r.err = fmt.Errorf("column %d holds a struct of %d members, not %d", r.next, len(element), len(names))
				return nil
			}
			member := map[string]any{}
			for i, name := range names {
				member[name] = element[i]
			}
			members = append(members, member)
		default:
			r.err = fmt.Errorf("column %d holds %T, not a struct", r.next, element)
			return nil
		}
	}
	return members
}

// member is one text of a struct; absent and null are empty.
func member(of map[string]any, name string) string {
	text, _ := of[name].(string)
	return text
}

// number is one whole number of a struct; absent and null are 0.
func number(of map[string]any, name string) int64 {
	switch n := of[name].(type) {
	case int64:
		return n
	case json.Number:
		whole, err := n.Int64()
		if err != nil {
			return 0
		}
		return whole
	}
	return 0
}
