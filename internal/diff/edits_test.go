package diff_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/diff"
)

// state is what a test file says of an item.
type state struct {
	Configuration              json.RawMessage            `json:"configuration"`
	SupplementaryConfiguration json.RawMessage            `json:"supplementaryConfiguration"`
	Tags                       map[string]string          `json:"tags"`
	Relationships              []configtrail.Relationship `json:"relationships"`
}

func (s state) item(t testing.TB, resourceType string) *configtrail.ConfigurationItem {
	return &configtrail.ConfigurationItem{
		Key:                        configtrail.ResourceKey{Type: resourceType},
		Status:                     configtrail.StatusOK,
		Configuration:              wrapped(t, s.Configuration),
		SupplementaryConfiguration: wrapped(t, s.SupplementaryConfiguration),
		Tags:                       s.Tags,
		Relationships:              s.Relationships,
	}
}

// wrapped puts documents that test files write as {"$text": …} or {"$url": …}
// into strings, as JSON or URL-encoded JSON. JSON without them stays as it is.
func wrapped(t testing.TB, src json.RawMessage) json.RawMessage {
	if !bytes.Contains(src, []byte(`"$`)) {
		return src
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return marshal(t, wrap(t, value))
}

func wrap(t testing.TB, value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = wrap(t, v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = wrap(t, v[key])
		}
		if inner, ok := v["$text"]; ok {
			return string(marshal(t, inner))
		}
		if inner, ok := v["$url"]; ok {
			return strings.ReplaceAll(url.QueryEscape(string(marshal(t, inner))), "+", "%20")
		}
	}
	return value
}

func marshal(t testing.TB, value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// plainEdit is an Edit whose values compare by meaning, numbers by their digits.
type plainEdit struct {
	Path, Op string
	Old, New any
}

func plain(t testing.TB, edits []configtrail.Edit) []plainEdit {
	decode := func(src json.RawMessage) (value any) {
		if src == nil {
			return nil
		}
		d := json.NewDecoder(bytes.NewReader(src))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		if value == nil {
			return "the value null"
		}
		return value
	}
	out := []plainEdit{}
	for _, e := range edits {
		out = append(out, plainEdit{e.Path, e.Op, decode(e.Old), decode(e.New)})
	}
	return out
}

// TestEditsOfPairs holds Edits against pairs of states written by hand, each
// with the edits that a reviewer would name.
func TestEditsOfPairs(t *testing.T) {
	files, err := filepath.Glob("testdata/pairs/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no pairs", err)
	}
	count := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pairs []struct {
			Title, Type   string
			Before, After state
			Edits         []configtrail.Edit
		}
		if err := json.Unmarshal(src, &pairs); err != nil {
			t.Fatal(file, err)
		}
		for _, pair := range pairs {
			count++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+pair.Title, func(t *testing.T) {
				before, after := pair.Before.item(t, pair.Type), pair.After.item(t, pair.Type)
				got, err := diff.Edits(before, after)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(plain(t, pair.Edits), plain(t, got)); d != "" {
					t.Errorf("edits (- expected, + got):\n%s", d)
				}
				back, err := diff.Edits(after, before)
				if err != nil {
					t.Fatal(err)
				}
				if (len(back) == 0) != (len(got) == 0) {
					t.Errorf("a difference in one direction only: %d edits, back %d", len(got), len(back))
				}
				checkPointers(t, before, after, got)
				checkPointers(t, after, before, back)
			})
		}
	}
	if count < 50 {
		t.Errorf("%d pairs; the specification has at least 50", count)
	}
}
