package duckdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"configtrail"
	"configtrail/internal/engine"
)

// request is all a child process is told: one JSON object on its standard input.
type request struct {
	SQL       string     `json:"sql"` // as the guard wrote it
	Relations []relation `json:"relations"`
	Zone      string     `json:"zone"` // IANA name
	MaxRows   int64      `json:"max_rows"`
	MaxBytes  int64      `json:"max_bytes"`
	Memory    int64      `json:"memory"` // bytes
	Threads   int        `json:"threads"`
	Seconds   float64    `json:"seconds"` // that the query may take
}

// A frame is one line of a child's standard output. The first has Columns, each
// of the following one Row, the last End or Failure.
type frame struct {
	Columns []engine.Column `json:"columns,omitempty"`
	Row     []wire          `json:"row,omitempty"`
	End     *end            `json:"end,omitempty"`
	Failure *failure        `json:"failure,omitempty"`
}

// end says that the rows are complete, or where they were cut.
type end struct {
	Cut Cut `json:"cut"`
}

// failure is an error on its way to the parent.
type failure struct {
	Kind    string `json:"kind"` // a name of failureKinds, or empty
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// failureKind pairs the sentinel errors that a child can run into with their
// names on the wire.
type failureKind struct {
	name string
	err  error
}

func failureKinds() []failureKind {
	return []failureKind{
		{"invalid", configtrail.ErrInvalid},
		{"refused", configtrail.ErrRefused},
		{"too_large", configtrail.ErrTooLarge},
		{"not_found", configtrail.ErrNotFound},
	}
}

func failureOf(err error) *failure {
	f := &failure{Message: err.Error()}
	for _, kind := range failureKinds() {
		if errors.Is(err, kind.err) {
			f.Kind = kind.name
			// The sentinel's own words come back with it.
			f.Message = strings.TrimPrefix(f.Message, kind.err.Error()+": ")
		}
	}
	var hint *configtrail.Hint
	if errors.As(err, &hint) {
		f.Hint = hint.Next
	}
	return f
}

// error is the failure as the parent returns it.
func (f *failure) error() error {
	message := configtrail.Visible(f.Message)
	err := errors.New(message)
	for _, kind := range failureKinds() {
		if kind.name == f.Kind {
			err = fmt.Errorf("%w: %s", kind.err, message)
		}
	}
	if f.Hint != "" {
		return configtrail.WithHint(err, configtrail.Visible(f.Hint))
	}
	return err
}

// wire is a value as JSON that keeps its type. null, booleans, text and lists
// are themselves; a number without point and exponent is an int64, any other a
// float64; {"t":…} is a time, {"m":{…}} a map, {"s":{…}} a struct and {"f":…} a
// float64 that JSON has no number for.
type wire struct{ value any }

// MarshalJSON writes the value.
func (w wire) MarshalJSON() ([]byte, error) {
	switch value := w.value.(type) {
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return json.Marshal(map[string]string{"f": strconv.FormatFloat(value, 'g', -1, 64)})
		}
		text := strconv.FormatFloat(value, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return []byte(text), nil
	case time.Time:
		return json.Marshal(map[string]string{"t": value.Format(time.RFC3339Nano)})
	case map[string]string:
		return json.Marshal(map[string]any{"m": value})
	case map[string]any:
		members := make(map[string]wire, len(value))
		for name, member := range value {
			members[name] = wire{member}
		}
		return json.Marshal(map[string]any{"s": members})
	case []any:
		list := make([]wire, len(value))
		for i, element := range value {
			list[i] = wire{element}
		}
		return json.Marshal(list)
	case nil, bool, string, int64:
		return json.Marshal(value)
	}
	return nil, fmt.Errorf("a %T can't be sent", w.value)
}

// UnmarshalJSON reads what MarshalJSON writes and refuses anything else.
func (w *wire) UnmarshalJSON(text []byte) error {
	if len(text) == 0 {
		return errors.New("no value")
	}
	switch text[0] {
	case 'n', 't', 'f', '"':
		return json.Unmarshal(text, &w.value)
	case '[':
		var list []wire
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		values := make([]any, len(list))
		for i, element := range list {
			values[i] = element.value
		}
		w.value = values
		return nil
	case '{':
		return w.tagged(text)
	}
	if strings.ContainsAny(string(text), ".eE") {
		f, err := strconv.ParseFloat(string(text), 64)
		w.value = f
		return err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	w.value = n
	return err
}

// tagged reads an object of exactly one tag.
func (w *wire) tagged(text []byte) error {
	var tags map[string]json.RawMessage
	if err := json.Unmarshal(text, &tags); err != nil {
		return err
	}
	if len(tags) != 1 {
		return fmt.Errorf("a value with %d tags", len(tags))
	}
	for tag, content := range tags {
		switch tag {
		case "t":
			var at time.Time
			err := json.Unmarshal(content, &at)
			w.value = at.UTC()
			return err
		case "f":
			var text string
			if err := json.Unmarshal(content, &text); err != nil {
				return err
			}
			f, err := strconv.ParseFloat(text, 64)
			w.value = f
			return err
		case "m":
			texts := map[string]string{}
			err := json.Unmarshal(content, &texts)
			w.value = texts
			return err
		case "s":
			var members map[string]wire
			if err := json.Unmarshal(content, &members); err != nil {
				return err
			}
			values := make(map[string]any, len(members))
			for name, member := range members {
				values[name] = member.value
			}
			w.value = values
			return nil
		default:
			return fmt.Errorf("a value with the unknown tag %q", tag)
		}
	}
	return nil
}
