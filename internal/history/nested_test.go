package history_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"configtrail"
	"configtrail/internal/engine"
	"configtrail/internal/history"
)

// answering gives one row for every question, in Trino's dialect.
type answering struct {
	*asking
	row []any
}

func (a answering) Query(ctx context.Context, q engine.Query) (engine.Result, error) {
	result, err := a.asking.Query(ctx, q)
	result.Rows = func(yield func([]any, error) bool) { yield(a.row, nil) }
	return result, err
}

// Maps and lists come as JSON text in Trino's dialect, a struct in them as an
// object or, from older engines, as a list in the order of the type.
func TestNestedColumnsAreReadFromJSON(t *testing.T) {
	for name, quarantined := range map[string]any{
		"objects": `[{"index":-1,"offset":9007199254740993,"code":"empty","reason":"it's \"empty\", {a=b}"},{"index":3,"offset":0,"code":"bad_item","reason":null}]`,
		"lists":   `[[-1,9007199254740993,"empty","it's \"empty\", {a=b}"],[3,0,"bad_item",null]]`,
		"values": []any{
			map[string]any{"index": int64(-1), "offset": int64(9007199254740993), "code": "empty", "reason": `it's "empty", {a=b}`},
			map[string]any{"index": int64(3), "offset": int64(0), "code": "bad_item", "reason": nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			row := []any{"s3://b/k", "k", "history", prod, tokyo, nil, nil, nil, nil, false, quarantined, true}
			h := over(answering{&asking{asked: map[string]string{}}, row})
			troubled, err := h.Quarantine(t.Context(), history.Filter{})
			if err != nil || len(troubled) != 1 {
				t.Fatalf("%d objects, %v", len(troubled), err)
			}
			want := []configtrail.Quarantined{
				{Key: "k", Index: -1, Offset: 9007199254740993, Code: "empty", Reason: `it's "empty", {a=b}`},
				{Key: "k", Index: 3, Offset: 0, Code: "bad_item"},
			}
			if difference := cmp.Diff(want, troubled[0].Quarantined); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestTextThatIsNoJSONIsAnErrorAndNotEmpty(t *testing.T) {
	for name, quarantined := range map[string]any{
		"the engine's own text": "[{index=-1, offset=0}]", "too short a list": "[[1,2]]", "a number": "[7]", "another type": int64(7),
	} {
		row := []any{"s3://b/k", "k", "history", prod, tokyo, nil, nil, nil, nil, false, quarantined, true}
		h := over(answering{&asking{asked: map[string]string{}}, row})
		if _, err := h.Quarantine(t.Context(), history.Filter{}); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
