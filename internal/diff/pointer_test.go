package diff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
)

// checkPointers follows each edit's path by code that shares nothing with the
// package: add in the state after, remove and replace in the state before, and
// expects to find there the value that the edit tells.
func checkPointers(t testing.TB, before, after *configtrail.ConfigurationItem, edits []configtrail.Edit) {
	t.Helper()
	for _, e := range edits {
		item, told := before, e.Old
		if e.Op == configtrail.OpAdd {
			item, told = after, e.New
		}
		found, err := follow(t, item, e.Path)
		if err != nil {
			t.Errorf("%s %s: %v", e.Op, e.Path, err)
			continue
		}
		if d := cmp.Diff(simple(decoded(t, told), false), simple(found, false)); d != "" {
			t.Errorf("%s %s (- told, + found):\n%s", e.Op, e.Path, d)
		}
	}
}

func follow(t testing.TB, item *configtrail.ConfigurationItem, path string) (any, error) {
	relationships, tags := []any{}, map[string]any{}
	for _, r := range item.Relationships {
		relationships = append(relationships, map[string]any{
			"resourceType": r.ResourceType, "resourceId": r.ResourceID,
			"resourceName": r.ResourceName, "name": strings.TrimRight(r.Name, " "),
		})
	}
	for key, value := range item.Tags {
		tags[key] = value
	}
	var value any = map[string]any{
		"configuration": decoded(t, item.Configuration), "supplementaryConfiguration": decoded(t, item.SupplementaryConfiguration),
		"relationships": relationships, "tags": tags,
	}
	for _, segment := range strings.Split(path, "/")[1:] {
		segment = strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
		switch v := open(value).(type) {
		case map[string]any:
			next, ok := v[segment]
			if !ok {
				return nil, fmt.Errorf("no member %q", segment)
			}
			value = next
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i >= len(v) {
				return nil, fmt.Errorf("no element %q of %d", segment, len(v))
			}
			value = v[i]
		default:
			return nil, fmt.Errorf("%q of a %T", segment, v)
		}
	}
	return value, nil
}

// open is the document that a string holds, or the value itself.
func open(value any) any {
	text, ok := value.(string)
	for range 5 {
		if !ok {
			return value
		}
		if strings.HasPrefix(strings.TrimSpace(text), "%") {
			if plain, err := url.PathUnescape(text); err == nil {
				text = plain
			}
		}
		var inner any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&inner) != nil || d.More() {
			return value
		}
		switch inner := inner.(type) {
		case map[string]any, []any:
			return inner
		case string:
			text = inner
		default:
			return value
		}
	}
	return value
}

func decoded(t testing.TB, src json.RawMessage) (value any) {
	if len(src) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return value
}

// simple drops what is equal to absent, opens documents and writes numbers as
// floating point, which is enough to see that the right value was found.
func simple(value any, inTags bool) any {
	if !inTags {
		value = open(value)
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, kid := range v {
			if isEmpty(kid) {
				continue
			}
			if s := simple(kid, inTags || strings.Contains(strings.ToLower(key), "tag")); !isEmpty(s) || isText(kid) {
				out[key] = s
			}
		}
		return out
	case []any:
		out := []any{}
		for _, kid := range v {
			out = append(out, simple(kid, inTags))
		}
		return out
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return value
}

func isText(value any) bool { _, ok := value.(string); return ok }

func isEmpty(value any) bool {
	switch v := value.(type) {
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
