package history

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"configtrail"
)

// A cursor names the last change of a page by what the list is sorted by, so
// that the next page goes on behind it whatever was ingested in between. It
// also holds a print of the filter and order it belongs to.

type cursorBody struct {
	Print string                  `json:"p"`
	Time  int64                   `json:"t"` // microseconds since 1970
	Key   configtrail.ResourceKey `json:"k"`
}

// print is the same for two filters that list the same changes in the same
// order. The window is no part of it: one that is told as "the last hour" moves
// between two pages.
func (w wanted) print() (string, error) {
	f := w.Filter
	f.Window, f.Limit, f.Cursor = configtrail.Window{}, 0, ""
	f.Accounts = w.accounts
	if f.Order == "" {
		f.Order = Descending
	}
	if f.Noise == "" {
		f.Noise = NoiseExclude
	}
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9]), nil
}

func (w wanted) cursorAt(change configtrail.Change) (string, error) {
	print, err := w.print()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(cursorBody{print, change.Time.UnixMicro(), change.Key})
	return base64.RawURLEncoding.EncodeToString(text), err
}

// behind is the predicate of the rows that follow the filter's cursor.
func (w wanted) behind() (clause, error) {
	at, err := w.resumed()
	if err != nil || at == nil {
		return all(), err
	}
	return keyset(w.Order, time.UnixMicro(at.Time).UTC(), at.Key), nil
}

// resumed reads the filter's cursor; nil where it has none.
func (w wanted) resumed() (*cursorBody, error) {
	if w.Cursor == "" {
		return nil, nil
	}
	invalid := func(why string) error {
		return configtrail.WithHint(fmt.Errorf("%w: the cursor %s", configtrail.ErrInvalid, why),
			"begin again without a cursor")
	}
	text, err := base64.RawURLEncoding.DecodeString(w.Cursor)
	if err != nil {
		return nil, invalid("is damaged")
	}
	var body cursorBody
	if json.Unmarshal(text, &body) != nil {
		return nil, invalid("is damaged")
	}
	if print, err := w.print(); err != nil || body.Print != print {
		return nil, invalid("belongs to another filter or order")
	}
	if err := readable("cursor", body.Key.Account, body.Key.Region, body.Key.Type, body.Key.ID); err != nil {
		return nil, invalid("is damaged")
	}
	return &body, nil
}

// keyset spells (time, key) > (t, k) out column by column, as engines differ in
// how they compare tuples; for descending order the time runs backwards.
func keyset(order Order, t time.Time, key configtrail.ResourceKey) clause {
	past := "capture_time < ?"
	if order == Ascending {
		past = "capture_time > ?"
	}
	return clause{"(" + past + ` OR capture_time = ? AND (account > ? OR account = ? AND (region > ? OR region = ?
 AND (resource_type > ? OR resource_type = ? AND resource_id > ?))))`, []any{
		t, t, key.Account, key.Account, key.Region, key.Region, key.Type, key.Type, key.ID,
	}}
}
